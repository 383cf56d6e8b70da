"""Which credit pays which debt (art. 451 k.c.), and the figures that follow: a pure function of a lease's entries.

Credits are taken in canonical order. Each pays the charge it names, then what is unpaid, oldest due date first, so due
before not yet due. Nothing here is ever stored as an entry, and nothing depends on when an entry arrived.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, Protocol, TypeVar

from services.ledger.domain.entries import EntryKind

# Entries that take a credit back, in whole or in part, before it pays anything.
TAKING_BACK = frozenset({EntryKind.REFUND, EntryKind.CHARGEBACK, EntryKind.TRANSFER_UNCREDITED})


class Item(Protocol):
    """What allocation needs of an entry; amounts in grosze, positive when the tenant owes."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def amount_grosze(self) -> int: ...  # noqa: D102
    @property
    def booked_on(self) -> date: ...  # noqa: D102
    @property
    def due_on(self) -> date | None: ...  # noqa: D102
    @property
    def charge_id(self) -> str | None: ...  # noqa: D102
    @property
    def credit_id(self) -> str | None: ...  # noqa: D102


ItemT = TypeVar("ItemT", bound=Item)


@dataclass(slots=True)
class Debt(Generic[ItemT]):
    """A debt and what is unpaid of it, in grosze. A refund beyond its credit is due the day it was booked."""

    item: ItemT
    due_on: date
    unpaid_grosze: int


@dataclass(slots=True)
class Credit(Generic[ItemT]):
    """A credit and what is left of it, in grosze."""

    item: ItemT
    left_grosze: int


@dataclass(frozen=True, slots=True)
class Paid(Generic[ItemT]):
    """So much of a credit went to that debt, in grosze."""

    credit: ItemT
    debt: ItemT
    amount_grosze: int


@dataclass(frozen=True, slots=True)
class Taken(Generic[ItemT]):
    """So much of a credit was taken back by a refund or the like, in grosze."""

    taking: ItemT
    credit: ItemT
    amount_grosze: int


@dataclass(slots=True)
class Allocation(Generic[ItemT]):
    """The debts and credits in their order with what is unpaid and left, what paid and took back what, in grosze."""

    debts: list[Debt[ItemT]] = field(default_factory=list)
    credits: list[Credit[ItemT]] = field(default_factory=list)
    paid: list[Paid[ItemT]] = field(default_factory=list)
    taken: list[Taken[ItemT]] = field(default_factory=list)
    overpaid_grosze: int = 0


@dataclass(frozen=True, slots=True)
class NextDue:
    """All that is unpaid of the earliest due date still to come."""

    due_on: date
    amount_grosze: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A lease's figures in grosze: always balance = due today + not yet due - overpaid."""

    balance_grosze: int
    due_today_grosze: int
    not_yet_due_grosze: int
    overpaid_grosze: int
    next_due: NextDue | None


NOTHING_OWED = Figures(0, 0, 0, 0, None)


def allocate(items: Sequence[ItemT]) -> Allocation[ItemT]:
    """Let the credits among a lease's entries pay its debts; `items` are in canonical order."""
    allocation: Allocation[ItemT] = Allocation(
        credits=[Credit(item, -item.amount_grosze) for item in items if item.amount_grosze < 0]
    )
    beyond = _take_back([(n, item) for n, item in enumerate(items) if item.kind in TAKING_BACK], allocation)
    debts = allocation.debts
    for n, item in enumerate(items):
        if item.amount_grosze < 0:
            continue
        unpaid = beyond.get(n, 0) if item.kind in TAKING_BACK else item.amount_grosze
        if unpaid:
            debts.append(Debt(item, item.due_on or item.booked_on, unpaid))
    debts.sort(key=lambda debt: debt.due_on)  # stable: the canonical order decides among debts of one day
    _pay(allocation)
    return allocation


def _take_back(takings: Sequence[tuple[int, ItemT]], allocation: Allocation[ItemT]) -> dict[int, int]:
    """Make the named credits smaller; returns what goes beyond them in grosze, by the number of the taking."""
    by_id: dict[str, list[Credit[ItemT]]] = defaultdict(list)
    if takings:
        for credit in allocation.credits:
            if credit.item.credit_id is not None:
                by_id[credit.item.credit_id].append(credit)
    beyond: dict[int, int] = {}
    for n, taking in takings:
        wanted = taking.amount_grosze
        for credit in by_id.get(taking.credit_id or "", ()):
            taken = min(wanted, credit.left_grosze)
            if taken:
                credit.left_grosze -= taken
                wanted -= taken
                allocation.taken.append(Taken(taking, credit.item, taken))
        if wanted:
            beyond[n] = wanted
    return beyond


def _pay(allocation: Allocation[ItemT]) -> None:
    debts = allocation.debts
    by_name: dict[tuple[str, str], list[Debt[ItemT]]] = defaultdict(list)
    for debt in debts:
        if debt.item.charge_id is not None:
            by_name[(debt.item.kind, debt.item.charge_id)].append(debt)
    oldest = 0
    for credit in allocation.credits:
        for debt in _named(credit.item, by_name):
            _settle(credit, debt, allocation)
        while credit.left_grosze and oldest < len(debts):
            _settle(credit, debts[oldest], allocation)
            if not debts[oldest].unpaid_grosze:
                oldest += 1
        allocation.overpaid_grosze += credit.left_grosze


def _named(credit: ItemT, by_name: dict[tuple[str, str], list[Debt[ItemT]]]) -> Sequence[Debt[ItemT]]:
    """The debts a credit names: a charge, or the interest that a negative InterestCharged takes back.

    Two sources may use one charge_id on a lease: a negative correction or interest means its own source's, if any.
    """
    if credit.charge_id is None:
        return ()
    kind = EntryKind.INTEREST if credit.kind == EntryKind.INTEREST else EntryKind.CHARGE
    debts = by_name.get((kind, credit.charge_id), [])
    if credit.kind == EntryKind.PAYMENT:
        return debts
    return [debt for debt in debts if debt.item.source == credit.source] or debts


def _settle(credit: Credit[ItemT], debt: Debt[ItemT], allocation: Allocation[ItemT]) -> None:
    amount = min(credit.left_grosze, debt.unpaid_grosze)
    if amount:
        credit.left_grosze -= amount
        debt.unpaid_grosze -= amount
        allocation.paid.append(Paid(credit.item, debt.item, amount))


def figures_of(items: Sequence[Item], today: date) -> Figures:
    """A lease's figures when it is `today` in Warsaw, from its entries in canonical order."""
    allocation = allocate(items)
    due_today = 0
    later: dict[date, int] = {}
    for debt in allocation.debts:
        if debt.due_on <= today:
            due_today += debt.unpaid_grosze
        elif debt.unpaid_grosze:
            later[debt.due_on] = later.get(debt.due_on, 0) + debt.unpaid_grosze
    next_day = min(later, default=None)
    return Figures(
        balance_grosze=sum(item.amount_grosze for item in items),
        due_today_grosze=due_today,
        not_yet_due_grosze=sum(later.values()),
        overpaid_grosze=allocation.overpaid_grosze,
        next_due=None if next_day is None else NextDue(next_day, later[next_day]),
    )
