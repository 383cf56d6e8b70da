"""Which credit pays which debt (art. 451 k.c.)."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain import Entry, Figures, NextDue, allocate, entry_of, figures_of
from services.ledger.tests.facts import (
    TODAY,
    charge,
    chargeback,
    correction,
    event_id,
    fact,
    interest,
    payment,
    refund,
    transfer,
    uncredited,
)


def entries(*events: tuple[str, dict[str, Any]], **attributes: Any) -> list[Entry]:
    """The entries of events on one lease, in canonical order; ids follow the order given."""
    made = [entry_of(fact(name, data, **{"id": event_id(n), **attributes})) for n, (name, data) in enumerate(events)]
    return sorted((entry for entry in made if entry is not None), key=lambda entry: entry.position)


def unpaid(items: list[Entry]) -> dict[str, int]:
    """What is unpaid, by the business id of the debt."""
    return {str(debt.item.charge_id or debt.item.credit_id): debt.unpaid_grosze for debt in allocate(items).debts}


MAY = {"month": "2026-05", "issued_on": "2026-05-01", "due_on": "2026-05-10"}
JUNE = {"month": "2026-06", "issued_on": "2026-06-01", "due_on": "2026-06-10"}
DECEMBER = {"month": "2026-12", "issued_on": "2026-11-20", "due_on": "2026-12-10"}
JANUARY = {"month": "2027-01", "issued_on": "2026-11-21", "due_on": "2027-01-10"}


def test_a_payment_that_names_nothing_pays_the_oldest_debt_first() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "june", **JUNE)),
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("PaymentConfirmed", payment(130)),
    )
    assert unpaid(items) == {"may": 0, "june": 70}


def test_a_payment_pays_the_charge_it_names_before_older_ones() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("ChargeIssued", charge(100, "june", **JUNE)),
        ("PaymentConfirmed", payment(130, charge_id="june")),
    )
    assert unpaid(items) == {"may": 70, "june": 0}


def test_a_payment_may_name_a_charge_that_is_not_yet_due() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("ChargeIssued", charge(100, "december", **DECEMBER)),
        ("PaymentConfirmed", payment(100, charge_id="december")),
    )
    assert figures_of(items, TODAY) == Figures(100, 100, 0, 0, None)


def test_an_unknown_charge_id_counts_as_none() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)), ("PaymentConfirmed", payment(60, charge_id="never-issued"))
    )
    assert unpaid(items) == {"may": 40}


def test_debts_of_one_due_date_are_paid_in_canonical_order() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "booked-later", **(MAY | {"issued_on": "2026-05-02"}))),
        ("ChargeIssued", charge(100, "booked-first", **MAY)),
        ("TransferCredited", transfer(100)),
    )
    assert unpaid(items) == {"booked-first": 0, "booked-later": 100}


def test_credits_are_taken_in_canonical_order_so_a_later_one_finds_its_charge_paid() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("ChargeIssued", charge(100, "june", **JUNE)),
        ("PaymentConfirmed", payment(100, "early", paid_on="2026-06-20")),
        ("PaymentConfirmed", payment(100, "late", paid_on="2026-06-21", charge_id="may")),
    )
    assert unpaid(items) == {"may": 0, "june": 0}


def test_what_is_left_of_a_credit_is_an_overpayment() -> None:
    items = entries(("ChargeIssued", charge(100, **MAY)), ("PaymentConfirmed", payment(150)))
    assert figures_of(items, TODAY) == Figures(-50, 0, 0, 50, None)


def test_a_negative_correction_pays_its_charge_first() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("ChargeIssued", charge(100, "december", **DECEMBER)),
        ("ChargeCorrected", correction(-30, charge_id="december")),
    )
    assert figures_of(items, TODAY) == Figures(170, 100, 70, 0, NextDue(date(2026, 12, 10), 70))


def test_a_positive_correction_is_a_debt_of_its_own_due_date() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("ChargeCorrected", correction(30, charge_id="may", due_on="2026-12-15")),
        ("PaymentConfirmed", payment(100, charge_id="may")),
    )
    assert figures_of(items, TODAY) == Figures(30, 0, 30, 0, NextDue(date(2026, 12, 15), 30))


def test_negative_interest_takes_back_interest_and_not_the_charge() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("InterestCharged", interest(20, "first", "may", due_on="2026-12-15")),
        ("InterestCharged", interest(-20, "back", "may")),
    )
    assert figures_of(items, TODAY) == Figures(100, 100, 0, 0, None)


def test_a_refund_makes_the_payment_it_names_smaller_before_it_pays() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("ChargeIssued", charge(100, "december", **DECEMBER)),
        ("PaymentConfirmed", payment(100, "first", charge_id="december")),
        ("PaymentConfirmed", payment(100, "second", charge_id="may")),
        ("PaymentRefunded", refund(40, "first")),
    )
    assert figures_of(items, TODAY) == Figures(40, 0, 40, 0, NextDue(date(2026, 12, 10), 40))


def test_a_chargeback_of_a_whole_payment_leaves_the_charge_unpaid() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("PaymentConfirmed", payment(100)),
        ("PaymentChargedBack", chargeback(100)),
    )
    assert unpaid(items) == {"may": 100}


def test_an_uncredited_transfer_pays_nothing() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "may", **MAY)),
        ("TransferCredited", transfer(100)),
        ("TransferUncredited", uncredited(100)),
    )
    assert unpaid(items) == {"may": 100}


def test_what_is_refunded_beyond_the_payment_is_owed_from_that_day() -> None:
    items = entries(("PaymentConfirmed", payment(100)), ("PaymentRefunded", refund(130, refunded_on="2026-11-25")))
    assert figures_of(items, TODAY) == Figures(30, 0, 30, 0, NextDue(date(2026, 11, 25), 30))
    assert figures_of(items, date(2026, 11, 25)).due_today_grosze == 30


def test_a_refund_booked_before_its_payment_makes_it_smaller_all_the_same() -> None:
    items = entries(
        ("PaymentRefunded", refund(100, refunded_on="2026-04-01")),
        ("PaymentConfirmed", payment(100)),
        ("ChargeIssued", charge(70, "may", **MAY)),
    )
    assert figures_of(items, TODAY) == Figures(70, 70, 0, 0, None)


def test_the_next_due_is_all_of_the_earliest_later_day() -> None:
    items = entries(
        ("ChargeIssued", charge(100, "a", **JANUARY)),
        ("ChargeIssued", charge(30, "b", **DECEMBER)),
        ("ChargeIssued", charge(12, "c", **DECEMBER)),
    )
    assert figures_of(items, TODAY).next_due == NextDue(date(2026, 12, 10), 42)


def test_a_charge_is_due_on_its_due_date_and_not_the_day_before() -> None:
    items = entries(("ChargeIssued", charge(100, **DECEMBER)))
    assert figures_of(items, date(2026, 12, 9)).due_today_grosze == 0
    assert figures_of(items, date(2026, 12, 10)).due_today_grosze == 100


def test_a_correction_means_the_charge_of_its_own_source_when_two_use_one_id() -> None:
    items = entries(("ChargeIssued", charge(100, "same", **MAY)), source="erp") + entries(
        ("ChargeIssued", charge(100, "same", **DECEMBER)), ("ChargeCorrected", correction(-100, charge_id="same"))
    )
    items.sort(key=lambda entry: entry.position)
    assert figures_of(items, TODAY) == Figures(100, 100, 0, 0, None)


DAYS = st.integers(0, 60).map(lambda n: (date(2026, 10, 1) + timedelta(n)).isoformat())
AMOUNTS = st.integers(1, 500)
SIGNED = AMOUNTS | AMOUNTS.map(lambda amount: -amount)
IDS = st.sampled_from(["a", "b", "c"])
EVENTS = st.one_of(
    st.builds(lambda n, i, o, d: ("ChargeIssued", charge(n, i, issued_on=o, due_on=d)), AMOUNTS, IDS, DAYS, DAYS),
    st.builds(lambda n, i, d: ("ChargeCorrected", correction(n, charge_id=i, due_on=d)), SIGNED, IDS, DAYS),
    st.builds(lambda n, i, d: ("InterestCharged", interest(n, charge_id=i, due_on=d)), SIGNED, IDS, DAYS),
    st.builds(lambda n, i, d: ("PaymentConfirmed", payment(n, i, paid_on=d)), AMOUNTS, IDS, DAYS),
    st.builds(lambda n, i, c: ("PaymentConfirmed", payment(n, i, charge_id=c)), AMOUNTS, IDS, IDS),
    st.builds(lambda n, i, d: ("PaymentRefunded", refund(n, i, refunded_on=d)), AMOUNTS, IDS, DAYS),
    st.builds(lambda n, i: ("PaymentChargedBack", chargeback(n, i)), AMOUNTS, IDS),
    st.builds(lambda n, i, d: ("TransferCredited", transfer(n, i, d)), AMOUNTS, IDS, DAYS),
    st.builds(lambda n, i, d: ("TransferUncredited", uncredited(n, i, d)), AMOUNTS, IDS, DAYS),
)


@given(st.lists(EVENTS, max_size=25), DAYS.map(date.fromisoformat))
def test_the_balance_is_always_due_plus_not_yet_due_less_overpaid(
    events: list[tuple[str, dict[str, Any]]], today: date
) -> None:
    items = entries(*events)
    figures = figures_of(items, today)
    assert figures.balance_grosze == sum(item.amount_grosze for item in items)
    assert figures.balance_grosze == figures.due_today_grosze + figures.not_yet_due_grosze - figures.overpaid_grosze
    assert min(figures.due_today_grosze, figures.not_yet_due_grosze, figures.overpaid_grosze) >= 0
    assert figures.overpaid_grosze == 0 or figures.due_today_grosze == figures.not_yet_due_grosze == 0
    assert (figures.next_due is None) == (figures.not_yet_due_grosze == 0)


@given(st.lists(EVENTS, max_size=25))
def test_no_grosz_is_paid_twice_and_none_is_lost(events: list[tuple[str, dict[str, Any]]]) -> None:
    items = entries(*events)
    allocation = allocate(items)
    for debt in allocation.debts:
        paid = sum(part.amount_grosze for part in allocation.paid if part.debt is debt.item)
        assert debt.unpaid_grosze >= 0
        assert paid + debt.unpaid_grosze <= debt.item.amount_grosze
    for item in items:
        given_out = sum(part.amount_grosze for part in allocation.paid if part.credit is item)
        assert given_out <= max(0, -item.amount_grosze)


def grosz_by_grosz(items: list[Entry]) -> tuple[dict[str, int], int]:
    """The same rule told naively, one grosz after another: unpaid by entry id, and what is left over."""
    taking = {"refund", "chargeback", "transfer_uncredited"}
    left = {item.id: -item.amount_grosze for item in items if item.amount_grosze < 0}
    owed: dict[str, int] = {}
    for item in items:
        if item.kind not in taking and item.amount_grosze > 0:
            owed[item.id] = item.amount_grosze
        for _ in range(item.amount_grosze if item.kind in taking else 0):
            smaller = [one.id for one in items if one.credit_id == item.credit_id and left.get(one.id)]
            if smaller:
                left[smaller[0]] -= 1
            else:
                owed[item.id] = owed.get(item.id, 0) + 1
    by_due = sorted(items, key=lambda item: item.due_on or item.booked_on)
    for credit in items:
        kind = "interest" if credit.kind == "interest" else "charge"
        for _ in range(left.get(credit.id, 0)):
            wanting = [item for item in by_due if owed.get(item.id)]
            named = [
                one for one in wanting if credit.charge_id and (one.kind, one.charge_id) == (kind, credit.charge_id)
            ]
            if wanting:
                owed[(named or wanting)[0].id] -= 1
                left[credit.id] -= 1
    return owed, sum(left.values())


@given(st.lists(EVENTS.map(lambda event: event), max_size=12))
def test_paying_debt_by_debt_is_the_same_as_grosz_by_grosz(events: list[tuple[str, dict[str, Any]]]) -> None:
    items = entries(*events)
    owed, left = grosz_by_grosz(items)
    allocation = allocate(items)
    found = {debt.item.id: debt.unpaid_grosze for debt in allocation.debts}
    assert {entry_id: unpaid for entry_id, unpaid in owed.items() if unpaid} == {
        entry_id: unpaid for entry_id, unpaid in found.items() if unpaid
    }
    assert allocation.overpaid_grosze == left
