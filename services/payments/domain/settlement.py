"""Autopay's settlements: transfers by which it pays out what it collected, matched with the payments it collected.

How Autopay words such a transfer is agreed with each client and known here from no source: who sends it and what its
title holds are settings. Autopay's own names tell the sender, any order's or transaction's id in the title
the payments, a date the day of the payments; without either, whole days that were not settled are tried.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.payments.domain.statement import Details

MAX_DAYS = 40  # of payments that one settlement may join: Autopay pays out daily or monthly
MAX_PAYMENTS = 5_000  # of one settlement: as many as its event can tell; what is beyond stays open, and is shown

_WORD = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(frozen=True, slots=True)
class Rules:
    """How a settlement is known: `sender` is looked for in the payer's name, `paid_day` in the title.

    `paid_day` has the groups year, month and day. Accounts of Autopay's, if set, must have sent it.
    """

    sender: re.Pattern[str]
    paid_day: re.Pattern[str]
    accounts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, sender: str, paid_day: str, accounts: Iterable[str] = ()) -> "Rules":
        """Rules of patterns as set; raises `re.error` for a pattern that is none."""
        return cls(re.compile(sender), re.compile(paid_day), frozenset(accounts))


@dataclass(frozen=True, slots=True)
class Collected:
    """A payment that Autopay confirmed and has not paid out, as far as we know."""

    payment_id: str
    order_id: str | None
    remote_id: str
    paid_on: date
    amount_grosze: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The payments that a settlement is of; `difference_grosze` is what it brought beyond them, mostly a fee less."""

    payments: tuple[Collected, ...]
    difference_grosze: int

    @property
    def payment_ids(self) -> tuple[str, ...]:
        """Each payment once, though two of its transactions may be settled."""
        return tuple(dict.fromkeys(each.payment_id for each in self.payments))


def is_settlement(details: Details, rules: Rules) -> bool:
    """Whether a transfer is Autopay's. The name alone is anybody's to write: with its accounts set, these decide."""
    if rules.accounts:
        return details.payer_account in rules.accounts
    return rules.sender.search(details.payer_name) is not None


def ids_in(details: Details) -> tuple[str, ...]:
    """Words of the title that may be the id of an order or of a transaction at Autopay."""
    return tuple(dict.fromkeys(_WORD.findall(details.title)))


def paid_day_in(details: Details, rules: Rules) -> date | None:
    """The day of the payments that the title names, if it is one."""
    found = rules.paid_day.search(details.title)
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def match(amount_grosze: int, details: Details, collected: Sequence[Collected], rules: Rules) -> Settled:
    """The payments of a settlement: those its title names, else those of the day it names, else whole days that add up.

    Named payments are taken whatever they add up to: the difference is shown. Whole days only when they add up exactly.
    """
    named = frozenset(ids_in(details))
    chosen = [each for each in collected if {each.remote_id, each.order_id, each.payment_id} & named]
    if not chosen and (day := paid_day_in(details, rules)) is not None:
        chosen = [each for each in collected if each.paid_on == day]
    if not chosen:
        chosen = _whole_days(amount_grosze, collected)
    chosen = chosen[:MAX_PAYMENTS]
    return Settled(tuple(chosen), amount_grosze - sum(each.amount_grosze for each in chosen))


def _whole_days(amount_grosze: int, collected: Sequence[Collected]) -> list[Collected]:
    """The latest whole days, one after the other, that add up to an amount; none where no such days are."""
    sums: dict[date, int] = {}
    for each in collected:
        sums[each.paid_on] = sums.get(each.paid_on, 0) + each.amount_grosze
    days = sorted(sums, reverse=True)
    for first in range(len(days)):
        total = 0
        for last in range(first, min(first + MAX_DAYS, len(days))):
            total += sums[days[last]]
            if total == amount_grosze:
                chosen = frozenset(days[first : last + 1])
                return [each for each in collected if each.paid_on in chosen]
            if total > amount_grosze:
                break
    return []
