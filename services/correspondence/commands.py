"""Commands: load a matter, decide, append events and outbox, keep the words, and show them, in one transaction.

Read models here show this service's own events alone, so they are fed in the transaction that appends: whoever has
been answered sees what they wrote.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from libs.chassis.event_store import Append, EventStore, envelope_of
from libs.chassis.postgres import Connection
from libs.events.correspondence import MessageSent
from libs.events.decoding import read_data
from libs.events.envelope import Envelope
from libs.events.names import CORRESPONDENCE
from services.correspondence import domain
from services.correspondence.domain import AuthorRole, CloseMatter, Event, Matter, OpenMatter, WriteMessage
from services.correspondence.read_models import letters, matter_types, matters, thread

WARSAW: Final = ZoneInfo("Europe/Warsaw")
PAGE_EVENTS: Final = 1_000  # read at once by a rebuild or a check
FIRST_DEFINITION: Final = "defined:1"  # business key of a kind's first definition

# The service's own events, a page at a time, in the order in which they were recorded.
EVENTS_PAGE = """
select position, stream_version, body from events where topic = $1 and position > $2 order by position limit $3
"""


class UnknownMatterError(Exception):
    """There is no such matter for the one who asks."""


class UnknownMatterTypeError(Exception):
    """No matter of this kind can be raised."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, and on whose behalf."""

    account_id: str
    role: AuthorRole


@dataclass(frozen=True, slots=True)
class Opening:
    """What a tenant raises, as typed; whether the lease is the tenant's has been asked before."""

    account_id: str
    lease_id: str | None
    matter_type_id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A matter that was raised."""

    matter_id: str
    number: str
    message_id: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """A letter that was sent, and the state of its matter now."""

    message_id: str
    state: domain.MatterState
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Chance:
    """What the outside world adds to a decision: the time, a fresh id, a fresh salt of so many bytes."""

    now: Callable[[], datetime]
    new_id: Callable[[], str]
    new_salt: Callable[[int], bytes]


class Correspondence:
    """The service's commands; each runs in the caller's transaction."""

    def __init__(self, store: EventStore, chance: Chance) -> None:
        self._store = store
        self._chance = chance

    async def define_first_types(self, tx: Connection) -> int:
        """Define the kinds of matter that the company begins with; returns how many were new.

        Raises:
            WrongExpectedVersionError, DuplicateKeyError: another process was quicker; nothing is left to do.
        """
        wanted = [(one.matter_type_id, FIRST_DEFINITION) for one in domain.FIRST_MATTER_TYPES]
        known = await self._store.keys(tx, CORRESPONDENCE, wanted)
        new = [one for one in domain.FIRST_MATTER_TYPES if (one.matter_type_id, FIRST_DEFINITION) not in known]
        appends = [Append(one.matter_type_id, domain.define(one), FIRST_DEFINITION) for one in new]
        await self._store.append_many(tx, appends)
        await matter_types.add(tx, domain.FIRST_MATTER_TYPES)
        return len(new)

    async def open(self, tx: Connection, opening: Opening) -> Opened:
        """Raise a matter with its first letter.

        Raises:
            BadLetterError, UnknownMatterTypeError.
        """
        letter = domain.letter(text=opening.text, title=opening.title, with_title=True)
        if not await matter_types.is_offered(tx, opening.matter_type_id):
            raise UnknownMatterTypeError(opening.matter_type_id)
        first = self._write(Author(opening.account_id, AuthorRole.TENANT), letter)
        command = OpenMatter(self._chance.new_id(), opening.matter_type_id, opening.lease_id, first)
        await letters.keep(tx, command.matter_id, first.message_id, first.salt, letter)
        number = await letters.register(tx, command.matter_id, first.today.year)
        envelopes = await self._append(tx, command.matter_id, 0, domain.open_matter(command))
        return Opened(command.matter_id, number, first.message_id, envelopes[0].recorded_at)

    async def write(self, tx: Connection, matter_id: str, author: Author, text: str) -> Written:
        """Send a letter in a matter: a tenant in their own, staff in any.

        Raises:
            BadLetterError, UnknownMatterError, MatterRefusedError, WrongExpectedVersionError.
        """
        command = self._write(author, domain.letter(text=text))
        matter, version = await self._load(tx, matter_id)
        if author.role is AuthorRole.TENANT and matter.account_id != author.account_id:
            raise UnknownMatterError(matter_id)
        events = domain.decide(matter, command)
        await letters.keep(tx, matter_id, command.message_id, command.salt, command.letter)
        envelopes = await self._append(tx, matter_id, version, events)
        return Written(command.message_id, domain.state_after(events[-1]), envelopes[-1].recorded_at)

    async def reply(self, tx: Connection, matter_id: str, account_id: str, text: str, *, close: bool) -> Written:
        """Send the company's letter, and close the matter with it when asked to.

        Raises:
            BadLetterError, UnknownMatterError, MatterRefusedError, WrongExpectedVersionError.
        """
        sent = await self.write(tx, matter_id, Author(account_id, AuthorRole.STAFF), text)
        if not close:
            return sent
        await self.close(tx, matter_id)
        return replace(sent, state=domain.MatterState.CLOSED)

    async def close(self, tx: Connection, matter_id: str) -> None:
        """Close a matter; closing it again changes nothing.

        Raises:
            UnknownMatterError, WrongExpectedVersionError.
        """
        matter, version = await self._load(tx, matter_id)
        await self._append(tx, matter_id, version, domain.decide(matter, CloseMatter(self._today())))

    def _write(self, author: Author, letter: domain.Letter) -> WriteMessage:
        salt = self._chance.new_salt(domain.SALT_BYTES)
        return WriteMessage(self._chance.new_id(), author.account_id, author.role, letter, salt, self._today())

    def _today(self) -> date:
        return self._chance.now().astimezone(WARSAW).date()

    async def _load(self, tx: Connection, matter_id: str) -> tuple[Matter, int]:
        stream = await self._store.read(tx, CORRESPONDENCE, matter_id)
        matter = domain.fold(event for event in stream.events if isinstance(event, Event))
        if matter is None:
            raise UnknownMatterError(matter_id)
        return matter, stream.version

    async def _append(
        self, tx: Connection, matter_id: str, expected_version: int, events: Sequence[Event]
    ) -> list[Envelope]:
        envelopes = await self._store.append(tx, matter_id, expected_version, events)
        for ordinal, (envelope, event) in enumerate(zip(envelopes, events, strict=True), expected_version + 1):
            await _show(tx, event, ordinal, envelope.recorded_at)
        return envelopes


async def _show(tx: Connection, event: Event, ordinal: int, at: datetime) -> None:
    await matters.project(tx, event, at)
    await thread.project(tx, event, ordinal, at)


async def rebuild(tx: Connection) -> int:
    """Make lists and threads again from the service's own events, in one transaction; returns how many were read.

    Words, numbers and read marks are no read models and stay.
    """
    await matters.empty(tx)
    await thread.empty(tx)
    count = 0
    async for event, ordinal, at in _every_event(tx):
        await _show(tx, event, ordinal, at)
        count += 1
    return count


async def altered_letters(tx: Connection) -> list[str]:
    """Return the ids of letters whose words are gone, or not those that their events' digests were taken of."""
    told = {
        event.message_id: event.content_digest
        async for event, _, _ in _every_event(tx)
        if isinstance(event, MessageSent)
    }
    after = ""
    while page := await letters.digests(tx, after, PAGE_EVENTS):
        for kept in page:
            if told.get(kept.message_id) == kept.content_digest:
                del told[kept.message_id]
        after = page[-1].message_id
    return sorted(told)


async def _every_event(tx: Connection) -> AsyncIterator[tuple[Event, int, datetime]]:
    """Every event about a matter with its place in the matter's stream and its time, as recorded."""
    after = 0
    while rows := await tx.fetch(EVENTS_PAGE, CORRESPONDENCE, after, PAGE_EVENTS):
        for row in rows:
            envelope = envelope_of(row["body"])
            event = read_data(envelope)
            if isinstance(event, Event):
                yield event, row["stream_version"], envelope.recorded_at
        after = rows[-1]["position"]
