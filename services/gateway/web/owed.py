"""What of a lease's charges is still unpaid: from the ledger's explanation, or from the figures while it is missing."""

from collections.abc import Sequence

from services.gateway.clients.models import Balance, Charge, ChargedMonth, EntryPart, MonthCharges, NextDue


class Owed:
    """What is owed on a lease. `debts`: the ledger's unpaid debts, oldest due first; None while they are not known."""

    def __init__(self, balance: Balance, debts: Sequence[EntryPart] | None) -> None:
        self.due_today_grosze: int = balance.due_today_grosze
        self.grosze: int = balance.due_today_grosze + balance.not_yet_due_grosze
        self.next_due: NextDue | None = balance.next_due
        self._debts = debts

    def of_month(self, month: MonthCharges) -> list[tuple[Charge, int]]:
        """The charges of a month that are not wholly paid, each with what is left to pay, in grosze.

        Without the debts a charge counts as unpaid while anything is owed at all, and never for more than that.
        """
        left = list(self._debts) if self._debts is not None else None
        unpaid = []
        for charge in month.charges:
            whole_grosze = charge.amount_grosze + sum(one.amount_grosze for one in charge.corrections)
            grosze = min(whole_grosze if left is None else _taken(left, charge), self.grosze)
            if grosze > 0:
                unpaid.append((charge, grosze))
        return unpaid


def _taken(debts: list[EntryPart], charge: Charge) -> int:
    """What is unpaid of a charge and of the corrections that raised it; their debts are taken from the list."""
    issued = [("charge", charge.due_on, charge.amount_grosze)]
    issued += [("correction", one.due_on, one.amount_grosze) for one in charge.corrections]
    grosze = 0
    for what in issued:
        found = next((d for d in debts if (d.entry.kind, d.entry.due_on, d.entry.amount_grosze) == what), None)
        if found is not None:
            debts.remove(found)
            grosze += found.amount_grosze
    return grosze


def first_unpaid(months: Sequence[ChargedMonth], debts: Sequence[EntryPart] | None) -> str | None:
    """The earliest month (YYYY-MM) with something unpaid, of months newest first; else the newest; None: no months.

    A debt belongs to the last month that was due no later than it: corrections are due after their charge.
    """
    dues = [debt.entry.due_on for debt in debts or () if debt.entry.kind in {"charge", "correction"}]
    first = min((due for due in dues if due is not None), default=None)
    earlier = [row.month for row in months if first is not None and row.due_on <= first]
    return next(iter(earlier or [row.month for row in months]), None)
