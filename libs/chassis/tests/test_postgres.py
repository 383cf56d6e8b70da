"""Transactions: nobody waits for a paused one for ever, and what follows a commit follows nothing else."""

import asyncio

import pytest

from libs.chassis.postgres import UNAVAILABLE, Database, after_commit
from libs.chassis.tests.conftest import Desk

pytestmark = pytest.mark.system
SESSION_LOCK = "select pg_try_advisory_lock(1)"
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
            assert await session.fetchval(SESSION_LOCK)
            raise ZeroDivisionError
    async with desk.database.session() as session:
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
