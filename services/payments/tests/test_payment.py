"""The life of a payment, told as: given these facts, when this is reported, then that."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libs.events.payments import (
    PaymentChargedBack,
    PaymentConfirmed,
    PaymentExpired,
    PaymentFailed,
    PaymentInitiated,
    PaymentRefunded,
)
from services.payments.domain.notification import Report, ReportedStatus
from services.payments.domain.payment import (
    EXPIRY_GRACE,
    AmountOverLimitError,
    Concern,
    Decision,
    ExpirePayment,
    Fact,
    Outcome,
    Payment,
    PaymentStatus,
    ReportNoted,
    StartPayment,
    TakeReport,
    expire,
    fold,
    start,
    take_report,
)

ASKED_GROSZE = 123_456
LIMIT_GROSZE = 10_000_000
DAY = date(2026, 5, 10)
NOW = datetime(2026, 5, 10, 12, 0, tzinfo=UTC)
INITIATED = PaymentInitiated(payment_id="p1", order_id="o1", amount_grosze=ASKED_GROSZE, charge_id="c1")
REPORT = Report("o1", "R1", ReportedStatus.SUCCESS, ASKED_GROSZE, None, "PLN", DAY, "AUTHORIZED")


def given(*facts: Fact) -> Payment:
    payment = fold([INITIATED, *facts])
    assert payment is not None
    return payment


def confirmed(remote_id: str = "R1") -> PaymentConfirmed:
    return PaymentConfirmed(
        payment_id="p1", remote_id=remote_id, paid_on=DAY, amount_grosze=ASKED_GROSZE, charge_id="c1"
    )


def reported(payment: Payment, status: str = "SUCCESS", remote_id: str = "R1", **texts: Any) -> Decision:
    report = replace(REPORT, status=ReportedStatus(status), remote_id=remote_id, **texts)
    return take_report(payment, TakeReport(report))


def test_starting_a_payment_initiates_it() -> None:
    event = start(StartPayment("0198-ab", ASKED_GROSZE, "c1"), LIMIT_GROSZE)
    assert event == INITIATED.model_copy(update={"payment_id": "0198-ab", "order_id": "0198ab"})
    assert given().status == PaymentStatus.INITIATED


def test_more_than_autopay_takes_at_once_is_refused() -> None:
    assert start(StartPayment("p1", LIMIT_GROSZE, None), LIMIT_GROSZE).amount_grosze == LIMIT_GROSZE
    with pytest.raises(AmountOverLimitError):
        start(StartPayment("p1", LIMIT_GROSZE + 1, None), LIMIT_GROSZE)


def test_a_success_is_credited_with_what_we_asked_for_on_the_day_it_was_paid() -> None:
    decision = reported(given())
    assert decision == Decision(Outcome.CREDITED, confirmed(), "confirmed:p1:R1")


def test_a_fee_on_top_is_not_credited() -> None:
    decision = reported(given(), amount_grosze=ASKED_GROSZE + 199, start_amount_grosze=ASKED_GROSZE)
    assert decision.event == confirmed()


@pytest.mark.parametrize(
    "texts",
    [
        {"amount_grosze": ASKED_GROSZE - 1},
        {"amount_grosze": ASKED_GROSZE + 1},
        {"amount_grosze": None},
        {"amount_grosze": ASKED_GROSZE + 1, "start_amount_grosze": ASKED_GROSZE + 1},
        {"amount_grosze": ASKED_GROSZE - 1, "start_amount_grosze": ASKED_GROSZE},
    ],
)
def test_an_amount_that_is_off_is_parked_and_never_credited(texts: dict[str, Any]) -> None:
    assert reported(given(), **texts) == Decision(Outcome.PARKED, concern=Concern.AMOUNT_OFF)


def test_another_currency_is_parked_and_never_credited() -> None:
    assert reported(given(), currency="EUR") == Decision(Outcome.PARKED, concern=Concern.CURRENCY_OFF)


def test_a_success_without_a_readable_day_is_parked() -> None:
    assert reported(given(), paid_on=None) == Decision(Outcome.PARKED, concern=Concern.NOT_AS_DOCUMENTED)


@pytest.mark.parametrize("texts", [{"remote_id": None}, {"status": None}])
def test_a_report_not_as_documented_is_parked(texts: dict[str, Any]) -> None:
    decision = take_report(given(), TakeReport(replace(REPORT, **texts)))
    assert decision == Decision(Outcome.PARKED, concern=Concern.NOT_AS_DOCUMENTED)


def test_a_transaction_credited_to_another_order_is_not_credited_again() -> None:
    decision = take_report(given(), TakeReport(REPORT, remote_id_is_anothers=True))
    assert decision == Decision(Outcome.PARKED, concern=Concern.REMOTE_ID_OF_ANOTHER_ORDER)


def test_a_parked_payment_is_in_review_until_other_money_comes() -> None:
    parked = ReportNoted("R1", Outcome.PARKED)
    assert given(parked).status == PaymentStatus.IN_REVIEW
    assert given(parked, confirmed("R2")).status == PaymentStatus.CONFIRMED


def test_a_parked_transaction_reported_again_stays_parked() -> None:
    assert reported(given(ReportNoted("R1", Outcome.PARKED))) == Decision(Outcome.REPEATED)


def test_a_success_reported_again_has_no_second_effect() -> None:
    assert reported(given(confirmed())) == Decision(Outcome.REPEATED)


def test_two_transactions_of_one_order_are_two_payments_and_both_count() -> None:
    second = reported(given(confirmed("R1")), remote_id="R2")
    assert second.event == confirmed("R2")
    assert given(confirmed("R1"), confirmed("R2")).credited_grosze == 2 * ASKED_GROSZE


@pytest.mark.parametrize("status", ["FAILURE", "PENDING"])
def test_nothing_takes_a_success_back_but_it_is_alarmed(status: str) -> None:
    for taken in (confirmed(), ReportNoted("R1", Outcome.PARKED)):
        decision = reported(given(taken), status)
        assert decision == Decision(Outcome.CONTRADICTED, concern=Concern.AFTER_SUCCESS)


def test_a_failure_fails_the_payment_and_names_autopays_reason() -> None:
    decision = reported(given(), "FAILURE", reason="INSUFFICIENT_FUNDS")
    failed = PaymentFailed(payment_id="p1", reason="INSUFFICIENT_FUNDS")
    assert decision == Decision(Outcome.FAILED, failed, "failed:p1:R1")
    assert given(failed, ReportNoted("R1", Outcome.FAILED)).status == PaymentStatus.FAILED


def test_a_success_after_a_failure_is_credited() -> None:
    payment = given(PaymentFailed(payment_id="p1", reason="TIMEOUT"), ReportNoted("R1", Outcome.FAILED))
    assert reported(payment).event == confirmed()


def test_a_failed_try_beside_a_paid_one_is_no_news() -> None:
    assert reported(given(confirmed("R1")), "FAILURE", "R2") == Decision(Outcome.FAILED)


def test_a_payment_is_pending_while_autopay_waits_for_its_money() -> None:
    waiting = ReportNoted("R1", Outcome.WAITING)
    assert reported(given(), "PENDING") == Decision(Outcome.WAITING)
    assert given(waiting).status == PaymentStatus.PENDING
    assert given(waiting, ReportNoted("R1", Outcome.FAILED)).status == PaymentStatus.INITIATED


def test_a_new_try_after_a_failed_one_is_pending() -> None:
    failed = (PaymentFailed(payment_id="p1", reason="TIMEOUT"), ReportNoted("R1", Outcome.FAILED))
    assert given(*failed, ReportNoted("R2", Outcome.WAITING)).status == PaymentStatus.PENDING


def test_a_pending_that_comes_after_its_failure_changes_nothing() -> None:
    assert reported(given(ReportNoted("R1", Outcome.FAILED)), "PENDING") == Decision(Outcome.REPEATED)


@pytest.mark.parametrize("facts", [(), (ReportNoted("R1", Outcome.WAITING),)])
def test_a_payment_nobody_finished_expires_after_its_grace(facts: tuple[Fact, ...]) -> None:
    in_time = ExpirePayment(valid_until=NOW, now=NOW + EXPIRY_GRACE - timedelta(seconds=1))
    late = ExpirePayment(valid_until=NOW, now=NOW + EXPIRY_GRACE)
    assert expire(given(*facts), in_time) is None
    assert expire(given(*facts), late) == PaymentExpired(payment_id="p1")
    assert given(*facts, PaymentExpired(payment_id="p1")).status == PaymentStatus.EXPIRED


@pytest.mark.parametrize(
    "fact",
    [
        confirmed(),
        ReportNoted("R1", Outcome.PARKED),
        PaymentExpired(payment_id="p1"),
        PaymentFailed(payment_id="p1", reason="TIMEOUT"),
    ],
)
def test_a_payment_that_came_to_something_does_not_expire(fact: Fact) -> None:
    assert expire(given(fact), ExpirePayment(NOW, NOW + timedelta(days=9))) is None


def test_a_success_after_expiry_is_credited() -> None:
    payment = given(PaymentExpired(payment_id="p1"))
    assert reported(payment).event == confirmed()
    assert given(PaymentExpired(payment_id="p1"), confirmed()).status == PaymentStatus.CONFIRMED


def test_a_payment_is_refunded_when_all_that_came_was_given_back() -> None:
    half = PaymentRefunded(payment_id="p1", refund_id="f1", refunded_on=DAY, amount_grosze=ASKED_GROSZE // 2)
    rest = PaymentChargedBack(
        payment_id="p1", chargeback_id="b1", charged_back_on=DAY, amount_grosze=ASKED_GROSZE - ASKED_GROSZE // 2
    )
    assert given(confirmed(), half).status == PaymentStatus.CONFIRMED
    assert given(confirmed(), half, rest).status == PaymentStatus.REFUNDED


def test_an_imported_payment_begins_confirmed_and_without_an_order() -> None:
    payment = fold([confirmed("R7")])
    assert payment is not None
    assert (payment.status, payment.order_id, payment.credited_grosze) == (PaymentStatus.CONFIRMED, None, ASKED_GROSZE)


def test_without_facts_there_is_no_payment() -> None:
    assert fold([]) is None
