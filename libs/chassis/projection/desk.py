"""The desk of set-aside records: kept as they came, listed, tried, replayed or discarded by an operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.chassis.event_store import WrongExpectedVersionError
from libs.chassis.kept_records import columns_of, record_of, storable
from libs.chassis.metrics import RECORDS_SET_ASIDE
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Connection, Database, Row, after_commit
from libs.chassis.projection.contract import Projector, SetAside, unexpected
from libs.chassis.projection.decisions import Decision, history, note

MAX_REPLAYS = 20  # a record replayed this often in vain wants a correction from its source, not one more try
PAGE_LIMIT = 200

# Faults that say nothing about the record: whoever replays is told to try again, and the replay does not count.
PASSING = (*UNAVAILABLE, *CONFLICT, WrongExpectedVersionError)

# A record set aside: once per place in the log, whatever reads it again.
KEEP = """
insert into set_aside (topic, topic_id, partition, "offset", key, value, headers, reason, detail)
select * from unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[], $7::jsonb[],
    $8::text[], $9::text[])
on conflict (topic_id, partition, "offset") do nothing
"""

# One page of the desk, newest first; $4 is looked for as the key, or as the correlation id of a payload whose JSON is
# written without spaces or as Python does.
PAGE = """
select id, topic, partition, "offset", key, reason, detail, at, state, replays, decided_by, decision_reason
from set_aside
where ($1::bigint is null or id < $1) and ($2::text is null or state = $2)
    and (
        $4::text is null
        or key = convert_to($4, 'UTF8')
        or position(convert_to('"correlationid":"' || $4 || '"', 'UTF8') in value) > 0
        or position(convert_to('"correlationid": "' || $4 || '"', 'UTF8') in value) > 0
    )
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

# Open records that may be replayed, of one reason or of any. Those tried least come first, so that the ones that are
# refused again and again never keep the others from their turn; what is found stands in the order of the log.
WAITING = """
select id from (
    select id, topic, partition, "offset" from set_aside
    where state = 'set_aside' and replays < $1 and ($2::text is null or reason = $2)
    order by replays, topic, partition, "offset" limit $3
) found
order by topic, partition, "offset"
"""

# Chosen records in the order of the log.
IN_ORDER = 'select id from set_aside where id = any($1::bigint[]) order by topic, partition, "offset"'

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


class ReplayedTooOftenError(AlreadyDecidedError):
    """The record was replayed in vain `MAX_REPLAYS` times: only discarding it, or a correction, is left."""


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
        *columns_of([item.record for item in records]),
        [item.reason for item in records],
        [storable(item.detail) for item in records],
    )
    after_commit(tx, lambda: _count(records))


def _count(records: Sequence[SetAside]) -> None:
    for item in records:
        RECORDS_SET_ASIDE.labels(item.record.topic, item.reason).inc()


class SetAsideDesk:
    """What operators see of set-aside records and do about them."""

    def __init__(self, database: Database, projector: Projector | None) -> None:
        self._database = database
        self._projector = projector

    async def page(
        self, *, before_id: int | None, state: str | None, limit: int, search: str | None = None
    ) -> list[DeskRecord]:
        """A page, newest first, of at most `limit` (capped at 200) records; None means every state, every record.

        `search`: a key or a correlation id, whole.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(PAGE, before_id, state, min(limit, PAGE_LIMIT), search)
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

    async def waiting(self, *, reason: str | None, limit: int) -> list[int]:
        """Ids of at most `limit` open records of a reason (None: of any) that may be replayed, in the log's order."""
        async with self._database.connection() as connection:
            return [row["id"] for row in await connection.fetch(WAITING, MAX_REPLAYS, reason, min(limit, PAGE_LIMIT))]

    async def in_order(self, record_ids: Sequence[int]) -> list[int]:
        """Those of the ids that there are, each once, in the order of topic, partition and offset."""
        async with self._database.connection() as connection:
            return [row["id"] for row in await connection.fetch(IN_ORDER, list(record_ids))]

    async def dry_run(self, record_id: int) -> SetAside | None:
        """Try a record in a transaction that is always rolled back. Returns None when it would be taken, else why not.

        Raises:
            NotOnDeskError, AlreadyDecidedError: nothing was tried.
        """
        async with self._database.connection() as connection:
            trial = connection.transaction()
            await trial.start()
            try:
                return await self._try(connection, await self._open(connection, record_id))
            finally:
                await trial.rollback()

    async def replay(self, record_id: int, operator: str) -> SetAside | None:
        """Try a record again. Returns None when it was taken, else why not; that leaves it on the desk.

        Raises:
            NotOnDeskError, AlreadyDecidedError: nothing was tried.
        """
        async with self._database.transaction() as tx:
            row = await self._open(tx, record_id)
            if row["replays"] >= MAX_REPLAYS:
                raise ReplayedTooOftenError(
                    f"record {record_id} was replayed {MAX_REPLAYS} times in vain: discard it, or have it corrected"
                )
            refused = await self._try(tx, row)
            if refused is None:
                await tx.execute(DECIDE, record_id, "booked", operator, "replayed")
                await note(tx, Decision(record_id, operator, "replay", None, "booked", None))
            else:
                await tx.execute(FAILED_REPLAY, record_id, refused.reason, storable(refused.detail))
                await note(tx, Decision(record_id, operator, "replay", None, "set_aside", refused.reason))
            return refused

    async def discard(self, record_id: int, operator: str, reason: str) -> None:
        """Decide that a record is never to be taken. `reason`: 3 to 500 characters.

        Raises:
            NotOnDeskError, AlreadyDecidedError: nothing was changed.
            asyncpg.CheckViolationError: the reason is too short or too long; nothing was changed.
        """
        async with self._database.transaction() as tx:
            await self._open(tx, record_id)
            await tx.execute(DECIDE, record_id, "discarded", operator, reason)
            await note(tx, Decision(record_id, operator, "discard", reason, "discarded", None))

    async def decisions(self, *, record_id: int | None, before_id: int | None, limit: int) -> list[Decision]:
        """What operators decided about a record (None: about any), newest first, at most `limit` (capped at 200)."""
        async with self._database.connection() as connection:
            return await history(connection, record_id, before_id, min(limit, PAGE_LIMIT))

    async def _try(self, tx: Connection, row: Row) -> SetAside | None:
        """Let the projector take a record; if that fails for a fault of the record's, no trace of the try is left."""
        if self._projector is None:
            raise NotOnDeskError("this service reads no topics")
        record = record_of(row)
        try:
            async with tx.transaction():
                refused = await self._projector.project(tx, [record])
        except PASSING:
            raise
        except Exception as error:  # noqa: BLE001  # what a record causes is this record's outcome, and it counts
            return unexpected(record, error)
        return refused[0] if refused else None

    async def _open(self, tx: Connection, record_id: int) -> Row:
        row = await tx.fetchrow(LOCK, record_id)
        if row is None:
            raise NotOnDeskError(f"there is no record {record_id}")
        if row["state"] != "set_aside":
            raise AlreadyDecidedError(f"record {record_id} is {row['state']} already")
        return row


def _listed(row: Row) -> DeskRecord:
    key = None if row["key"] is None else bytes(row["key"]).decode("utf-8", "replace")
    return DeskRecord(
        row["id"], row["topic"], row["partition"], row["offset"], key, row["reason"], row["detail"], row["at"],
        row["state"], row["replays"], row["decided_by"], row["decision_reason"],
    )  # fmt: skip
