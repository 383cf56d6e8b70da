"""Commands: load a matter, decide, append events and outbox, keep the words, and show them, in one transaction.

Read models here show this service's own events alone, so they are fed in the transaction that appends: whoever has
been answered sees what they wrote.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from libs.chassis.event_store import EventStore, envelope_of
from libs.chassis.postgres import Connection
from libs.events.correspondence import MessageSent
from libs.events.decoding import read_data
from libs.events.envelope import Envelope
from libs.events.names import CORRESPONDENCE
from services.correspondence.domain import forms
from services.correspondence.domain import matters as domain
from services.correspondence.domain.attachments import MAX_FILES, FileKind, FileState, digest_of
from services.correspondence.domain.faults import BadLetterError, FieldFault
from services.correspondence.domain.matter_types import Audience, Version
from services.correspondence.domain.matters import (
    AssignMatter,
    AuthorRole,
    CloseMatter,
    Command,
    Event,
    Letter,
    Matter,
    OpenMatter,
    ReopenMatter,
    SetAnswerDeadline,
    WriteMessage,
)
from services.correspondence.read_models import attachments, letters, matter_types, matters, thread
from services.correspondence.read_models.attachments import Attachment

WARSAW: Final = ZoneInfo("Europe/Warsaw")
PAGE_EVENTS: Final = 1_000  # read at once by a rebuild or a check
LOST_FILES: Final = "Części plików już nie mamy (czekały dłużej niż dobę). Dołącz je ponownie."
MANY_FILES: Final = f"Do jednej wiadomości można dołączyć najwyżej {MAX_FILES} plików."
NEEDS_LEASE: Final = "Wybierz lokal, którego dotyczy sprawa."

# The service's own events, a page at a time, in the order in which they were recorded.
EVENTS_PAGE = """
select position, stream_version, body from events where topic = $1 and position > $2 order by position limit $3
"""


class UnknownMatterError(Exception):
    """There is no such matter for the one who asks."""


class UnknownFormError(Exception):
    """A kind of matter has no form."""


class Printer(Protocol):
    """Sets documents as PDF."""

    def pdf(self, document: forms.Document) -> bytes:
        """Give a document as PDF."""


class Keeper(Protocol):
    """Keeps files by their content."""

    async def keep(self, tx: Connection, content: bytes) -> str:
        """Keep the bytes of a file until they are removed with the row of the transaction; gives their SHA-256."""


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
    fields: Mapping[str, str] | None = None
    """The form filled in on line; None: it was not."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What is known of the tenant and the lease, for the document."""
    attachment_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Writing:
    """A letter to send: its text, and the drafts that go with it; `asks`: the company waits for an answer.

    `close`: the company closes the matter with it, having seen `seen` letters (None: all).
    """

    text: str
    attachment_ids: Sequence[str] = ()
    asks: bool = False
    close: bool = False
    seen: int | None = None


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


@dataclass(frozen=True, slots=True)
class _Form:
    """A form filled in on line, printed."""

    attachment: Attachment
    content: bytes


class Correspondence:
    """The service's commands on matters; each runs in the caller's transaction."""

    def __init__(self, store: EventStore, chance: Chance, printer: Printer, keeper: Keeper, company: str) -> None:
        self._store = store
        self._chance = chance
        self._printer = printer
        self._keeper = keeper
        self._company = company

    async def open(self, tx: Connection, opening: Opening) -> Opened:
        """Raise a matter with its first letter, the form's PDF as its first attachment.

        Raises:
            BadLetterError, UnknownMatterTypeError.
        """
        kind = await matter_types.in_force(tx, opening.matter_type_id, self._today())
        answers = _checked_form(kind, opening)
        drafts = await self._drafts(tx, opening.account_id, opening.attachment_ids)
        form = None if answers is None else self._form(kind, opening, answers)
        sent = [form.attachment, *drafts] if form else drafts
        letter = domain.letter(
            text=opening.text, title=opening.title, attachments=_digests(sent), otherwise=_instead_of_text(form, drafts)
        )
        author = Author(opening.account_id, AuthorRole.TENANT)
        first = replace(self._write(author, letter), answer_days=kind.content.answer_days)
        command = OpenMatter(self._chance.new_id(), opening.matter_type_id, kind.number, opening.lease_id, first)
        await letters.keep(tx, command.matter_id, first.message_id, first.salt, letter)
        if form is not None:
            await attachments.keep(tx, form.attachment)
        await attachments.send(tx, sent, first.message_id, command.matter_id)
        number = await letters.register(tx, command.matter_id, first.today.year)
        envelopes = await self._append(tx, command.matter_id, 0, domain.open_matter(command))
        if form is not None:
            await self._keeper.keep(tx, form.content)  # last: what is refused leaves no file behind
        return Opened(command.matter_id, number, first.message_id, envelopes[0].recorded_at)

    async def write(self, tx: Connection, matter_id: str, author: Author, writing: Writing) -> Written:
        """Send a letter in a matter: a tenant in their own, staff in any.

        Raises:
            BadLetterError, UnknownMatterError, MatterRefusedError, WrongExpectedVersionError.
        """
        matter, version = await self._load(tx, matter_id)
        if author.role is AuthorRole.TENANT and matter.account_id != author.account_id:
            raise UnknownMatterError(matter_id)
        drafts = await self._drafts(tx, author.account_id, writing.attachment_ids)
        letter = domain.letter(
            text=writing.text, attachments=_digests(drafts), otherwise=_instead_of_text(None, drafts)
        )
        days = await self._answer_days(tx, matter.matter_type_id)
        then = CloseMatter(self._today(), writing.seen) if writing.close else None
        command = replace(self._write(author, letter), answer_days=days, asks=writing.asks, then=then)
        events = domain.decide(matter, command)
        await letters.keep(tx, matter_id, command.message_id, command.salt, letter)
        await attachments.send(tx, drafts, command.message_id, matter_id)
        envelopes = await self._append(tx, matter_id, version, events)
        state = domain.state_after(events[-1]) or matter.state
        return Written(command.message_id, state, envelopes[-1].recorded_at)

    async def reply(self, tx: Connection, matter_id: str, account_id: str, writing: Writing) -> Written:
        """Send the company's letter, and close the matter with it when asked to; neither over a letter not seen.

        Raises:
            BadLetterError, UnknownMatterError, MatterRefusedError, WrongExpectedVersionError.
        """
        return await self.write(tx, matter_id, Author(account_id, AuthorRole.STAFF), writing)

    async def close(self, tx: Connection, matter_id: str, seen: int | None = None) -> bool:
        """Close a matter of which `seen` letters were seen (None: all); closing it again changes nothing.

        This and what follows tell whether anything changed.

        Raises:
            UnknownMatterError, MatterRefusedError, WrongExpectedVersionError.
        """
        return await self._decide(tx, matter_id, CloseMatter(self._today(), seen))

    async def reopen(self, tx: Connection, matter_id: str) -> bool:
        """Go on with a closed matter; an open one stays as it is."""
        return await self._decide(tx, matter_id, ReopenMatter(self._today()))

    async def assign(self, tx: Connection, matter_id: str, assignee_id: str) -> bool:
        """Let a member of the staff take care of a matter."""
        return await self._decide(tx, matter_id, AssignMatter(assignee_id, self._today()))

    async def set_deadline(self, tx: Connection, matter_id: str, due_on: date) -> bool:
        """Set until when the company means to answer."""
        return await self._decide(tx, matter_id, SetAnswerDeadline(due_on, self._today()))

    def document(self, kind: Version, facts: Mapping[str, str]) -> forms.Document:
        """Return a kind's form to be filled in by hand, with what is known of the tenant.

        Raises:
            UnknownFormError: the kind has no form.
        """
        if kind.content.form is None:
            raise UnknownFormError(kind.matter_type_id)
        today = {"dzisiaj": forms.polish_day(self._today())}
        return forms.document(kind.content.form, {**facts, **today}, None, self._company)

    def _form(self, kind: Version, opening: Opening, answers: Mapping[str, str]) -> _Form | None:
        form = kind.content.form
        if form is None:
            return None
        today = {"dzisiaj": forms.polish_day(self._today())}
        document = forms.document(form, {**opening.facts, **today}, answers, self._company)
        content = self._printer.pdf(document)
        made = Attachment(
            attachment_id=self._chance.new_id(),
            account_id=opening.account_id,
            name=f"{form.title[:80]}.pdf",
            media_type=FileKind.PDF,
            size_bytes=len(content),
            content_sha256=digest_of(content),
            state=FileState.CLEAN,
        )
        return _Form(made, content)

    async def _drafts(self, tx: Connection, account_id: str, wanted: Sequence[str]) -> list[Attachment]:
        if len(wanted) > MAX_FILES:
            raise BadLetterError([FieldFault("attachments", MANY_FILES)])
        found = await attachments.drafts(tx, account_id, wanted)
        if len(found) < len(set(wanted)) or any(one.state is FileState.INFECTED for one in found):
            raise BadLetterError([FieldFault("attachments", LOST_FILES)])
        return found

    async def _answer_days(self, tx: Connection, matter_type_id: str) -> int:
        """Return how soon a matter of a kind is answered, by its latest version, offered or not."""
        versions = await matter_types.history(tx, matter_type_id)
        return versions[0].version.content.answer_days

    async def _decide(self, tx: Connection, matter_id: str, command: Command) -> bool:
        """Tell whether it changed anything."""
        matter, version = await self._load(tx, matter_id)
        return bool(await self._append(tx, matter_id, version, domain.decide(matter, command)))

    def _write(self, author: Author, letter: Letter) -> WriteMessage:
        salt = self._chance.new_salt(domain.SALT_BYTES)
        return WriteMessage(self._chance.new_id(), author.account_id, author.role, letter, salt, self._today())

    def _today(self) -> date:
        return today(self._chance.now())

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


def today(now: datetime) -> date:
    """Return the day in Poland."""
    return now.astimezone(WARSAW).date()


def _checked_form(kind: Version, opening: Opening) -> dict[str, str] | None:
    """Return the answers of a form filled in on line; None when it was not, or there is none."""
    if kind.content.audience is not Audience.EVERYONE and opening.lease_id is None:
        raise BadLetterError([FieldFault("lease_id", NEEDS_LEASE)])
    if opening.fields is None or kind.content.form is None:
        return None
    return forms.filled(kind.content.form, opening.fields)


def _instead_of_text(form: _Form | None, drafts: Sequence[Attachment]) -> str | None:
    if form is not None:
        return domain.WITH_FORM
    return domain.WITH_ATTACHMENTS if drafts else None


def _digests(files: Sequence[Attachment]) -> list[str]:
    return [one.content_sha256 for one in files]


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
