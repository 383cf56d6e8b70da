"""Choose a password: of one's own after a letter, or a new one; every session before it is over, one new one begins."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from libs.chassis.event_store import decided_again
from libs.chassis.postgres import Connection
from services.identity.commands.sessions import alive
from services.identity.commands.sign_in import new_token
from services.identity.commands.tools import Tools, execute
from services.identity.domain.accounts import ChangePassword
from services.identity.domain.letters import matches
from services.identity.domain.passwords import NOT_NEW, prepared, violations
from services.identity.domain.sessions import Span, token_hash
from services.identity.read_models import attempts, audit, credentials, sessions
from services.identity.read_models.audit import Action
from services.identity.read_models.credentials import Opening
from services.identity.read_models.sessions import Session

CURRENT_WRONG: Final = "Obecne hasło jest nieprawidłowe."
TOO_MANY_ATTEMPTS: Final = "Za dużo nieudanych prób. Spróbuj ponownie za kilka minut."


class PasswordRefusedError(Exception):
    """The change is refused: `field` is `current_password` or `new_password`, `messages` are Polish, for the tenant."""

    def __init__(self, field: str, messages: list[str]) -> None:
        super().__init__(field)
        self.field = field
        self.messages = messages


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody typed; the current password may be left out by who has just used the letter's."""

    current: str | None
    new: str


@dataclass(frozen=True, slots=True)
class Renewed:
    """The session that goes on after the change; `token` is told once and kept nowhere."""

    token: str
    expires_at: datetime


async def change_password(tools: Tools, token: str, change: Change) -> Renewed:
    """Change the password of a session's holder.

    Raises:
        SessionOverError: there is no such session any more.
        PasswordRefusedError: the current password is wrong, or the new one not good enough.
        PasswordsBusyError: too many passwords are being hashed at this moment.
    """
    with tools.passwords.place():
        async with tools.database.transaction() as tx:
            session = await alive(tools, tx, token)
            opening = await credentials.of_account(tx, session.account_id)
            letter_hash = await credentials.letter_hash(tx, session.letter_id) if session.letter_id else None
        if opening is None:
            raise LookupError(f"session of account {session.account_id}, which is not there")
        await _check_current(tools, session, opening, letter_hash, change.current)
        found = violations(change.new, owner_words=opening.owner_words)
        if not found and _is_the_same(tools, session, letter_hash, change):
            found = [NOT_NEW]
        if found:
            raise PasswordRefusedError("new_password", found)
        password_hash = await tools.passwords.hash(change.new)
        return await decided_again(partial(_replace, tools, token, opening, password_hash))


async def _check_current(
    tools: Tools, session: Session, opening: Opening, letter_hash: bytes | None, current: str | None
) -> None:
    if session.letter_id and letter_hash is not None:
        right = not current or matches(letter_hash, tools.key, session.letter_id, current)
    else:
        async with tools.database.transaction() as tx:
            counted = await attempts.count(tx, tools.subject(opening.login, opening.account_id), tools.clock())
        right = await tools.passwords.verify(opening.password_hash, current or "")
        if counted is None:
            raise PasswordRefusedError("current_password", [TOO_MANY_ATTEMPTS])
    if not right:
        raise PasswordRefusedError("current_password", [CURRENT_WRONG])


def _is_the_same(tools: Tools, session: Session, letter_hash: bytes | None, change: Change) -> bool:
    if session.letter_id and letter_hash is not None:
        return matches(letter_hash, tools.key, session.letter_id, change.new)
    return prepared(change.new) == prepared(change.current or "")


async def _replace(tools: Tools, token: str, opening: Opening, password_hash: str) -> Renewed:
    async with tools.database.transaction() as tx:
        return await _replace_within(tools, tx, token, opening, password_hash)


async def _replace_within(tools: Tools, tx: Connection, token: str, opening: Opening, password_hash: str) -> Renewed:
    """Put the new password in place, if nobody else did meanwhile: then this session is over already."""
    now = tools.clock()
    account_id = opening.account_id
    await credentials.lock(tx, account_id)
    await alive(tools, tx, token)
    await execute(tools, tx, account_id, ChangePassword())
    await credentials.set_password(tx, account_id, password_hash, now)
    await credentials.void_letters(tx, [account_id], now)
    await sessions.end_of_accounts(tx, [account_id])
    renewed = new_token()
    await sessions.start(tx, token_hash(renewed), account_id, now)
    await attempts.succeeded(tx, tools.subject(opening.login, account_id))
    await audit.note(tx, now, Action.PASSWORD_CHANGED, account_id)
    return Renewed(renewed, Span(now, now).expires_at)
