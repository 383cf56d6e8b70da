"""How tenants pay: a table of habits, and the payments that follow from charges by a habit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from deploy.demo.charges import Document
from deploy.demo.leases import OTHER_TENANT_INDEX, TENANT_INDEX, Lease

_LARGEST_ADVANCE_MONTHS: Final = 3


@dataclass(frozen=True, slots=True)
class Habit:
    """How somebody pays: days around the due day, and what goes wrong."""

    days_after_due: tuple[int, int] = (-6, 0)
    skipped: float = 0.0  # share of months paid together with the next
    halves: bool = False  # each sum in two payments
    rounded_up_to_grosze: int = 1
    stopped_months: int = 0  # the latest charges are not paid at all
    short_grosze: int = 0  # missing from the payment of `short_month` charges ago
    short_month: int = 0
    advance_months: int = 0  # paid ahead on top of the latest payment
    names_charge: bool = False  # pays online, by the button at the month's charge


HABITS: Final = {
    "punctual": (46, Habit()),
    "online": (14, Habit(days_after_due=(-8, 0), names_charge=True)),
    "late": (14, Habit(days_after_due=(2, 38))),
    "forgetful": (7, Habit(skipped=0.2)),
    "halves": (4, Habit(halves=True)),
    "rounds up": (5, Habit(rounded_up_to_grosze=5_000)),
    "ahead": (3, Habit(advance_months=_LARGEST_ADVANCE_MONTHS)),
    "short": (3, Habit(short_grosze=21_000, short_month=3)),
    "in arrears": (3, Habit(days_after_due=(5, 30), stopped_months=3)),
    "deep in arrears": (1, Habit(days_after_due=(10, 50), skipped=0.15, stopped_months=8)),
}
"""Habits by name, each with how many of a hundred tenants have it."""

_TENANT: Final = Habit(days_after_due=(-9, -5), short_grosze=15_000, short_month=2, names_charge=True)
_OTHER_TENANT: Final = Habit(days_after_due=(-9, -5), advance_months=_LARGEST_ADVANCE_MONTHS)


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as PaymentConfirmed has it."""

    lease_id: str
    payment_id: str
    remote_id: str
    paid_on: date
    amount_grosze: int
    charge_id: str | None

    def data(self) -> dict[str, object]:
        """Give the payment's line of payments.jsonl."""
        charge = {} if self.charge_id is None else {"charge_id": self.charge_id}
        return {
            "lease_id": self.lease_id,
            "payment_id": self.payment_id,
            "remote_id": self.remote_id,
            "paid_on": self.paid_on.isoformat(),
            "amount_grosze": self.amount_grosze,
            **charge,
        }


@dataclass(frozen=True, slots=True)
class _Sum:
    paid_on: date
    amount_grosze: int
    charge_id: str | None


def habit_of(lease: Lease, seed: int) -> Habit:
    """Tell how the lease is paid; the two leases that the demo signs in to have habits of their own."""
    if lease.index == TENANT_INDEX:
        return _TENANT
    if lease.index == OTHER_TENANT_INDEX:
        return _OTHER_TENANT
    weights = [weight for weight, _ in HABITS.values()]
    return Random(f"{seed}/habit/{lease.index}").choices([habit for _, habit in HABITS.values()], weights)[0]


def payments(lease: Lease, documents: Sequence[Document], seed: int, today: date) -> Iterator[Payment]:
    """Yield the lease's payments up to `today` by paid_on, given its charges and corrections (at most 48)."""
    rng = Random(f"{seed}/payments/{lease.index}")
    habit = habit_of(lease, seed)
    sums = sorted(
        (each for each in _sums(habit, documents, rng) if each.paid_on <= today and each.amount_grosze > 0),
        key=lambda each: each.paid_on,
    )
    for number, each in enumerate(sums, start=1):
        payment_id = f"WPL-{lease.index + 1:06}-{number:03}"
        remote_id = f"{rng.getrandbits(40):010X}"
        yield Payment(lease.lease_id, payment_id, remote_id, each.paid_on, each.amount_grosze, each.charge_id)


def _sums(habit: Habit, documents: Sequence[Document], rng: Random) -> Iterator[_Sum]:
    """Settle each month's charge with the corrections and remainders of the months before, as the habit has it."""
    charges = [document for document in documents if document.month is not None]
    corrections = [document for document in documents if document.month is None]
    owed_grosze = 0
    for back, charge in zip(range(len(charges), 0, -1), charges, strict=True):
        paid_on = charge.due_on + timedelta(days=rng.randint(*habit.days_after_due))
        told = [each for each in corrections if each.issued_on <= paid_on]
        corrections = [each for each in corrections if each.issued_on > paid_on]
        owed_grosze += charge.amount_grosze + sum(each.amount_grosze for each in told)
        if back <= habit.stopped_months or rng.random() < habit.skipped:
            continue
        amount_grosze = -(-owed_grosze // habit.rounded_up_to_grosze) * habit.rounded_up_to_grosze
        owed_grosze = 0
        if back - 1 == habit.short_month:
            amount_grosze -= habit.short_grosze
        if back - 1 == 1:
            amount_grosze += habit.advance_months * charge.amount_grosze
        yield from _payments_of(habit, paid_on, amount_grosze, charge)


def _payments_of(habit: Habit, paid_on: date, amount_grosze: int, charge: Document) -> Iterator[_Sum]:
    charge_id = charge.charge_id if habit.names_charge else None
    if not habit.halves:
        yield _Sum(paid_on, amount_grosze, charge_id)
        return
    half_grosze = amount_grosze // 2
    yield _Sum(paid_on, half_grosze, charge_id)
    yield _Sum(paid_on + timedelta(days=9), amount_grosze - half_grosze, charge_id)
