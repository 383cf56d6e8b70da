"""What correspondence tells: matters and their messages, never a word of them. The subject is the matter.

`content_digest` is a SHA-256 of what is kept by the service (of letters: with a salt, so that a short text cannot be
guessed from it): a text altered there is found.
"""

from typing import ClassVar, Literal

from libs.events import names
from libs.events.envelope import EventData
from libs.events.fields import Id, IsoDate, Sha256


class _OfMatter(EventData):
    """Any event of one matter on `iok.correspondence`."""

    topic: ClassVar[str] = names.CORRESPONDENCE

    matter_id: Id


class MatterTypeDefined(EventData):
    """A kind of matter can be opened; its name and templates stay in the service. The subject is its id."""

    topic: ClassVar[str] = names.CORRESPONDENCE

    matter_type_id: Id
    content_digest: Sha256


class MatterOpened(_OfMatter):
    """A tenant opened a matter, about a lease or about none."""

    account_id: Id
    lease_id: Id | None = None
    matter_type_id: Id
    opened_on: IsoDate


class MessageSent(_OfMatter):
    """The tenant or the company wrote in a matter."""

    message_id: Id
    account_id: Id
    author_role: Literal["tenant", "staff"]
    sent_on: IsoDate
    content_digest: Sha256


class MatterClosed(_OfMatter):
    """The company closed a matter."""

    closed_on: IsoDate


class MatterReopened(_OfMatter):
    """A closed matter went on."""

    reopened_on: IsoDate
