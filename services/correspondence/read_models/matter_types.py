"""The list of what can be raised, with the words shown to tenants."""

from collections.abc import Sequence

from libs.chassis.postgres import Connection
from services.correspondence.domain import MatterType

# Kinds defined now, in the order given; one that is there already keeps its words.
ADD = """
insert into matter_types (matter_type_id, name, description, place)
select t.id, t.name, t.description, t.n
from unnest($1::text[], $2::text[], $3::text[]) with ordinality as t (id, name, description, n)
on conflict (matter_type_id) do nothing
"""
OFFERED = "select matter_type_id, name, description from matter_types where offered order by place, matter_type_id"
IS_OFFERED = "select exists (select from matter_types where matter_type_id = $1 and offered)"


async def add(tx: Connection, matter_types: Sequence[MatterType]) -> None:
    """Keep the words of kinds that were defined."""
    await tx.execute(
        ADD,
        [one.matter_type_id for one in matter_types],
        [one.name for one in matter_types],
        [one.description for one in matter_types],
    )


async def offered(tx: Connection) -> list[MatterType]:
    """Return the kinds that can be raised now, in the order shown."""
    return [MatterType(row["matter_type_id"], row["name"], row["description"]) for row in await tx.fetch(OFFERED)]


async def is_offered(tx: Connection, matter_type_id: str) -> bool:
    """Whether a matter of this kind can be raised now."""
    return bool(await tx.fetchval(IS_OFFERED, matter_type_id))
