"""Importing a file of JSON Lines: checked whole first, then appended in chunks, each line once however often run."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from pydantic import TypeAdapter, ValidationError

from libs.chassis.event_store import Append, EventStore
from libs.chassis.postgres import Connection, Database
from libs.events.decoding import Rejected, read_json
from libs.events.envelope import MAX_RECORD_BYTES, EventData
from libs.events.fields import Id

CHUNK_LINES: Final = 1_000  # lines of one transaction: what is interrupted loses no more than these
FAULTS_PER_LINE: Final = 3

# One import at a time; the lock ends with its session.
LOCK = "select pg_try_advisory_lock(hashtext('iok-ledger-import'))"

_ID: Final = TypeAdapter[str](Id)


class BadLineError(ValueError):
    """A line cannot be imported; the text says why."""


class ImportRefusedError(Exception):
    """Nothing was imported; the text says why."""


class BadFileError(ImportRefusedError):
    """A file has bad lines, all of them listed, and nothing was imported."""

    def __init__(self, bad: Sequence["BadLine"]) -> None:
        """Keep the bad lines, in their order."""
        super().__init__(f"{len(bad)} bad lines, nothing was imported")
        self.bad = sorted(bad, key=lambda line: line.number)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line by its number, counted from 1, and what is wrong with it."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """A good line: the lease, the event it says, and the business key by which it is known on that lease."""

    number: int
    lease_id: str
    key: str
    event: EventData


@dataclass(frozen=True, slots=True)
class Imported:
    """How many lines there were, how many were appended, and how many had been before."""

    lines: int
    appended: int
    skipped: int


class Kind(Protocol):
    """What is imported: how a line is read, and what the domain says of it."""

    def read(self, number: int, lease_id: str, fields: dict[str, object]) -> Line:
        """Read a line (its `lease_id` taken out); raises BadLineError."""

    async def decide(self, tx: Connection, lines: Sequence[Line]) -> list[Append | BadLine | None]:
        """Judge lines of a chunk: an event to append, None for one recorded already, or why it is bad."""


@dataclass(slots=True)
class _Seen:
    """What was read of the file so far, to find lines that contradict each other, and a file that changes."""

    contents: dict[tuple[str, str], bytes] = field(default_factory=dict)
    digest: bytes = b""


class Importer:
    """Imports files of one kind into the event store; `tell` hears of progress (lines done, lines in all)."""

    def __init__(self, database: Database, store: EventStore, kind: Kind, tell: Callable[[int, int], None]) -> None:
        """Keep where to, what, and who listens."""
        self._database = database
        self._store = store
        self._kind = kind
        self._tell = tell

    async def run(self, file: Path) -> Imported:
        """Check the whole file, then append what is new.

        Raises:
            BadFileError: with every bad line; nothing was appended.
            ImportRefusedError: another import runs, or the file changed while it was read.
            OSError: the file cannot be read.
        """
        async with self._alone():
            total, digest = await self._check(file)
            return await self._append(file, total, digest)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._database.session() as connection:
            if not await connection.fetchval(LOCK):
                raise ImportRefusedError("another import is running")
            yield

    async def _check(self, file: Path) -> tuple[int, bytes]:
        """Read and judge every line; returns how many there are and the file's digest."""
        bad: list[BadLine] = []
        seen = _Seen()
        total = 0
        for chunk in _chunks(file, seen):
            lines: list[Line] = []
            for number, raw in chunk:
                total += 1
                try:
                    lines.append(self._read(number, raw, seen))
                except BadLineError as error:
                    bad.append(BadLine(number, str(error)))
            async with self._database.transaction(readonly=True) as tx:
                bad += [each for each in await self._kind.decide(tx, lines) if isinstance(each, BadLine)]
        if bad:
            raise BadFileError(bad)
        return total, seen.digest

    async def _append(self, file: Path, total: int, digest: bytes) -> Imported:
        seen = _Seen()
        done = appended = 0
        for chunk in _chunks(file, seen):
            lines = [self._read(number, raw, seen) for number, raw in chunk]
            async with self._database.transaction() as tx:
                decided = await self._kind.decide(tx, lines)
                if any(isinstance(each, BadLine) for each in decided):
                    raise ImportRefusedError("the file or the ledger changed meanwhile: run the import again")
                events = _once(each for each in decided if isinstance(each, Append))
                await self._store.append_many(tx, events)
            done, appended = done + len(lines), appended + len(events)
            self._tell(done, total)
        if seen.digest != digest:
            raise ImportRefusedError("the file changed while it was read: run the import again")
        return Imported(done, appended, done - appended)

    def _read(self, number: int, raw: bytes, seen: _Seen) -> Line:
        try:
            fields = read_json(raw.strip())
        except Rejected as rejected:
            raise BadLineError(rejected.detail) from rejected
        if not isinstance(fields, dict):
            raise BadLineError("no JSON object")
        try:
            lease_id = _ID.validate_python(fields.pop("lease_id", None), strict=True)
        except ValidationError as error:
            raise BadLineError("lease_id: 1 to 64 characters of A-Za-z0-9._- are wanted") from error
        line = self._kind.read(number, lease_id, dict(fields))
        content = hashlib.sha256(line.event.model_dump_json().encode()).digest()
        if seen.contents.setdefault((lease_id, line.key), content) != content:
            raise BadLineError(f"{line.key} of lease {lease_id} stands on an earlier line with another content")
        return line


def parse(event: type[EventData], fields: dict[str, object]) -> EventData:
    """Read an event off a line's fields; raises BadLineError naming the first few fields that are wrong."""
    try:
        return event.model_validate(fields, by_alias=True, by_name=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[:FAULTS_PER_LINE]
        reasons = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" if one["loc"] else one["msg"] for one in found]
        raise BadLineError("; ".join(reasons)) from error


def _once(events: Iterable[Append]) -> list[Append]:
    """The events of a chunk, each key once: the same line twice says nothing more."""
    return list({(each.subject, each.key): each for each in events}.values())


def _chunks(file: Path, seen: _Seen) -> Iterator[list[tuple[int, bytes]]]:
    """The file's lines with their numbers, without empty ones; leaves the digest of the whole in `seen`."""
    whole = hashlib.sha256()
    numbered = enumerate(raw_lines(file), start=1)
    while chunk := list(islice(numbered, CHUNK_LINES)):
        for _, raw in chunk:
            whole.update(raw)
        yield [(number, raw) for number, raw in chunk if raw.strip()]
    seen.digest = whole.digest()


def raw_lines(file: Path) -> Iterator[bytes]:
    """The file's lines; of one that is longer than a record may be, only enough to be refused is kept."""
    with file.open("rb") as opened:
        while raw := opened.readline(MAX_RECORD_BYTES + 1):
            rest = raw
            while not rest.endswith(b"\n") and (rest := opened.readline(MAX_RECORD_BYTES + 1)):
                pass
            yield raw
