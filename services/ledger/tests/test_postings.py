"""Double entry: what every event does to the company's accounts, and that it always balances."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.names import CHARGES, LEASES, PAYMENTS, TRANSFERS
from libs.events.topics import TOPICS
from services.ledger.domain import ChartAccount, Postings, entry_of, postings_of
from services.ledger.domain.entries import ENTRIES, NO_ENTRY
from services.ledger.domain.postings import MOVES, NO_MONEY, RECEIVABLE, transfer_day
from services.ledger.tests.facts import (
    charge,
    chargeback,
    correction,
    fact,
    interest,
    lease_terms,
    line,
    parsed,
    payment,
    received,
    refund,
    returned,
    settlement,
    transfer,
    uncredited,
)

GROSZE = st.integers(1, 10**11)
SIGNED = st.integers(-(10**11), 10**11).filter(bool)
COMPONENTS = st.sampled_from(["czynsz", "zaliczka-co", "kaucja", "odsetki", "nieznany", "Ż„ó\\"])
LINES = st.lists(st.builds(line, st.integers(-(10**6), 10**6), COMPONENTS), min_size=1, max_size=8)


def of_lines(lines: list[dict[str, Any]], *, name: str) -> tuple[str, dict[str, Any]]:
    total = sum(each["amount_grosze"] for each in lines)
    if total == 0 or (total < 0 and name == "ChargeIssued"):
        lines = [*lines, line(1 + abs(total))]
        total = sum(each["amount_grosze"] for each in lines)
    data = charge(total) if name == "ChargeIssued" else correction(total)
    return name, data | {"lines": lines}


EVENTS = st.one_of(
    LINES.map(lambda lines: of_lines(lines, name="ChargeIssued")),
    LINES.map(lambda lines: of_lines(lines, name="ChargeCorrected")),
    SIGNED.map(lambda amount: ("InterestCharged", interest(amount))),
    GROSZE.map(lambda amount: ("PaymentConfirmed", payment(amount))),
    GROSZE.map(lambda amount: ("PaymentRefunded", refund(amount))),
    GROSZE.map(lambda amount: ("PaymentChargedBack", chargeback(amount))),
    GROSZE.map(lambda amount: ("TransferCredited", transfer(amount))),
    GROSZE.map(lambda amount: ("TransferUncredited", uncredited(amount))),
    GROSZE.map(lambda amount: ("TransferReceived", received(amount))),
    GROSZE.map(lambda amount: ("TransferReturned", returned(amount))),
    GROSZE.map(lambda amount: ("SettlementReceived", settlement(amount))),
    st.just(("LeaseSigned", lease_terms())),
    st.just(("LeaseEnded", {"ended_on": "2026-01-01"})),
)


def posted(name: str, data: dict[str, Any]) -> Postings:
    return postings_of(parsed(name, data))


def owed(postings: Postings) -> int:
    """What the postings do to the receivable of a lease."""
    return sum(amount for account, amount in postings.items() if account.startswith(RECEIVABLE))


@given(EVENTS)
def test_the_postings_of_any_event_sum_to_zero_and_none_of_them_is_zero(event: tuple[str, dict[str, Any]]) -> None:
    postings = posted(*event)
    assert sum(postings.values()) == 0
    assert all(postings.values())


@given(st.lists(EVENTS, max_size=20))
def test_the_receivable_of_a_lease_is_its_balance(events: list[tuple[str, dict[str, Any]]]) -> None:
    entries = [entry_of(fact(*event)) for event in events]
    balance = sum(entry.amount_grosze for entry in entries if entry is not None)
    assert sum(owed(posted(*event)) for event in events) == balance


def test_a_charge_stands_on_the_sub_accounts_of_its_lines_against_the_income_of_each_component() -> None:
    lines = [line(100, "czynsz"), line(30, "zaliczka-co"), line(20, "winda"), line(7, "nieznany"), line(5, "kaucja")]
    assert posted("ChargeIssued", charge(162, lines=lines)) == {
        "receivable:rent": 100,
        "income:czynsz": -100,
        "receivable:utilities": 50,
        "income:zaliczka-co": -30,
        "income:winda": -20,
        "receivable:other": 7,
        "income:nieznany": -7,
        "receivable:deposit": 5,
        "deposits_held": -5,
    }


def test_a_correction_takes_back_what_its_lines_say() -> None:
    lines = [line(-30, "zaliczka-co"), line(10, "winda"), line(0)]
    assert posted("ChargeCorrected", correction(-20, lines=lines)) == {
        "receivable:utilities": -20,
        "income:zaliczka-co": 30,
        "income:winda": -10,
    }


@pytest.mark.parametrize(
    ("course", "left"),
    [
        ([("PaymentConfirmed", payment(70)), ("SettlementReceived", settlement(70))], {"bank": 70, "paid": -70}),
        ([("PaymentConfirmed", payment(70)), ("PaymentRefunded", refund(70))], {}),
        ([("PaymentConfirmed", payment(70)), ("PaymentChargedBack", chargeback(70))], {}),
        ([("TransferReceived", received(50)), ("TransferCredited", transfer(50))], {"bank": 50, "paid": -50}),
        ([("TransferReceived", received(50)), ("TransferReturned", returned(50))], {}),
        (
            [
                ("TransferCredited", transfer(50)),
                ("TransferReceived", received(50)),
                ("TransferUncredited", uncredited(50)),
            ],
            {"bank": 50, "suspense": -50},
        ),
    ],
)
def test_clearing_and_suspense_are_empty_when_a_course_of_money_is_over(
    course: list[tuple[str, dict[str, Any]]], left: dict[str, int]
) -> None:
    sums: dict[str, int] = {}
    for event in course:
        for account, amount in posted(*event).items():
            name = account.removeprefix(RECEIVABLE)
            sums[name] = sums.get(name, 0) + amount
    assert {name: amount for name, amount in sums.items() if amount} == left


def test_every_event_of_the_book_moves_money_or_deliberately_none() -> None:
    events = {event for topic in (LEASES, CHARGES, PAYMENTS, TRANSFERS) for event in TOPICS[topic].events}
    of_lines = {event for event in ENTRIES if event.__name__ in {"ChargeIssued", "ChargeCorrected"}}
    assert of_lines | set(MOVES) | NO_MONEY == events
    assert not set(MOVES) & NO_MONEY
    assert set(ENTRIES) | {event for event in NO_ENTRY if event.topic == TRANSFERS} == set(MOVES) | of_lines


def test_an_event_of_another_book_has_no_postings() -> None:
    with pytest.raises(TypeError):
        transfer_day(parsed("PaymentConfirmed", payment(1)))


def test_the_accounts_of_the_table_are_those_of_the_chart() -> None:
    fixed = {account for accounts in MOVES.values() for account in accounts if not account.startswith("income:")}
    assert fixed <= {account.value for account in ChartAccount}
