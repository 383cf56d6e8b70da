"""The simulated parts are what they stand for, and the oracle agrees with figures worked out by hand."""

from collections.abc import Iterable
from typing import Any

import pytest

from services.ledger.tests import facts
from tests.simulation.broker import Broker, Sending
from tests.simulation.chance import Chance
from tests.simulation.database import ConnectionLostError, Database, DeadlockError, Steps
from tests.simulation.oracle_book import CLAIM_TAKEN, OTHER_CONTENT, NaiveBook
from tests.simulation.oracle_money import naive_figures
from tests.simulation.scheduler import FAIR, Process, Scheduler


def database() -> Database:
    return Database("test", Chance(1, "test"))


def to_the_end(steps: Steps[None], most: int = 50) -> int:
    """How many steps it took; an unfinished one took `most`."""
    return sum(1 for _, _ in zip(range(most), steps, strict=False))


def naive_book(*events: tuple[str, dict[str, Any], dict[str, Any]]) -> NaiveBook:
    """The oracle's book of events (name, data, attributes), all in one partition."""
    book, broker = NaiveBook(), Broker(Chance(1, "test"), 0)
    for number, (name, data, attributes) in enumerate(events):
        made = facts.record(name, data, **{"id": facts.event_id(number), **attributes})
        book.read(broker.append(Sending(made.topic, made.key, made.value, 0)), None)
    return book


def places(book: NaiveBook) -> dict[int, str]:
    return {offset: reason for (_, _, offset), reason in book.set_aside.items()}


def test_rows_are_seen_by_others_once_they_are_committed() -> None:
    rows = database()
    with rows.begin("writer") as writer, rows.begin("reader") as reader:
        writer.put("t", 1, "row")
        assert (writer.get("t", 1), reader.get("t", 1)) == ("row", None)
        to_the_end(writer.commit())
        assert reader.get("t", 1) == "row"


def test_a_lock_is_waited_for_until_its_holder_ends() -> None:
    rows = database()
    with rows.begin("second") as second:
        with rows.begin("first") as first:
            to_the_end(first.lock("row"))
            waiting = second.lock("row")
            assert to_the_end(waiting, 5) == 5
        assert to_the_end(waiting) == 0
        assert rows.locks == {"row": second}


def test_two_that_wait_for_each_other_are_told_apart() -> None:
    rows = database()
    with rows.begin("one") as one, rows.begin("other") as other:
        to_the_end(one.lock("a"))
        to_the_end(other.lock("b"))
        waiting = one.lock("b")
        next(waiting)
        with pytest.raises(DeadlockError):
            to_the_end(other.lock("a"))
        assert to_the_end(waiting) == 0


def test_a_session_that_was_ended_writes_nothing() -> None:
    rows = database()
    with rows.begin("paused") as tx:
        tx.put("t", 1, "row")
        rows.kill("paused")
        with pytest.raises(ConnectionLostError):
            to_the_end(tx.commit())
    assert rows.tables["t"] == {}


def test_a_process_that_dies_starts_again_and_leaves_no_lock() -> None:
    rows, starts = database(), []

    def work() -> Steps[None]:
        starts.append(1)
        with rows.begin("worker") as tx:
            yield from tx.lock("row")
            while True:
                yield 0

    scheduler = Scheduler(Chance(1, "test"), FAIR, lambda *_: None)
    scheduler.crash_at = 10
    scheduler.add(Process("worker", lambda: (work(),), rows))
    scheduler.run(lambda: len(starts) == 2, stormy=False)
    assert len(starts) == 2
    assert len(rows.locks) == 1


def test_a_topic_made_again_is_empty_and_has_another_id() -> None:
    broker = Broker(Chance(1, "test"), 0)
    before = broker.append(Sending("iok.charges", b"L-1", b"{}", 3))
    broker.make("iok.charges")
    assert list(broker.records()) == []
    assert broker.append(Sending("iok.charges", b"L-1", b"{}", 3)).topic_id != before.topic_id


def test_the_oracle_sets_aside_the_later_of_two_that_contradict_each_other() -> None:
    same_id: dict[str, Any] = {"id": facts.event_id(0)}
    book = naive_book(
        ("ChargeIssued", facts.charge(100, "C-1"), {}),
        ("ChargeIssued", facts.charge(100, "C-1"), same_id),
        ("ChargeIssued", facts.charge(101, "C-1"), same_id),
        ("ChargeIssued", facts.charge(100, "C-1"), {}),
        ("ChargeIssued", facts.charge(100, "C-1"), {"source": "erp"}),
    )
    assert places(book) == {2: OTHER_CONTENT, 3: CLAIM_TAKEN}
    assert book.balance(facts.LEASE) == 200


@pytest.mark.parametrize(
    ("payments", "figures"),
    [
        ([], (300, 0, 0)),
        ([facts.payment(250)], (50, 0, 0)),
        ([facts.payment(100, charge_id="C-2")], (200, 0, 0)),
        ([facts.payment(350)], (0, 0, 50)),
    ],
)
def test_the_oracle_counts_as_one_does_by_hand(
    payments: Iterable[dict[str, Any]], figures: tuple[int, int, int]
) -> None:
    book = naive_book(
        ("ChargeIssued", facts.charge(100, "C-1", due_on="2026-05-10"), {}),
        ("ChargeIssued", facts.charge(200, "C-2", due_on="2026-06-10"), {}),
        *(("PaymentConfirmed", paid, {}) for paid in payments),
    )
    found = naive_figures(book.entries[facts.LEASE], "2026-11-23")
    assert (found.due_today, found.not_yet_due, found.overpaid) == figures


def test_the_oracle_takes_a_refund_from_its_own_payment() -> None:
    book = naive_book(
        ("ChargeIssued", facts.charge(100, "C-1", due_on="2027-01-10"), {}),
        ("PaymentConfirmed", facts.payment(60, "W-1"), {}),
        ("PaymentConfirmed", facts.payment(30, "W-2"), {}),
        ("PaymentRefunded", facts.refund(50, "W-1"), {}),
    )
    found = naive_figures(book.entries[facts.LEASE], "2026-11-23")
    assert (found.due_today, found.not_yet_due, found.overpaid, found.next_due) == (0, 60, 0, ("2027-01-10", 60))
