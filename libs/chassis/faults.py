"""The last warnings and errors of a service's processes, kept in its database for the panel."""

import asyncio
import logging
from collections import deque

import asyncpg

from libs.chassis.logs import CORRELATION_ID, told
from libs.chassis.pausing import pause
from libs.chassis.postgres import UNAVAILABLE, Database

KEPT_ROWS = 200
WAITING_LINES = 500  # beyond this the oldest unsaved line is dropped: the log file has them all
FLUSH_SECONDS = 1.0
DETAIL_CHARACTERS = 2_000

ADD = """
insert into recent_errors (process, event, detail, correlation_id)
select $1, * from unnest($2::text[], $3::text[], $4::text[])
"""
TRIM = "delete from recent_errors where id <= (select max(id) from recent_errors) - $1"
LAST = "select id, at, process, event, detail, correlation_id from recent_errors order by id desc limit $1"


class FaultRecorder(logging.Handler):
    """A logging handler that keeps warnings and errors, and writes them to the database from time to time."""

    def __init__(self, database: Database, process: str) -> None:
        super().__init__(level=logging.WARNING)
        self._database = database
        self._process = process
        self._waiting: deque[tuple[str, str, str | None]] = deque(maxlen=WAITING_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line; never blocks and never fails."""
        try:
            event, detail = _told(record)
        except (TypeError, ValueError):
            self.handleError(record)  # a line whose arguments do not fit it: the mistake is told on standard error
            return
        self._waiting.append(
            (_storable(event[:DETAIL_CHARACTERS]), _storable(detail[-DETAIL_CHARACTERS:]), CORRELATION_ID.get())
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Write what has gathered, until told to stop."""
        while not stop.is_set():
            await pause(stop, FLUSH_SECONDS)
            await self._flush()

    async def _flush(self) -> None:
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not lines:
            return
        try:
            async with self._database.connection() as connection:
                await connection.execute(ADD, self._process, *[list(column) for column in zip(*lines, strict=True)])
                await connection.execute(TRIM, KEPT_ROWS)
        except (*UNAVAILABLE, asyncpg.PostgresError):
            self._waiting.extendleft(reversed(lines))


def _told(record: logging.LogRecord) -> tuple[str, str]:
    """What a line says, and its particulars."""
    if not isinstance(record.msg, dict):
        error = record.exc_info[1] if record.exc_info else None
        return record.getMessage(), told(error) if error else ""
    line = dict(record.msg)
    event = str(line.pop("event", ""))
    return event, str(line.get("exception") or {k: v for k, v in line.items() if k not in {"timestamp", "level"}})


def _storable(text: str) -> str:
    """A text as PostgreSQL can keep it: one line that it refuses would hold up all those behind it."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
