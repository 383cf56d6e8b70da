"""Who asks: opaque session tokens exchanged at identity for a token of each service, reused for a short while.

Ten seconds in the ordinary case. While identity is silent, reads go on with what was last known, for five minutes.
A session ended here is over here at once, whatever is still remembered.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from libs.chassis.auth import STAFF_ROLES
from services.gateway.clients.identity import Exchanged, Identity, SessionOverError
from services.gateway.clients.transport import AwayError

REUSE_SECONDS = 10.0
SILENT_READ_SECONDS = 300.0
FALL_BACK_SECONDS = 0.2  # how long to wait for identity when there is something to go on with
SILENCE_SECONDS = 2.0  # after a miss identity is left alone this long by requests that can go on without it
REMEMBERED_SESSIONS = 10_000
ENDED_SESSIONS = 100_000


@dataclass(frozen=True)
class Session:
    """A person who is signed in."""

    token: str = field(repr=False)
    account_id: str
    login: str
    display_name: str
    roles: frozenset[str]
    leases: Mapping[str, str]
    must_change_password: bool
    service_tokens: Mapping[str, str] = field(repr=False)

    @property
    def is_staff(self) -> bool:
        """Whether this is the company's account: it reaches no tenant's page."""
        return bool(self.roles & STAFF_ROLES)

    def for_service(self, service: str) -> str:
        """The token for one service.

        Raises:
            SessionOverError: identity gave none, as before the first password is changed.
        """
        if service not in self.service_tokens:
            raise SessionOverError
        return self.service_tokens[service]


@dataclass(frozen=True)
class _Known:
    session: Session
    since: float


class Sessions:
    """The sessions this gateway has seen lately."""

    def __init__(self, identity_door: Identity, clock: Callable[[], float] = time.monotonic) -> None:
        self._identity = identity_door
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Session]] = {}
        self._ended: OrderedDict[bytes, None] = OrderedDict()
        self._silent_until = 0.0

    async def of(self, token: str, deadline_seconds: float, *, reading: bool) -> Session:
        """The session of an opaque token.

        Raises:
            SessionOverError: there is none, or no longer.
            AwayError: identity is silent, and nothing recent enough is known (for a command: nothing at all counts).
        """
        key = _digest(token)
        if key in self._ended:
            raise SessionOverError
        known = self._known.get(key)
        if known is not None and self._age(known) <= REUSE_SECONDS:
            return known.session
        usable = known.session if known and reading and self._age(known) <= SILENT_READ_SECONDS else None
        if usable is not None and self._clock() < self._silent_until:
            return usable
        try:
            wait_seconds = min(deadline_seconds, FALL_BACK_SECONDS) if usable else deadline_seconds
            session = await self._ask(key, token, wait_seconds)
        except AwayError:
            self._silent_until = self._clock() + SILENCE_SECONDS
            if usable is None:
                raise
            session = usable
        if key in self._ended:  # ended while identity was being asked
            raise SessionOverError
        return session

    async def end(self, token: str) -> None:
        """End a session: here at once, then at identity.

        Raises:
            SessionOverError: it was over already.
            AwayError: identity did not hear of it; here it is over all the same.
        """
        key = _digest(token)
        self._known.pop(key, None)
        self._ended[key] = None
        while len(self._ended) > ENDED_SESSIONS:
            self._ended.popitem(last=False)
        await self._identity.end(token)

    def forget(self, token: str) -> None:
        """Ask identity afresh at the next request with this token."""
        self._known.pop(_digest(token), None)

    def _age(self, known: _Known) -> float:
        return self._clock() - known.since

    async def _ask(self, key: bytes, token: str, deadline_seconds: float) -> Session:
        """Ask identity once for all requests that wait for the same session."""
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._exchange(key, token, deadline_seconds))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _exchange(self, key: bytes, token: str, deadline_seconds: float) -> Session:
        began = self._clock()
        try:
            session = _session(token, await self._identity.exchange(token, deadline_seconds))
        except SessionOverError:
            self._known.pop(key, None)
            raise
        self._known[key] = _Known(session, began)
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED_SESSIONS:
            self._known.popitem(last=False)
        return session


def _session(token: str, exchanged: Exchanged) -> Session:
    return Session(
        token=token,
        account_id=exchanged.account_id,
        login=exchanged.login,
        display_name=exchanged.display_name,
        roles=frozenset(exchanged.roles),
        leases=exchanged.leases,
        must_change_password=exchanged.must_change_password,
        service_tokens=exchanged.tokens,
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
