"""The history of a lease: its entries, newest first, paged by canonical position so that pages outlive a rebuild."""

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec

from libs.chassis.postgres import Connection, Row
from services.ledger.domain import CanonicalPosition, EntryKind
from services.ledger.read_models.grants import LeaseGrant, NotHereError

# A page before a position ($3 to $6), of some kinds ($7) and not before a day ($8, as text; null: from the beginning).
PAGE = """
select id, kind, amount_grosze, booked_on, due_on, version, data, topic, partition, "offset", source, month
from history
where lease_id = $1 and (booked_on, source, id, topic) < ($3::text::date, $4::text, $5::uuid, $6::text)
    and kind = any($7::text[]) and ($8::text::date is null or booked_on >= $8::text::date)
order by booked_on desc, source desc, id desc, topic desc limit $2
"""

# The balance with each entry of a page and all before it: today's less what came later. It reads only what is newer
# than the page's end ($2 to $5), so that the first page costs the same however long the history is.
BALANCES = """
select e.id, e.source, e.topic, b.balance_grosze + e.amount_grosze - sum(e.amount_grosze) over (
    order by e.booked_on desc, e.source desc, e.id desc, e.topic desc
)::bigint as balance_after_grosze
from entries e join lease_balances b using (lease_id)
where e.lease_id = $1 and (e.booked_on, e.source, e.id, e.topic) >= ($2::text::date, $3::text, $4::uuid, $5::text)
"""

# An event's id is unique per topic and source; should two of one lease share it, the first in canonical order answers.
ENTRY = """
select id, kind, amount_grosze, booked_on, due_on, version, data, topic, partition, "offset", source, month
from history where lease_id = $1 and id = $2
order by booked_on, source, topic limit 1
"""

BANK_ACCOUNT = "select terms ->> 'bank_account' from leases where lease_id = $1"

# Before the first page: later than every entry. Days travel as text: to the driver, the calendar's last means infinity.
NEWEST: Final = ("infinity", "", "ffffffff-ffff-ffff-ffff-ffffffffffff", "")
EARLIEST_ID: Final = "00000000-0000-0000-0000-000000000000"
MAX_CURSOR_CHARACTERS: Final = 1_000

MONTHS: Final = (
    *("styczeń", "luty", "marzec", "kwiecień", "maj", "czerwiec"),
    *("lipiec", "sierpień", "wrzesień", "październik", "listopad", "grudzień"),
)

# What an entry is called on the tenant's page; the second form, where there is one, names the month of its charge.
TITLES: Final[dict[EntryKind, tuple[str, str]]] = {
    EntryKind.CHARGE: ("Naliczenie", "Naliczenie za {month}"),
    EntryKind.CORRECTION: ("Korekta naliczenia", "Korekta naliczenia za {month}"),
    EntryKind.INTEREST: ("Odsetki za opóźnienie", "Odsetki za opóźnienie w zapłacie za {month}"),
    EntryKind.PAYMENT: ("Wpłata online", "Wpłata online za {month}"),
    EntryKind.REFUND: ("Zwrot wpłaty", "Zwrot wpłaty"),
    EntryKind.CHARGEBACK: ("Wpłata cofnięta przez bank", "Wpłata cofnięta przez bank"),
    EntryKind.TRANSFER: ("Przelew na konto", "Przelew na konto"),
    EntryKind.TRANSFER_UNCREDITED: ("Cofnięcie wpłaty zaliczonej omyłkowo", "Cofnięcie wpłaty zaliczonej omyłkowo"),
}


# What a tenant asks for: what was charged, or the money that came and went back.
KINDS: Final[dict[str, frozenset[EntryKind]]] = {
    "charges": frozenset({EntryKind.CHARGE, EntryKind.CORRECTION, EntryKind.INTEREST}),
    "payments": frozenset(EntryKind) - {EntryKind.CHARGE, EntryKind.CORRECTION, EntryKind.INTEREST},
}


class BadCursorError(ValueError):
    """A cursor was not made by this read model."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an entry's event lies in Kafka, and who sent it."""

    topic: str
    partition: int
    offset: int
    source: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of one calendar year, and of a key of `KINDS`; None: all."""

    year: int | None = None
    kind: str | None = None


ALL: Final = Wanted()


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """An entry as a tenant reads it; `amount_grosze` is positive for what is owed, `details` the event's data.

    `balance_after_grosze`: the sum of this entry and all before it in the history's order; None where it was not asked.
    """

    id: str
    kind: str
    amount_grosze: int
    booked_on: date
    due_on: date | None
    title: str
    version: int
    details: dict[str, Any]
    bank_account: str | None
    origin: Origin
    balance_after_grosze: int | None = None

    @property
    def position(self) -> CanonicalPosition:
        """Its place in the canonical order."""
        return (self.booked_on, self.origin.source, self.id, self.origin.topic)


async def page(
    tx: Connection, grant: LeaseGrant, limit: int, cursor: str | None, wanted: Wanted = ALL
) -> tuple[list[HistoryEntry], str | None]:
    """A page of at most `limit` entries of the lease granted, newest first, and the cursor of the next (None: no more).

    Raises:
        BadCursorError: `cursor` was not given out here.
    """
    before = NEWEST if wanted.year is None else (f"{wanted.year + 1:04}-01-01", "", EARLIEST_ID, "")
    if cursor is not None:
        booked_on, source, entry_id, topic = position_of(cursor)
        before = min(before, (booked_on.isoformat(), source, entry_id, topic))
    kinds = list(EntryKind) if wanted.kind is None else list(KINDS[wanted.kind])
    since = None if wanted.year is None else f"{wanted.year:04}-01-01"
    rows = await tx.fetch(PAGE, grant.lease_id, limit + 1, *before, kinds, since)
    account = await tx.fetchval(BANK_ACCOUNT, grant.lease_id)
    entries = [_entry(row, account) for row in rows[:limit]]
    if not entries:
        return [], None
    return await _with_balances(tx, grant, entries), cursor_of(entries[-1].position) if len(rows) > limit else None


async def _with_balances(tx: Connection, grant: LeaseGrant, entries: list[HistoryEntry]) -> list[HistoryEntry]:
    booked_on, *rest = entries[-1].position
    rows = await tx.fetch(BALANCES, grant.lease_id, booked_on.isoformat(), *rest)
    after = {(str(row["id"]), row["source"], row["topic"]): row["balance_after_grosze"] for row in rows}
    keys = [(entry.id, entry.origin.source, entry.origin.topic) for entry in entries]
    return [replace(one, balance_after_grosze=after[key]) for one, key in zip(entries, keys, strict=True)]


async def entry(tx: Connection, grant: LeaseGrant, entry_id: UUID) -> HistoryEntry:
    """One entry of the lease granted, by its event's id.

    Raises:
        NotHereError: the lease has no such entry.
    """
    row = await tx.fetchrow(ENTRY, grant.lease_id, entry_id)
    if row is None:
        raise NotHereError(f"lease {grant.lease_id} has no entry {entry_id}")
    return _entry(row, await tx.fetchval(BANK_ACCOUNT, grant.lease_id))


def cursor_of(position: CanonicalPosition) -> str:
    """A position as an opaque text for URLs."""
    booked_on, *rest = position
    return base64.urlsafe_b64encode(msgspec.json.encode([booked_on.isoformat(), *rest])).decode().rstrip("=")


def position_of(cursor: str) -> CanonicalPosition:
    """The position a cursor stands for; raises BadCursorError."""
    try:
        if len(cursor) > MAX_CURSOR_CHARACTERS:
            raise BadCursorError("the cursor is too long")
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        booked_on, source, entry_id, topic = msgspec.json.decode(raw, type=tuple[str, str, str, str])
        if "\x00" in source + topic:
            raise BadCursorError("the cursor holds what no position holds")
        return date.fromisoformat(booked_on), source, str(UUID(entry_id)), topic
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise BadCursorError("the cursor was not made here") from error


def month_in_words(month: str) -> str:
    """`2026-10` as `październik 2026`."""
    year, number = month.split("-")
    return f"{MONTHS[int(number) - 1]} {year}"


def title_of(kind: EntryKind, amount_grosze: int, month: str | None) -> str:
    """What an entry is called, with its charge's month when it has one."""
    if kind is EntryKind.INTEREST and amount_grosze < 0:
        return "Korekta odsetek"
    plain, with_month = TITLES[kind]
    return plain if month is None else with_month.format(month=month_in_words(month))


def _entry(row: Row, bank_account: str | None) -> HistoryEntry:
    return HistoryEntry(
        id=str(row["id"]),
        kind=row["kind"],
        amount_grosze=row["amount_grosze"],
        booked_on=row["booked_on"],
        due_on=row["due_on"],
        title=title_of(EntryKind(row["kind"]), row["amount_grosze"], row["month"]),
        version=row["version"],
        details=msgspec.json.decode(row["data"]),
        bank_account=bank_account,
        origin=Origin(row["topic"], row["partition"], row["offset"], row["source"]),
    )
