"""The last warnings and errors of a process reach its database, and none of them keeps the others out."""

import asyncio
import logging

import pytest

from libs.chassis.faults import FaultRecorder
from libs.chassis.testing import eventually
from libs.chassis.tests.conftest import Desk

TOLD = "select event, detail from recent_errors order by id"


def line(message: object, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("iok", logging.ERROR, __file__, 1, message, arguments, None)


@pytest.mark.system
async def test_a_line_that_postgresql_would_refuse_holds_up_no_other(desk: Desk) -> None:
    recorder = FaultRecorder(desk.database, "api")
    stop = asyncio.Event()
    recorder.emit(line({"event": "first\x00", "error": "half a pair: \ud800"}))
    recorder.emit(line("second %s", "line"))
    running = asyncio.create_task(recorder.run(stop))

    async def both() -> bool:
        return await desk.count("recent_errors") == 2

    await eventually(both, what="both lines kept")
    stop.set()
    await running

    async with desk.database.connection() as connection:
        told = [tuple(row) for row in await connection.fetch(TOLD)]
    assert [event for event, _ in told] == ["first", "second line"]
