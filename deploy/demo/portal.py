"""The running system as the demo's people and its operator see it: over HTTP, through the gateway and the panels."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from deploy.demo.places import DemoError

REQUEST_TIMEOUT_SECONDS: Final = 15.0
BUSY_TRIES: Final = 20
BUSY_PAUSE_SECONDS: Final = 0.5
API: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the JSON that came with it, or None."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, and whether its password is still the one of a letter."""

    token: str
    must_change_password: bool


class Portal:
    """Speaks to the system's services at their addresses (service -> URL)."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS))

    async def __aenter__(self) -> Self:
        """Use the portal for a while."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Close its connections."""
        await self._client.close()

    async def sign_in(self, login: str, password: str) -> SignedIn | None:
        """Sign in; None when login or password is refused.

        Raises:
            DemoError: the portal does not let anybody in.
        """
        answer = await self._patiently("POST", f"{API}/session", json={"login": login, "password": password})
        if answer.status == 401:
            return None
        if answer.status != 201:
            raise DemoError(f"the portal answers {answer.status} to a sign-in: {answer.body}")
        return SignedIn(answer.body["token"], bool(answer.body.get("must_change_password")))

    async def change_password(self, token: str, current: str, new: str) -> str:
        """Change a password; give the token under which the session goes on.

        Raises:
            DemoError: the new password is refused.
        """
        body = {"current_password": current, "new_password": new}
        answer = await self._patiently("POST", f"{API}/session/password", token=token, json=body)
        if answer.status != 200:
            raise DemoError(f"a password is not changed, the portal answers {answer.status}: {answer.body}")
        return str(answer.body["token"])

    async def sign_out(self, token: str) -> None:
        """End a session."""
        await self._patiently("DELETE", f"{API}/session", token=token)

    async def leases(self, token: str) -> list[str]:
        """Give the ids of the leases that the session's account may see."""
        answer = await self._patiently("GET", f"{API}/me", token=token)
        return [lease["lease_id"] for lease in answer.body["leases"]] if answer.status == 200 else []

    async def balance(self, token: str, lease_id: str) -> dict[str, Any] | None:
        """Give a lease's figures, or None while there are none."""
        answer = await self._patiently("GET", f"{API}/leases/{lease_id}/balance", token=token)
        return dict(answer.body) if answer.status == 200 else None

    async def raise_matter(self, token: str, key: str, matter: dict[str, object]) -> str:
        """Raise a matter, once per key; give its id.

        Raises:
            DemoError: it is refused.
        """
        answer = await self._patiently("POST", f"{API}/matters", token=token, json=matter, key=key)
        if answer.status != 201:
            raise DemoError(f"a matter is not taken, the portal answers {answer.status}: {answer.body}")
        return str(answer.body["matter_id"])

    async def answer_matter(self, token: str, key: str, matter_id: str, reply: dict[str, object]) -> None:
        """Answer a matter as the staff, once per key.

        Raises:
            DemoError: it is refused.
        """
        url = f"{self._urls['correspondence']}/inbox/{matter_id}"
        for path, body in (("/assignee", {}), ("/messages", reply)):
            answer = await self._ask("POST", url + path, token=token, json=body, key=key)
            if answer.status not in (200, 201):
                raise DemoError(f"a matter is not answered, correspondence answers {answer.status}: {answer.body}")

    async def take_matter(self, token: str, matter_id: str, due_on: date) -> None:
        """Take a matter over as the staff, to be answered by a day; the same again changes nothing.

        Raises:
            DemoError: it is refused.
        """
        url = f"{self._urls['correspondence']}/inbox/{matter_id}"
        for path, body in (("/assignee", {}), ("/deadline", {"due_on": due_on.isoformat()})):
            answer = await self._ask("POST", url + path, token=token, json=body)
            if answer.status not in (200, 201):
                raise DemoError(f"a matter is not taken over, correspondence answers {answer.status}: {answer.body}")

    async def status(self, service: str, token: str) -> dict[str, Any] | None:
        """Give the figures of a service's panel, or None while it cannot tell them."""
        answer = await self._ask("GET", self._urls[service] + "/ops/status", token=token)
        return dict(answer.body) if answer.status == 200 else None

    async def _patiently(
        self, method: str, path: str, *, token: str = "", json: object = None, key: str = ""
    ) -> Answer:
        """Ask the gateway, again for a while when it says that a service is busy or away."""
        for _ in range(BUSY_TRIES):
            answer = await self._ask(method, self._urls["gateway"] + path, token=token, json=json, key=key)
            if answer.status < 500:
                return answer
            await asyncio.sleep(BUSY_PAUSE_SECONDS)
        return answer

    async def _ask(self, method: str, url: str, *, token: str = "", json: object = None, key: str = "") -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        try:
            async with self._client.request(method, url, headers=headers, json=json) as answer:
                body = await answer.json(content_type=None) if answer.status != 204 else None
                return Answer(answer.status, body)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return Answer(599, repr(error))
