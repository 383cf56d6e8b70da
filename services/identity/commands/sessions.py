"""Sessions: who holds one, and how it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from libs.chassis.postgres import Connection
from services.identity.commands.tools import Tools
from services.identity.domain.sessions import token_hash
from services.identity.domain.trusted_profile.requests import REMEMBER_SECONDS
from services.identity.read_models import attempts, audit, leases, sessions, trusted_profile
from services.identity.read_models.audit import Action
from services.identity.read_models.sessions import Ended, Session

OWN_SERVICE: Final = "identity"


class SessionOverError(Exception):
    """There is no such session, or it is over."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a session, and what they may reach: `leases` maps lease ids to the holder's role in each.

    Who must still choose a password has no role, reaches no lease, and gets a token of this service alone.
    """

    session: Session
    roles: tuple[str, ...]
    leases: dict[str, str]
    expires_at: datetime

    def granted(self, services: Sequence[str]) -> list[str]:
        """Those of the services for which the holder may have a token."""
        return [one for one in services if one == OWN_SERVICE or not self.session.must_change_password]


async def alive(tools: Tools, tx: Connection, token: str) -> Session:
    """The session of a token.

    Raises:
        SessionOverError: there is none, or it has been idle or lasted too long.
    """
    session = await sessions.find(tx, token_hash(token))
    if session is None or not session.span.alive(tools.clock()):
        raise SessionOverError
    return session


async def use_session(tools: Tools, token: str) -> Holder:
    """Use a session: its idle time begins anew.

    Raises:
        SessionOverError: there is none, or it is over.
    """
    now = tools.clock()
    async with tools.database.transaction() as tx:
        session = await alive(tools, tx, token)
        if session.span.worth_writing(now):
            await sessions.touch(tx, token_hash(token), now)
        reachable = {} if session.must_change_password else await leases.of_person(tx, session.person_id)
    roles = () if session.must_change_password else session.roles
    return Holder(session, roles, reachable, session.span.used(now).expires_at)


async def end_session(tools: Tools, token: str) -> Ended | None:
    """End a session; gives what it was, or None for one that is over already."""
    async with tools.database.transaction() as tx:
        ended = await sessions.end(tx, token_hash(token))
        if ended is not None:
            await audit.note(tx, tools.clock(), Action.SIGNED_OUT, ended.account_id)
    return ended


async def end_sessions(tools: Tools, account_ids: Sequence[str] | None) -> int:
    """End every session of accounts (None: of everybody), by an operator's command; gives how many."""
    async with tools.database.transaction() as tx:
        ended = await sessions.end_of_accounts(tx, account_ids)
        for account_id in account_ids or (None,):
            await audit.note(tx, tools.clock(), Action.SESSIONS_ENDED, account_id)
    return ended


async def forget_old(tools: Tools) -> None:
    """Drop sessions that are over, and attempts and sign-ins under way that nobody asks for any more."""
    async with tools.database.transaction() as tx:
        await trusted_profile.forget_old(tx, tools.clock() - timedelta(seconds=REMEMBER_SECONDS))
        await sessions.forget_dead(tx, tools.clock())
        await attempts.forget_old(tx, tools.clock())
