"""The oracle finds what it is there to find: each history below has one thing wrong, planted by hand."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults import oracle
from tests.faults.history import Entry, Found, History, Issued, LogRecord, Notice, Read, Start

Plant = Callable[[History, Found], None]
LEASE = "L-1"


def sound() -> tuple[History, Found]:
    """A charge of 500 and a payment of 200, acknowledged, booked, read; a letter; a bad record."""
    history = History(
        starts={"key-1": Start(LEASE, 200, "pay-1")},
        notices={"remote-1": Notice("pay-1", LEASE, 200, confirmed=True)},
        issued={"event-1": Issued(LEASE, 500, 1, acknowledged=True), "event-2": Issued(LEASE, 70, 2)},
        letters={"key-2": "message-1"},
        reads=[Read(0, LEASE, 1, 1, 500, False, 1.0), Read(0, LEASE, 1, 2, 300, False, 2.0)],
        bad={("iok.charges", 3, 9)},
    )
    found = Found(
        entries=[
            Entry(1, LEASE, 1, "event-1", 500, "iok.charges", 3, 8, "erp"),
            Entry(1, LEASE, 2, "remote-1", -200, "iok.payments", 3, 5, "iok/payments"),
        ],
        live_book=1,
        balances={LEASE: 300},
        log=[
            LogRecord("iok.charges", 3, 8, "event-1", "iok.ChargeIssued.v1", "erp", LEASE, None),
            of_payments(4, 1, "iok.PaymentInitiated.v1", "pay-1"),
            of_payments(5, 2, "iok.PaymentConfirmed.v1", "pay-1", "remote-1"),
            of_payments(6, 1, "iok.PaymentInitiated.v1", "pay-1"),  # sent again by a relay that was killed
            LogRecord("iok.correspondence", 0, 0, "e", "iok.MessageSent.v1", "iok/c", "m", 1, ("message-1",)),
        ],
        set_aside={("iok.charges", 3, 9)},
        payments={"pay-1"},
        letters={"message-1"},
    )
    return history, found


def of_payments(offset: int, version: int, kind: str, *names: str) -> LogRecord:
    return LogRecord(
        "iok.payments", 3, offset, f"{kind}-{names[0]}", kind, "iok/payments", LEASE, version, tuple(names)
    )


def judged(history: History, found: Found) -> set[str]:
    """The promises that the oracle sees broken."""
    judgments = {
        "R1": oracle.lost,
        "R2": oracle.doubled,
        "R3": oracle.wrong_reads,
        "balance": oracle.wrong_balances,
        "R4": oracle.out_of_order,
        "R9": oracle.wrongly_set_aside,
    }
    return {name for name, judge in judgments.items() if list(judge(history, found))}


def test_a_sound_history_is_found_sound() -> None:
    assert judged(*sound()) == set()


def test_what_was_sent_and_not_acknowledged_may_be_booked_once() -> None:
    history, found = sound()
    found.entries.append(Entry(1, LEASE, 3, "event-2", 70, "iok.charges", 3, 10, "erp"))
    found.balances[LEASE] = 370
    assert judged(history, found) == set()


def no_longer_booked(_: History, found: Found) -> None:
    found.entries.pop()


def payment_gone(_: History, found: Found) -> None:
    found.payments.clear()


def marked_sent_before_produced(_: History, found: Found) -> None:
    found.log = [record for record in found.log if not record.type.startswith("iok.PaymentInitiated")]


def confirmed_and_forgotten(_: History, found: Found) -> None:
    found.log = [record for record in found.log if "remote-1" not in record.names]


def letter_gone(_: History, found: Found) -> None:
    found.letters.clear()


def key_answered_twice(history: History, _: Found) -> None:
    history.starts["key-1"].contradicted = "pay-2"


def booked_twice(_: History, found: Found) -> None:
    found.entries.append(replace(found.entries[0], version=3, offset=11))
    found.balances[LEASE] = 800


def booked_by_nobody(_: History, found: Found) -> None:
    found.entries.append(Entry(1, LEASE, 3, "event-9", 1, "iok.charges", 3, 12, "erp"))


def booked_with_another_amount(_: History, found: Found) -> None:
    found.entries[0] = replace(found.entries[0], amount_grosze=501)


def begun_twice_under_one_key(_: History, found: Found) -> None:
    found.log.append(of_payments(7, 3, "iok.PaymentInitiated.v1", "pay-2"))


def read_of_a_state_that_never_was(history: History, _: Found) -> None:
    history.reads[0] = replace(history.reads[0], balance_grosze=300)


def read_of_a_version_to_come(history: History, _: Found) -> None:
    history.reads.append(Read(1, LEASE, 1, 3, 300, False, 3.0))


def read_that_fell_back(history: History, _: Found) -> None:
    history.reads.append(Read(0, LEASE, 1, 1, 500, False, 3.0))


def balance_of_another_sum(_: History, found: Found) -> None:
    found.balances[LEASE] = 299


def first_seen_out_of_order(_: History, found: Found) -> None:
    found.log[1], found.log[2] = replace(found.log[1], offset=5), replace(found.log[2], offset=4)


def booked_out_of_order(_: History, found: Found) -> None:
    found.entries[0] = replace(found.entries[0], topic="iok.payments", source="iok/payments", offset=6)


def bad_record_swallowed(_: History, found: Found) -> None:
    found.set_aside.clear()


def good_record_set_aside(_: History, found: Found) -> None:
    found.set_aside.add(("iok.charges", 3, 8))


@pytest.mark.parametrize(
    ("promise", "plant"),
    [
        ("R1", no_longer_booked),
        ("R1", payment_gone),
        ("R1", marked_sent_before_produced),
        ("R1", confirmed_and_forgotten),
        ("R1", letter_gone),
        ("R1", key_answered_twice),
        ("R2", booked_twice),
        ("R2", booked_by_nobody),
        ("R2", booked_with_another_amount),
        ("R2", begun_twice_under_one_key),
        ("R3", read_of_a_state_that_never_was),
        ("R3", read_of_a_version_to_come),
        ("R3", read_that_fell_back),
        ("balance", balance_of_another_sum),
        ("R4", first_seen_out_of_order),
        ("R4", booked_out_of_order),
        ("R9", bad_record_swallowed),
        ("R9", good_record_set_aside),
    ],
)
def test_the_oracle_finds(promise: str, plant: Plant) -> None:
    history, found = sound()
    plant(history, found)
    assert promise in judged(history, found)
