"""A payment under reports in any order, any number of times, with expiry between: what must hold after every step."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from libs.events.payments import PaymentConfirmed, PaymentExpired, PaymentFailed, PaymentInitiated
from services.payments.domain.notification import Report, ReportedStatus
from services.payments.domain.payment import (
    Concern,
    Decision,
    ExpirePayment,
    Fact,
    Outcome,
    Payment,
    PaymentStatus,
    ReportNoted,
    TakeReport,
    expire,
    fold,
    take_report,
)

ASKED_GROSZE = 50_000
REMOTE_IDS = ("R1", "R2", "R3")
NOW = datetime(2026, 5, 10, tzinfo=UTC)
PAID = (PaymentStatus.CONFIRMED, PaymentStatus.REFUNDED)


def report(remote_id: str, status: ReportedStatus, amount_grosze: int = ASKED_GROSZE) -> Report:
    return Report("o1", remote_id, status, amount_grosze, None, "PLN", date(2026, 5, 10), "TIMEOUT")


class Life:
    """One payment's facts, growing as the service would let them grow."""

    def __init__(self) -> None:
        self.facts: list[Fact] = [PaymentInitiated(payment_id="p1", order_id="o1", amount_grosze=ASKED_GROSZE)]

    @property
    def payment(self) -> Payment:
        payment = fold(self.facts)
        assert payment is not None
        return payment

    def hear(self, said: Report) -> Decision:
        decision = take_report(self.payment, TakeReport(said))
        if decision.event is not None:
            self.facts.append(decision.event)
        self.facts.append(ReportNoted(said.remote_id or "", decision.outcome))
        return decision

    def time_out(self) -> PaymentExpired | None:
        expired = expire(self.payment, ExpirePayment(NOW, NOW + timedelta(days=2)))
        if expired is not None:
            self.facts.append(expired)
        return expired

    @property
    def confirmations(self) -> list[str]:
        return [fact.remote_id for fact in self.facts if isinstance(fact, PaymentConfirmed)]


class AnyOrder(RuleBasedStateMachine):
    """Reports of three transactions of one order, some with a wrong amount, come as they please."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()
        self.first_success_was_right: dict[str, bool] = {}
        self.was_paid = False

    @rule(remote_id=st.sampled_from(REMOTE_IDS), amount_grosze=st.sampled_from([ASKED_GROSZE] * 3 + [ASKED_GROSZE - 1]))
    def succeed(self, remote_id: str, amount_grosze: int) -> None:
        decision = self.life.hear(report(remote_id, ReportedStatus.SUCCESS, amount_grosze))
        if remote_id in self.first_success_was_right:
            assert decision == Decision(Outcome.REPEATED)
        right = self.first_success_was_right.setdefault(remote_id, amount_grosze == ASKED_GROSZE)
        assert decision.outcome != Outcome.CREDITED or right

    @rule(
        remote_id=st.sampled_from(REMOTE_IDS), status=st.sampled_from([ReportedStatus.FAILURE, ReportedStatus.PENDING])
    )
    def say_otherwise(self, remote_id: str, status: ReportedStatus) -> None:
        decision = self.life.hear(report(remote_id, status))
        contradicts = remote_id in self.first_success_was_right
        assert (decision.concern == Concern.AFTER_SUCCESS) == contradicts
        assert not isinstance(decision.event, PaymentConfirmed)

    @rule()
    def run_out_of_time(self) -> None:
        before = self.life.payment.status
        assert (self.life.time_out() is not None) == (before in (PaymentStatus.INITIATED, PaymentStatus.PENDING))

    @invariant()
    def every_right_success_is_credited_once_and_nothing_else_is(self) -> None:
        right = {remote_id for remote_id, was_right in self.first_success_was_right.items() if was_right}
        assert sorted(self.life.confirmations) == sorted(right)
        assert self.life.payment.credited_grosze == ASKED_GROSZE * len(right)

    @invariant()
    def what_was_paid_stays_paid(self) -> None:
        paid = self.life.payment.status in PAID
        assert paid or not self.was_paid
        self.was_paid = paid

    @invariant()
    def a_transaction_fails_once_at_most(self) -> None:
        failures = [fact for fact in self.life.facts if isinstance(fact, PaymentFailed)]
        assert len(failures) <= len(REMOTE_IDS)


TestAnyOrder = AnyOrder.TestCase


REPORTS = [report(remote_id, status) for remote_id in REMOTE_IDS for status in ReportedStatus]


@given(st.lists(st.sampled_from(REPORTS), max_size=6).flatmap(st.permutations), st.randoms(use_true_random=False))
def test_two_orders_of_the_same_reports_credit_the_same_money(reports: list[Report], chance: object) -> None:
    one, other = Life(), Life()
    for said in reports:
        one.hear(said)
    for said in reversed(reports):
        other.hear(said)
    assert sorted(one.confirmations) == sorted(other.confirmations)


@given(st.lists(st.sampled_from(REPORTS), min_size=1, max_size=5))
def test_reports_said_ten_times_each_come_to_the_events_of_saying_them_once(reports: list[Report]) -> None:
    once, often = Life(), Life()
    for said in reports:
        once.hear(said)
        for _ in range(10):
            often.hear(said)
    assert [fact for fact in often.facts if not isinstance(fact, ReportNoted)] == [
        fact for fact in once.facts if not isinstance(fact, ReportNoted)
    ]


def test_every_order_of_one_transactions_three_statuses_ends_paid() -> None:
    for order in permutations(ReportedStatus):
        life = Life()
        for status in order:
            life.hear(report("R1", status))
            life.time_out()
        assert (life.payment.status, life.confirmations) == (PaymentStatus.CONFIRMED, ["R1"]), order
