"""Taking files: looked at, scanned, kept as a draft of the account until a letter takes them along.

What the scanner cannot say is not clean: while it is away a file waits in quarantine, goes with its letter, and is
given to nobody until it has been found clean.
"""

import asyncio
import hashlib
from typing import Final

from libs.chassis.logs import brief, logger
from libs.chassis.postgres import UNAVAILABLE, Connection, Database
from services.correspondence.commands.files.checks import Checked, checked
from services.correspondence.commands.files.scanner import Scanner, ScannerAwayError
from services.correspondence.commands.files.storage import LostFileError, Storage
from services.correspondence.domain.attachments import (
    DRAFT_HOURS,
    MAX_DRAFTS,
    FileRefusedError,
    FileState,
    digest_of,
    safe_name,
)
from services.correspondence.read_models import attachments
from services.correspondence.read_models.attachments import Attachment, Gone

CHECKS_AT_ONCE: Final = 2  # a picture of 60 million points takes 180 MB while it is decoded
SCANNED_AT_ONCE: Final = 50  # in one round of the quarantine
THROWN_AWAY_AT_ONCE: Final = 1_000
EXPECTED_MINUTES: Final = 60  # a file without a row after that was cut short by a crash
ID_CHARACTERS: Final = 32
KEPT: Final = "kept"
QUARANTINE: Final = "quarantine"
PLACES: Final = {FileState.CLEAN: KEPT, FileState.QUARANTINED: QUARANTINE}
INFECTED: Final = "Program antywirusowy znalazł w tym pliku zagrożenie. Nie zapisaliśmy go."
MANY_DRAFTS: Final = f"Masz już {MAX_DRAFTS} niewysłanych plików. Usuń niepotrzebne albo wyślij wiadomość."


class Uploads:
    """The commands on files. They open transactions of their own: looking at a file takes too long for one."""

    def __init__(self, database: Database, storage: Storage, scanner: Scanner | None) -> None:
        self._database = database
        self._storage = storage
        self._scanner = scanner
        self._turn = asyncio.Semaphore(CHECKS_AT_ONCE)

    async def keep(self, tx: Connection, content: bytes) -> str:
        """Keep a file that the service made itself."""
        return await self._put(tx, KEPT, content)

    async def take(self, account_id: str, key: str, name: str, content: bytes) -> Attachment:
        """Take a file as a draft of the account; the same key again gives the same draft.

        Raises:
            FileRefusedError: saying in Polish why.
        """
        attachment_id = hashlib.sha256(f"{account_id} {key}".encode()).hexdigest()[:ID_CHARACTERS]
        async with self._database.connection() as connection:
            known = await attachments.one_of_account(connection, account_id, attachment_id)
            if known is not None:
                return known
            if await attachments.count_drafts(connection, account_id) >= MAX_DRAFTS:
                raise FileRefusedError(MANY_DRAFTS)
        async with self._turn:
            found = await asyncio.to_thread(checked, content)
        kept_name = safe_name(name, found.kind)
        state = await self._scanned(content)
        return await self._keep(
            Attachment(attachment_id, account_id, kept_name, found.kind, len(found.content), "", state), found
        )

    async def _keep(self, new: Attachment, found: Checked) -> Attachment:
        coming = Gone(digest_of(found.content), new.state)
        async with self._database.transaction() as tx:  # of its own: it must outlive a crash
            await attachments.expect(tx, coming, EXPECTED_MINUTES)
        async with self._database.transaction() as tx:
            digest = await self._put(tx, PLACES[new.state], found.content)
            await attachments.keep(tx, _with_digest(new, digest))
        return _with_digest(new, digest)

    async def remove(self, account_id: str, attachment_id: str) -> bool:
        """Throw away a draft; tells whether there was one."""
        async with self._database.transaction() as tx:
            gone = await attachments.remove_draft(tx, account_id, attachment_id)
        if gone is not None:
            await self._throw_away(gone)
        return gone is not None

    async def content(self, found: Attachment) -> bytes:
        """Give the bytes of a clean file.

        Raises:
            LostFileError: it is not clean (yet), or it is not there.
        """
        if found.state is not FileState.CLEAN:
            raise LostFileError(found.attachment_id)
        return await self._storage.get(KEPT, found.content_sha256)

    async def forget_old_drafts(self) -> None:
        """Throw away the files that went with no letter for a day."""
        async with self._database.transaction() as tx:
            await attachments.forget_drafts(tx, DRAFT_HOURS)
            let_go = await attachments.let_go(tx, THROWN_AWAY_AT_ONCE)
        for gone in let_go:
            await self._throw_away(gone)

    async def scan_quarantine(self) -> int:
        """Scan what waits; returns how many were settled. While the scanner is away they go on waiting."""
        if self._scanner is None:
            return 0
        async with self._database.connection() as connection:
            waiting = await attachments.waiting(connection, SCANNED_AT_ONCE)
        settled = 0
        for one in waiting:
            try:
                content = await self._storage.get(QUARANTINE, one.content_sha256)
            except LostFileError:
                logger(__name__).error("file in quarantine is lost", attachment_id=one.attachment_id)
                continue
            state = await self._scanned_later(content)
            if state is FileState.QUARANTINED:
                break
            await self._settle(one, state, content)
            settled += 1
        return settled

    async def _settle(self, one: Attachment, state: FileState, content: bytes) -> None:
        async with self._database.transaction() as tx:
            if state is FileState.CLEAN:
                await self._put(tx, KEPT, content)
            await attachments.settle(tx, one.attachment_id, state)
        logger(__name__).info("file left quarantine", attachment_id=one.attachment_id, state=state.value)
        await self._throw_away(Gone(one.content_sha256, FileState.QUARANTINED))

    async def _scanned(self, content: bytes) -> FileState:
        state = await self._scanned_later(content)
        if state is FileState.INFECTED:
            raise FileRefusedError(INFECTED)
        return state

    async def _scanned_later(self, content: bytes) -> FileState:
        if self._scanner is None:
            return FileState.CLEAN
        try:
            return FileState.CLEAN if await self._scanner.is_clean(content) else FileState.INFECTED
        except ScannerAwayError as error:
            logger(__name__).warning("virus scanner away, file stays in quarantine", error=repr(error))
            return FileState.QUARANTINED

    async def _put(self, tx: Connection, place: str, content: bytes) -> str:
        digest = digest_of(content)
        await attachments.lock_content(tx, digest)
        await self._storage.put(place, digest, content)
        return digest

    async def _throw_away(self, gone: Gone) -> None:
        """Throw away a file let go of, unless a row needs it. What fails is noted still, for the next round."""
        try:
            async with self._database.transaction() as tx:
                await attachments.lock_content(tx, gone.content_sha256)
                if await attachments.take_note(tx, gone) and not await attachments.is_used(tx, gone):
                    await self._storage.remove(PLACES[gone.state], gone.content_sha256)
        except UNAVAILABLE as error:
            logger(__name__).warning("file not thrown away yet", digest=gone.content_sha256, error=brief(error))


def _with_digest(new: Attachment, digest: str) -> Attachment:
    return Attachment(new.attachment_id, new.account_id, new.name, new.media_type, new.size_bytes, digest, new.state)
