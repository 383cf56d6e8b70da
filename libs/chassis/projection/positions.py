"""Positions: from where a projection reads on, moved by compare-and-swap, and when it last saw the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from libs.chassis.postgres import Connection, Row

# All positions of a projection.
READ = "select topic, topic_id, partition, next_offset, updated_at from positions where projection = $1"

# Move on from the expected offset. No row means that nothing has been read yet: then only 0 may be expected.
MOVE = """
insert into positions as p (projection, topic, topic_id, partition, next_offset)
select $1, $2, $3, $4, $6::bigint
where $5::bigint = 0 or exists (
    select from positions where projection = $1 and topic = $2 and partition = $4
)
on conflict (projection, topic, partition) do update set next_offset = $6, updated_at = now()
where p.next_offset = $5 and p.topic_id = $3
returning next_offset
"""

# Begin again with topics that were made again; $2, $3: the topics and their ids of now.
READ_AGAIN = """
update positions p set topic_id = n.topic_id, next_offset = 0, updated_at = now()
from unnest($2::text[], $3::text[]) as n (topic, topic_id)
where p.projection = $1 and p.topic = n.topic and p.topic_id <> n.topic_id
returning p.topic
"""

# Partitions whose end was reached, as of some seconds ago.
CAUGHT_UP = """
insert into caught_up (projection, topic, partition, at, end_offset)
select $1, t, p, now() - make_interval(secs => s), e
from unnest($2::text[], $3::int[], $4::float8[], $5::bigint[]) as u (t, p, s, e)
on conflict (projection, topic, partition) do update set at = excluded.at, end_offset = excluded.end_offset
"""


class StalePositionError(Exception):
    """The position is not the expected one: another projector has moved on, or a batch came too late."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition is read on."""

    topic_id: str
    next_offset: int


@dataclass(frozen=True, slots=True)
class Step:
    """A move of one partition's position over a batch."""

    topic: str
    topic_id: str
    partition: int
    expected_offset: int
    next_offset: int


class Positions:
    """Reads and moves positions; stateless."""

    async def read(self, tx: Connection, projection: str) -> dict[tuple[str, int], Position]:
        """(topic, partition) -> position."""
        rows: Sequence[Row] = await tx.fetch(READ, projection)
        return {(row["topic"], row["partition"]): Position(row["topic_id"], row["next_offset"]) for row in rows}

    async def move(self, tx: Connection, projection: str, step: Step) -> None:
        """Move a position, in the transaction of the effect. Locks the position until the transaction ends.

        Raises:
            StalePositionError: the position is another one, or belongs to another topic of the same name.
        """
        moved = await tx.fetchval(
            MOVE, projection, step.topic, step.topic_id, step.partition, step.expected_offset, step.next_offset
        )
        if moved is None:
            raise StalePositionError(f"{step.topic}/{step.partition} is not at {step.expected_offset}")

    async def read_again(self, tx: Connection, projection: str, topic_ids: Mapping[str, str]) -> int:
        """Set the positions of topics with another id to the beginning of the new log; returns how many partitions."""
        rows = await tx.fetch(READ_AGAIN, projection, list(topic_ids), list(topic_ids.values()))
        return len(rows)

    async def caught_up(
        self, tx: Connection, projection: str, ends: Mapping[tuple[str, int], tuple[int, float]]
    ) -> None:
        """Note for (topic, partition) the end offset that was reached, and how many seconds ago it was read."""
        await tx.execute(
            CAUGHT_UP,
            projection,
            [topic for topic, _ in ends],
            [partition for _, partition in ends],
            [seconds for _, seconds in ends.values()],
            [end for end, _ in ends.values()],
        )
