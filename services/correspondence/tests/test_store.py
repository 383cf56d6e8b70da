"""What is kept, what is told to Kafka, what can be made again, and what the service's role can never do."""

import asyncio
import json
import os
import sys

import asyncpg
import pytest

from libs.chassis.outbox import republish
from libs.chassis.testing import TopicSpace, eventually
from libs.events.decoding import Fact, decode
from services.correspondence.app import define_first_types
from services.correspondence.commands.matters import altered_letters, rebuild
from services.correspondence.tests.conftest import CLERK, OTHER_TENANT, TENANT, House

pytestmark = pytest.mark.system

TOPIC = "iok.correspondence"


async def some_history(house: House) -> list[str]:
    first, second = await house.open(title="Hałas", text="Tajne słowa"), await house.open(OTHER_TENANT, lease_id="L2")
    await house.reply(first)
    await house.post(f"/matters/{first}/messages", {"text": "Dziękuję."})
    await house.reply(second, close=True)
    await house.thread(first)
    return [first, second]


async def test_events_reach_kafka_keyed_by_the_matter_and_without_a_word(
    house_with_kafka: House, topics: TopicSpace
) -> None:
    house, stop = house_with_kafka, asyncio.Event()
    first, second = await some_history(house)
    assert house.parts.relay
    relaying = asyncio.create_task(house.parts.relay.run(stop))

    async def told() -> bool:
        return bool(await house.value("select count(*) = 0 from outbox"))

    await eventually(told, what="an empty outbox")
    stop.set()
    await relaying
    records = await topics.read(TOPIC)
    facts = [decode(TOPIC, r.key, r.value, company_sources=(), headers=r.headers) for r in records]
    assert all(isinstance(fact, Fact) for fact in facts)
    kinds = {
        key: [json.loads(r.value or b"")["type"].split(".")[1] for r in records if r.key == key.encode()]
        for key in (first, second)
    }
    assert kinds[first] == ["MatterOpened", "MessageSent", "MessageSent", "AnswerDeadlineSet", "MessageSent"]
    assert kinds[second] == ["MatterOpened", "MessageSent", "MessageSent", "MatterClosed"]
    everything = b"".join(r.value or b"" for r in records).decode()
    assert not any(word in everything for word in ("Hałas", "Tajne", "Dziękuję", "jutro"))


async def test_republishing_queues_the_very_same_bytes(house: House) -> None:
    await some_history(house)
    before = await house.value("select string_agg(encode(body, 'hex'), ',' order by position) from outbox")
    assert house.parts.database
    async for _ in republish(house.parts.database):
        pass
    after = await house.value("select string_agg(encode(body, 'hex'), ',' order by position) from outbox")
    assert after == f"{before},{before}"


async def test_lists_and_threads_made_again_are_the_same(house: House) -> None:
    matters = await some_history(house)

    async def shown() -> list[object]:
        threads = [(await house.get(f"/inbox/{matter_id}", CLERK)).json() for matter_id in matters]
        return [*threads, (await house.get("/matters")).json(), (await house.get("/inbox", CLERK)).json()]

    await shown()
    before = await shown()
    assert house.parts.database
    async with house.parts.database.transaction() as tx:
        assert await rebuild(tx) == 9
    assert await shown() == before


async def test_a_rebuild_among_letters_loses_none(house: House) -> None:
    matter_id = await house.open()
    database = house.parts.database
    assert database

    async def rebuilding() -> None:
        for _ in range(5):
            async with database.transaction() as tx:
                await rebuild(tx)

    writing = [house.post(f"/matters/{matter_id}/messages", {"text": f"Numer {n}"}) for n in range(10)]
    answers = (await asyncio.gather(rebuilding(), *writing))[1:]
    sent = [answer.status_code for answer in answers if answer is not None]
    thread = await house.thread(matter_id)
    assert len(thread["messages"]) == thread["message_count"] == 1 + sent.count(201)


async def test_an_altered_or_missing_letter_is_found(house: House) -> None:
    await some_history(house)
    database = house.parts.database
    assert database
    async with database.transaction() as tx:
        assert await altered_letters(tx) == []
    altered = await house.value(
        "update letters set text = 'Nigdy tak nie pisałem' where text = 'Dziękuję.' returning message_id"
    )
    missing = await house.value("delete from letters where title = 'Hałas' returning message_id")
    async with database.transaction() as tx:
        assert await altered_letters(tx) == sorted([altered, missing])


@pytest.mark.parametrize(
    "statement",
    [
        "update letters set text = ''",
        "delete from letters",
        "update events set body = ''",
        "delete from events",
        "update matter_register set number = ''",
        "truncate matters",
        "update idempotency_keys set answer = ''",
    ],
)
async def test_the_services_role_can_change_nothing_that_was_said(house: House, statement: str) -> None:
    connection = await asyncpg.connect(house.database.service_dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_kinds_of_matter_are_defined_once_however_often_the_service_starts(house: House) -> None:
    door_types = (await house.get("/matter-types")).json()
    count = "select count(*) from events where event_type = 'iok.MatterTypeDefined.v1'"
    before = await house.value(count)
    await asyncio.gather(*(define_first_types(house.parts.app().state.door) for _ in range(3)))
    assert await house.value(count) == before == len(door_types["items"])


async def test_the_service_says_that_it_is_ready_and_what_the_routes_are(house: House) -> None:
    assert (await house.client.get("/healthz")).status_code == 200
    assert (await house.client.get("/readyz")).json() == {"status": "ready", "reasons": {}}
    paths = (await house.client.get("/openapi.json")).json()["paths"]
    assert {"/matter-types", "/matters", "/matters/{matter_id}", "/inbox", "/inbox/{matter_id}/close"} <= set(paths)
    assert not any(path.startswith("/panel") for path in paths)
    assert (await house.get("/matters", TENANT)).headers["cache-control"] == "no-store"


async def command(house: House, verb: str) -> tuple[int, str]:
    """Run an operator's command in a process of its own; returns its exit code and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.correspondence", verb),
        env={**os.environ, **house.database.environment()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await process.communicate()
    return process.returncode or 0, written.decode()


async def test_operators_commands_do_what_they_say(house: House) -> None:
    await some_history(house)
    assert "from 9 events" in (await command(house, "rebuild"))[1]
    code, said = await command(house, "verify")
    assert (code, "every letter is what was sent" in said) == (0, True)
    altered = await house.value("update letters set text = 'x' where title = 'Hałas' returning message_id")
    code, said = await command(house, "verify")
    assert (code, f"letter {altered} is missing or not what was sent" in said) == (1, True)
