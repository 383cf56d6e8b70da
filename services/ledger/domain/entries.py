"""Entries of the book: what an event becomes on a lease's account, its place in the canonical order, its digest."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from pydantic import JsonValue

from libs.events.decoding import Fact
from libs.events.envelope import EventData, canonical
from libs.events.ledger import ChargeCorrected, ChargeIssued, InterestCharged, LeaseChanged, LeaseEnded, LeaseSigned
from libs.events.payments import (
    PaymentChargedBack,
    PaymentConfirmed,
    PaymentExpired,
    PaymentFailed,
    PaymentInitiated,
    PaymentRefunded,
    SettlementReceived,
    TransferCredited,
    TransferReceived,
    TransferReturned,
    TransferUncredited,
)

# Where an entry stands among all: (booked_on, source, id, topic), all from its event, never from its arrival.
CanonicalPosition: TypeAlias = tuple[date, str, str, str]


class EntryKind(StrEnum):
    """What an entry is on the account; the values are part of the digest and of the API."""

    CHARGE = "charge"
    CORRECTION = "correction"
    INTEREST = "interest"
    PAYMENT = "payment"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    TRANSFER = "transfer"
    TRANSFER_UNCREDITED = "transfer_uncredited"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of a lease's account.

    `amount_grosze` is positive when the tenant owes more by it. `lines` are as in the event. `charge_id` is the
    charge it is, or names. `credit_id` is the money it is, or takes back. `claim` is the business id that a lease
    can use only once. `month` is a charge's.
    """

    lease_id: str
    topic: str
    source: str
    id: str
    lines: JsonValue
    kind: EntryKind
    amount_grosze: int
    booked_on: date
    due_on: date | None = None
    charge_id: str | None = None
    credit_id: str | None = None
    claim: str | None = None
    month: str | None = None

    @property
    def position(self) -> CanonicalPosition:
        """Its place in the canonical order."""
        return (self.booked_on, self.source, self.id, self.topic)

    def digest(self) -> bytes:
        """SHA-256 (32 bytes) of what must never change: the nine fields of the events' design, in canonical JSON."""
        return hashlib.sha256(
            canonical(
                {
                    "amount_grosze": self.amount_grosze,
                    "booked_on": self.booked_on.isoformat(),
                    "due_on": None if self.due_on is None else self.due_on.isoformat(),
                    "id": self.id,
                    "kind": self.kind.value,
                    "lease_id": self.lease_id,
                    "lines": self.lines,
                    "source": self.source,
                    "topic": self.topic,
                }
            )
        ).digest()


class About(NamedTuple):
    """What every entry takes from its event alike, in the order of an entry's fields; no lines but of itemised ones."""

    lease_id: str
    topic: str
    source: str
    id: str
    lines: JsonValue


def _charge(event: ChargeIssued, about: About) -> Entry:
    return Entry(
        *about,
        EntryKind.CHARGE,
        event.amount_grosze,
        event.issued_on,
        event.due_on,
        charge_id=event.charge_id,
        claim=f"charge:{event.charge_id}:{about.source}",
        month=event.month,
    )


def _correction(event: ChargeCorrected, about: About) -> Entry:
    return Entry(
        *about,
        EntryKind.CORRECTION,
        event.amount_grosze,
        event.issued_on,
        event.due_on,
        charge_id=event.charge_id,
        claim=f"correction:{event.correction_id}",
    )


def _interest(event: InterestCharged, about: About) -> Entry:
    return Entry(
        *about,
        EntryKind.INTEREST,
        event.amount_grosze,
        event.charged_on,
        event.due_on,
        charge_id=event.charge_id,
        claim=f"interest:{event.interest_id}",
    )


def _payment(event: PaymentConfirmed, about: About) -> Entry:
    return Entry(
        *about,
        EntryKind.PAYMENT,
        -event.amount_grosze,
        event.paid_on,
        charge_id=event.charge_id,
        credit_id=f"payment:{event.payment_id}",
        claim=f"payment:{event.payment_id}:{event.remote_id}",
    )


def _refund(event: PaymentRefunded, about: About) -> Entry:
    return Entry(
        *about,
        EntryKind.REFUND,
        event.amount_grosze,
        event.refunded_on,
        credit_id=f"payment:{event.payment_id}",
        claim=f"refund:{event.refund_id}",
    )


def _chargeback(event: PaymentChargedBack, about: About) -> Entry:
    return Entry(
        *about,
        EntryKind.CHARGEBACK,
        event.amount_grosze,
        event.charged_back_on,
        credit_id=f"payment:{event.payment_id}",
        claim=f"chargeback:{event.chargeback_id}",
    )


def _transfer(event: TransferCredited, about: About) -> Entry:
    return Entry(
        *about,
        EntryKind.TRANSFER,
        -event.amount_grosze,
        event.paid_on,
        credit_id=f"transfer:{event.transfer_id}",
    )


def _transfer_uncredited(event: TransferUncredited, about: About) -> Entry:
    return Entry(
        *about,
        EntryKind.TRANSFER_UNCREDITED,
        event.amount_grosze,
        event.uncredited_on,
        credit_id=f"transfer:{event.transfer_id}",
    )


# How each event is booked: one table, complete together with the one below it.
ENTRIES: Final[Mapping[type[EventData], Callable[[Any, About], Entry]]] = MappingProxyType(
    {
        ChargeIssued: _charge,
        ChargeCorrected: _correction,
        InterestCharged: _interest,
        PaymentConfirmed: _payment,
        PaymentRefunded: _refund,
        PaymentChargedBack: _chargeback,
        TransferCredited: _transfer,
        TransferUncredited: _transfer_uncredited,
    }
)

# Events that are deliberately no entry: a state of a lease, the course of a payment, money that is nobody's yet.
NO_ENTRY: Final[frozenset[type[EventData]]] = frozenset(
    {
        LeaseSigned,
        LeaseChanged,
        LeaseEnded,
        PaymentInitiated,
        PaymentFailed,
        PaymentExpired,
        TransferReceived,
        TransferReturned,
        SettlementReceived,
    }
)


# Events with lines; in others a field of that name would be an unknown one.
ITEMISED: Final[tuple[type[EventData], ...]] = (ChargeIssued, ChargeCorrected)


def entry_of(fact: Fact) -> Entry | None:
    """The entry an event becomes, or None for one that makes none.

    Raises:
        TypeError: the event is none of the book's.
    """
    kind = fact.data.event_class
    if kind in NO_ENTRY:
        return None
    if kind not in ENTRIES:
        raise TypeError(f"{fact.data.event_type()} is no event of the book")
    envelope = fact.envelope
    lines = envelope.data["lines"] if kind in ITEMISED else []
    return ENTRIES[kind](fact.data, About(envelope.subject, fact.data.topic, envelope.source, envelope.id, lines))
