"""What correspondence tells: matters and their messages, never a word of them. The subject is the matter.

`content_digest` is a SHA-256 of what is kept by the service (of letters: with a salt, so that a short text cannot be
guessed from it): a text altered there is found.
"""

from typing import ClassVar, Literal

from libs.events import names
from libs.events.envelope import EventData
from libs.events.fields import Count, Id, IsoDate, Number, Sha256


class _OfMatter(EventData):
    """Any event of one matter on `iok.correspondence`."""

    topic: ClassVar[str] = names.CORRESPONDENCE

    matter_id: Id


class MatterTypeDefined(EventData):
    """Staff defined a version of a kind of matter: its name, guidance, fields and form stay in the service.

    The subject is its id. The version with the highest number that has begun (`active_from`) counts; once its
    `active_to` is over, no matter of the kind can be opened.
    """

    topic: ClassVar[str] = names.CORRESPONDENCE

    matter_type_id: Id
    content_digest: Sha256
    version: Number | None = None
    active_from: IsoDate | None = None
    active_to: IsoDate | None = None


class MatterOpened(_OfMatter):
    """A tenant opened a matter, about a lease or about none; `due_on`: until when the company means to answer."""

    account_id: Id
    lease_id: Id | None = None
    matter_type_id: Id
    matter_type_version: Number | None = None
    opened_on: IsoDate
    due_on: IsoDate | None = None


class MessageSent(_OfMatter):
    """The tenant or the company wrote in a matter; `asks`: the company waits for the tenant's answer."""

    message_id: Id
    account_id: Id
    author_role: Literal["tenant", "staff"]
    sent_on: IsoDate
    content_digest: Sha256
    attachment_count: Count | None = None
    asks: bool | None = None


class MatterAssigned(_OfMatter):
    """A member of the staff took care of a matter, or was given it."""

    assignee_id: Id
    assigned_on: IsoDate


class AnswerDeadlineSet(_OfMatter):
    """The company means to answer until this day."""

    due_on: IsoDate


class MatterClosed(_OfMatter):
    """The company closed a matter."""

    closed_on: IsoDate


class MatterReopened(_OfMatter):
    """A closed matter went on."""

    reopened_on: IsoDate
