"""Dedupe: an event counts once, by (topic, subject, source, id), for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from libs.chassis.postgres import Connection

# Add what is new; tells for each event given what was seen of it before this statement (null: nothing).
SIGHT = """
with given as (
    select * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::int[])
        with ordinality as g (topic, subject, source, event_id, content_sha256, partition, n)
), added as (
    insert into seen (projection, topic, subject, source, event_id, content_sha256, partition)
    select distinct on (topic, subject, source, event_id)
        $1, topic, subject, source, event_id, content_sha256, partition
    from given order by topic, subject, source, event_id, n
    on conflict do nothing
    returning topic, subject, source, event_id
)
select g.n, s.content_sha256 as content_before, a.event_id is not null as added
from given g
left join seen s on s.projection = $1 and s.topic = g.topic and s.subject = g.subject
    and s.source = g.source and s.event_id = g.event_id
left join added a on a.topic = g.topic and a.subject = g.subject and a.source = g.source and a.event_id = g.event_id
order by g.n
"""


class Verdict(StrEnum):
    """What an event is to a projection."""

    NEW = "new"
    REPEATED = "repeated"
    CONTRADICTORY = "contradictory"  # the same id with another content


@dataclass(frozen=True, slots=True)
class Sighting:
    """What identifies an event, and a digest of its type and data."""

    topic: str
    subject: str
    source: str
    event_id: str
    content_sha256: bytes
    partition: int

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """By which it counts once."""
        return (self.topic, self.subject, self.source, self.event_id)


async def sight(tx: Connection, projection: str, events: Sequence[Sighting]) -> list[Verdict]:
    """Note events as seen, in the caller's transaction; tells for each whether it is new, repeated or contradictory."""
    if not events:
        return []
    rows = await tx.fetch(
        SIGHT,
        projection,
        [event.topic for event in events],
        [event.subject for event in events],
        [event.source for event in events],
        [event.event_id for event in events],
        [event.content_sha256 for event in events],
        [event.partition for event in events],
    )
    content: dict[tuple[str, str, str, str], bytes] = {}
    verdicts: list[Verdict] = []
    for event, row in zip(events, rows, strict=True):
        before = content.get(event.identity) or (None if row["added"] else row["content_before"])
        content.setdefault(event.identity, event.content_sha256 if before is None else before)
        if before is None:
            verdicts.append(Verdict.NEW)
        else:
            verdicts.append(Verdict.REPEATED if before == event.content_sha256 else Verdict.CONTRADICTORY)
    return verdicts
