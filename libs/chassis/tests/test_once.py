"""A command in one statement: key, event, outbox row and answer exist together or not at all."""

import asyncpg
import pytest

from libs.chassis.event_store import Append, EventStore, StoreBehindError, WrongExpectedVersionError
from libs.chassis.http.idempotency import TRY_LOCK
from libs.chassis.once import InFlightError, KeyUse, OtherRequestError, StoredAnswer, append_once
from libs.chassis.tests.conftest import Desk
from libs.chassis.tests.test_postgres import HOLD
from libs.events.payments import PaymentExpired

pytestmark = pytest.mark.system

COMMAND = "select append_once($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
COMMAND_AND_NOTE = f"with done as ({COMMAND} as outcome), note as ({HOLD}) select outcome from done"
FIND = "select request_sha256, status, answer from idempotency_keys"
NOTE_AHEAD = """
insert into ahead (event_id, topic, subject, stream_version, partition, "offset") values ('e', 't', 's', 1, 0, 0)
"""
USE = KeyUse.of("account-1 POST /here", "key-1", {"amount_grosze": 100})
ANSWER = StoredAnswer(201, {"payment_id": "p1"})


async def command(desk: Desk, store: EventStore, version: int = 1, use: KeyUse = USE, statement: str = COMMAND) -> None:
    recording = store.recording(Append("L-1", PaymentExpired(payment_id="p1")), version)
    async with desk.database.connection() as connection:
        await append_once(connection, statement, use, recording, ANSWER)


async def written(desk: Desk) -> tuple[int, int, int]:
    return await desk.count("events"), await desk.count("outbox"), await desk.count("idempotency_keys")


async def test_the_answer_is_kept_with_the_event_and_given_to_the_same_request_alone(
    desk: Desk, store: EventStore
) -> None:
    await command(desk, store)

    async with desk.database.connection() as connection:
        [kept] = await connection.fetch(FIND)
    assert await written(desk) == (1, 1, 1)
    assert USE.replay(kept) == ANSWER
    with pytest.raises(OtherRequestError):
        KeyUse.of(USE.scope, USE.key, {"amount_grosze": 101}).replay(kept)


async def test_a_command_whose_key_is_at_work_in_any_way_is_in_flight(desk: Desk, store: EventStore) -> None:
    async with desk.database.transaction() as tx:
        assert await tx.fetchval(TRY_LOCK, USE.scope, USE.key)
        with pytest.raises(InFlightError):
            await command(desk, store)

    assert await written(desk) == (0, 0, 0)
    await command(desk, store)


async def test_a_command_answered_meanwhile_is_to_look_again(desk: Desk, store: EventStore) -> None:
    await command(desk, store)

    with pytest.raises(WrongExpectedVersionError):
        await command(desk, store, version=2)

    assert await written(desk) == (1, 1, 1)


async def test_a_version_that_is_taken_leaves_the_key_unused(desk: Desk, store: EventStore) -> None:
    await command(desk, store, use=KeyUse.of("account-2", "key-2", {}))

    with pytest.raises(WrongExpectedVersionError):
        await command(desk, store)

    assert await written(desk) == (1, 1, 1)
    await command(desk, store, version=2)


async def test_while_kafka_is_ahead_nothing_is_written(desk: Desk, store: EventStore) -> None:
    async with desk.database.connection() as connection:
        await connection.execute(NOTE_AHEAD)

    with pytest.raises(StoreBehindError):
        await command(desk, store)

    assert await written(desk) == (0, 0, 0)


async def test_what_is_taken_in_another_table_is_no_stream_that_moved_on(desk: Desk, store: EventStore) -> None:
    async with desk.database.connection() as connection:
        await connection.execute(HOLD)

    with pytest.raises(asyncpg.UniqueViolationError, match="notes"):
        await command(desk, store, statement=COMMAND_AND_NOTE)

    assert await written(desk) == (0, 0, 0)
