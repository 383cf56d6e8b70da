"""What is known of attached files. Their bytes lie in the file store, under their SHA-256."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.chassis.postgres import Connection, Row
from services.correspondence.domain.attachments import FileState

COLUMNS = "attachment_id, account_id, message_id, matter_id, name, media_type, size_bytes, content_sha256, state"

# An upload sent twice is the same draft: its id is made of account and key.
KEEP = """
insert into attachments (attachment_id, account_id, name, media_type, size_bytes, content_sha256, state)
values ($1, $2, $3, $4, $5, $6, $7) on conflict (attachment_id) do nothing
"""
# An account's own drafts of the given ids, locked: one that two letters want goes with the first.
DRAFTS = f"""
select {COLUMNS} from attachments
where account_id = $1 and message_id is null and attachment_id = any($2::text[]) for update
"""
ONE_OF_ACCOUNT = f"select {COLUMNS} from attachments where attachment_id = $1 and account_id = $2"
COUNT_DRAFTS = "select count(*) from attachments where account_id = $1 and message_id is null"
SEND = "update attachments set message_id = $2, matter_id = $3, ordinal = $4 where attachment_id = $1"
# A note that is there already is locked: whoever throws away must not take it for the one of before.
LET_GO = """
insert into files_let_go (content_sha256, state)
select distinct content_sha256, state from gone where state <> 'infected'
on conflict (content_sha256, state) do update set not_before = excluded.not_before
"""
EXPECT = """
insert into files_let_go (content_sha256, state, not_before) values ($1, $2, now() + make_interval(mins => $3))
on conflict (content_sha256, state) do update set not_before = excluded.not_before
"""
REMOVE_DRAFT = f"""
with gone as (
    delete from attachments where account_id = $1 and attachment_id = $2 and message_id is null
    returning content_sha256, state
), noted as ({LET_GO})
select content_sha256, state from gone
"""
OF_MATTER = f"select {COLUMNS} from attachments where matter_id = $1 order by message_id, ordinal"
ONE_OF_MATTER = f"select {COLUMNS} from attachments where matter_id = $1 and attachment_id = $2"

# What waits for the scanner, the oldest first.
WAITING = f"select {COLUMNS} from attachments where state = 'quarantined' order by kept_at limit $1"
SETTLE = f"""
with gone as (
    update attachments set state = $2 where attachment_id = $1 and state = 'quarantined'
    returning content_sha256, 'quarantined' as state
)
{LET_GO}
"""
FORGET_DRAFTS = f"""
with gone as (
    delete from attachments where message_id is null and kept_at < now() - make_interval(hours => $1)
    returning content_sha256, state
)
{LET_GO}
"""
FILES_LET_GO = "select content_sha256, state from files_let_go where not_before <= now() limit $1"
TAKE_NOTE = "delete from files_let_go where content_sha256 = $1 and state = $2 and not_before <= now() returning true"
IS_USED = "select exists (select from attachments where content_sha256 = $1 and state = $2)"
# Held by whoever keeps or throws away a file of this content, so that none is thrown away that another just kept.
LOCK_CONTENT = "select pg_advisory_xact_lock(hashtextextended('iok-file/' || $1, 0))"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, as it is known here; `message_id` and `matter_id` None: a draft."""

    attachment_id: str
    account_id: str
    name: str
    media_type: str
    size_bytes: int
    content_sha256: str
    state: FileState
    message_id: str | None = None
    matter_id: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """A file that a row has let go of; another may need it."""

    content_sha256: str
    state: FileState


async def lock_content(tx: Connection, digest: str) -> None:
    """Wait until nobody else keeps or throws away a file of this content; ends with the transaction."""
    await tx.execute(LOCK_CONTENT, digest)


async def keep(tx: Connection, new: Attachment) -> None:
    """Note a draft; the same again changes nothing."""
    row = (new.attachment_id, new.account_id, new.name, new.media_type, new.size_bytes, new.content_sha256)
    await tx.execute(KEEP, *row, new.state)


async def count_drafts(tx: Connection, account_id: str) -> int:
    """Return how many drafts an account has."""
    return int(await tx.fetchval(COUNT_DRAFTS, account_id))


async def drafts(tx: Connection, account_id: str, attachment_ids: Sequence[str]) -> list[Attachment]:
    """Return an account's own drafts in the order of the ids, and lock them; those that are none are left out."""
    found = {row["attachment_id"]: _attachment(row) for row in await tx.fetch(DRAFTS, account_id, attachment_ids)}
    return [found[one] for one in attachment_ids if one in found]


async def one_of_account(tx: Connection, account_id: str, attachment_id: str) -> Attachment | None:
    """Return a file that the account itself uploaded."""
    row = await tx.fetchrow(ONE_OF_ACCOUNT, attachment_id, account_id)
    return None if row is None else _attachment(row)


async def send(tx: Connection, sent: Sequence[Attachment], message_id: str, matter_id: str) -> None:
    """Let drafts go with a letter, in this order."""
    await tx.executemany(SEND, [(one.attachment_id, message_id, matter_id, n) for n, one in enumerate(sent)])


async def expect(tx: Connection, coming: Gone, minutes: int) -> None:
    """Note a file that is about to be kept, to be looked at after so many minutes."""
    await tx.execute(EXPECT, coming.content_sha256, coming.state, minutes)


async def remove_draft(tx: Connection, account_id: str, attachment_id: str) -> Gone | None:
    """Remove an account's own draft and let its file go; None when it is none."""
    row = await tx.fetchrow(REMOVE_DRAFT, account_id, attachment_id)
    return None if row is None else Gone(row["content_sha256"], FileState(row["state"]))


async def forget_drafts(tx: Connection, hours: int) -> None:
    """Remove every draft older than so many hours and let its file go."""
    await tx.execute(FORGET_DRAFTS, hours)


async def let_go(tx: Connection, limit: int) -> list[Gone]:
    """Return files that were let go of and not looked at yet."""
    return [Gone(row["content_sha256"], FileState(row["state"])) for row in await tx.fetch(FILES_LET_GO, limit)]


async def take_note(tx: Connection, gone: Gone) -> bool:
    """Take the note of a file let go of, before asking whether a row needs it; False: there is none (any more)."""
    return bool(await tx.fetchval(TAKE_NOTE, gone.content_sha256, gone.state))


async def is_used(tx: Connection, gone: Gone) -> bool:
    """Tell whether another row still needs a file."""
    return bool(await tx.fetchval(IS_USED, gone.content_sha256, gone.state))


async def of_matter(tx: Connection, matter_id: str) -> list[Attachment]:
    """Return the files of a matter that was looked up for the one who asks."""
    return [_attachment(row) for row in await tx.fetch(OF_MATTER, matter_id)]


async def one_of_matter(tx: Connection, matter_id: str, attachment_id: str) -> Attachment | None:
    """Return a file of a matter that was looked up for the one who asks."""
    row = await tx.fetchrow(ONE_OF_MATTER, matter_id, attachment_id)
    return None if row is None else _attachment(row)


async def waiting(tx: Connection, limit: int) -> list[Attachment]:
    """Return what waits for the virus scanner."""
    return [_attachment(row) for row in await tx.fetch(WAITING, limit)]


async def settle(tx: Connection, attachment_id: str, state: FileState) -> None:
    """Note what the scanner said, and let the file in quarantine go."""
    await tx.execute(SETTLE, attachment_id, state)


def _attachment(row: Row) -> Attachment:
    return Attachment(**{**dict(row), "state": FileState(row["state"])})
