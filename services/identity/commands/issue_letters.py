"""Issue letters with one-time passwords: printed first, valid once all of a chunk lie on the disk.

Interrupted between the two, the command is run again: it writes the same files anew, with passwords that are valid.
The passwords are nowhere but in the files.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from libs.chassis.event_store import decided_again
from libs.events.envelope import new_event_id
from services.identity.commands.letter_pdf import LetterPrinter, LetterText
from services.identity.commands.tools import Tools, execute
from services.identity.domain.accounts import IssueLetter
from services.identity.domain.letters import draw_password, expiry, letter_hash
from services.identity.read_models import accounts, attempts, audit, credentials
from services.identity.read_models.accounts import Addressee
from services.identity.read_models.audit import Action
from services.identity.read_models.credentials import NewLetter

CHUNK_LETTERS: Final = 50  # one transaction
FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600


class UnknownPeopleError(Exception):
    """Some of the people named are not known here; `person_ids` says which."""

    def __init__(self, person_ids: list[str]) -> None:
        super().__init__(", ".join(person_ids))
        self.person_ids = person_ids


@dataclass(frozen=True, slots=True)
class _Letter:
    addressee: Addressee
    letter_id: str
    password: str


async def addressees(tools: Tools, person_ids: Sequence[str] | None, *, everyone: bool) -> list[Addressee]:
    """Whom to write to: the people named, everyone, or (neither) those who cannot sign in by anything today.

    Raises:
        UnknownPeopleError: some of those named are not known.
    """
    async with tools.database.connection() as connection:
        if person_ids is None and not everyone:
            person_ids = await accounts.waiting(connection, tools.today())
        found = await accounts.addressees(connection, person_ids)
    missing = sorted(set(person_ids or ()) - {one.person_id for one in found})
    if missing:
        raise UnknownPeopleError(missing)
    return found


async def issue_letters(
    tools: Tools, printer: LetterPrinter, to: Sequence[Addressee], folder: Path
) -> AsyncIterator[int]:
    """Write a letter for each addressee into a folder, `<person id>.pdf`; yields how many are valid so far."""
    await asyncio.to_thread(folder.mkdir, mode=FOLDER_MODE, parents=True, exist_ok=True)
    for start in range(0, len(to), CHUNK_LETTERS):
        letters = [
            _Letter(addressee, new_event_id(), draw_password(secrets.choice))
            for addressee in to[start : start + CHUNK_LETTERS]
        ]
        issued_on = tools.today()
        await asyncio.to_thread(_print, printer, letters, folder, issued_on)
        await decided_again(partial(_validate, tools, letters, issued_on))
        yield start + len(letters)


def _print(printer: LetterPrinter, letters: Sequence[_Letter], folder: Path, issued_on: date) -> None:
    for letter in letters:
        text = LetterText(
            full_name=letter.addressee.full_name,
            address=letter.addressee.address,
            login=letter.addressee.login,
            password=letter.password,
            issued_on=issued_on,
            expires_on=expiry(issued_on),
        )
        _write(folder / f"{letter.addressee.person_id}.pdf", printer.pdf(text))


def _write(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


async def _validate(tools: Tools, letters: Sequence[_Letter], issued_on: date) -> None:
    """Make printed letters open their accounts, those before them void, and let their logins be tried at once."""
    now, expires_on = tools.clock(), expiry(issued_on)
    new = [
        NewLetter(
            letter.letter_id,
            letter.addressee.account_id,
            letter_hash(tools.key, letter.letter_id, letter.password),
        )
        for letter in letters
    ]
    async with tools.database.transaction() as tx:
        for letter in letters:
            account_id = letter.addressee.account_id
            await credentials.lock(tx, account_id)
            await execute(tools, tx, account_id, IssueLetter(letter.letter_id, issued_on, expires_on))
            await audit.note(tx, now, Action.LETTER_ISSUED, account_id, letter.letter_id)
        await credentials.replace_letters(tx, new, now, expires_on)
        await attempts.forget_logins(tx, [tools.login_hash(letter.addressee.login) for letter in letters])
