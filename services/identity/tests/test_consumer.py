"""Hearing of leases: once each, from their own source, whatever else is in the log."""

import asyncio
import uuid
from datetime import UTC, date, datetime
from itertools import count

import pytest

from libs.chassis.kafka import Record
from libs.chassis.postgres import Database
from libs.chassis.projection import ProjectionRunner, SetAside
from libs.chassis.testing import TopicSpace, eventually
from libs.events.envelope import Envelope, EventData, encode
from libs.events.ledger import LeaseEnded
from libs.events.names import LEASES
from services.identity.consumer import LeaseProjector
from services.identity.read_models import leases
from services.identity.tests.house import House
from services.identity.tests.leases import changed, signed

pytestmark = pytest.mark.system

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OFFSETS = count()
ENDED = LeaseEnded(ended_on=date(2026, 10, 31))


def told(
    event: EventData,
    version: int | None = None,
    *,
    lease: str = "L-1",
    source: str = "erp",
    event_id: str | None = None,
) -> Record:
    """A record as it lies in Kafka."""
    envelope = Envelope.carrying(event, event_id=event_id or str(uuid.uuid4()), source=source, at=AT, subject=lease)
    body = encode(envelope.model_copy(update={"streamversion": version}))
    return Record(LEASES, "topic", 0, next(OFFSETS), lease.encode(), body)


async def hear(house: House, *records: Record) -> list[SetAside]:
    async with house.tools.database.transaction() as tx:
        return list(await LeaseProjector({"erp"}).project(tx, records))


async def of_person(house: House, person_id: str) -> dict[str, str]:
    async with house.tools.database.connection() as connection:
        return await leases.of_person(connection, person_id)


async def test_parties_may_see_their_leases_and_nobody_elses(house: House) -> None:
    assert await hear(house, told(signed("P-1", "P-2"), 1), told(signed("P-2"), 1, lease="L-2")) == []

    assert await of_person(house, "P-1") == {"L-1": "tenant"}
    assert await of_person(house, "P-2") == {"L-1": "co_tenant", "L-2": "tenant"}
    assert await of_person(house, "P-3") == {}


async def test_a_removed_party_loses_the_lease_and_a_party_of_an_ended_one_keeps_it(house: House) -> None:
    await hear(house, told(signed("P-1", "P-2"), 1))
    await hear(house, told(changed("P-1"), 2), told(ENDED, 3))

    assert await of_person(house, "P-2") == {}
    assert await of_person(house, "P-1") == {"L-1": "tenant"}


async def test_a_lease_whose_last_party_is_removed_is_seen_by_nobody(house: House) -> None:
    await hear(house, told(signed("P-1"), 1))
    await hear(house, told(changed("P-2"), 2))

    assert await of_person(house, "P-1") == {}


async def test_an_event_published_again_does_not_bring_an_old_state_back(house: House) -> None:
    first, second, third = told(signed("P-1")), told(changed("P-2")), told(changed("P-3"))
    await hear(house, first, second, third)
    assert await hear(house, second) == []
    assert await hear(house, third, first, second, second) == []

    assert [await of_person(house, person_id) for person_id in ("P-1", "P-2")] == [{}, {}]
    assert await of_person(house, "P-3") == {"L-1": "tenant"}


async def test_one_id_with_two_contents_is_set_aside(house: House) -> None:
    event_id = str(uuid.uuid4())
    await hear(house, told(signed("P-1"), 1, event_id=event_id))
    aside = await hear(house, told(changed("P-9"), 2, event_id=event_id))

    assert [one.reason for one in aside] == ["same_id_other_content"]
    assert await of_person(house, "P-1") == {"L-1": "tenant"}


async def test_a_lease_of_another_source_is_set_aside_and_not_taken_for_seen(house: House) -> None:
    await hear(house, told(signed("P-1"), 1))
    foreign = told(changed("P-9"), 2, source="iok/ledger")

    for _ in range(2):
        aside = await hear(house, foreign)
        assert [(one.record, one.reason) for one in aside] == [(foreign, "lease_of_another_source")]
    assert await of_person(house, "P-9") == {}


async def test_a_source_that_may_not_write_leases_is_set_aside(house: House) -> None:
    aside = await hear(house, told(signed("P-1"), 1, source="stranger"))

    assert [one.reason for one in aside] == ["source_not_allowed"]


async def test_a_bad_record_is_set_aside_alone(house: House) -> None:
    bad = Record(LEASES, "topic", 0, next(OFFSETS), b"L-1", b"{")
    aside = await hear(house, told(signed("P-1"), 1), bad, told(changed("P-2"), 2))

    assert [one.record for one in aside] == [bad]
    assert await of_person(house, "P-2") == {"L-1": "tenant"}


async def test_nobody_sees_a_lease_that_nobody_has_signed(house: House) -> None:
    await hear(house, told(changed("P-1"), 2))
    assert await of_person(house, "P-1") == {}

    await hear(house, told(signed("P-9"), 1))
    assert await of_person(house, "P-1") == {"L-1": "tenant"}


async def test_what_the_topic_says_reaches_a_tenants_token(house: House, topics: TopicSpace) -> None:
    await house.import_people()
    token = await house.settled("zielony kubek pod oknem")
    record = told(signed("P-000001"), 1)
    await topics.publish(LEASES, record.key, record.value)
    stop = asyncio.Event()
    database = await Database.open(house.server.service_dsn)
    runner = ProjectionRunner(database, topics.kafka, "iok-identity", LeaseProjector({"erp"}))
    running = asyncio.create_task(runner.run(stop))

    async def reached() -> bool:
        return bool((await house.tokens(token)).json()["leases"] == {"L-1": "tenant"})

    await eventually(reached, within_seconds=60, what="the lease in the token")
    stop.set()
    await running
    await database.close()
