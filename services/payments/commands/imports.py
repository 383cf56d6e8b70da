"""Importing payments that came before or beside this system: the file is checked whole first, then appended in chunks.

Any bad line: nothing is appended. Interrupted, an import goes on when run again, for a line is known by its payment and
remote id.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from libs.chassis.event_store import Append, EventStore, decided_again
from libs.chassis.postgres import Connection, Database
from services.payments.domain.imports import BadLineError, read_line
from services.payments.domain.payment import confirmed_key
from services.payments.read_models import import_lines, payments
from services.payments.read_models.import_lines import BadLine, Line

CHUNK_LINES = 1_000
LAYOUT_LINES = 10_000
LEASES_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: lines appended, and lines that were there already."""

    appended: int
    skipped: int


class BadFileError(Exception):
    """The file holds bad lines; nothing was appended."""

    def __init__(self, bad: list[BadLine]) -> None:
        super().__init__(f"{len(bad)} bad lines")
        self.bad = sorted(bad, key=lambda each: each.line)


class PaymentImporter:
    """Imports payments; `tell` hears of the progress."""

    def __init__(self, database: Database, store: EventStore, tell: Callable[[str], None]) -> None:
        self._database = database
        self._store = store
        self._tell = tell

    async def run(self, lines: Iterable[bytes], wait_seconds: float) -> Imported:
        """Check all lines, then append the new ones. Leases not known yet are waited for, at most `wait_seconds`.

        Raises:
            BadFileError: some lines are bad, and nothing was appended.
            ImportRunningError: another import is running.
        """
        async with self._database.session() as connection, import_lines.alone(connection):
            bad = await self._lay_out(connection, lines)
            if not bad:
                await self._wait_for_leases(connection, wait_seconds)
            bad += await import_lines.bad_lines(connection)
            if bad:
                raise BadFileError(bad)
            total = await import_lines.count(connection)
            appended = await self._append(connection)
            return Imported(appended, total - appended)

    async def _lay_out(self, connection: Connection, lines: Iterable[bytes]) -> list[BadLine]:
        bad: list[BadLine] = []
        for batch in _batches(_read(lines, bad), LAYOUT_LINES):
            await import_lines.lay_out(connection, batch)
            self._tell(f"checked up to line {batch[-1].line}")
        return bad

    async def _wait_for_leases(self, connection: Connection, wait_seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + wait_seconds
        told = 0
        while missing := await import_lines.count_unknown_leases(connection):
            if asyncio.get_running_loop().time() >= deadline:
                return
            if missing != told:
                self._tell(f"waiting to hear of {missing} leases on iok.leases")
                told = missing
            await asyncio.sleep(LEASES_POLL_SECONDS)

    async def _append(self, connection: Connection) -> int:
        last, appended = 0, 0
        while chunk := await import_lines.next_lines(connection, last, CHUNK_LINES):
            await decided_again(partial(self._append_chunk, connection, chunk))
            last, appended = chunk[-1].line, appended + len(chunk)
            self._tell(f"appended {appended} payments, up to line {last}")
        return appended

    async def _append_chunk(self, connection: Connection, chunk: list[Line]) -> None:
        confirmed = [(each.payment.lease_id, each.payment.event) for each in chunk]
        appends = [
            Append(lease_id, event, confirmed_key(event.payment_id, event.remote_id)) for lease_id, event in confirmed
        ]
        async with connection.transaction():
            await self._store.append_many(connection, appends)
            await payments.confirm(connection, confirmed)
            await payments.add_imported(connection, confirmed)


def _read(lines: Iterable[bytes], bad: list[BadLine]) -> Iterator[Line]:
    """The good lines; the bad ones go to `bad`. Blank lines are counted and passed over."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield Line(number, read_line(line))
        except BadLineError as error:
            bad.append(BadLine(number, str(error)))


def _batches(lines: Iterator[Line], size: int) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
