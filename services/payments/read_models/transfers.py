"""Transfers as they stand, with what the bank told of them: the only place of payers' names, accounts and titles."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from libs.chassis.postgres import Connection, Row
from services.payments.domain.transfer import Transfer, TransferStatus

PAGE_LIMIT = 200

COLUMNS = (
    "transfer_id", "file_id", "line", "our_account", "statement_ref", "booked_on", "amount_grosze", "bank_reference",
    "payer_name", "payer_account", "title", "status", "reason", "lease_id", "credits",
)  # fmt: skip

KNOWN = "select transfer_id from transfers where transfer_id = any($1::text[])"
FIND = "select * from transfers where transfer_id = $1"
LOCK = "select * from transfers where transfer_id = $1 for update"

# What a statement tells of transfers that were restored from Kafka: there, only the money is known.
RETELL = """
update transfers t set file_id = $1, line = g.line, our_account = g.our_account, statement_ref = g.statement_ref,
    bank_reference = g.bank_reference, payer_name = g.payer_name, payer_account = g.payer_account, title = g.title
from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
    as g (transfer_id, line, our_account, statement_ref, bank_reference, payer_name, payer_account, title)
where t.transfer_id = g.transfer_id and t.file_id is null
"""
TOLD = ("transfer_id", "line", "our_account", "statement_ref", "bank_reference", "payer_name", "payer_account", "title")

SAVE = "update transfers set status = $2, reason = $3, lease_id = $4, credits = $5 where transfer_id = $1"
COUNT = (
    "select count(*) as transfers, coalesce(sum(amount_grosze), 0)::bigint as grosze from transfers"
    " where status = $1 and ($2::text is null or lease_id = $2)"
)

# A page of one state, the latest bookings first. A text is looked for in what the bank told, case aside; an amount must
# be equal, digits of an account contained.
PAGE = """
select * from transfers
where status = $1
    and ($2::text is null or strpos(lower(payer_name || ' ' || title || ' ' || bank_reference), lower($2)) > 0
        or amount_grosze = $3 or (length($4) >= 4 and strpos(payer_account || ' ' || our_account, $4) > 0)
        or transfer_id = $2 or lease_id = $2 or statement_ref = $2)
    and ($5::date is null or (booked_on, transfer_id) < ($5, $6))
    and ($8::text is null or lease_id = $8)
order by booked_on desc, transfer_id desc limit $7
"""


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer as stored. Money in grosze; `payer_name`, `payer_account` and `title` are personal data."""

    transfer_id: str
    file_id: int | None
    line: int
    our_account: str
    statement_ref: str
    booked_on: date
    amount_grosze: int
    bank_reference: str
    payer_name: str
    payer_account: str
    title: str
    status: TransferStatus
    reason: str | None
    lease_id: str | None
    credits: int

    @property
    def state(self) -> Transfer:
        """What is decided on."""
        return Transfer(self.transfer_id, self.amount_grosze, self.booked_on, self.status, self.lease_id, self.credits)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: the text as given, and as an amount and as digits, if it is such; of one lease, if named."""

    text: str | None = None
    amount_grosze: int | None = None
    digits: str = ""
    lease_id: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended."""

    booked_on: date
    transfer_id: str


async def known(tx: Connection, transfer_ids: Collection[str]) -> frozenset[str]:
    """Which of these were taken before."""
    return frozenset(row["transfer_id"] for row in await tx.fetch(KNOWN, list(transfer_ids)))


async def add(tx: Connection, rows: Sequence[TransferRow]) -> None:
    """Note transfers, in the transaction of their events."""
    records = [tuple(getattr(row, column) for column in COLUMNS) for row in rows]
    await tx.copy_records_to_table("transfers", records=records, columns=COLUMNS)


async def retell(tx: Connection, file_id: int, rows: Sequence[TransferRow]) -> None:
    """Give transfers that were restored what the bank tells of them; others stay as they are."""
    if rows:
        await tx.execute(RETELL, file_id, *([getattr(row, column) for row in rows] for column in TOLD))


async def find(connection: Connection, transfer_id: str) -> TransferRow | None:
    """One transfer; None when there is none."""
    row = await connection.fetchrow(FIND, transfer_id)
    return None if row is None else _transfer(row)


async def lock(tx: Connection, transfer_id: str) -> TransferRow | None:
    """The same, held until the transaction ends."""
    row = await tx.fetchrow(LOCK, transfer_id)
    return None if row is None else _transfer(row)


async def save(tx: Connection, transfer: Transfer, reason: str | None) -> None:
    """Write how a transfer stands now, in the transaction of its event."""
    await tx.execute(SAVE, transfer.transfer_id, transfer.status, reason, transfer.lease_id, transfer.credits)


async def page(
    connection: Connection, status: TransferStatus, search: Search, after: Place | None, limit: int
) -> list[TransferRow]:
    """A page of the transfers of one state, of at most 200."""
    booked_on, transfer_id = (None, None) if after is None else (after.booked_on, after.transfer_id)
    rows = await connection.fetch(
        PAGE,
        status,
        search.text,
        search.amount_grosze,
        search.digits,
        booked_on,
        transfer_id,
        min(limit, PAGE_LIMIT),
        search.lease_id,
    )
    return [_transfer(row) for row in rows]


async def count(connection: Connection, status: TransferStatus, lease_id: str | None = None) -> tuple[int, int]:
    """How many transfers are in a state, of one lease or of all, and how many grosze they are together."""
    row = await connection.fetchrow(COUNT, status, lease_id)
    return (row["transfers"], row["grosze"]) if row is not None else (0, 0)


def _transfer(row: Row) -> TransferRow:
    values = {column: row[column] for column in COLUMNS}
    return TransferRow(**{**values, "status": TransferStatus(row["status"])})
