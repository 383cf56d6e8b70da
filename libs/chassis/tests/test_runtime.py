"""Work that is done now and then goes on although the database is away; each service offers the roles it has."""

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest

from libs.chassis.runtime import Service, main, now_and_then
from libs.chassis.settings import StoringSettings


async def not_built(_: StoringSettings) -> NoReturn:
    raise AssertionError


def test_help_offers_the_roles_that_a_service_has_and_no_other_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    service = Service("letters", StoringSettings, not_built, Path(), roles=("api", "relay"))
    with pytest.raises(SystemExit) as asked:
        main(service, ["--help"])
    offered = capsys.readouterr().out
    assert (asked.value.code, "run the relay alone" in offered, "projector" in offered) == (0, True, False)
    with pytest.raises(SystemExit) as refused:
        main(service, ["projector"])
    assert refused.value.code == 2


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
