"""Where a balance comes from: everything an entry paid or was paid by adds up."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain import Explanation, Share, allocate, explain, left_of, unpaid_of
from services.ledger.domain.entries import Entry
from services.ledger.tests.facts import charge, correction, payment, refund, transfer, uncredited
from services.ledger.tests.test_allocation import EVENTS, entries


def total(shares: list[Share[Entry]]) -> int:
    return sum(share.amount_grosze for share in shares)


def named(shares: list[Share[Entry]]) -> list[tuple[str, int]]:
    """The shares by the business id of their entry."""
    return [(str(share.item.charge_id or share.item.credit_id), share.amount_grosze) for share in shares]


def told(items: list[Entry], kind: str) -> Explanation[Entry]:
    """The explanation of the first entry of a kind."""
    return explain(allocate(items), next(item for item in items if item.kind == kind))


@given(st.lists(EVENTS.map(lambda event: event), max_size=15))
def test_what_became_of_an_entry_adds_up_to_its_amount(events: list[tuple[str, dict[str, Any]]]) -> None:
    items = entries(*events)
    allocation = allocate(items)
    for item in items:
        found = explain(allocation, item)
        if item.amount_grosze < 0:
            assert found.left_grosze is not None
            parts = total(found.pays) + total(found.taken_back_by) + found.left_grosze
        else:
            assert found.unpaid_grosze is not None
            parts = total(found.paid_by) + total(found.takes_back) + found.unpaid_grosze
        assert parts == abs(item.amount_grosze)


@given(st.lists(EVENTS.map(lambda event: event), max_size=15))
def test_unpaid_debts_less_credits_left_over_are_the_balance(events: list[tuple[str, dict[str, Any]]]) -> None:
    items = entries(*events)
    allocation = allocate(items)
    balance = sum(item.amount_grosze for item in items)
    assert total(unpaid_of(allocation)) - total(left_of(allocation)) == balance


def test_a_payment_tells_the_debts_it_paid_and_each_debt_what_paid_it() -> None:
    may = charge(100, "may", month="2026-05", issued_on="2026-05-01", due_on="2026-05-10")
    items = entries(("ChargeIssued", may), ("ChargeIssued", charge(100, "october")), ("PaymentConfirmed", payment(130)))
    assert named(told(items, "payment").pays) == [("may", 100), ("october", 30)]
    assert named(told(items, "charge").paid_by) == [("payment:W-1", 100)]
    assert named(unpaid_of(allocate(items))) == [("october", 70)]


def test_a_refund_tells_the_payment_it_made_smaller_and_what_is_owed_beyond_it() -> None:
    items = entries(("PaymentConfirmed", payment(50)), ("PaymentRefunded", refund(70)))
    refunded = told(items, "refund")
    assert (named(refunded.takes_back), refunded.unpaid_grosze) == ([("payment:W-1", 50)], 20)
    assert named(told(items, "payment").taken_back_by) == [("payment:W-1", 50)]


def test_a_credit_left_over_is_named() -> None:
    items = entries(("TransferCredited", transfer(50)), ("TransferUncredited", uncredited(20)))
    assert named(left_of(allocate(items))) == [("transfer:T-1", 30)]


def test_a_negative_correction_is_a_credit_that_pays_its_charge() -> None:
    items = entries(("ChargeIssued", charge(100, "may")), ("ChargeCorrected", correction(-30, charge_id="may")))
    assert named(told(items, "correction").pays) == [("may", 30)]
