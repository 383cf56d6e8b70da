"""The sieve: what it lets through is certainly new, and putting the rest off changes nothing in the book."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ledger.domain import Booked, Conflict, HeldLease, Known, Sieve, book
from services.ledger.domain.sieve import BITS_PER_KEY
from services.ledger.tests.facts import ERP, LEASE, arrival, charge, correction, event_id, lease_terms, payment

ROOMY = 10_000


def test_what_never_came_is_let_through_and_what_came_is_put_off() -> None:
    first, again = (arrival("ChargeIssued", charge(), id=event_id(1), offset=offset) for offset in (0, 1))
    other = arrival("ChargeIssued", charge(charge_id="C-2"), id=event_id(2), offset=2)
    assert Sieve(ROOMY).sift([first, again, other]) == ([first, other], [again])


def test_a_business_id_used_by_another_event_is_put_off() -> None:
    first = arrival("ChargeIssued", charge(), id=event_id(1), offset=0)
    second = arrival("ChargeIssued", charge(), id=event_id(2), offset=1)
    assert Sieve(ROOMY).sift([first, second]) == ([first], [second])


def test_an_event_like_one_put_off_is_put_off_too() -> None:
    sieve = Sieve(ROOMY)
    first, again = (arrival("ChargeIssued", charge(), id=event_id(1), offset=offset) for offset in (0, 1))
    assert sieve.put_off([first]) == [first]
    assert sieve.sift([again]) == ([], [again])


def test_after_an_event_of_a_lease_all_its_later_ones_are_put_off_but_none_of_its_money() -> None:
    sieve = Sieve(ROOMY)
    signed = arrival("LeaseSigned", lease_terms(), id=event_id(1), offset=0)
    changed = arrival("LeaseChanged", lease_terms(persons=4), id=event_id(2), offset=1)
    issued = arrival("ChargeIssued", charge(), id=event_id(3), offset=0)
    elsewhere = arrival("LeaseChanged", lease_terms(), id=event_id(4), subject="L-2", offset=2)
    sieve.put_off([signed])
    assert sieve.sift([changed, issued, elsewhere]) == ([issued, elsewhere], [changed])


def test_hardly_any_new_event_is_taken_for_a_seen_one() -> None:
    sieve = Sieve(ROOMY)
    wrong = sum(not sieve.add(number) for number in range(ROOMY))
    assert wrong < ROOMY / 500
    assert all(not sieve.add(number) for number in range(ROOMY))
    assert BITS_PER_KEY * ROOMY <= len(sieve._bits) * 8 <= 2 * BITS_PER_KEY * ROOMY


EVENTS = [
    ("ChargeIssued", charge(charge_id="C-1")),
    ("ChargeIssued", charge(7, charge_id="C-1")),
    ("ChargeIssued", charge(charge_id="C-2")),
    ("ChargeCorrected", correction(-5)),
    ("PaymentConfirmed", payment(30)),
    ("LeaseSigned", lease_terms()),
    ("LeaseChanged", lease_terms(persons=5)),
    ("LeaseChanged", lease_terms(persons=6)),
    ("LeaseEnded", {"ended_on": "2030-01-01"}),
]
ARRIVALS = st.lists(
    st.tuples(
        st.sampled_from(EVENTS), st.integers(1, 4), st.sampled_from([LEASE, "L-2"]), st.sampled_from([ERP, None])
    ),
    max_size=14,
)


@settings(max_examples=150)
@given(ARRIVALS, st.integers(0, 3))
def test_putting_off_gives_the_book_that_reading_in_order_gives(
    told: Sequence[tuple[tuple[str, dict[str, Any]], int, str, str | None]], room: int
) -> None:
    """Entries, set-aside facts and leases; `room`: with hardly any, most is put off."""
    arrivals = [
        arrival(name, data, offset=n, id=event_id(number), subject=lease, **source_of(source))
        for n, ((name, data), number, lease, source) in enumerate(told)
        if source is None or not name.startswith("Payment")
    ]
    in_order = Known()
    expected = book(in_order, arrivals)

    sieve, filled = Sieve(room), Known()
    new, put_off = sieve.sift(arrivals)
    first = book(filled, new)
    later = book(filled, put_off)
    assert entries(first.booked + later.booked) == entries(expected.booked)
    assert refused(first.refused + later.refused) == refused(expected.refused)
    assert filled.leases == in_order.leases
    assert filled.accounts == in_order.accounts


def source_of(source: str | None) -> dict[str, Any]:
    return {"source": source} if source else {}


def entries(booked: Sequence[Booked]) -> set[bytes]:
    return {each.entry.digest() for each in booked}


def refused(found: Sequence[Any]) -> set[tuple[int, Conflict]]:
    return {(each.arrival.offset, each.reason) for each in found}


def test_the_comparison_sees_a_lease_event_that_overtakes() -> None:
    """The planted fault: without holding back the later ones, the older terms would win."""
    arrivals = [
        arrival("LeaseSigned", lease_terms(), id=event_id(1), offset=0),
        arrival("LeaseChanged", lease_terms(persons=5), id=event_id(2), offset=1),
        arrival("LeaseChanged", lease_terms(persons=6), id=event_id(3), offset=2),
    ]
    in_order, overtaken = Known(), Known()
    book(in_order, arrivals)
    book(overtaken, [arrivals[0], arrivals[2]])
    book(overtaken, [arrivals[1]])
    assert in_order.leases[LEASE] == replace(overtaken.leases[LEASE], terms=lease_terms(persons=6))
    assert in_order.leases != overtaken.leases
    assert isinstance(in_order.leases[LEASE], HeldLease)
