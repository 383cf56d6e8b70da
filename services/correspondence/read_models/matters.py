"""Matters as lists show them; the staff's inbox is a read model of its own.

Columns: `matters` in schema.sql; lists read the view `matter_overviews`, which adds number, title and read marks.
A tenant's matters leave this file only by `of_account` and `one_of_account`, which take the account that asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, assert_never

from libs.chassis.postgres import Connection, Row
from libs.events.correspondence import (
    AnswerDeadlineSet,
    MatterAssigned,
    MatterClosed,
    MatterOpened,
    MatterReopened,
    MessageSent,
)
from services.correspondence.domain.matters import AuthorRole, Event, MatterState, state_after

OPENED = """
insert into matters
    (matter_id, account_id, lease_id, matter_type_id, matter_type_version, state, due_on, opened_at, last_message_at,
    last_author)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8, 'tenant')
"""
SENT = """
update matters set state = $2, last_message_at = $3, last_author = $4, message_count = message_count + 1,
    first_message_id = coalesce(first_message_id, $5)
where matter_id = $1
"""
CHANGED_STATE = "update matters set state = $2 where matter_id = $1"
ASSIGNED = "update matters set assignee_id = $2 where matter_id = $1"
DEADLINE_SET = "update matters set due_on = $2 where matter_id = $1"
# A rebuild keeps appends out until it commits: each shows its events here first, in its own transaction.
LOCK = "lock table matters in exclusive mode"
EMPTY = "delete from matters"

# A page of one account's matters, the latest activity first.
OF_ACCOUNT = """
select * from matter_overviews
where account_id = $1 and (last_message_at, matter_id) < ($2, $3)
order by last_message_at desc, matter_id desc limit $4
"""
ONE_OF_ACCOUNT = "select * from matter_overviews where matter_id = $1 and account_id = $2"

ONE_FOR_STAFF = "select * from matter_overviews where matter_id = $1"

# What waits for the staff, for their panel.
WAITING = """
select count(*) as matters, min(last_message_at) as oldest, count(*) filter (where due_on < $1) as late,
    count(*) filter (where assignee_id is null) as unassigned
from matters where state = 'open'
"""

MARK_READ = """
insert into read_marks as r (matter_id, reader, read_count) values ($1, $2, $3)
on conflict (matter_id, reader) do update set read_count = excluded.read_count, read_at = now()
where r.read_count < excluded.read_count
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list: behind the matter of this activity and id."""

    last_message_at: datetime
    matter_id: str


TOP: Final = Place(datetime(9999, 12, 31, tzinfo=UTC), "")


@dataclass(frozen=True, slots=True)
class Overview:
    """A matter as lists show it."""

    matter_id: str
    number: str
    title: str
    matter_type_id: str
    matter_type: str
    account_id: str
    lease_id: str | None
    state: MatterState
    opened_at: datetime
    last_message_at: datetime
    last_author: AuthorRole
    message_count: int
    assignee_id: str | None
    due_on: date | None
    unread_by_tenant: bool
    unread_by_staff: bool
    read_by_tenant: int
    read_by_staff: int

    @property
    def place(self) -> Place:
        """Where the list goes on behind this matter."""
        return Place(self.last_message_at, self.matter_id)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many matters wait for the staff, since when the one that waits longest, how many too long or for anybody."""

    matters: int
    oldest: datetime | None
    late: int
    unassigned: int


async def project(tx: Connection, event: Event, at: datetime) -> None:
    """Take one event recorded `at`; called in its transaction, and again by a rebuild, in the order of the stream."""
    match event:
        case MatterOpened():
            await tx.execute(
                OPENED,
                event.matter_id,
                event.account_id,
                event.lease_id,
                event.matter_type_id,
                event.matter_type_version or 1,
                state_after(event),
                event.due_on,
                at,
            )
        case MessageSent():
            await tx.execute(SENT, event.matter_id, state_after(event), at, event.author_role, event.message_id)
        case MatterClosed() | MatterReopened():
            await tx.execute(CHANGED_STATE, event.matter_id, state_after(event))
        case MatterAssigned():
            await tx.execute(ASSIGNED, event.matter_id, event.assignee_id)
        case AnswerDeadlineSet():
            await tx.execute(DEADLINE_SET, event.matter_id, event.due_on)
        case _:
            assert_never(event)


async def empty(tx: Connection) -> None:
    """Remove every row, before a rebuild in the same transaction; until it ends, whoever appends waits."""
    await tx.execute(LOCK)
    await tx.execute(EMPTY)


async def of_account(tx: Connection, account_id: str, behind: Place, limit: int) -> list[Overview]:
    """Return a page of an account's own matters."""
    rows = await tx.fetch(OF_ACCOUNT, account_id, behind.last_message_at, behind.matter_id, limit)
    return overviews(rows)


async def one_of_account(tx: Connection, account_id: str, matter_id: str) -> Overview | None:
    """Return an account's own matter; None when there is none of that id, or it is another account's."""
    return next(iter(overviews(await tx.fetch(ONE_OF_ACCOUNT, matter_id, account_id))), None)


async def one_for_staff(tx: Connection, matter_id: str) -> Overview | None:
    """Return any account's matter, for staff alone."""
    return next(iter(overviews(await tx.fetch(ONE_FOR_STAFF, matter_id))), None)


async def waiting(tx: Connection, today: date) -> Waiting:
    """Return what waits for the staff."""
    row = await tx.fetchrow(WAITING, today)
    return Waiting(0, None, 0, 0) if row is None else Waiting(**dict(row))


async def mark_read(tx: Connection, overview: Overview, reader: AuthorRole) -> None:
    """Note that a side has seen the thread up to its present end."""
    await tx.execute(MARK_READ, overview.matter_id, reader.value, overview.message_count)


def overviews(rows: Sequence[Row]) -> list[Overview]:
    """Read rows of `matter_overviews`."""
    return [
        Overview(**{**dict(row), "state": MatterState(row["state"]), "last_author": AuthorRole(row["last_author"])})
        for row in rows
    ]
