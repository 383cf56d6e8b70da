"""The shapes of what correspondence answers: kinds of matter and their forms, matters, letters, files."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.gateway.clients.models import Shape


class FormField(Shape):
    """A field of a form; `choices` of a field of the kind `choice`."""

    name: str
    label: str
    kind: Literal["text", "long_text", "number", "whole", "date", "choice", "yes"] = "text"
    required: bool = True
    hint: str = ""
    choices: list[str] = Field(default_factory=list)


class MatterForm(Shape):
    """The document of a kind of matter; `online`: it may be filled in here."""

    title: str
    online: bool = True
    fields: list[FormField] = Field(default_factory=list)


class MatterType(Shape):
    """A kind of matter that can be raised, in the version that counts today."""

    matter_type_id: str
    version: int = 1
    name: str
    description: str = ""
    guidance: str = ""
    audience: Literal["everyone", "dwelling", "commercial"] = "everyone"
    answer_days: int | None = None
    form: MatterForm | None = None


class MatterTypes(Shape):
    """The kinds of matters, in the order to show them."""

    items: list[MatterType]


class Attachment(Shape):
    """A file; `checking`: the virus scanner has not said yet whether it is clean, `removed`: it was not."""

    attachment_id: str
    name: str
    media_type: str
    size_bytes: int
    status: Literal["ready", "checking", "removed"] = "ready"


class Attachments(Shape):
    """Files that are drafts still."""

    items: list[Attachment]


class Message(Shape):
    """A message of a matter; `asks`: the company waits for an answer to it."""

    message_id: str = ""
    author: Literal["tenant", "staff"]
    sent_at: datetime
    text: str
    asks: bool = False
    read_by_other_side: bool = False
    attachments: list[Attachment] = Field(default_factory=list)


class Matter(Shape):
    """A matter: correspondence about one thing. `unread`: staff wrote something that its person has not seen."""

    matter_id: str
    number: str
    title: str
    matter_type_id: str = ""
    matter_type: str = ""
    lease_id: str | None = None
    status: Literal["open", "asked", "answered", "closed"] = "open"
    opened_at: datetime
    last_message_at: datetime | None = None
    unread: bool = False
    messages: list[Message] = Field(default_factory=list)


class Written(Shape):
    """A letter that was sent."""

    matter_id: str
    message_id: str
    status: str
    sent_at: datetime


class Matters(Shape):
    """A page of matters, the one with the latest message first."""

    items: list[Matter]
    next_cursor: str | None = None
