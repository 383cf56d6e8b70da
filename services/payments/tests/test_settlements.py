"""Autopay's settlements are known by what is set, and matched with the payments it collected."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from libs.events.payments import SettlementReceived, TransferCredited, TransferReturned, TransferUncredited
from services.payments.domain.settlement import MAX_PAYMENTS, Collected, Rules, is_settlement, match
from services.payments.domain.statement import Details
from services.payments.domain.transfer import (
    Arrival,
    NotInThatStateError,
    Transfer,
    TransferStatus,
    credit,
    receive,
    send_back,
    settle,
    uncredit,
)
from services.payments.settings import AUTOPAY_NAMES, DAY_IN_TITLE
from services.payments.tests.banks import MBANK_ACCOUNT, SENDER

RULES = Rules.of(AUTOPAY_NAMES, DAY_IN_TITLE)
MONDAY = date(2026, 3, 2)


def paid(number: int, grosze: int, day: date = MONDAY) -> Collected:
    return Collected(f"payment-{number}", f"order{number:05}", f"REMOTE{number:04}", day, grosze)


COLLECTED = [
    paid(1, 100), paid(2, 250), paid(3, 400, MONDAY - timedelta(days=1)), paid(4, 7, MONDAY - timedelta(days=3)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "amount", "numbers", "difference"),
    [
        ("Wyplata REMOTE0002", 250, [2], 0),
        ("Wyplata order00001 order00003", 490, [1, 3], -10),  # a fee was kept
        ("Wyplata payment-3", 400, [3], 0),
        ("Rozliczenie z dnia 2026-03-02", 350, [1, 2], 0),
        ("ROZLICZENIE 20260302", 340, [1, 2], -10),
        ("Rozliczenie", 350, [1, 2], 0),  # the latest whole day
        ("Rozliczenie", 757, [1, 2, 3, 4], 0),  # days together
        ("Rozliczenie", 407, [3, 4], 0),
        ("Rozliczenie", 351, [], 351),  # no days add up: nothing is guessed
        ("Rozliczenie 20261399", 12, [], 12),
    ],
)
def test_a_settlement_is_of_the_payments_it_names_else_of_its_day_else_of_whole_days_that_add_up(
    title: str, amount: int, numbers: list[int], difference: int
) -> None:
    settled = match(amount, Details(title=title), COLLECTED, RULES)
    assert settled.payment_ids == tuple(f"payment-{number}" for number in numbers)
    assert settled.difference_grosze == difference


def test_a_payment_paid_twice_is_named_once_though_both_are_settled() -> None:
    twice = [paid(1, 100), Collected("payment-1", "order00001", "REMOTE0009", MONDAY, 100)]
    settled = match(200, Details(title="order00001"), twice, RULES)
    assert settled.payment_ids == ("payment-1",)
    assert len(settled.payments) == 2
    assert settled.difference_grosze == 0


def test_no_settlement_is_of_more_payments_than_its_event_can_tell() -> None:
    many = [paid(number, 1) for number in range(MAX_PAYMENTS + 3)]
    settled = match(MAX_PAYMENTS + 3, Details(title="2026-03-02"), many, RULES)
    assert len(settled.payments) == MAX_PAYMENTS
    assert settled.difference_grosze == 3


def test_a_settlement_is_known_by_autopays_name_or_by_its_accounts_where_they_are_set() -> None:
    autopay, forger = Details(payer_name="AUTOPAY S.A. SOPOT", payer_account=SENDER), Details(payer_name="Blue Media")
    strict = Rules.of(AUTOPAY_NAMES, DAY_IN_TITLE, [SENDER])
    assert is_settlement(autopay, RULES)
    assert is_settlement(forger, RULES)
    assert is_settlement(autopay, strict)
    assert not is_settlement(forger, strict)
    assert not is_settlement(Details(payer_name="Jan Nowak", title="Autopay"), RULES)


def transfer(status: TransferStatus, lease_id: str | None = None) -> Transfer:
    return Transfer("t1", 100, MONDAY, status, lease_id, 1)


def test_a_transfer_to_clarify_is_credited_or_sent_back_and_a_credited_one_taken_off() -> None:
    waiting, credited = transfer(TransferStatus.TO_CLARIFY), transfer(TransferStatus.CREDITED, "lease-1")
    assert credit(waiting) == TransferCredited(transfer_id="t1", paid_on=MONDAY, amount_grosze=100)
    assert uncredit(credited, MONDAY + timedelta(days=1)) == TransferUncredited(
        transfer_id="t1", uncredited_on=MONDAY + timedelta(days=1), amount_grosze=100
    )
    assert send_back(waiting, MONDAY) == TransferReturned(transfer_id="t1", returned_on=MONDAY, amount_grosze=100)


def test_nothing_is_taken_off_or_sent_back_before_it_came() -> None:
    early = MONDAY - timedelta(days=9)
    assert uncredit(transfer(TransferStatus.CREDITED, "lease-1"), early).uncredited_on == MONDAY
    assert send_back(transfer(TransferStatus.TO_CLARIFY), early).returned_on == MONDAY


@pytest.mark.parametrize("status", TransferStatus)
def test_what_a_transfers_state_does_not_allow_is_refused(status: TransferStatus) -> None:
    allowed = {
        TransferStatus.TO_CLARIFY: {"credit", "send_back"},
        TransferStatus.CREDITED: {"uncredit"},
    }.get(status, set())
    deeds: dict[str, Callable[[Transfer], object]] = {
        "credit": credit,
        "send_back": lambda found: send_back(found, MONDAY),
        "uncredit": lambda found: uncredit(found, MONDAY),
    }
    for name, deed in deeds.items():
        if name not in allowed:
            with pytest.raises(NotInThatStateError):
                deed(transfer(status))


def test_the_events_of_an_arrival_say_where_it_stands_and_not_from_whom() -> None:
    arrival = Arrival("t1", 100, MONDAY, MBANK_ACCOUNT, "12/2026")
    assert receive(arrival).model_dump(mode="json") == {
        "transfer_id": "t1", "amount_grosze": 100, "booked_on": "2026-03-02", "our_account": MBANK_ACCOUNT,
        "statement_ref": "12/2026",
    }  # fmt: skip
    assert settle(arrival, ("p1",)) == SettlementReceived(
        transfer_id="t1", booked_on=MONDAY, amount_grosze=100, payment_ids=("p1",)
    )
