"""Sign in by login and password, with one answer and one duration for whatever goes wrong."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal

from prometheus_client import Counter

from libs.chassis.event_store import decided_again
from libs.chassis.postgres import Connection
from services.identity.commands.passwords import PasswordsBusyError
from services.identity.commands.tools import Tools, execute
from services.identity.domain.accounts import LockSignIn
from services.identity.domain.letters import matches
from services.identity.domain.people import fold_login
from services.identity.domain.sessions import TOKEN_BYTES, Span, token_hash
from services.identity.domain.throttling import LOCK_TOLD_AT, Attempts
from services.identity.read_models import attempts, audit, credentials, sessions
from services.identity.read_models.audit import Action
from services.identity.read_models.credentials import Opening

SIGN_INS: Final = Counter("iok_identity_sign_ins_total", "Attempts to sign in, by outcome.", ("outcome",))
REFUSAL_SECONDS: Final = 0.3  # no refusal comes sooner, so that small differences in work do not show
Proof = Literal["own", "letter"]


class SignInRefusedError(Exception):
    """Not this time; why is nobody's business but the audit log's."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody typed, and the address of the client they typed it into."""

    login: str
    password: str
    address: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just begun; `token` is told once and kept nowhere."""

    token: str
    expires_at: datetime
    account_id: str
    must_change_password: bool
    roles: tuple[str, ...]


def new_token() -> str:
    """Draw a session's token."""
    return secrets.token_urlsafe(TOKEN_BYTES)


async def sign_in(tools: Tools, attempt: Attempt) -> SignedIn:
    """Begin a session.

    Raises:
        SignInRefusedError: whatever the reason, not before `REFUSAL_SECONDS` have passed.
        PasswordsBusyError: too many sign in at this moment; nothing was counted.
    """
    loop = asyncio.get_running_loop()
    answer_at = loop.time() + REFUSAL_SECONDS
    try:
        with tools.passwords.place():
            signed_in = await _try(tools, attempt)
    except PasswordsBusyError:
        SIGN_INS.labels("busy").inc()
        raise
    if signed_in is None:
        await asyncio.sleep(max(0.0, answer_at - loop.time()))
        raise SignInRefusedError
    return signed_in


async def _try(tools: Tools, attempt: Attempt) -> SignedIn | None:
    """Count the attempt, look at the password (always at the same cost), and begin a session or note the refusal."""
    now = tools.clock()
    subject = tools.subject(attempt.login, attempt.address)
    async with tools.database.transaction() as tx:
        counted = await attempts.count(tx, subject, now)
        opening = await credentials.of_login(tx, fold_login(attempt.login))
    proof = await _prove(tools, opening, attempt.password)
    signed_in = None
    if counted is not None and proof is not None and opening is not None:
        async with tools.database.transaction() as tx:
            signed_in = await _admit(tools, tx, opening, proof, subject)
    if counted is None:
        SIGN_INS.labels("throttled").inc()
    elif signed_in is None:
        SIGN_INS.labels("wrong").inc()
        await decided_again(partial(_refuse, tools, opening, counted, now))
    else:
        SIGN_INS.labels(str(proof)).inc()
    return signed_in


async def _prove(tools: Tools, opening: Opening | None, password: str) -> Proof | None:
    own = await tools.passwords.verify(opening.password_hash if opening else None, password)
    if opening is None or not opening.may_sign_in:
        return None
    if own:
        return "own"
    letter = opening.letter
    if letter is None or not matches(letter.password_hash, tools.key, letter.letter_id, password):
        return None
    return "letter" if tools.today() <= letter.expires_on else None


async def _admit(
    tools: Tools, tx: Connection, opening: Opening, proof: Proof, subject: attempts.Subject
) -> SignedIn | None:
    """Begin the session if what was proved still opens the account, now that nobody else can change it."""
    now = tools.clock()
    await credentials.lock(tx, opening.account_id)
    present = await credentials.of_account(tx, opening.account_id)
    if present is None or not present.may_sign_in:
        return None
    letter_id = None
    if proof == "own" and present.password_hash != opening.password_hash:
        return None
    if proof == "letter":
        letter_id = opening.letter.letter_id if opening.letter else ""
        if not await credentials.use_letter(tx, letter_id, now):
            return None
    token = new_token()
    await sessions.start(tx, token_hash(token), opening.account_id, now, letter_id)
    await attempts.succeeded(tx, subject)
    await audit.note(tx, now, Action.SIGNED_IN, opening.account_id, proof)
    return SignedIn(token, Span(now, now).expires_at, opening.account_id, letter_id is not None, present.roles)


async def _refuse(tools: Tools, opening: Opening | None, counted: Attempts, now: datetime) -> None:
    """Note a refusal, and tell of an account whose sign-in has begun to wait for long.

    Attempts that had to wait are only counted as a metric: nobody can fill the audit log by trying on.
    """
    account_id = opening.account_id if opening else None
    async with tools.database.transaction() as tx:
        await audit.note(tx, now, Action.SIGN_IN_REFUSED, account_id)
        if counted.count == LOCK_TOLD_AT and counted.blocked_until and opening and opening.may_sign_in:
            await execute(tools, tx, opening.account_id, LockSignIn(counted.blocked_until))
