"""Postings: what every event of money does to the company's accounts, in double entry.

An event's postings are a function of that event alone, like its entry: no allocation, no order of arrival. What a
credit pays is told by `allocation`, so credits stand on a sub-account of their own, `receivable:paid`. Amounts are
grosze, a debit positive, a credit negative. The postings of an event sum to zero, those on its receivable to the amount
of its entry.

A charge, and the signed difference of a correction, debit the receivable's sub-account of each line (`SUB_ACCOUNTS`)
and credit the income of its component; a deposit is no income, but held. Every other event moves its amount between the
two accounts of `MOVES`, and the events of `NO_MONEY` move none.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from libs.events.envelope import EventData
from libs.events.ledger import (
    ChargeCorrected,
    ChargeIssued,
    InterestCharged,
    LeaseChanged,
    LeaseEnded,
    LeaseSigned,
)
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
from services.ledger.domain.errors import UnbalancedError

# Account -> grosze, a debit positive. Accounts that an event leaves where they were are not in it.
Postings: TypeAlias = Mapping[str, int]

NO_POSTINGS: Final[Postings] = MappingProxyType({})
INCOME: Final = "income:"  # and the component, as the lines name it


class ChartAccount(StrEnum):
    """Every account but the incomes, of which there is one per component. The values are stored."""

    RENT = "receivable:rent"
    UTILITIES = "receivable:utilities"
    INTEREST = "receivable:interest"
    DEPOSIT = "receivable:deposit"
    OTHER = "receivable:other"
    PAID = "receivable:paid"
    DEPOSITS_HELD = "deposits_held"
    AUTOPAY_CLEARING = "autopay_clearing"
    BANK = "bank"
    SUSPENSE = "suspense"


RECEIVABLE: Final = "receivable:"  # what a lease owes; its sub-accounts together are its balance
INTEREST_INCOME: Final = f"{INCOME}interest"

# On which sub-account of the receivable a component stands; one that is not here stands on `receivable:other`.
SUB_ACCOUNTS: Final[Mapping[str, ChartAccount]] = MappingProxyType(
    dict.fromkeys(("czynsz", "czynsz-uzytkowy", "czynsz-garaz", "miejsce-postojowe", "rent"), ChartAccount.RENT)
    | dict.fromkeys(
        (
            *("zaliczka-co", "ciepla-woda", "zimna-woda-scieki", "odpady-komunalne", "winda", "domofon", "woda"),
            *("heating", "hot_water", "cold_water", "water", "waste", "gas", "electricity"),
        ),
        ChartAccount.UTILITIES,
    )
    | dict.fromkeys(("odsetki", "interest"), ChartAccount.INTEREST)
    | dict.fromkeys(("kaucja", "deposit"), ChartAccount.DEPOSIT)
)


# Which account an event's amount is debited to, and which it is credited to.
MOVES: Final[Mapping[type[EventData], tuple[str, str]]] = MappingProxyType(
    {
        InterestCharged: (ChartAccount.INTEREST.value, INTEREST_INCOME),
        PaymentConfirmed: (ChartAccount.AUTOPAY_CLEARING.value, ChartAccount.PAID.value),
        PaymentRefunded: (ChartAccount.PAID.value, ChartAccount.AUTOPAY_CLEARING.value),
        PaymentChargedBack: (ChartAccount.PAID.value, ChartAccount.AUTOPAY_CLEARING.value),
        TransferCredited: (ChartAccount.SUSPENSE.value, ChartAccount.PAID.value),
        TransferUncredited: (ChartAccount.PAID.value, ChartAccount.SUSPENSE.value),
        TransferReceived: (ChartAccount.BANK.value, ChartAccount.SUSPENSE.value),
        TransferReturned: (ChartAccount.SUSPENSE.value, ChartAccount.BANK.value),
        SettlementReceived: (ChartAccount.BANK.value, ChartAccount.AUTOPAY_CLEARING.value),
    }
)

# Events whose postings are those of their lines.
ITEMISED: Final[frozenset[type[EventData]]] = frozenset((ChargeIssued, ChargeCorrected))

# On which day an event of `iok.transfers` moved money.
TRANSFER_DAYS: Final[Mapping[type[EventData], str]] = MappingProxyType(
    {TransferReceived: "booked_on", SettlementReceived: "booked_on", TransferReturned: "returned_on"}
)

# Events that deliberately move no money: the state of a lease, the course of a payment.
NO_MONEY: Final[frozenset[type[EventData]]] = frozenset(
    {LeaseSigned, LeaseChanged, LeaseEnded, PaymentInitiated, PaymentFailed, PaymentExpired}
)


def postings_of(event: EventData) -> Postings:
    """What an event does to the accounts; empty for one that moves no money.

    Raises:
        UnbalancedError: the postings do not sum to zero: a defect of these tables, never of an event.
        TypeError: the event is none of the book's.
    """
    postings = _postings_of(event)
    if sum(postings.values()) != 0:
        raise UnbalancedError(f"the postings of {event.event_type()} sum to {sum(postings.values())}, not to zero")
    return postings


def _postings_of(event: EventData) -> Postings:
    kind = event.event_class
    if kind in ITEMISED:
        return _of_lines(event)
    if kind in MOVES:
        return _moved(event, *MOVES[kind])
    if kind in NO_MONEY:
        return NO_POSTINGS
    raise TypeError(f"{event.event_type()} is no event of the book")


def transfer_day(event: EventData) -> date:
    """The day on which an event of `iok.transfers` moved money; raises TypeError for any other."""
    if event.event_class not in TRANSFER_DAYS:
        raise TypeError(f"{event.event_type()} is no event of a transfer")
    day: date = getattr(event, TRANSFER_DAYS[event.event_class])
    return day


def _moved(event: Any, debit: str, credit: str) -> Postings:
    amount: int = event.amount_grosze
    return {debit: amount, credit: -amount}


def _of_lines(event: Any) -> Postings:
    """Per line, its sub-account of the receivable against its income; a deposit is held: the company owes it back."""
    sums: dict[str, int] = {}
    for line in event.lines:
        debit, credit = _accounts_of(line.component)
        amount: int = line.amount_grosze
        sums[debit] = sums.get(debit, 0) + amount
        sums[credit] = sums.get(credit, 0) - amount
    return sums if all(sums.values()) else {account: amount for account, amount in sums.items() if amount}


@lru_cache(maxsize=1_024)
def _accounts_of(component: str) -> tuple[str, str]:
    """What a component is debited to and credited to."""
    debit = SUB_ACCOUNTS.get(component, ChartAccount.OTHER)
    return debit.value, ChartAccount.DEPOSITS_HELD.value if debit is ChartAccount.DEPOSIT else INCOME + component
