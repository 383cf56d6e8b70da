"""The letters of one matter in their order. Whoever asks has been found to be allowed to see the matter before."""

from dataclasses import dataclass
from datetime import datetime

from libs.chassis.postgres import Connection
from libs.events.correspondence import MessageSent
from services.correspondence.domain.matters import AuthorRole, Event
from services.correspondence.read_models import attachments
from services.correspondence.read_models.attachments import Attachment
from services.correspondence.read_models.matters import Overview

SENT = """
insert into messages (message_id, matter_id, ordinal, account_id, author_role, sent_at, asks)
values ($1, $2, $3, $4, $5, $6, $7)
"""
EMPTY = "delete from messages"

# A whole thread, oldest first; its length has a limit in the domain.
OF_MATTER = """
select m.message_id, m.author_role, m.account_id, m.sent_at, m.asks, l.text
from messages m join letters l using (message_id) where m.matter_id = $1 order by m.ordinal
"""


@dataclass(frozen=True, slots=True)
class Message:
    """A letter in its thread."""

    message_id: str
    author: AuthorRole
    account_id: str
    sent_at: datetime
    text: str
    asks: bool
    attachments: tuple[Attachment, ...] = ()


async def project(tx: Connection, event: Event, ordinal: int, at: datetime) -> None:
    """Take one event, the `ordinal`-th of its matter, recorded `at`; only letters make a row here."""
    if isinstance(event, MessageSent):
        row = (event.message_id, event.matter_id, ordinal, event.account_id, event.author_role, at, bool(event.asks))
        await tx.execute(SENT, *row)


async def empty(tx: Connection) -> None:
    """Remove every row, before a rebuild in the same transaction."""
    await tx.execute(EMPTY)


async def of_matter(tx: Connection, overview: Overview) -> list[Message]:
    """Return the letters of a matter that was looked up for the one who asks, with what is known of their files."""
    rows = await tx.fetch(OF_MATTER, overview.matter_id)
    files = await attachments.of_matter(tx, overview.matter_id)
    return [
        Message(
            row["message_id"],
            AuthorRole(row["author_role"]),
            row["account_id"],
            row["sent_at"],
            row["text"],
            row["asks"],
            tuple(one for one in files if one.message_id == row["message_id"]),
        )
        for row in rows
    ]
