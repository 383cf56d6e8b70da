"""A lease's balance: the account that is its lock, and the figures, always worked out from the entries themselves."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from libs.chassis.postgres import Connection, Row
from libs.events.topics import CHARGES, LEASES, PAYMENTS, TOPICS, TRANSFERS
from services.ledger.domain import NOTHING_OWED, Account, Figures, figures_of
from services.ledger.read_models.books import KEYS_AT_ONCE, NoLiveBookError, Offsets
from services.ledger.read_models.copying import Rows, rows
from services.ledger.read_models.grants import LeaseGrant, NotHereError

# An answer is stale when the ledger has not confirmed for this long that it has read all its partitions to the end.
STALE_AFTER_SECONDS = 10
BOOK_TOPICS = (LEASES, CHARGES, PAYMENTS, TRANSFERS)
BOOK_PARTITIONS = sum(TOPICS[topic].partitions for topic in BOOK_TOPICS)
# Topics whose key is a lease: a record set aside there leaves that lease's balance incomplete.
LEASE_TOPICS = (LEASES, CHARGES, PAYMENTS)

# Locks the accounts in one order, so that two projectors never wait for each other.
LOCK = """
select lease_id, version, balance_grosze from book_balances
where book = $1 and lease_id = any($2::text[]) order by lease_id for update
"""

ACCOUNTS = """
select lease_id, version, balance_grosze from book_balances where book = $1 and lease_id = any($2::text[])
"""

# Accounts with entries after a given lease, locked so that what is announced of them is what they are.
ACCOUNTS_AFTER = """
select lease_id, version, balance_grosze from book_balances
where book = $1 and lease_id > $2 and version > 0 order by lease_id limit $3 for update
"""

EVERY = "select lease_id from book_balances where book = $1"

OPEN = """
insert into book_balances (book, lease_id) select $1, l from unnest($2::text[]) as l order by l on conflict do nothing
"""

STORE = """
update book_balances b set version = g.version, balance_grosze = g.balance_grosze
from unnest($2::text[], $3::bigint[], $4::bigint[]) as g (lease_id, version, balance_grosze)
where b.book = $1 and b.lease_id = g.lease_id
"""

# What allocation needs of the entries of some leases, in canonical order.
ITEMS = """
select lease_id, source, kind, amount_grosze, booked_on, due_on, charge_id, credit_id from book_entries
where book = $1 and lease_id = any($2::text[]) order by lease_id, booked_on, source, id, topic
"""

# All that a balance says, in one statement and so of one moment. $2: as of that day (null: every entry); $3: topics
# keyed by lease; $4: seconds after which the book's reading is stale; $5: how many partitions must be confirmed.
BALANCE = """
select b.book, coalesce(a.version, 0) as version, l.terms ->> 'bank_account' as bank_account,
    a.lease_id is not null or l.lease_id is not null as known,
    exists (
        select from set_aside s
        where s.state = 'set_aside' and s.key = convert_to($1, 'UTF8') and s.topic = any($3::text[])
    ) as incomplete,
    offsets_of(b.book) as read_to, c.at as confirmed_at,
    coalesce(c.partitions < $5 or c.at < now() - make_interval(secs => $4), true) as stale,
    i.sources, i.kinds, i.amounts, i.booked_ons, i.due_ons, i.charge_ids, i.credit_ids
from books b
left join book_balances a on a.book = b.book and a.lease_id = $1
left join book_leases l on l.book = b.book and l.lease_id = $1 and l.signed
cross join lateral (
    select count(*) as partitions, min(at) as at from caught_up where projection = 'book-' || b.book
) c
cross join lateral (
    select array_agg(source) as sources, array_agg(kind) as kinds, array_agg(amount_grosze) as amounts,
        array_agg(booked_on) as booked_ons, array_agg(due_on) as due_ons,
        array_agg(charge_id) as charge_ids, array_agg(credit_id) as credit_ids
    from (
        select source, kind, amount_grosze, booked_on, due_on, charge_id, credit_id from book_entries e
        where e.book = b.book and e.lease_id = $1 and ($2::date is null or e.booked_on <= $2)
        order by e.booked_on, e.source, e.id, e.topic
    ) as ordered
) i
where b.state = 'live'
"""


COLUMNS = ("book", "lease_id", "version", "balance_grosze")


class Slim(NamedTuple):
    """An entry as allocation needs it."""

    source: str
    kind: str
    amount_grosze: int
    booked_on: date
    due_on: date | None
    charge_id: str | None
    credit_id: str | None


@dataclass(frozen=True, slots=True)
class Balance:
    """A lease's balance in grosze, of one moment.

    `as_of` is the day asked for, or None: then every entry counts. `read_to` is how far the book has read,
    `confirmed_at` when the ledger last confirmed that this was everything, `stale` when that is too long ago;
    `incomplete` while a record of this lease is set aside.
    """

    figures: Figures
    book: int
    version: int
    as_of: date | None
    bank_account: str | None
    incomplete: bool
    stale: bool
    read_to: Offsets
    confirmed_at: datetime | None


async def lock(tx: Connection, book: int, leases: Sequence[str]) -> dict[str, Account]:
    """The accounts of `leases` (sorted), locked until the transaction ends; those missing are opened."""
    found = await tx.fetch(LOCK, book, leases)
    if len(found) < len(leases):
        await tx.execute(OPEN, book, leases)
        found = await tx.fetch(LOCK, book, leases)
    return {row["lease_id"]: Account(row["version"], row["balance_grosze"]) for row in found}


async def every(tx: Connection, book: int) -> AsyncIterator[str]:
    """Every lease with an account in `book`, in a transaction of the caller's; for a filling that goes on."""
    async for row in tx.cursor(EVERY, book, prefetch=KEYS_AT_ONCE):
        yield row["lease_id"]


def new_rows(book: int, accounts: Mapping[str, Account]) -> Rows:
    """Accounts to be opened as they stand, in a book where they are certainly new."""
    lines = [f"{book}\t{lease}\t{each.version}\t{each.balance_grosze}\n" for lease, each in accounts.items()]
    return rows("book_balances", COLUMNS, lines)


async def store(tx: Connection, book: int, accounts: Mapping[str, Account]) -> None:
    """Bring accounts forward that the transaction holds locked."""
    if accounts:
        await tx.execute(
            STORE,
            book,
            list(accounts),
            [account.version for account in accounts.values()],
            [account.balance_grosze for account in accounts.values()],
        )


async def accounts(tx: Connection, book: int, leases: Sequence[str]) -> dict[str, Account]:
    """The accounts of leases in `book`, those that there are."""
    found = await tx.fetch(ACCOUNTS, book, leases)
    return {row["lease_id"]: Account(row["version"], row["balance_grosze"]) for row in found}


async def accounts_after(tx: Connection, book: int, after: str, limit: int) -> dict[str, Account]:
    """At most `limit` accounts with entries whose lease id is greater than `after`, locked; for operators' commands."""
    found = await tx.fetch(ACCOUNTS_AFTER, book, after, limit)
    return {row["lease_id"]: Account(row["version"], row["balance_grosze"]) for row in found}


async def figures(tx: Connection, book: int, leases: Sequence[str], today: date) -> dict[str, Figures]:
    """The figures of leases when it is `today` in Warsaw, from every entry they have in `book`."""
    items: dict[str, list[Slim]] = defaultdict(list)
    for row in await tx.fetch(ITEMS, book, leases):
        lease_id, *rest = row.values()
        items[lease_id].append(Slim(*rest))
    return {lease_id: figures_of(items[lease_id], today) if lease_id in items else NOTHING_OWED for lease_id in leases}


async def balance(tx: Connection, grant: LeaseGrant, as_of: date | None, today: date) -> Balance:
    """The balance of the lease granted, as of a day or with every entry; `today` is Warsaw's.

    Raises:
        NotHereError: the live book knows no such lease.
        NoLiveBookError: no book is live.
    """
    row = await tx.fetchrow(BALANCE, grant.lease_id, as_of, LEASE_TOPICS, STALE_AFTER_SECONDS, BOOK_PARTITIONS)
    if row is None:
        raise NoLiveBookError("there is no live book")
    if not row["known"]:
        raise NotHereError(f"lease {grant.lease_id} is not in the book")
    return Balance(
        figures=figures_of(_items(row), as_of or today),
        book=row["book"],
        version=row["version"],
        as_of=as_of,
        bank_account=row["bank_account"],
        incomplete=row["incomplete"],
        stale=row["stale"],
        read_to=msgspec.json.decode(row["read_to"]),
        confirmed_at=row["confirmed_at"],
    )


def _items(row: Row) -> list[Slim]:
    if row["kinds"] is None:
        return []
    columns = ("sources", "kinds", "amounts", "booked_ons", "due_ons", "charge_ids", "credit_ids")
    return [Slim(*values) for values in zip(*[row[name] for name in columns], strict=True)]
