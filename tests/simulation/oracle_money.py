"""The oracle of money: art. 451 k.c. as the events' design tells it, and what Autopay's reports must have come to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from tests.simulation.oracle_book import NaiveEntry
from tests.simulation.plan import Notify, Request, StartPay

# Money of a payment: lease, payment id, Autopay's remote id, grosze.
Paid: TypeAlias = tuple[str, str, str, int]

TAKING_BACK: Final = ("refund", "chargeback", "transfer_uncredited")


@dataclass(slots=True)
class Purse:
    """An entry and how much of it is still open, in grosze."""

    entry: NaiveEntry
    open: int
    due_on: str


@dataclass(slots=True)
class NaiveFigures:
    """A lease's figures in grosze, and what is unpaid of each debt."""

    balance: int = 0
    due_today: int = 0
    not_yet_due: int = 0
    overpaid: int = 0
    next_due: tuple[str, int] | None = None
    unpaid: dict[tuple[str, ...], int] = field(default_factory=dict)


def naive_figures(entries: Sequence[NaiveEntry], today: str) -> NaiveFigures:
    """The figures of a lease on a day, from its entries."""
    ordered = sorted(entries, key=lambda entry: entry.place)
    credits_ = [_purse(entry) for entry in ordered if entry.fields["amount_grosze"] < 0]
    debts = [purse for entry in ordered if (purse := _debt(entry, credits_)) is not None]
    debts.sort(key=lambda purse: (purse.due_on, purse.entry.place))
    for credit in credits_:
        for debt in [debt for debt in debts if _names(credit.entry, debt.entry, debts)] + debts:
            paid = min(credit.open, debt.open)
            credit.open -= paid
            debt.open -= paid
    return _figures(debts, sum(credit.open for credit in credits_), today)


def _figures(debts: Sequence[Purse], overpaid: int, today: str) -> NaiveFigures:
    found = NaiveFigures(overpaid=overpaid)
    later = sorted({debt.due_on for debt in debts if debt.open and debt.due_on > today})
    found.due_today = sum(debt.open for debt in debts if debt.due_on <= today)
    found.not_yet_due = sum(debt.open for debt in debts if debt.due_on > today)
    found.balance = found.due_today + found.not_yet_due - found.overpaid
    if later:
        found.next_due = (later[0], sum(debt.open for debt in debts if debt.due_on == later[0]))
    found.unpaid = {debt.entry.key: debt.open for debt in debts}
    return found


def _purse(entry: NaiveEntry) -> Purse:
    return Purse(entry, abs(entry.fields["amount_grosze"]), entry.fields["due_on"] or entry.fields["booked_on"])


def _debt(entry: NaiveEntry, credits_: Sequence[Purse]) -> Purse | None:
    """A debt, or what a taking back leaves of itself after it made its own credit smaller; None when nothing."""
    if entry.fields["amount_grosze"] < 0:
        return None
    purse = _purse(entry)
    if entry.fields["kind"] not in TAKING_BACK:
        return purse
    for credit in credits_:
        if credit.entry.credit == entry.credit:
            taken = min(purse.open, credit.open)
            purse.open -= taken
            credit.open -= taken
    return purse if purse.open else None


def _names(credit: NaiveEntry, debt: NaiveEntry, debts: Sequence[Purse]) -> bool:
    """Whether a credit names a debt: a charge; interest taken back means interest. Its own source's, if any."""
    kind = "interest" if credit.fields["kind"] == "interest" else "charge"
    if credit.charge_id is None or not _is_named(credit, debt, kind):
        return False
    if credit.fields["kind"] == "payment" or debt.fields["source"] == credit.fields["source"]:
        return True
    return not any(
        _is_named(credit, other.entry, kind) and other.entry.fields["source"] == credit.fields["source"]
        for other in debts
    )


def _is_named(credit: NaiveEntry, debt: NaiveEntry, kind: str) -> bool:
    return debt.fields["kind"] == kind and debt.charge_id == credit.charge_id


def rightly_paid(acknowledged: Sequence[Request]) -> dict[str, set[Paid]]:
    """Per transaction of Autopay's the payments of which one must have been credited with it.

    That is what a right success was reported for, of which a notification was acknowledged: of several orders, the one
    whose report was taken first.
    """
    told = {request for request in acknowledged if isinstance(request, Notify)}
    found: dict[str, set[Paid]] = {}
    for start in (request for request in acknowledged if isinstance(request, StartPay)):
        for one in start.tries:
            if one.success in told and one.is_right and one.is_authentic:
                paid = (start.lease_id, start.payment_id, one.remote_id, start.amount_grosze)
                found.setdefault(one.remote_id, set()).add(paid)
    return found
