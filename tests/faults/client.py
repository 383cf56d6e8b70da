"""The gateway as tenants and Autopay meet it, for the load: every attempt is noted, nothing is thought over."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.running.system import RunningSystem

ATTEMPT_SECONDS = 10.0
PAUSE_SECONDS = 0.1
NO_ANSWER = 0
CONNECTIONS = 100


@dataclass(frozen=True)
class Attempt:
    """One request: when it began and ended, what kind, the status (0: none), whether 503 came with Retry-After."""

    began: float
    ended: float
    kind: str
    status: int
    retry_after: bool = False


@dataclass
class Answer:
    """A status and what came with it."""

    status: int
    body: Any = None
    text: str = ""


@dataclass
class Client:
    """One tenant's session at the gateway."""

    system: RunningSystem
    attempts: list[Attempt] = field(default_factory=list)
    stopping: bool = False
    _http: aiohttp.ClientSession | None = None
    _token: str = ""

    async def open(self) -> None:
        """Sign in."""
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        self._http = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=ATTEMPT_SECONDS))
        await self.sign_in()

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def sign_in(self, who: str = "tenant") -> str:
        """A new session; the load's own when it is the tenant's."""
        account = self.system.run["demo"][who]
        body = {"login": account["login"], "password": account["password"]}
        answer = await self.ask("session", "POST", "/api/v1/session", json=body)
        if answer.status != 201:
            raise ConnectionError(f"{who} is not let in: {answer.status} {answer.text[:200]}")
        token = str(answer.body["token"])
        if who == "tenant":
            self._token = token
        return token

    async def ask(self, kind: str, method: str, path: str, **options: Any) -> Answer:
        """One attempt; a failure to answer is status 0."""
        assert self._http is not None
        key, headers = options.pop("key", ""), {"Authorization": f"Bearer {options.pop('token', '') or self._token}"}
        if key:
            headers["Idempotency-Key"] = key
        base = options.pop("base", "") or self.system.url("gateway")
        began, status, told, retry_after = time.monotonic(), NO_ANSWER, Answer(NO_ANSWER), False
        try:
            async with self._http.request(method, base + path, headers=headers, **options) as response:
                text = await response.text()
                status, retry_after = response.status, "Retry-After" in response.headers
                body = await response.json() if "json" in response.content_type else None
                told = Answer(status, body, text)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            status = NO_ANSWER
        self.attempts.append(Attempt(began, time.monotonic(), kind, status, retry_after))
        return told

    async def until(self, wanted: int, kind: str, method: str, path: str, **options: Any) -> Answer | None:
        """Repeat the same request until it is answered as wanted; None when the campaign ends before."""
        while not self.stopping:
            answer = await self.ask(kind, method, path, **options)
            if answer.status == wanted:
                return answer
            if answer.status == 401:
                await self._again()
            await asyncio.sleep(PAUSE_SECONDS)
        return None

    async def _again(self) -> None:
        try:
            await self.sign_in()
        except ConnectionError:
            await asyncio.sleep(1.0)

    async def notify(self, order_id: str, amount_grosze: int, remote_id: str) -> bool:
        """Send Autopay's notification once; whether it was CONFIRMED."""
        data = {"transactions": self.system.notification(order_id, amount_grosze, "SUCCESS", remote_id)}
        answer = await self.ask("notification", "POST", "/autopay/itn", data=data)
        return answer.status == 200 and "<confirmation>CONFIRMED</confirmation>" in answer.text
