"""Transactions: nobody waits for a paused one for ever, and what follows a commit follows nothing else.

A server that comes back is left time to.
"""

import asyncio

import pytest

from libs.chassis.postgres import BREATH_SECONDS, UNAVAILABLE, Database, after_commit
from libs.chassis.tests.conftest import Desk

pytestmark = pytest.mark.system
SESSION_LOCK = "select pg_try_advisory_lock(1)"
OWN_PID = "select pg_backend_pid()"
STARTING_UP = b"SFATAL\0C57P03\0Mthe database system is starting up\0\0"
TRIES = 50
HOLD = "insert into notes values (0, 1, 'x')"


async def test_a_process_paused_inside_a_transaction_loses_it_and_nobody_waits_for_ever(desk: Desk) -> None:
    impatient = await Database.open(desk.dsn, thinking_seconds=0.2)
    with pytest.raises(UNAVAILABLE):
        async with impatient.transaction() as paused:
            await paused.execute(HOLD)
            async with desk.database.transaction() as other:  # waits for the same key
                await asyncio.wait_for(other.execute(HOLD), 10)
            await paused.execute("select 1")
    await impatient.close()
    assert await desk.count("notes") == 1


async def test_what_a_session_holds_ends_with_it_whatever_befell_it(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError):
        async with desk.database.session() as session:
            before = await session.fetchval(OWN_PID)
            assert await session.fetchval(SESSION_LOCK)
            raise ZeroDivisionError
    async with desk.database.session() as session:
        assert await session.fetchval(OWN_PID) != before  # the same backend would be given its own lock again
        assert await session.fetchval(SESSION_LOCK)


async def test_a_transaction_left_open_is_rolled_back_before_anybody_else_gets_its_connection(desk: Desk) -> None:
    async with desk.database.connection() as connection:
        await connection.transaction().start()
        await connection.execute(HOLD)
    async with desk.database.connection() as first, desk.database.connection() as second:
        assert not any(each.is_in_transaction() for each in (first, second))
    assert await desk.count("notes") == 0


async def test_what_follows_a_commit_does_not_follow_a_trial_or_a_failure(desk: Desk) -> None:
    done: list[str] = []
    async with desk.database.transaction() as tx:
        after_commit(tx, lambda: done.append("committed"))
        assert done == []
    with pytest.raises(ZeroDivisionError):
        async with desk.database.transaction() as tx:
            after_commit(tx, lambda: done.append("failed"))
            raise ZeroDivisionError
    async with desk.database.connection() as connection:
        trial = connection.transaction()
        await trial.start()
        after_commit(connection, lambda: done.append("tried"))
        await trial.rollback()
    assert done == ["committed"]


async def test_a_server_that_is_starting_up_is_not_asked_by_every_request() -> None:
    asked = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readexactly(8)  # whether TLS is spoken
        writer.write(b"N")
        await reader.read(1_000)
        writer.write(b"E" + (len(STARTING_UP) + 4).to_bytes(4, "big") + STARTING_UP)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = await Database.open(f"postgresql://iok:x@127.0.0.1:{port}/iok")

        async def ask() -> None:
            with pytest.raises(UNAVAILABLE):
                await database.answers()

        for _ in range(TRIES):
            await ask()
        assert 0 < (at_once := asked) < TRIES / 2
        await asyncio.sleep(BREATH_SECONDS)
        await ask()
        assert asked > at_once
        await database.close()
