"""What is unpaid: of a month, of all months, and which payments are waited for."""

from services.gateway.clients.models import Balance, ChargedMonths, MonthCharges, Payments
from services.gateway.tests import company
from services.gateway.tests.company import MONTH_GROSZE, MONTHS
from services.gateway.web.owed import Owed, first_unpaid
from services.gateway.web.start import waiting_payments

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
