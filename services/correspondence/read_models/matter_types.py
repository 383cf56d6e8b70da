"""Kinds of matter, version by version, with the words shown to tenants."""

from dataclasses import dataclass
from datetime import date, datetime

from libs.chassis.postgres import Connection
from services.correspondence.domain import matter_types
from services.correspondence.domain.matter_types import MatterType, UnknownMatterTypeError, Version

KEEP = "insert into matter_type_versions (matter_type_id, version, content, defined_by) values ($1, $2, $3, $4)"
ALL = "select matter_type_id, version, content from matter_type_versions order by matter_type_id, version"
OF_KIND = """
select matter_type_id, version, content, defined_by, defined_at from matter_type_versions
where matter_type_id = $1 order by version desc
"""


@dataclass(frozen=True, slots=True)
class Defined:
    """A version, and who defined it when."""

    version: Version
    defined_by: str
    defined_at: datetime


async def keep(tx: Connection, version: Version, account_id: str) -> None:
    """Keep the words of a version, in the transaction of its event."""
    content = version.content.model_dump_json()
    await tx.execute(KEEP, version.matter_type_id, version.number, content, account_id)


async def every_version(tx: Connection) -> list[Version]:
    """Return every version of every kind."""
    rows = await tx.fetch(ALL)
    return [_version(row["matter_type_id"], row["version"], row["content"]) for row in rows]


async def history(tx: Connection, matter_type_id: str) -> list[Defined]:
    """Return the versions of a kind, the newest first; none when there is no such kind."""
    rows = await tx.fetch(OF_KIND, matter_type_id)
    return [
        Defined(_version(row["matter_type_id"], row["version"], row["content"]), row["defined_by"], row["defined_at"])
        for row in rows
    ]


async def in_force(tx: Connection, matter_type_id: str, day: date) -> Version:
    """Return the version of a kind that counts on a day.

    Raises:
        UnknownMatterTypeError: there is no such kind, or it is not offered.
    """
    versions = [one.version for one in await history(tx, matter_type_id)]
    found = matter_types.in_force(versions, day)
    if found is None:
        raise UnknownMatterTypeError(matter_type_id)
    return found


def _version(matter_type_id: str, number: int, content: str) -> Version:
    return Version(matter_type_id, number, MatterType.model_validate_json(content))
