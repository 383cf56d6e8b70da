"""The desk on a real PostgreSQL: a try leaves no trace, a decision leaves one for ever, and replays end some day."""

import asyncio
from collections.abc import Callable, Sequence

import asyncpg
import pytest

from libs.chassis.kafka import Record
from libs.chassis.panel.bulk import discard_chosen, replay_chosen, replay_waiting
from libs.chassis.postgres import Connection, Database
from libs.chassis.projection import MAX_REPLAYS, ReplayedTooOftenError, SetAside, SetAsideDesk
from libs.chassis.projection.desk import keep
from libs.chassis.testing import ServiceDatabase
from libs.chassis.tests.conftest import Desk, NoteTaker

pytestmark = pytest.mark.system
TOPIC = "iok.payments"
OPERATOR = "account-1"
SERVICES = ("identity", "ledger", "payments", "correspondence")
CHANGES = ("update set_aside_decisions set reason = 'other'", "delete from set_aside_decisions")


async def lay(desk: Desk, *values: bytes, partition: int = 0, reason: str = "fault", key: bytes = b"L-1") -> list[int]:
    """Put records on the desk, at offsets from 0; returns their ids in the order given."""
    records = [Record(TOPIC, "id", partition, offset, key, value) for offset, value in enumerate(values)]
    async with desk.database.transaction() as tx:
        await keep(tx, [SetAside(record, reason, "then") for record in records])
        rows = await tx.fetch('select id from set_aside where partition = $1 order by "offset"', partition)
    return [row["id"] for row in rows]


async def told(
    desk: SetAsideDesk, record_id: int | None = None
) -> list[tuple[int, str, str, str | None, str, str | None]]:
    """What the list of decisions says, newest first."""
    found = await desk.decisions(record_id=record_id, before_id=None, limit=200)
    return [(d.record_id, d.account_id, d.deed, d.reason, d.outcome, d.refusal) for d in found]


async def test_a_dry_run_says_what_a_replay_would_give_and_leaves_no_trace(desk: Desk) -> None:
    operators = SetAsideDesk(desk.database, NoteTaker(broken={b"boom"}))
    good, bad, boom = await lay(desk, b"1", b"bad", b"boom")

    assert await operators.dry_run(good) is None
    refused, broken = await operators.dry_run(bad), await operators.dry_run(boom)

    assert refused is not None
    assert broken is not None
    assert (refused.reason, broken.reason) == ("bad", "unexpected_error")
    assert await desk.notes() == []
    assert await told(operators) == []
    page = await operators.page(before_id=None, state="set_aside", limit=10)
    assert [(record.reason, record.replays) for record in page] == [("fault", 0)] * 3
    assert await operators.replay(good, OPERATOR) is None


async def test_each_decision_is_noted_with_who_and_what_came_of_it(desk: Desk) -> None:
    operators = SetAsideDesk(desk.database, NoteTaker())
    good, bad = await lay(desk, b"1", b"bad")

    await operators.replay(good, OPERATOR)
    await operators.replay(bad, OPERATOR)
    await operators.discard(bad, "account-2", "never valid")

    assert await told(operators) == [
        (bad, "account-2", "discard", "never valid", "discarded", None),
        (bad, OPERATOR, "replay", None, "set_aside", "bad"),
        (good, OPERATOR, "replay", None, "booked", None),
    ]
    assert [line[0] for line in await told(operators, good)] == [good]


@pytest.mark.parametrize("reason", ["", "no", "x" * 501])
async def test_a_discard_without_a_proper_reason_changes_nothing(desk: Desk, reason: str) -> None:
    operators = SetAsideDesk(desk.database, NoteTaker())
    (record_id,) = await lay(desk, b"1")
    with pytest.raises(asyncpg.CheckViolationError):
        await operators.discard(record_id, OPERATOR, reason)
    assert await operators.histogram() == {"fault": 1}
    assert await told(operators) == []


async def test_a_record_that_breaks_the_projector_is_replayed_only_so_often(desk: Desk) -> None:
    """Also one that raises: its error counts as an outcome, or nothing would ever end the tries."""
    projector = NoteTaker(broken={b"boom"})
    operators = SetAsideDesk(desk.database, projector)
    (record_id,) = await lay(desk, b"boom")
    for _ in range(MAX_REPLAYS):
        refused = await operators.replay(record_id, OPERATOR)
        assert refused is not None
        assert refused.reason == "unexpected_error"

    projector.broken.clear()
    with pytest.raises(ReplayedTooOftenError):
        await operators.replay(record_id, OPERATOR)
    chosen = await replay_chosen(operators, [record_id], OPERATOR)
    waiting = await replay_waiting(operators, None, 10, OPERATOR)

    assert [item.state for item in chosen.items] == ["replayed_too_often"]
    assert (waiting.items, waiting.remaining) == ([], 1)
    assert len(await told(operators)) == MAX_REPLAYS
    assert await desk.notes() == []


async def test_what_a_failed_try_has_written_is_undone_and_the_failure_is_noted(desk: Desk) -> None:
    operators = SetAsideDesk(desk.database, NoteTaker())
    (record_id,) = await lay(desk, b"1")
    async with desk.database.transaction() as tx:
        await tx.execute("insert into notes values (0, 0, 'a note in its place')")

    refused = await operators.replay(record_id, OPERATOR)

    assert refused is not None
    assert refused.reason == "unexpected_error"
    assert await told(operators) == [(record_id, OPERATOR, "replay", None, "set_aside", "unexpected_error")]
    assert await desk.notes() == [b"a note in its place"]


async def test_many_are_replayed_in_the_order_of_the_log_each_in_a_transaction_of_its_own(desk: Desk) -> None:
    later = await lay(desk, b"3", b"boom", b"4", partition=7)
    earlier = await lay(desk, b"1", b"bad", b"2", partition=2)
    projector = NoteTaker(broken={b"boom"})
    operators = SetAsideDesk(desk.database, projector)

    summary = await replay_chosen(operators, [*reversed(later), *earlier], OPERATOR)

    assert [item.id for item in summary.items] == [*earlier, *later]
    assert summary.outcomes == {"booked": 4, "set_aside": 2}
    assert summary.remaining == 2
    assert await desk.notes() == [b"1", b"2", b"3", b"4"]
    assert projector.batches == [1] * 5


async def test_records_refused_before_do_not_keep_the_others_from_their_turn(desk: Desk) -> None:
    operators = SetAsideDesk(desk.database, NoteTaker())
    await lay(desk, b"bad", b"bad", b"1", b"2")

    first = await replay_waiting(operators, None, 2, OPERATOR)
    second = await replay_waiting(operators, None, 2, OPERATOR)

    assert (first.outcomes, second.outcomes) == ({"set_aside": 2}, {"booked": 2})


async def test_only_records_of_the_named_reason_are_replayed(desk: Desk) -> None:
    operators = SetAsideDesk(desk.database, NoteTaker())
    await lay(desk, b"1", b"2", reason="unknown_lease")
    await lay(desk, b"3", partition=1, reason="other")

    summary = await replay_waiting(operators, "unknown_lease", 200, OPERATOR)

    assert (summary.outcomes, summary.remaining) == ({"booked": 2}, 0)
    assert await operators.histogram() == {"other": 1}


async def test_two_operators_who_replay_the_same_records_book_each_once(desk: Desk) -> None:
    operators = SetAsideDesk(desk.database, NoteTaker())
    ids = await lay(desk, *[str(number).encode() for number in range(20)])

    both = await asyncio.gather(*[replay_chosen(operators, ids, account) for account in ("account-1", "account-2")])

    states = [item.state for summary in both for item in summary.items]
    assert sorted(states) == ["already_decided"] * 20 + ["booked"] * 20
    assert len(await desk.notes()) == 20
    assert len(await told(operators)) == 20


async def test_chosen_records_are_discarded_and_decided_ones_left_alone(desk: Desk) -> None:
    operators = SetAsideDesk(desk.database, NoteTaker())
    booked, one, two = await lay(desk, b"1", b"2", b"3")
    await operators.replay(booked, OPERATOR)

    summary = await discard_chosen(operators, [two, booked, one], OPERATOR, "sent by mistake")

    assert [(item.id, item.state) for item in summary.items] == [
        (booked, "already_decided"),
        (one, "discarded"),
        (two, "discarded"),
    ]
    assert [line[0] for line in await told(operators)] == [two, one, booked]


class InTheWay:
    """A projector that another transaction is always in the way of."""

    topics = (TOPIC,)

    async def projection(self, tx: Connection) -> str:
        return "notes"

    async def project(self, tx: Connection, records: Sequence[Record]) -> Sequence[SetAside]:
        raise asyncpg.DeadlockDetectedError


async def test_a_fault_that_may_pass_is_no_outcome_of_the_record(desk: Desk) -> None:
    operators = SetAsideDesk(desk.database, InTheWay())
    (record_id,) = await lay(desk, b"1")

    summary = await replay_chosen(operators, [record_id], OPERATOR)

    assert [item.state for item in summary.items] == ["in_the_way"]
    found = await operators.find(record_id)
    assert found is not None
    assert (found[0].replays, found[0].reason) == (0, "fault")
    assert await told(operators) == []


async def test_records_are_found_by_key_and_by_correlation_id(desk: Desk) -> None:
    operators = SetAsideDesk(desk.database, NoteTaker())
    compact, spaced, _, odd = await lay(
        desk, b'{"correlationid":"c-1"}', b'{"correlationid": "c-1"}', b'{"data":"c-1"}', b"\xff\x00"
    )
    await lay(desk, b"1", partition=1, key=b"\xff")

    async def found(search: str) -> list[int]:
        return [r.id for r in await operators.page(before_id=None, state=None, limit=10, search=search)]

    assert await found("c-1") == [spaced, compact]
    assert odd in await found("L-1")
    assert len(await found("L-1")) == 4
    assert await found("c-") == []


@pytest.mark.parametrize("service", SERVICES)
async def test_no_service_can_change_what_was_decided(
    service_database: Callable[[str], ServiceDatabase], service: str
) -> None:
    made = service_database(service)
    database = await Database.open(made.service_dsn)
    admin = await asyncpg.connect(made.admin_dsn)
    record_id: int = await admin.fetchval(
        'insert into set_aside (topic, topic_id, partition, "offset", reason, detail) '
        "values ('iok.charges', 'id', 0, 0, 'bad', '') returning id"
    )
    await admin.close()
    operators = SetAsideDesk(database, None)
    await operators.discard(record_id, OPERATOR, "never valid")
    for change in CHANGES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as tx:
                await tx.execute(change)
    assert await told(operators) == [(record_id, OPERATOR, "discard", "never valid", "discarded", None)]
    await database.close()
