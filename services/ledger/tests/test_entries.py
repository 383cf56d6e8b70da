"""What becomes an entry, and its digest."""

import hashlib
import json
from datetime import date

import pytest

from libs.events.topics import TOPICS
from services.ledger.domain import entry_of
from services.ledger.domain.entries import ENTRIES, NO_ENTRY
from services.ledger.read_models.balance import BOOK_TOPICS
from services.ledger.tests.facts import (
    charge,
    chargeback,
    correction,
    fact,
    interest,
    line,
    payment,
    refund,
    transfer,
    uncredited,
)


def test_every_event_of_the_books_topics_is_an_entry_or_deliberately_none() -> None:
    events = {event for topic in BOOK_TOPICS for event in TOPICS[topic].events}
    assert events == set(ENTRIES) | NO_ENTRY
    assert not set(ENTRIES) & NO_ENTRY


@pytest.mark.parametrize(
    ("name", "data", "kind", "amount_grosze", "booked_on"),
    [
        ("ChargeIssued", charge(500), "charge", 500, date(2026, 10, 1)),
        ("ChargeCorrected", correction(-70), "correction", -70, date(2026, 10, 15)),
        ("InterestCharged", interest(12), "interest", 12, date(2026, 11, 1)),
        ("PaymentConfirmed", payment(500), "payment", -500, date(2026, 10, 9)),
        ("PaymentRefunded", refund(200), "refund", 200, date(2026, 10, 20)),
        ("PaymentChargedBack", chargeback(300), "chargeback", 300, date(2026, 10, 21)),
        ("TransferCredited", transfer(900), "transfer", -900, date(2026, 10, 12)),
        ("TransferUncredited", uncredited(900), "transfer_uncredited", 900, date(2026, 10, 22)),
    ],
)
def test_an_event_about_money_is_one_entry_dated_by_its_own_day(
    name: str, data: dict[str, object], kind: str, amount_grosze: int, booked_on: date
) -> None:
    entry = entry_of(fact(name, data))
    assert entry is not None
    assert (entry.kind, entry.amount_grosze, entry.booked_on) == (kind, amount_grosze, booked_on)


def test_the_course_of_a_payment_and_money_that_is_nobodys_make_no_entry() -> None:
    started = {"payment_id": "W-1", "order_id": "O1", "amount_grosze": 5}
    received = {
        "transfer_id": "T-1",
        "amount_grosze": 5,
        "booked_on": "2026-10-01",
        "our_account": "61",
        "statement_ref": "1",
    }
    assert entry_of(fact("PaymentInitiated", started)) is None
    assert entry_of(fact("PaymentExpired", {"payment_id": "W-1"})) is None
    assert entry_of(fact("TransferReceived", received)) is None


def test_the_digest_is_of_exactly_nine_fields_with_lines_as_they_came() -> None:
    data = charge(100, lines=[line(100, description="Czynsz za „lokal” nr 3", new_field={"b": 1, "a": "ż"})])
    event = fact("ChargeIssued", data, source="erp", id="0190d7a0-0000-7000-8000-00000000000A")
    entry = entry_of(event)
    spelled = json.dumps(
        {
            "amount_grosze": 100,
            "booked_on": "2026-10-01",
            "due_on": "2026-10-10",
            "id": "0190d7a0-0000-7000-8000-00000000000a",
            "kind": "charge",
            "lease_id": "L-1",
            "lines": data["lines"],
            "source": "erp",
            "topic": "iok.charges",
        },
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    assert entry is not None
    assert entry.digest() == hashlib.sha256(spelled.encode()).digest()


def test_the_digest_of_an_entry_without_due_date_and_lines_says_so() -> None:
    entry = entry_of(fact("TransferCredited", transfer(5), id="0190d7a0-0000-7000-8000-000000000001"))
    spelled = (
        '{"amount_grosze":-5,"booked_on":"2026-10-12","due_on":null,"id":"0190d7a0-0000-7000-8000-000000000001",'
        '"kind":"transfer","lease_id":"L-1","lines":[],"source":"iok/payments","topic":"iok.payments"}'
    )
    assert entry is not None
    assert entry.digest() == hashlib.sha256(spelled.encode()).digest()
