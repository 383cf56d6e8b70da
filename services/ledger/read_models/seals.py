"""Seals: the last one the ledger published, from its own store; the copies on Kafka are what `verify` believes."""

from dataclasses import dataclass
from datetime import datetime

from libs.chassis.postgres import Connection
from libs.events.decoding import read_data, read_envelope
from libs.events.ledger import BookSealed
from services.ledger.domain import seal_hash

LAST = """
select stream_version, body, recorded_at from events where topic = 'iok.seals' order by stream_version desc limit 1
"""

# When a seal was recorded, by the database's clock; $1: the seal event's id.
RECORDED_AT = "select recorded_at from events where topic = 'iok.seals' and event_id = $1"


# The last seal that has left the outbox: those still in it may not be on Kafka yet.
PUBLISHED = """
select coalesce(max(e.stream_version), 0) from events e where e.topic = 'iok.seals'
    and not exists (select from outbox o where o.topic = e.topic and o.body = e.body)
"""


@dataclass(frozen=True, slots=True)
class LastSeal:
    """The last seal: its stream version (0: none yet), itself, the hash the next one names, when it was recorded."""

    version: int = 0
    seal: BookSealed | None = None
    hash: str | None = None
    recorded_at: datetime | None = None


async def last(tx: Connection) -> LastSeal:
    """The last seal recorded."""
    row = await tx.fetchrow(LAST)
    if row is None:
        return LastSeal()
    envelope = read_envelope(row["body"])
    seal = read_data(envelope)
    if not isinstance(seal, BookSealed):
        raise TypeError(f"{envelope.type} is no seal")
    return LastSeal(row["stream_version"], seal, seal_hash(envelope.data), row["recorded_at"])


async def published(tx: Connection) -> int:
    """The stream version of the last seal that Kafka has acknowledged; 0: none."""
    version: int = await tx.fetchval(PUBLISHED)
    return version


async def recorded_at(tx: Connection, event_id: str) -> datetime | None:
    """When a seal was recorded here, or None when this database does not know it."""
    moment: datetime | None = await tx.fetchval(RECORDED_AT, event_id)
    return moment
