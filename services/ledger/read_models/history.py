"""The history of a lease: its entries, newest first, paged by canonical position so that pages outlive a rebuild."""

import base64
import binascii
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec

from libs.chassis.postgres import Connection, Row
from services.ledger.domain import CanonicalPosition, EntryKind
from services.ledger.read_models.grants import LeaseGrant, NotHereError

PAGE = """
select id, kind, amount_grosze, booked_on, due_on, version, data, topic, partition, "offset", source, month
from history
where lease_id = $1 and (booked_on, source, id, topic) < ($3::text::date, $4::text, $5::uuid, $6::text)
order by booked_on desc, source desc, id desc, topic desc limit $2
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
    EntryKind.TRANSFER_UNCREDITED: ("Wycofanie przelewu z innej umowy", "Wycofanie przelewu z innej umowy"),
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
class HistoryEntry:
    """An entry as a tenant reads it; `amount_grosze` is positive for what is owed, `details` the event's data."""

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

    @property
    def position(self) -> CanonicalPosition:
        """Its place in the canonical order."""
        return (self.booked_on, self.origin.source, self.id, self.origin.topic)


async def page(
    tx: Connection, grant: LeaseGrant, limit: int, cursor: str | None
) -> tuple[list[HistoryEntry], str | None]:
    """A page of at most `limit` entries of the lease granted, newest first, and the cursor of the next (None: no more).

    Raises:
        BadCursorError: `cursor` was not given out here.
    """
    before = NEWEST
    if cursor is not None:
        booked_on, source, entry_id, topic = position_of(cursor)
        before = (booked_on.isoformat(), source, entry_id, topic)
    rows = await tx.fetch(PAGE, grant.lease_id, limit + 1, *before)
    account = await tx.fetchval(BANK_ACCOUNT, grant.lease_id)
    entries = [_entry(row, account) for row in rows[:limit]]
    return entries, cursor_of(entries[-1].position) if len(rows) > limit else None


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
