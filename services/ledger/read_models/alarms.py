"""Alarms: contradictions in the stream that did not stop anything, kept until an operator has seen them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.chassis.postgres import Connection
from services.ledger.domain import Alarm

ADD = """
insert into alarms (kind, topic, subject, source, event_id, partition, "offset", detail)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::bigint[], $8::text[])
on conflict do nothing
"""

NEWEST = 'select at, kind, topic, partition, "offset", detail from alarms order by at desc limit $1'


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm: when it was raised, of what kind, by the record at which place."""

    at: datetime
    kind: str
    topic: str
    partition: int
    offset: int
    detail: str


async def add(tx: Connection, alarms: Sequence[Alarm]) -> None:
    """Keep what an operator must see; the same again is kept once."""
    if not alarms:
        return
    keys = [alarm.arrival.key for alarm in alarms]
    await tx.execute(
        ADD,
        [alarm.kind.value for alarm in alarms],
        *[[key[n] for key in keys] for n in range(4)],
        [alarm.arrival.partition for alarm in alarms],
        [alarm.arrival.offset for alarm in alarms],
        [alarm.detail for alarm in alarms],
    )


async def newest(tx: Connection, limit: int) -> list[AlarmRow]:
    """The newest alarms, at most `limit`."""
    return [AlarmRow(*row.values()) for row in await tx.fetch(NEWEST, limit)]
