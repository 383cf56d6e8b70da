"""The desk of set-aside records: kept as they came, listed, replayed or discarded by an operator."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.chassis.kafka import Record
from libs.chassis.metrics import RECORDS_SET_ASIDE
from libs.chassis.postgres import Connection, Database, Row
from libs.chassis.projection.contract import Projector, SetAside

MAX_REPLAYS = 20  # a record replayed this often in vain wants a correction from its source, not one more try
PAGE_LIMIT = 200

# A record set aside: once per place in the log, whatever reads it again.
KEEP = """
insert into set_aside (topic, topic_id, partition, "offset", key, value, headers, reason, detail)
select * from unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[], $7::jsonb[],
    $8::text[], $9::text[])
on conflict (topic_id, partition, "offset") do nothing
"""

# One page of the desk, newest first.
PAGE = """
select id, topic, partition, "offset", key, reason, detail, at, state, replays, decided_by, decision_reason
from set_aside
where ($1::bigint is null or id < $1) and ($2::text is null or state = $2)
order by id desc limit $3
"""

# One record with its payload, whatever was decided about it.
FIND = """
select id, topic, partition, "offset", key, value, reason, detail, at, state, replays, decided_by, decision_reason
from set_aside where id = $1
"""

# How many of each reason are open.
HISTOGRAM = (
    "select reason, count(*) as records from set_aside where state = 'set_aside' group by reason order by 2 desc, 1"
)

COUNTS = """
select count(*) filter (where state = 'set_aside') as set_aside,
    count(*) filter (where dead_lettered_at is not null) as dead_letters
from set_aside
"""

# A record for a decision, locked so that two operators decide one after the other.
LOCK = """
select id, topic, topic_id, partition, "offset", key, value, headers, state, replays, reason, detail
from set_aside where id = $1 for update
"""

DECIDE = """
update set_aside set state = $2, decided_at = now(), decided_by = $3, decision_reason = $4 where id = $1
"""
FAILED_REPLAY = "update set_aside set replays = replays + 1, reason = $2, detail = $3 where id = $1"


class NotOnDeskError(Exception):
    """There is no such record."""


class AlreadyDecidedError(Exception):
    """The record was booked or discarded already, or was replayed too often."""


@dataclass(frozen=True, slots=True)
class DeskRecord:
    """A set-aside record as listed; the payload stays hidden."""

    id: int
    topic: str
    partition: int
    offset: int
    key: str | None
    reason: str
    detail: str
    at: datetime
    state: str
    replays: int
    decided_by: str | None
    decision_reason: str | None


async def keep(tx: Connection, records: Sequence[SetAside]) -> None:
    """Keep records that could not be taken, in the transaction that moves the position over them."""
    if not records:
        return
    await tx.execute(
        KEEP,
        [item.record.topic for item in records],
        [item.record.topic_id for item in records],
        [item.record.partition for item in records],
        [item.record.offset for item in records],
        [item.record.key for item in records],
        [item.record.value for item in records],
        [json.dumps([[name, (value or b"").hex()] for name, value in item.record.headers]) for item in records],
        [item.reason for item in records],
        [_storable(item.detail) for item in records],
    )
    for item in records:
        RECORDS_SET_ASIDE.labels(item.record.topic, item.reason).inc()


class SetAsideDesk:
    """What operators see of set-aside records and do about them."""

    def __init__(self, database: Database, projector: Projector | None) -> None:
        self._database = database
        self._projector = projector

    async def page(self, *, before_id: int | None, state: str | None, limit: int) -> list[DeskRecord]:
        """A page, newest first, of at most `limit` (capped at 200) records; `state` None means every state."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(PAGE, before_id, state, min(limit, PAGE_LIMIT))
        return [_listed(row) for row in rows]

    async def find(self, record_id: int) -> tuple[DeskRecord, bytes | None] | None:
        """A record and its payload, or None when there is no such record."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(FIND, record_id)
        return None if row is None else (_listed(row), None if row["value"] is None else bytes(row["value"]))

    async def histogram(self) -> dict[str, int]:
        """Reason -> how many open records."""
        async with self._database.connection() as connection:
            return {row["reason"]: row["records"] for row in await connection.fetch(HISTOGRAM)}

    async def counts(self) -> tuple[int, int]:
        """(records set aside and not decided, copies sent to the dead-letter topic)."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(COUNTS)
        return (row["set_aside"], row["dead_letters"]) if row else (0, 0)

    async def replay(self, record_id: int, operator: str) -> SetAside | None:
        """Try a record again. Returns None when it was taken, else why not; that leaves it on the desk.

        Raises:
            NotOnDeskError, AlreadyDecidedError: nothing was tried.
        """
        async with self._database.transaction() as tx:
            row = await self._open(tx, record_id)
            if row["replays"] >= MAX_REPLAYS:
                raise AlreadyDecidedError(
                    f"record {record_id} was replayed {MAX_REPLAYS} times in vain: discard it, or have it corrected"
                )
            if self._projector is None:
                raise NotOnDeskError("this service reads no topics")
            refused = await self._projector.project(tx, [_record(row)])
            if refused:
                await tx.execute(FAILED_REPLAY, record_id, refused[0].reason, _storable(refused[0].detail))
                return refused[0]
            await tx.execute(DECIDE, record_id, "booked", operator, "replayed")
            return None

    async def discard(self, record_id: int, operator: str, reason: str) -> None:
        """Decide that a record is never to be taken.

        Raises:
            NotOnDeskError, AlreadyDecidedError: nothing was changed.
        """
        async with self._database.transaction() as tx:
            await self._open(tx, record_id)
            await tx.execute(DECIDE, record_id, "discarded", operator, reason)

    async def _open(self, tx: Connection, record_id: int) -> Row:
        row = await tx.fetchrow(LOCK, record_id)
        if row is None:
            raise NotOnDeskError(f"there is no record {record_id}")
        if row["state"] != "set_aside":
            raise AlreadyDecidedError(f"record {record_id} is {row['state']} already")
        return row


def _storable(detail: str) -> str:
    """A detail as PostgreSQL can keep it: it may quote what was read, and that may hold U+0000."""
    return detail.replace("\x00", "")


def _record(row: Row) -> Record:
    headers = tuple((name, bytes.fromhex(value)) for name, value in json.loads(row["headers"]))
    return Record(row["topic"], row["topic_id"], row["partition"], row["offset"], row["key"], row["value"], headers)


def _listed(row: Row) -> DeskRecord:
    key = None if row["key"] is None else bytes(row["key"]).decode("utf-8", "replace")
    return DeskRecord(
        row["id"], row["topic"], row["partition"], row["offset"], key, row["reason"], row["detail"], row["at"],
        row["state"], row["replays"], row["decided_by"], row["decision_reason"],
    )  # fmt: skip
