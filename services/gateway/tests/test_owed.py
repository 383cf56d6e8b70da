"""What is unpaid: of a month, of all months, and which payments are waited for."""

from typing import Any

from services.gateway.clients.models import Balance, ChargedMonths, Explanation, MonthCharges, Payments
from services.gateway.tests import company
from services.gateway.tests.company import MONTH_GROSZE, MONTHS
from services.gateway.web.owed import Owed, first_unpaid
from services.gateway.web.start import waiting_payments

BALANCE = Balance.model_validate(company.balance())
ROWS = ChargedMonths.model_validate({"items": company.charged_months()}).items


def debts(*parts: dict[str, Any]) -> Explanation:
    return Explanation.model_validate(company.explanation() | {"unpaid": list(parts)})


def month_of(name: str) -> MonthCharges:
    return MonthCharges.model_validate(company.month(name))


def debt(month: str, grosze: int, **changed: Any) -> dict[str, Any]:
    charges = [row for row in company.entries() if row["id"] == f"e-{month}-charge"]
    return company.part(charges[0] | changed, grosze)


def amounts(owed: Owed, month: str) -> list[int]:
    return [grosze for _, grosze in owed.of_month(month_of(month))]


def test_of_a_charge_paid_in_part_only_the_rest_is_owed() -> None:
    assert amounts(Owed(BALANCE, debts(debt(MONTHS[0], 700)).unpaid), MONTHS[0]) == [700]


def test_a_charge_without_a_debt_is_paid() -> None:
    assert amounts(Owed(BALANCE, debts(debt(MONTHS[0], 700)).unpaid), MONTHS[3]) == []


def test_without_the_debts_a_charge_is_unpaid_while_anything_is_owed_and_for_no_more() -> None:
    assert amounts(Owed(BALANCE, None), MONTHS[0]) == [MONTH_GROSZE]
    little = BALANCE.model_copy(update={"due_today_grosze": 300, "not_yet_due_grosze": 0})
    assert amounts(Owed(little, None), MONTHS[0]) == [300]
    nothing = BALANCE.model_copy(update={"due_today_grosze": 0, "not_yet_due_grosze": 0})
    assert amounts(Owed(nothing, None), MONTHS[0]) == []


def test_a_correction_that_raised_a_charge_is_owed_with_it() -> None:
    raised = {"kind": "correction", "amount_grosze": -1245, "due_on": f"{MONTHS[1]}-30"}
    parts = debts(debt(MONTHS[1], 500), debt(MONTHS[1], 45, **raised)).unpaid
    assert amounts(Owed(BALANCE, parts), MONTHS[1]) == [545]


def test_the_earliest_unpaid_month_is_found_by_the_term_of_its_debt() -> None:
    late = debt(MONTHS[4], 1, kind="correction", due_on=f"{MONTHS[4]}-28")
    assert first_unpaid(ROWS, debts(debt(MONTHS[0], 1), late).unpaid) == MONTHS[4]


def test_without_a_debt_the_newest_month_is_shown() -> None:
    assert first_unpaid(ROWS, []) == first_unpaid(ROWS, None) == MONTHS[0]
    assert first_unpaid([], []) is None


def test_all_payments_that_wait_are_named_and_of_those_only_started_the_newest_of_all() -> None:
    def waiting(*statuses: str) -> list[str]:
        page = Payments.model_validate({"items": [company.payment(status) for status in statuses]})
        return [payment.status for payment in waiting_payments(page)]

    assert waiting("pending", "initiated", "pending", "confirmed", "in_review") == ["pending", "pending", "in_review"]
    assert waiting("initiated", "initiated", "pending") == ["initiated", "pending"]
    assert waiting("confirmed", "initiated", "failed") == []
