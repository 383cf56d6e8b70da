"""Who may do what: short-lived EdDSA tokens for one service each, and what a principal may reach.

The gateway gets a token from identity for each service it asks; the service checks signature, audience, time and lease
itself. Another tenant's lease is answered like one that does not exist.
"""

import base64
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.base import SecurityBase

from libs.chassis.http.problems import Problem, not_found

ALGORITHM = "EdDSA"
TOKEN_SECONDS = 60
LEEWAY_SECONDS = 5  # clocks of two machines of one company
READ_SECONDS = 300  # a read may use a token this long, so that pages go on while identity is silent
EXCHANGE_TIMEOUT_SECONDS = 3.0
REMEMBERED_TOKENS = 4_096  # the gateway uses one for 10 s: more tenants than ask a service in that time
STAFF_ROLES = frozenset({"operator", "accountant", "clerk"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: an account, its staff roles, and the leases it is a party of (lease id -> role in the lease)."""

    account_id: str
    roles: frozenset[str] = frozenset()
    leases: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    """What colleagues call a member of the staff; tenants have none here."""

    @property
    def is_staff(self) -> bool:
        """Whether the account belongs to the company's staff."""
        return bool(self.roles & STAFF_ROLES)

    def require_lease(self, lease_id: str) -> str:
        """The lease id, when the principal is a party of that lease.

        Raises:
            Problem: 404, the same as for a lease that does not exist; staff get it too.
        """
        if self.is_staff or lease_id not in self.leases:
            raise not_found()
        return lease_id

    def require_role(self, *roles: str) -> None:
        """Pass when the principal has one of the roles.

        Raises:
            Problem: 404 for tenants (to them the place does not exist), 403 for staff of another role.
        """
        if not self.is_staff:
            raise not_found()
        if not self.roles & set(roles):
            raise Problem(403, "Brak uprawnień", detail=f"Ta czynność wymaga roli: {', '.join(roles)}.")


class InvalidTokenError(Exception):
    """A token is forged, over, or meant for another service."""


class TokenSigner:
    """Signs tokens; only identity has one. `seed`: the raw 32-byte Ed25519 private key in base64."""

    def __init__(self, seed: str, clock: Callable[[], float] = time.time) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed, validate=True))
        self._clock = clock

    @property
    def public_key(self) -> str:
        """The raw public key in base64, as `IOK_TOKEN_PUBLIC_KEYS` takes it."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    def issue(self, audience: str, principal: Principal) -> str:
        """A token of 60 seconds for one service."""
        now = int(self._clock())
        claims = {
            "iss": "iok/identity",
            "aud": audience,
            "sub": principal.account_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "roles": sorted(principal.roles),
            "leases": dict(principal.leases),
            **({"name": principal.name} if principal.name else {}),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)


class TokenVerifier:
    """Checks tokens meant for one service against identity's public keys (several while a key is being changed).

    Good ones are remembered, at most so many, so that a signature is checked once: that costs as much as a statement.
    """

    def __init__(
        self,
        public_keys: Sequence[str],
        audience: str,
        clock: Callable[[], float] = time.time,
        most: int = REMEMBERED_TOKENS,
    ) -> None:
        self._keys = [Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True)) for key in public_keys]
        self._audience = audience
        self._clock = clock
        self._most = most
        self.remembered: dict[str, tuple[float, Principal]] = {}  # good token -> its end in Unix seconds, its holder

    def verify(self, token: str, *, reading: bool = False) -> Principal:
        """The principal of a token. `reading`: the request changes nothing, so the token counts for 5 minutes.

        Raises:
            InvalidTokenError: forged, over, or for another audience.
        """
        leeway_seconds = LEEWAY_SECONDS + (READ_SECONDS - TOKEN_SECONDS if reading else 0)
        known = self.remembered.get(token)
        if known is None:
            known = self.remembered[token] = self._checked(token, leeway_seconds)
            if len(self.remembered) > self._most:
                del self.remembered[next(iter(self.remembered))]
        ends_at, principal = known
        if ends_at + leeway_seconds <= self._clock():
            raise InvalidTokenError("the token is over")
        return principal

    def _checked(self, token: str, leeway_seconds: float) -> tuple[float, Principal]:
        for key in self._keys:
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[ALGORITHM],
                    audience=self._audience,
                    issuer="iok/identity",
                    leeway=leeway_seconds,
                    options={"require": ["exp", "iat", "sub", "aud", "iss"]},
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise InvalidTokenError(str(error)) from error
            roles, leases = frozenset(claims.get("roles", ())), MappingProxyType(dict(claims.get("leases", {})))
            return claims["exp"], Principal(claims["sub"], roles, leases, claims.get("name", ""))
        raise InvalidTokenError("no known key signed this token")


def unauthorized() -> Problem:
    """The one answer to a missing, forged or expired token."""
    return Problem(401, "Wymagane zalogowanie", headers={"WWW-Authenticate": "Bearer"})


bearer = HTTPBearer(auto_error=False, description="Token sesji.")


async def token_of(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> str:
    """FastAPI dependency: the bearer token, whatever it is.

    Raises:
        Problem: 401 without one.
    """
    if credentials is None or not credentials.credentials:
        raise unauthorized()
    return credentials.credentials


def holder_of(request: Request, token: str) -> Principal:
    """Who holds a token for this service (`app.state.verifier`).

    Raises:
        Problem: 401 when it is not valid here.
    """
    verifier: TokenVerifier = request.app.state.verifier
    try:
        return verifier.verify(token, reading=request.method in {"GET", "HEAD"})
    except InvalidTokenError as error:
        raise unauthorized() from error


class _Asker(SecurityBase):
    """Who asks, by the bearer token; all in one, since every dependency below another costs each request.

    Asynchronous, since FastAPI would give a plain function a thread per request.
    """

    def __init__(self) -> None:
        self.model = bearer.model
        self.scheme_name = bearer.scheme_name

    async def __call__(self, request: Request) -> Principal:
        """Who asks.

        Raises:
            Problem: 401 when there is no token, or it is not valid here.
        """
        return holder_of(request, await token_of(await bearer(request)))


principal_of = _Asker()  # FastAPI dependency


class StaffGate:
    """Turns a staff member's opaque session token into a principal, by asking identity for a token of this service.

    `seen` is told of everybody who passes.
    """

    def __init__(
        self,
        identity_url: str,
        service: str,
        verifier: TokenVerifier,
        seen: Callable[[Principal], Awaitable[None]] | None = None,
    ) -> None:
        self._url = identity_url.rstrip("/")
        self._service = service
        self._verifier = verifier
        self._seen = seen

    async def principal(self, session_token: str) -> Principal:
        """Who holds the session.

        Raises:
            Problem: 401 when the session is over or the account is a tenant's, 503 when identity does not answer.
        """
        timeout = aiohttp.ClientTimeout(total=EXCHANGE_TIMEOUT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.post(
                    f"{self._url}/sessions/tokens",
                    json={"audiences": [self._service]},
                    headers={"Authorization": f"Bearer {session_token}"},
                ) as answer,
            ):
                if 400 <= answer.status < 500:
                    raise unauthorized()
                answer.raise_for_status()
                body = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Problem(
                503, "Usługa logowania nie odpowiada", detail="Spróbuj za chwilę.", headers={"Retry-After": "5"}
            ) from error
        try:
            principal = self._verifier.verify(body["tokens"][self._service])
        except (InvalidTokenError, KeyError) as error:
            raise unauthorized() from error
        if not principal.is_staff:
            raise unauthorized()
        if self._seen is not None:
            await self._seen(principal)
        return principal
