"""What of a lease's charges is still unpaid, as the ledger says."""

from collections.abc import Sequence

from services.gateway.clients.models import Balance, Charge, ChargedMonth, MonthCharges, NextDue


class Owed:
    """What is owed on a lease."""

    def __init__(self, balance: Balance) -> None:
        self.due_today_grosze: int = balance.due_today_grosze
        self.grosze: int = balance.due_today_grosze + balance.not_yet_due_grosze
        self.next_due: NextDue | None = balance.next_due

    def of_month(self, month: MonthCharges) -> list[tuple[Charge, int]]:
        """The charges of a month that are not wholly paid, each with what is left to pay, in grosze."""
        return [(charge, charge.unpaid_grosze) for charge in month.charges if charge.unpaid_grosze > 0]


def first_unpaid(months: Sequence[ChargedMonth]) -> str | None:
    """The earliest month (YYYY-MM) with something unpaid, of months newest first; else the newest; None: no months."""
    unpaid = [row.month for row in months if row.unpaid_grosze > 0]
    return min(unpaid, default=next((row.month for row in months), None))
