"""Work that is done now and then goes on although the database is away for a while."""

import asyncio

from libs.chassis.runtime import now_and_then


async def test_work_that_finds_the_database_away_is_done_again_at_the_next_round() -> None:
    rounds: list[int] = []
    stop = asyncio.Event()

    async def work() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise ConnectionRefusedError
        stop.set()

    await asyncio.wait_for(now_and_then(0.01, work)(stop), timeout=5)

    assert rounds == [0, 1]


async def test_who_is_told_to_stop_does_not_wait_for_the_next_round() -> None:
    stop = asyncio.Event()

    async def work() -> None:
        stop.set()

    await asyncio.wait_for(now_and_then(3_600, work)(stop), timeout=5)
