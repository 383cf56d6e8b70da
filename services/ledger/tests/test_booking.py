"""What a batch of facts does to the book."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from libs.events.topics import TRANSFERS
from services.ledger.domain import (
    Account,
    AlarmKind,
    Arrival,
    Conflict,
    HeldLease,
    Known,
    StreamHead,
    book,
    leases_of,
    state_hash,
)
from services.ledger.domain.hashes import lease_hash
from services.ledger.tests.facts import (
    ERP,
    LEASE,
    arrival,
    charge,
    chargeback,
    correction,
    event_id,
    interest,
    lease_terms,
    payment,
    refund,
    transfer,
)

ONE, TWO = event_id(1), event_id(2)


def reasons(*arrivals: Arrival) -> list[Conflict]:
    return [refusal.reason for refusal in book(Known(), arrivals).refused]


def test_each_entry_carries_the_number_of_entries_its_lease_then_had() -> None:
    known = Known(accounts={LEASE: Account(7, 50)})
    outcome = book(known, [arrival("ChargeIssued", charge(100)), arrival("PaymentConfirmed", payment(30))])
    assert [booked.version for booked in outcome.booked] == [8, 9]
    assert outcome.accounts == {LEASE: Account(9, 120)}


def test_the_same_event_again_is_dropped() -> None:
    first, again = arrival("ChargeIssued", charge(), id=ONE), arrival("ChargeIssued", charge(), id=ONE, offset=1)
    outcome = book(Known(), [first, again])
    assert len(outcome.booked) == 1
    assert not outcome.refused
    assert not outcome.alarms


def test_an_event_again_in_another_partition_is_remembered_with_that_place() -> None:
    again = arrival("ChargeIssued", charge(), id=ONE, partition=4, offset=9)
    outcome = book(Known(), [arrival("ChargeIssued", charge(), id=ONE), again])
    assert outcome.repeated == [again]


def test_an_id_with_another_content_is_set_aside() -> None:
    outcome = book(
        Known(), [arrival("ChargeIssued", charge(100), id=ONE), arrival("ChargeIssued", charge(101), id=ONE, offset=1)]
    )
    assert [refusal.reason for refusal in outcome.refused] == [Conflict.OTHER_CONTENT]
    assert not outcome.alarms


def test_an_id_with_another_content_in_another_partition_is_alarmed() -> None:
    other = arrival("ChargeIssued", charge(101), id=ONE, partition=1)
    outcome = book(Known(), [arrival("ChargeIssued", charge(100), id=ONE), other])
    assert [alarm.kind for alarm in outcome.alarms] == [AlarmKind.BOOKS_MAY_DIFFER]


def test_an_id_counts_per_topic_lease_and_source() -> None:
    outcome = book(
        Known(),
        [
            arrival("ChargeIssued", charge(), id=ONE),
            arrival("ChargeIssued", charge(), id=ONE, source=ERP),
            arrival("ChargeIssued", charge(), id=ONE, subject="L-2"),
            arrival("TransferCredited", transfer(5), id=ONE),
        ],
    )
    assert len(outcome.booked) == 4


def test_a_charge_id_is_used_once_by_each_source() -> None:
    assert reasons(
        arrival("ChargeIssued", charge(), id=ONE),
        arrival("ChargeIssued", charge(), id=TWO, source=ERP),
        arrival("ChargeIssued", charge()),
    ) == [Conflict.CLAIM_TAKEN]


def test_correction_interest_refund_and_chargeback_ids_are_used_once_on_a_lease() -> None:
    assert (
        reasons(
            arrival("ChargeCorrected", correction(5)),
            arrival("ChargeCorrected", correction(6), source=ERP),
            arrival("InterestCharged", interest(5)),
            arrival("InterestCharged", interest(6)),
            arrival("PaymentRefunded", refund(5)),
            arrival("PaymentRefunded", refund(6)),
            arrival("PaymentChargedBack", chargeback(5)),
            arrival("PaymentChargedBack", chargeback(6)),
        )
        == [Conflict.CLAIM_TAKEN] * 4
    )


def test_two_remote_ids_of_one_payment_are_two_payments_and_the_same_one_again_is_set_aside() -> None:
    outcome = book(
        Known(),
        [
            arrival("PaymentConfirmed", payment(5, remote_id="R-1")),
            arrival("PaymentConfirmed", payment(5, remote_id="R-2")),
            arrival("PaymentConfirmed", payment(5, remote_id="R-1")),
        ],
    )
    assert outcome.accounts[LEASE] == Account(2, -10)
    assert [refusal.reason for refusal in outcome.refused] == [Conflict.CLAIM_TAKEN]


def test_the_same_ids_on_another_lease_are_other_ids() -> None:
    assert not reasons(arrival("ChargeIssued", charge()), arrival("ChargeIssued", charge(), subject="L-2"))


def test_a_set_aside_event_is_not_seen_so_it_may_be_tried_again() -> None:
    outcome = book(Known(), [arrival("ChargeIssued", charge(), id=ONE), arrival("ChargeIssued", charge(), id=TWO)])
    assert [booked.entry.id for booked in outcome.booked] == [ONE]
    assert [one.key[3] for one in outcome.taken] == [ONE]


def test_a_lease_belongs_to_the_source_that_signed_it_first() -> None:
    outcome = book(
        Known(),
        [
            arrival("LeaseSigned", lease_terms(), source=ERP),
            arrival("LeaseChanged", lease_terms(persons=3)),
            arrival("LeaseChanged", lease_terms(persons=4), source=ERP),
        ],
    )
    assert [refusal.reason for refusal in outcome.refused] == [Conflict.LEASE_OF_ANOTHER_SOURCE]
    assert outcome.leases[LEASE] == HeldLease(ERP, True, lease_terms(persons=4))


def test_charges_are_booked_whoever_owns_the_lease_and_before_anybody_signed_it() -> None:
    outcome = book(
        Known(),
        [
            arrival("ChargeIssued", charge(5)),
            arrival("LeaseSigned", lease_terms(), source=ERP),
            arrival("ChargeIssued", charge(7), source=ERP),
        ],
    )
    assert outcome.accounts[LEASE] == Account(2, 12)


def test_a_change_that_comes_before_its_signing_is_kept_as_the_later_state() -> None:
    outcome = book(
        Known(), [arrival("LeaseChanged", lease_terms(persons=5)), arrival("LeaseSigned", lease_terms(persons=1))]
    )
    assert outcome.leases[LEASE] == HeldLease("iok/ledger", True, lease_terms(persons=5))


def test_an_ended_lease_says_when_and_a_new_signing_opens_it_again() -> None:
    ended = [arrival("LeaseSigned", lease_terms()), arrival("LeaseEnded", {"ended_on": "2026-09-30"})]
    assert book(Known(), ended).leases[LEASE].ended_on == "2026-09-30"
    again = [*ended, arrival("LeaseSigned", lease_terms(number="13/2026"))]
    assert book(Known(), again).leases[LEASE] == HeldLease("iok/ledger", True, lease_terms(number="13/2026"))


def test_a_version_taken_by_another_event_is_alarmed_and_both_count() -> None:
    outcome = book(
        Known(),
        [
            arrival("ChargeIssued", charge(5, "a"), streamversion=1),
            arrival("ChargeIssued", charge(7, "b"), streamversion=1),
        ],
    )
    assert outcome.accounts[LEASE].balance_grosze == 12
    assert [alarm.kind for alarm in outcome.alarms] == [AlarmKind.VERSION_TAKEN]


def test_a_gap_in_versions_is_kept_to_be_shown() -> None:
    outcome = book(Known(), [arrival("ChargeIssued", charge(), streamversion=3)])
    assert outcome.streams == {("iok.charges", LEASE, "iok/ledger"): StreamHead(3, ((1, 2),))}


def test_the_leases_of_a_batch_are_all_subjects_but_those_of_transfers() -> None:
    returned = {"transfer_id": "T-9", "returned_on": "2026-10-01", "amount_grosze": 5}
    arrivals = [
        arrival("TransferReturned", returned, subject="T-9"),
        arrival("ChargeIssued", charge(), subject="L-2"),
        arrival("PaymentConfirmed", payment(), subject="L-1"),
    ]
    assert leases_of(arrivals, TRANSFERS) == ["L-1", "L-2"]


def hash_of(arrivals: list[Arrival], batch: int) -> tuple[str, dict[str, Account]]:
    """The state hash of the book that comes of these arrivals in this order, cut into batches."""
    known, digests = Known(), dict[str, list[bytes]]()
    for start in range(0, len(arrivals), batch):
        for booked in book(known, arrivals[start : start + batch]).booked:
            digests.setdefault(booked.entry.lease_id, []).append(booked.entry.digest())
    accounts = known.accounts
    leases = [
        (lease, account.version, account.balance_grosze, lease_hash(digests[lease]))
        for lease, account in accounts.items()
    ]
    return state_hash(leases), accounts


def stream(seed: int) -> list[Arrival]:
    """Events of three leases in the four kinds of places they may come from, some of them twice."""
    chance = random.Random(seed)
    made: list[Arrival] = []
    for number in range(chance.randrange(1, 30)):
        name, data = chance.choice(
            [
                ("ChargeIssued", charge(chance.randrange(1, 99), f"C-{number}")),
                ("ChargeCorrected", correction(chance.choice([-5, 5]), f"K-{number}")),
                ("PaymentConfirmed", payment(chance.randrange(1, 99), f"W-{number}")),
                ("PaymentRefunded", refund(chance.randrange(1, 9), "W-1", f"Z-{number}")),
                ("TransferCredited", transfer(chance.randrange(1, 99))),
                ("PaymentExpired", {"payment_id": f"W-{number}"}),
                ("LeaseSigned", lease_terms()),
            ]
        )
        attributes: dict[str, Any] = {"id": event_id(number), "subject": chance.choice(["L-1", "L-2", "L-3"])}
        places = chance.sample(range(3), chance.choice([1, 1, 2]))
        made += [arrival(name, data, partition=place, offset=number, **attributes) for place in places]
    return made


@given(st.integers(), st.randoms(use_true_random=False), st.integers(1, 7))
def test_the_same_events_in_any_order_and_any_batches_make_the_same_book(
    seed: int, chance: random.Random, batch: int
) -> None:
    arrivals = stream(seed)
    shuffled = list(arrivals)
    chance.shuffle(shuffled)
    assert hash_of(shuffled, batch) == hash_of(arrivals, len(arrivals))
