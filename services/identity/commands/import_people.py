"""Import people: the whole file is checked first, then taken in chunks; what is there already is skipped."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from libs.chassis.event_store import Append
from libs.chassis.postgres import Connection
from libs.events.decoding import Rejected, read_json
from services.identity.commands.tools import Tools
from services.identity.domain.accounts import Account, RegisterPerson, account_of, decide
from services.identity.domain.people import (
    BadPersonError,
    Person,
    content_hash,
    fold_login,
    person_from,
    pesel_hash,
)
from services.identity.read_models import accounts, audit, people
from services.identity.read_models.accounts import NewAccount
from services.identity.read_models.audit import Action
from services.identity.read_models.people import HashedPerson

MAX_LINES: Final = 500_000
CHUNK_PEOPLE: Final = 1_000  # one transaction
LOOK_UP_PEOPLE: Final = 10_000  # one query of the check
REGISTERED_KEY: Final = "registered"

# One import at a time; ends with the session that holds it.
TRY_LOCK = "select pg_try_advisory_lock(hashtext('iok-import-people'))"


class ImportRunningError(Exception):
    """Another import of people is running."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be taken, counted from 1, and why; what the line says is not repeated."""

    number: int
    reason: str


@dataclass(slots=True)
class Checked:
    """What a file holds: `new` people to take, how many are there already, and what is wrong."""

    new: list[HashedPerson] = field(default_factory=list)
    skipped: int = 0
    bad: list[BadLine] = field(default_factory=list)


@dataclass(slots=True)
class _Candidate:
    number: int
    hashed: HashedPerson


async def check_people(tools: Tools, lines: Iterable[bytes]) -> Checked:
    """Check a whole people file (interfaces.md, import files) against itself and against what is known."""
    checked = Checked()
    candidates = _distinct(_parsed(tools.key, lines, checked), checked)
    async with tools.database.connection() as connection:
        while chunk := list(islice(candidates, LOOK_UP_PEOPLE)):
            await _compare(connection, chunk, checked)
    checked.bad.sort(key=lambda line: line.number)
    return checked


def _parsed(key: bytes, lines: Iterable[bytes], checked: Checked) -> Iterator[_Candidate]:
    for number, line in enumerate(lines, start=1):
        if number > MAX_LINES:
            checked.bad.append(BadLine(number, f"the file is longer than {MAX_LINES} lines: split it"))
            return
        if not line.strip():
            continue
        try:
            person = _person(line)
        except (Rejected, BadPersonError) as wrong:
            checked.bad.append(BadLine(number, str(wrong)))
        else:
            number_hash = pesel_hash(key, person.pesel) if person.pesel else None
            yield _Candidate(number, HashedPerson(person, number_hash, content_hash(key, person)))


def _person(line: bytes) -> Person:
    row = read_json(line.rstrip(b"\r\n"))
    if not isinstance(row, dict):
        raise BadPersonError(["not a JSON object"])
    return person_from(row)


def _distinct(candidates: Iterable[_Candidate], checked: Checked) -> Iterator[_Candidate]:
    """Leave out what the file says twice: the same again is skipped, other content or a login used twice is bad."""
    by_person: dict[str, _Candidate] = {}
    by_login: dict[str, int] = {}
    for candidate in candidates:
        person = candidate.hashed.person
        before = by_person.setdefault(person.person_id, candidate)
        if before is not candidate:
            _judge(checked, candidate, before.hashed.content_hash, f"line {before.number}")
            continue
        first = by_login.setdefault(fold_login(person.login), candidate.number)
        if first != candidate.number:
            checked.bad.append(BadLine(candidate.number, f"login: the same as in line {first}"))
            continue
        yield candidate


def _judge(checked: Checked, candidate: _Candidate, known_hash: bytes, where: str) -> None:
    if candidate.hashed.content_hash == known_hash:
        checked.skipped += 1
    else:
        checked.bad.append(BadLine(candidate.number, f"person_id: known with other content from {where}"))


async def _compare(connection: Connection, chunk: Sequence[_Candidate], checked: Checked) -> None:
    known = await people.known(connection, [candidate.hashed.person.person_id for candidate in chunk])
    taken = await accounts.taken(connection, [fold_login(candidate.hashed.person.login) for candidate in chunk])
    for candidate in chunk:
        person = candidate.hashed.person
        if person.person_id in known:
            _judge(checked, candidate, known[person.person_id], "an earlier import")
        elif fold_login(person.login) in taken:
            checked.bad.append(BadLine(candidate.number, "login: taken by another account"))
        else:
            checked.new.append(candidate.hashed)


async def import_people(tools: Tools, new: Sequence[HashedPerson]) -> AsyncIterator[int]:
    """Take people whom `check_people` found new; yields how many are in so far. Interrupted, it is run again.

    Raises:
        LoginTakenError: a login was given to somebody else since the check.
    """
    for start in range(0, len(new), CHUNK_PEOPLE):
        chunk = new[start : start + CHUNK_PEOPLE]
        async with tools.database.transaction() as tx:
            await _take(tools, tx, chunk)
        yield start + len(chunk)


async def _take(tools: Tools, tx: Connection, chunk: Sequence[HashedPerson]) -> None:
    """One chunk: people, their accounts, an event each. No password is made here: that is for the letters."""
    now = tools.clock()
    persons = [hashed.person for hashed in chunk]
    await people.add(tx, chunk, now)
    await accounts.add(tx, [NewAccount(account_of(one.person_id), one.person_id, one.login) for one in persons])
    appends = [
        Append(account.account_id, event, REGISTERED_KEY)
        for account, one in ((Account(account_of(one.person_id)), one) for one in persons)
        for event in decide(account, RegisterPerson(one.person_id))
    ]
    await tools.store.append_many(tx, appends)
    await audit.note(tx, now, Action.PEOPLE_IMPORTED, None, str(len(chunk)))


async def hold_import_lock(connection: Connection) -> None:
    """Keep other imports out while `connection`, a session of its own, lives.

    Raises:
        ImportRunningError: another one runs.
    """
    if not await connection.fetchval(TRY_LOCK):
        raise ImportRunningError("another import of people is running")
