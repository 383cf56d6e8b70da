"""A projection takes each record once in effect, whatever is repeated, late, broken or made again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from prometheus_client import REGISTRY

from libs.chassis.kafka import admin_options
from libs.chassis.projection import (
    Positions,
    ProjectionRunner,
    SetAsideDesk,
    Sighting,
    StalePositionError,
    Verdict,
    sight,
)
from libs.chassis.projection.desk import AlreadyDecidedError, NotOnDeskError
from libs.chassis.projection.positions import Step
from libs.chassis.projection.runner import LeftGroupError
from libs.chassis.settings import KafkaSettings
from libs.chassis.testing import TopicSpace, eventually
from libs.chassis.tests.conftest import Desk, NoteTaker

pytestmark = pytest.mark.system
TOPIC = "iok.payments"
HALF_AN_HOUR_MS = 1_800_000
PATIENCE_SECONDS = 30.0


@asynccontextmanager
async def projecting(
    desk: Desk, kafka: KafkaSettings, projector: NoteTaker, **more: int
) -> AsyncIterator[ProjectionRunner]:
    stop, runner = asyncio.Event(), ProjectionRunner(desk.database, kafka, "iok-notes", projector, **more)
    running = asyncio.create_task(runner.run(stop))
    try:
        yield runner
    finally:
        stop.set()
        await asyncio.wait([running], timeout=10)


async def publish(topics: TopicSpace, *values: bytes, partition: int = 0) -> None:
    for value in values:
        await topics.publish(TOPIC, b"L-1", value, partition=partition)


async def noted(desk: Desk, count: int) -> list[bytes]:
    async def ask() -> list[bytes]:
        notes = await desk.notes()
        return notes if len(notes) >= count else []

    return await eventually(ask, what=f"{count} notes")


async def test_records_of_every_partition_are_taken_in_their_order(desk: Desk, topics: TopicSpace) -> None:
    await publish(topics, b"1", b"2", b"3", partition=0)
    await publish(topics, b"4", b"5", partition=11)

    async with projecting(desk, topics.kafka, NoteTaker()):
        assert await noted(desk, 5) == [b"1", b"2", b"3", b"4", b"5"]


async def test_a_projector_that_starts_again_goes_on_where_postgresql_says(desk: Desk, topics: TopicSpace) -> None:
    await publish(topics, b"1", b"2")
    async with projecting(desk, topics.kafka, NoteTaker()):
        await noted(desk, 2)
    await publish(topics, b"3")

    async with projecting(desk, topics.kafka, NoteTaker()):
        assert await noted(desk, 3) == [b"1", b"2", b"3"]


async def test_committed_offsets_of_the_group_do_not_count(desk: Desk, topics: TopicSpace) -> None:
    """A database restored to an earlier time is read up from there, although the group has committed more."""
    await publish(topics, b"1", b"2")
    async with projecting(desk, topics.kafka, NoteTaker()):
        await noted(desk, 2)
    async with desk.database.transaction() as tx:
        await tx.execute('delete from notes where "offset" = 1')
        await tx.execute("update positions set next_offset = 1 where partition = 0")

    async with projecting(desk, topics.kafka, NoteTaker()):
        assert await noted(desk, 2) == [b"1", b"2"]


async def test_a_bad_record_is_set_aside_alone_and_later_ones_of_its_key_go_on(desk: Desk, topics: TopicSpace) -> None:
    await publish(topics, b"1", b"bad", b"2")
    projector = NoteTaker()

    async with projecting(desk, topics.kafka, projector):
        assert await noted(desk, 2) == [b"1", b"2"]

    kept = await SetAsideDesk(desk.database, projector).page(before_id=None, state="set_aside", limit=10)
    assert [(r.topic, r.partition, r.offset, r.key, r.reason) for r in kept] == [(TOPIC, 0, 1, "L-1", "bad")]


async def test_a_record_that_breaks_the_projector_is_found_in_its_batch_and_set_aside(
    desk: Desk, topics: TopicSpace
) -> None:
    await publish(topics, b"1", b"2", b"boom", b"3")
    projector = NoteTaker(broken={b"boom"})

    async with projecting(desk, topics.kafka, projector):
        assert await noted(desk, 3) == [b"1", b"2", b"3"]

    assert await SetAsideDesk(desk.database, projector).histogram() == {"unexpected_error": 1}


async def test_a_fault_that_passes_after_the_server_was_away_long_is_pinned_on_no_record(
    desk: Desk, topics: TopicSpace
) -> None:
    away: list[Exception] = [ConnectionError("away") for _ in range(4)]
    projector = NoteTaker(troubles=[*away, ValueError("passes"), *away, ValueError("passes, too")])
    await publish(topics, b"1")

    async with projecting(desk, topics.kafka, projector):
        assert await noted(desk, 1) == [b"1"]

    assert await SetAsideDesk(desk.database, projector).histogram() == {}


async def test_a_header_that_is_no_text_loses_no_batch(desk: Desk, topics: TopicSpace) -> None:
    await topics.publish(TOPIC, b"L-1", b"1", partition=0, headers=(("content-type", b"\xff\xfe"),))
    await publish(topics, b"2")

    async with projecting(desk, topics.kafka, NoteTaker()):
        assert await noted(desk, 2) == [b"1", b"2"]


async def test_a_database_that_is_away_for_a_while_costs_nothing(desk: Desk, topics: TopicSpace) -> None:
    await publish(topics, b"1")
    admin = await asyncpg.connect(desk.dsn.rsplit("/", 1)[0] + "/postgres")
    name = desk.dsn.rsplit("/", 1)[1]
    async with projecting(desk, topics.kafka, NoteTaker()):
        await noted(desk, 1)
        await admin.execute(f'alter database "{name}" with allow_connections false')
        await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
        await publish(topics, b"2")
        await asyncio.sleep(1)
        await admin.execute(f'alter database "{name}" with allow_connections true')

        assert await noted(desk, 2) == [b"1", b"2"]
    await admin.close()


async def test_a_topic_deleted_and_made_again_stops_the_partition(desk: Desk, topics: TopicSpace) -> None:
    await publish(topics, b"1", b"2")
    async with projecting(desk, topics.kafka, NoteTaker()):
        await noted(desk, 2)
    await recreate(topics)
    await publish(topics, b"3", b"4", b"5")

    async with projecting(desk, topics.kafka, NoteTaker()):
        await asyncio.sleep(3)

    assert await desk.notes() == [b"1", b"2"]


async def test_a_topic_made_again_under_a_running_projector_stops_although_its_log_is_longer(
    desk: Desk, topics: TopicSpace
) -> None:
    await publish(topics, b"1", b"2")
    async with projecting(desk, topics.kafka, NoteTaker()) as runner:
        await noted(desk, 2)
        await recreate(topics)
        await eventually(is_stopped, what="the partition stopped")
        await publish(topics, b"3", b"4", b"5")
        assert await desk.notes() == [b"1", b"2"]
        async with desk.database.transaction() as tx:
            await tx.execute("delete from notes")

        assert await runner.read_again() == 1
        assert await noted(desk, 3) == [b"3", b"4", b"5"]


async def is_stopped() -> bool:
    return metric("iok_projection_stopped", topic=TOPIC, partition="0") == 1


def metric(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def both_kept(desk: Desk) -> bool:
    return await desk.count("set_aside") == 2


async def recreate(topics: TopicSpace) -> None:
    admin = AdminClient(admin_options(topics.kafka))
    name = topics.kafka.physical(TOPIC)
    await asyncio.to_thread(admin.delete_topics([name])[name].result)

    async def made() -> bool:
        try:
            await asyncio.to_thread(admin.create_topics([NewTopic(name, 12)])[name].result)
        except Exception:  # noqa: BLE001  # the old one is still being deleted
            return False
        return True

    await eventually(made, what="the topic made again")


async def test_a_position_outside_the_log_stops_the_partition(desk: Desk, topics: TopicSpace) -> None:
    await publish(topics, b"1")
    async with projecting(desk, topics.kafka, NoteTaker()):
        await noted(desk, 1)
    async with desk.database.transaction() as tx:
        await tx.execute("update positions set next_offset = 100 where partition = 0")
    await publish(topics, b"2")

    async with projecting(desk, topics.kafka, NoteTaker()):
        await asyncio.sleep(3)

    assert await desk.notes() == [b"1"]


async def test_two_projectors_that_share_the_partitions_take_each_record_once(desk: Desk, topics: TopicSpace) -> None:
    async with projecting(desk, topics.kafka, NoteTaker()):
        for partition in range(12):
            await publish(topics, b"1", partition=partition)
        async with projecting(desk, topics.kafka, NoteTaker()):
            for partition in range(12):
                await publish(topics, b"2", b"3", partition=partition)
            await noted(desk, 36)

    assert await desk.notes() == [b"1", b"2", b"3"] * 12


async def test_a_projector_that_said_no_farewell_has_its_partitions_back_when_it_starts_again_under_its_name(
    desk: Desk, topics: TopicSpace
) -> None:
    named = topics.kafka.model_copy(update={"group_instance": "notes-1"})
    for count in (1, 2):  # a member with a name says none; nobody else would get its partitions for half an hour
        await publish(topics, b"1")
        async with projecting(desk, named, NoteTaker(), session_timeout_ms=HALF_AN_HOUR_MS):
            await noted(desk, count)


async def test_a_projector_that_takes_part_in_its_group_no_more_ends_instead_of_reading_nothing_for_ever(
    desk: Desk, topics: TopicSpace
) -> None:
    await publish(topics, b"1")
    runner = ProjectionRunner(desk.database, topics.kafka, "iok-notes", NoteTaker())
    running = asyncio.create_task(runner.run(asyncio.Event()))
    await noted(desk, 1)
    runner._consumer._coordinator._coordination_task.cancel()
    with pytest.raises(LeftGroupError):
        await asyncio.wait_for(running, PATIENCE_SECONDS)


async def test_a_position_moves_only_from_the_expected_offset(desk: Desk) -> None:
    positions = Positions()
    async with desk.database.transaction() as tx:
        await positions.move(tx, "notes", Step(TOPIC, "id-1", 0, 0, 10))

    for wrong in (
        Step(TOPIC, "id-1", 0, 9, 20),
        Step(TOPIC, "id-1", 0, 0, 20),
        Step(TOPIC, "id-2", 0, 10, 20),
        Step(TOPIC, "id-1", 1, 5, 20),
    ):
        with pytest.raises(StalePositionError):
            async with desk.database.transaction() as tx:
                await positions.move(tx, "notes", wrong)

    async with desk.database.transaction() as tx:
        assert (await positions.read(tx, "notes"))[(TOPIC, 0)].next_offset == 10


async def test_an_event_counts_once_and_the_same_id_with_another_content_contradicts(desk: Desk) -> None:
    def event(event_id: str, content: bytes) -> Sighting:
        return Sighting(TOPIC, "L-1", "erp", event_id, content, 0)

    async with desk.database.transaction() as tx:
        first = await sight(tx, "notes", [event("1", b"a"), event("2", b"b"), event("1", b"a"), event("2", b"x")])
    async with desk.database.transaction() as tx:
        second = await sight(tx, "notes", [event("1", b"a"), event("2", b"x"), event("3", b"c")])
        elsewhere = await sight(tx, "other", [event("1", b"x")])

    assert first == [Verdict.NEW, Verdict.NEW, Verdict.REPEATED, Verdict.CONTRADICTORY]
    assert second == [Verdict.REPEATED, Verdict.CONTRADICTORY, Verdict.NEW]
    assert elsewhere == [Verdict.NEW]


async def test_a_mended_fault_is_replayed_and_a_decided_record_is_left_alone(desk: Desk, topics: TopicSpace) -> None:
    await publish(topics, b"boom", b"bad")
    projector = NoteTaker(broken={b"boom"})
    async with projecting(desk, topics.kafka, projector):
        await eventually(lambda: both_kept(desk), what="two records kept")
    operators = SetAsideDesk(desk.database, projector)
    bad, boom = await operators.page(before_id=None, state=None, limit=10)

    projector.broken.clear()
    assert await operators.replay(boom.id, "operator-1") is None
    refused = await operators.replay(bad.id, "operator-1")
    await operators.discard(bad.id, "operator-1", "never valid")

    assert refused is not None
    assert await desk.notes() == [b"boom"]
    assert await operators.counts() == (0, 0)
    with pytest.raises(AlreadyDecidedError):
        await operators.replay(boom.id, "operator-1")
    with pytest.raises(NotOnDeskError):
        await operators.discard(12345, "operator-1", "no such record")
