"""Who stands at the panel: staff signed in by identity, or somebody with the break-glass password while it is away.

The cookie holds identity's opaque session token, which identity turns into a token of this service at each look. A
break-glass session needs no store: it is signed with a key made from the password's hash, and ends after half an hour.
"""

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from fastapi import Request

from libs.chassis.auth import Principal, StaffGate
from libs.chassis.http.problems import Problem
from libs.chassis.logs import logger

SIGN_IN_TIMEOUT_SECONDS: Final = 10.0  # identity hashes passwords, one after another when many come
FRESH_SECONDS: Final = 10.0  # as long as the gateway reuses a token
SILENT_SECONDS: Final = 300.0  # as long as the gateway goes on reading while identity is silent
SESSIONS_KEPT: Final = 100
BREAK_GLASS_SECONDS: Final = 30 * 60
BREAK_GLASS_PAUSE_SECONDS: Final = 1.0  # after a wrong one; with one try at a time, guessing is hopeless
BREAK_GLASS: Final = "break-glass"
MAX_TOKEN_CHARACTERS: Final = 256

REFUSED: Final = "Nieprawidłowy login lub hasło albo konto bez dostępu do panelu."
FIRST_SIGN_IN: Final = "To konto ma jeszcze hasło z listu. Najpierw zmień je w portalu."
AWAY: Final = "Usługa logowania nie odpowiada, a podane hasło nie jest hasłem awaryjnym."
AWAY_WITHOUT_BREAK_GLASS: Final = "Usługa logowania nie odpowiada. Spróbuj za chwilę."
BUSY: Final = "Ktoś właśnie próbuje hasła awaryjnego. Spróbuj za chwilę."


class SignInRefusedError(Exception):
    """Nobody was signed in; the text is for the page."""


@dataclass(frozen=True, slots=True)
class PanelSession:
    """A staff member at the panel. `csrf` goes into every form."""

    token: str
    principal: Principal

    @property
    def csrf(self) -> str:
        """A value that only pages of this session know."""
        return hmac.digest(self.token.encode(), b"iok/panel/csrf", hashlib.sha256).hex()

    @property
    def break_glass(self) -> bool:
        """Tell whether the session was opened with the break-glass password."""
        return self.principal.account_id == BREAK_GLASS

    @property
    def may_decide(self) -> bool:
        """Tell whether this is an operator, who may replay and discard."""
        return "operator" in self.principal.roles


class BreakGlass:
    """The password of the environment, for when identity is away. `password_hash`: argon2id in PHC form, or empty."""

    def __init__(self, service: str, password_hash: str, clock: Callable[[], float] = time.time) -> None:
        self._password_hash = password_hash
        self._key = hashlib.sha256(f"iok/panel/{service}/{password_hash}".encode()).digest()
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    @property
    def ready(self) -> bool:
        """Tell whether there is such a password at all."""
        return bool(self._password_hash)

    async def open(self, password: str) -> str:
        """Give a session token for the right password.

        Raises:
            SignInRefusedError: it is wrong, or another try is under way.
        """
        if self._one_at_a_time.locked():
            raise SignInRefusedError(BUSY)
        async with self._one_at_a_time:
            if not await asyncio.to_thread(self._matches, password):
                await asyncio.sleep(BREAK_GLASS_PAUSE_SECONDS)
                raise SignInRefusedError(AWAY)
        ends_at = str(int(self._clock()) + BREAK_GLASS_SECONDS)
        return f"{BREAK_GLASS}.{ends_at}.{self._signature(ends_at)}"

    def principal(self, token: str) -> Principal | None:
        """Give the operator whom a token of this kind stands for, while it lasts."""
        kind, _, rest = token.partition(".")
        ends_at, _, signature = rest.partition(".")
        if kind != BREAK_GLASS or not self.ready or not ends_at.isdecimal() or not ends_at.isascii():
            return None
        if not hmac.compare_digest(signature.encode(), self._signature(ends_at).encode()):
            return None
        return Principal(BREAK_GLASS, frozenset({"operator"})) if int(ends_at) > self._clock() else None

    def _signature(self, ends_at: str) -> str:
        return hmac.digest(self._key, ends_at.encode(), hashlib.sha256).hex()

    def _matches(self, password: str) -> bool:
        try:
            Argon2id.verify_phc_encoded(password.encode(), self._password_hash)
        except InvalidKey:
            return False
        return True


class StaffDoor:
    """Lets staff in and out, and tells who is in."""

    def __init__(self, identity_url: str, gate: StaffGate, break_glass: BreakGlass) -> None:
        self._url = identity_url.rstrip("/")
        self._gate = gate
        self._break_glass = break_glass
        self._seen: OrderedDict[str, tuple[float, Principal]] = OrderedDict()

    async def sign_in(self, login: str, password: str, client_ip: str) -> str:
        """Give a session token for a staff member's login and password.

        Raises:
            SignInRefusedError: with the reason for the page; tenants and unknown logins get the same one.
        """
        body = {"login": login, "password": password, "client_ip": client_ip}
        try:
            async with self._client() as client, client.post(f"{self._url}/sessions", json=body) as answer:
                answer_body = await answer.json(content_type=None) if answer.status == 201 else {}
                away = answer.status >= 500
        except (aiohttp.ClientError, TimeoutError):
            away = True
        if away:
            return await self._with_break_glass(password, client_ip)
        if "token" not in answer_body:
            raise SignInRefusedError(REFUSED)
        return await self._checked(str(answer_body["token"]), must_change=bool(answer_body["must_change_password"]))

    async def session(self, token: str | None) -> PanelSession | None:
        """Give the session of a token, or None when there is none (any more).

        Raises:
            Problem: 503 when identity does not answer and has not vouched for the session in the last five minutes.
        """
        if not token or len(token) > MAX_TOKEN_CHARACTERS:
            return None
        if token.startswith(f"{BREAK_GLASS}."):
            principal = self._break_glass.principal(token)
        else:
            principal = await self._vouched(token)
        return None if principal is None else PanelSession(token, principal)

    async def sign_out(self, token: str) -> None:
        """End a session at identity; one that identity does not hear of ends by itself."""
        self._seen.pop(token, None)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._client() as client, client.delete(f"{self._url}/sessions", headers=headers):
                pass
        except (aiohttp.ClientError, TimeoutError) as error:
            logger(__name__).warning("session not ended at identity", error=repr(error))

    async def _with_break_glass(self, password: str, client_ip: str) -> str:
        if not self._break_glass.ready:
            raise SignInRefusedError(AWAY_WITHOUT_BREAK_GLASS)
        try:
            token = await self._break_glass.open(password)
        except SignInRefusedError:
            logger(__name__).warning("break-glass sign-in refused", client_ip=client_ip)
            raise
        logger(__name__).warning("break-glass sign-in", client_ip=client_ip)
        return token

    async def _checked(self, token: str, *, must_change: bool) -> str:
        """Let a session pass that is staff's and has its own password; end any other."""
        try:
            found = None if must_change else await self.session(token)
        except Problem as problem:
            raise SignInRefusedError(AWAY_WITHOUT_BREAK_GLASS) from problem
        if found is None:
            await self.sign_out(token)
            raise SignInRefusedError(FIRST_SIGN_IN if must_change else REFUSED)
        return token

    async def _vouched(self, token: str) -> Principal | None:
        kept = self._seen.get(token)
        if kept is not None and time.monotonic() - kept[0] < FRESH_SECONDS:
            return kept[1]
        try:
            principal = await self._gate.principal(token)
        except Problem as problem:
            if problem.status == 503 and kept is not None and time.monotonic() - kept[0] < SILENT_SECONDS:
                return kept[1]
            if problem.status == 503:
                raise
            self._seen.pop(token, None)
            return None
        self._seen[token] = (time.monotonic(), principal)
        self._seen.move_to_end(token)
        while len(self._seen) > SESSIONS_KEPT:
            self._seen.popitem(last=False)
        return principal

    @staticmethod
    def _client() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SIGN_IN_TIMEOUT_SECONDS))


def from_our_page(request: Request) -> bool:
    """Tell whether a form was sent by a page of this very origin, as far as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
