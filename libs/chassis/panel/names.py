"""How the staff who act here are called: told by the token they come with, kept in the service's own database alone.

Pages show names where tables hold opaque account ids, also while identity is away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from libs.chassis.auth import Principal
from libs.chassis.logs import logger
from libs.chassis.panel.staff import BREAK_GLASS
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Database

OTHER_WORDS: Final = {BREAK_GLASS: "hasło awaryjne"}

# Keeps a name as it was told last.
KEEP = """
insert into staff_names as s (account_id, name) values ($1, $2)
on conflict (account_id) do update set name = excluded.name, told_at = now() where s.name <> excluded.name
"""
OF = "select account_id, name from staff_names where account_id = any($1::text[])"


@dataclass(frozen=True, slots=True)
class Names:
    """Names by account; of an account without one, its id."""

    known: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, account_id: str) -> str:
        return self.known.get(account_id) or OTHER_WORDS.get(account_id, account_id)


class StaffNames:
    """Keeps and gives names; a service without a database keeps none."""

    def __init__(self, database: Database | None) -> None:
        self._database = database
        self._kept: dict[str, str] = {}

    async def keep(self, who: Principal) -> None:
        """Keep how somebody is called who has just come; a database that is away keeps nobody out."""
        if self._database is None or not who.name or self._kept.get(who.account_id) == who.name:
            return
        try:
            async with self._database.transaction() as tx:
                await tx.execute(KEEP, who.account_id, who.name)
        except (*UNAVAILABLE, *CONFLICT) as error:
            logger(__name__).warning("the name of a colleague was not kept", error=type(error).__name__)
        else:
            self._kept[who.account_id] = who.name

    async def of(self, account_ids: Iterable[str | None]) -> Names:
        """Give the names of accounts; without the database, their ids."""
        wanted = sorted({one for one in account_ids if one})
        if self._database is None or not wanted:
            return Names()
        try:
            async with self._database.connection() as connection:
                return Names({row["account_id"]: row["name"] for row in await connection.fetch(OF, wanted)})
        except UNAVAILABLE:
            return Names()
