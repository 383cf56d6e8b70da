"""Where a balance comes from: what the allocation says of one entry, and which entries make the figures."""

from dataclasses import dataclass
from typing import Generic

from services.ledger.domain.allocation import Allocation, ItemT


@dataclass(frozen=True, slots=True)
class Share(Generic[ItemT]):
    """So much of one entry went to, or came from, `item`, in grosze."""

    item: ItemT
    amount_grosze: int


@dataclass(frozen=True, slots=True)
class Explanation(Generic[ItemT]):
    """What became of one entry; all of it adds up to the entry's amount.

    `pays` are the debts a credit paid, `taken_back_by` what took it back, `left_grosze` what is left of it (None: it is
    no credit). `paid_by` are the credits that paid a debt, `unpaid_grosze` what is not paid (None: it is no debt),
    `takes_back` the credits that a refund or the like made smaller.
    """

    pays: list[Share[ItemT]]
    taken_back_by: list[Share[ItemT]]
    left_grosze: int | None
    paid_by: list[Share[ItemT]]
    takes_back: list[Share[ItemT]]
    unpaid_grosze: int | None


def explain(allocation: Allocation[ItemT], entry: ItemT) -> Explanation[ItemT]:
    """Explain one of the very items that were allocated."""
    is_credit = entry.amount_grosze < 0
    left = sum(credit.left_grosze for credit in allocation.credits if credit.item is entry)
    unpaid = sum(debt.unpaid_grosze for debt in allocation.debts if debt.item is entry)
    return Explanation(
        pays=[Share(paid.debt, paid.amount_grosze) for paid in allocation.paid if paid.credit is entry],
        taken_back_by=[Share(taken.taking, taken.amount_grosze) for taken in allocation.taken if taken.credit is entry],
        left_grosze=left if is_credit else None,
        paid_by=[Share(paid.credit, paid.amount_grosze) for paid in allocation.paid if paid.debt is entry],
        takes_back=[Share(taken.credit, taken.amount_grosze) for taken in allocation.taken if taken.taking is entry],
        unpaid_grosze=None if is_credit else unpaid,
    )


def unpaid_of(allocation: Allocation[ItemT]) -> list[Share[ItemT]]:
    """The debts that are not wholly paid, in their order, with what is unpaid."""
    return [Share(debt.item, debt.unpaid_grosze) for debt in allocation.debts if debt.unpaid_grosze]


def left_of(allocation: Allocation[ItemT]) -> list[Share[ItemT]]:
    """The credits of which something is left over, in their order, with what is left."""
    return [Share(credit.item, credit.left_grosze) for credit in allocation.credits if credit.left_grosze]
