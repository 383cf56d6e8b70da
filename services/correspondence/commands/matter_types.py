"""Defining kinds of matter: what the company begins with, and each version that staff define afterwards."""

import tomllib
from pathlib import Path
from typing import Final

from libs.chassis.event_store import Append, EventStore
from libs.chassis.postgres import Connection
from libs.events.names import CORRESPONDENCE
from services.correspondence.domain import matter_types as domain
from services.correspondence.domain.matter_types import MatterType, UnknownMatterTypeError, Version
from services.correspondence.read_models import matter_types

FIRST_DEFINITION: Final = "defined:1"  # business key of a kind's first definition
COMPANY: Final = "company"  # who defined what the service begins with
FIRST_TYPES_FILE: Final = Path(__file__).parents[1] / "first_types.toml"


class MatterTypeExistsError(Exception):
    """There is a kind of this id already, or another version was defined in the meantime."""


def first_types() -> list[Version]:
    """Return the kinds that a company begins with, in the order shown."""
    with FIRST_TYPES_FILE.open("rb") as file:
        written = tomllib.load(file)
    return [
        Version(
            matter_type_id, 1, domain.checked(matter_type_id, MatterType.model_validate({**content, "place": place}))
        )
        for place, (matter_type_id, content) in enumerate(written.items(), start=1)
    ]


class MatterTypes:
    """The commands; each runs in the caller's transaction."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def define_first(self, tx: Connection) -> int:
        """Define the kinds of matter that the company begins with; returns how many were new.

        Raises:
            WrongExpectedVersionError, DuplicateKeyError: another process was quicker; nothing is left to do.
        """
        wanted = first_types()
        known = await self._store.keys(tx, CORRESPONDENCE, [(one.matter_type_id, FIRST_DEFINITION) for one in wanted])
        new = [one for one in wanted if (one.matter_type_id, FIRST_DEFINITION) not in known]
        await self._store.append_many(
            tx, [Append(one.matter_type_id, domain.define(one), FIRST_DEFINITION) for one in new]
        )
        for one in new:
            await matter_types.keep(tx, one, COMPANY)
        return len(new)

    async def define(self, tx: Connection, typed: Version, account_id: str) -> Version:
        """Define a version, which must be the next one of its kind (1: a new kind).

        Raises:
            BadLetterError: what was typed cannot be; MatterTypeExistsError: the version is there already;
            UnknownMatterTypeError: a later version of no kind.
        """
        kept = Version(typed.matter_type_id, typed.number, domain.checked(typed.matter_type_id, typed.content))
        before = await matter_types.history(tx, kept.matter_type_id)
        latest = before[0].version.number if before else 0
        if latest == 0 and kept.number > 1:
            raise UnknownMatterTypeError(kept.matter_type_id)
        if kept.number != latest + 1:
            raise MatterTypeExistsError(kept.matter_type_id)
        if before and before[0].version.content == kept.content:
            return before[0].version
        await self._store.append(tx, kept.matter_type_id, latest, [domain.define(kept)])
        await matter_types.keep(tx, kept, account_id)
        return kept
