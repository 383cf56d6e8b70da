"""What is unpaid: of a month, of all months, and which payments are waited for."""

from datetime import date

from services.gateway.clients.models import Balance, ChargedMonths, DueMonth, MonthCharges, Payments
from services.gateway.tests import company
from services.gateway.tests.company import MONTH_GROSZE, MONTHS
from services.gateway.web.owed import Owed, first_unpaid
from services.gateway.web.start import overdue_since, waiting_payments

OWED = Owed(Balance.model_validate(company.balance()))
ROWS = ChargedMonths.model_validate({"items": company.charged_months()}).items


def test_only_what_is_left_of_a_charge_is_owed_and_of_a_paid_one_nothing() -> None:
    def amounts(month: str) -> list[int]:
        return [grosze for _, grosze in OWED.of_month(MonthCharges.model_validate(company.month(month)))]

    assert [amounts(month) for month in MONTHS[:3]] == [[MONTH_GROSZE], [120125], []]


def test_the_earliest_unpaid_month_comes_first_and_without_one_the_newest() -> None:
    assert first_unpaid(ROWS) == MONTHS[1]
    assert first_unpaid([row.model_copy(update={"unpaid_grosze": 0}) for row in ROWS]) == MONTHS[0]
    assert first_unpaid([]) is None


def test_all_payments_that_wait_are_named_and_of_those_only_started_the_newest_of_all() -> None:
    def waiting(*statuses: str) -> list[str]:
        page = Payments.model_validate({"items": [company.payment(status) for status in statuses]})
        return [payment.status for payment in waiting_payments(page)]

    assert waiting("pending", "initiated", "pending", "confirmed", "in_review") == ["pending", "pending", "in_review"]
    assert waiting("initiated", "initiated", "pending") == ["initiated", "pending"]
    assert waiting("confirmed", "initiated", "failed") == []


def test_what_is_due_is_late_since_the_earliest_day_before_today() -> None:
    due = [DueMonth(due_on=date(2026, month, 30), amount_grosze=1) for month in (10, 9)]
    assert overdue_since(due, date(2026, 10, 30)) == date(2026, 9, 30)
    assert overdue_since(due[:1], date(2026, 10, 30)) is None
