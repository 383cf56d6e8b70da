"""One HTTP call to another service: a deadline, no retry, and every way of failing as one of three exceptions."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import quote

import aiohttp
import yarl
from prometheus_client import Histogram

from libs.chassis import logs

READ_SECONDS = 3.0  # a read for a client app; a page shares out its own second
COMMAND_SECONDS = 5.0  # starting a payment, sending a message
UPLOAD_SECONDS = 40.0  # of a file of 10 MB: it is looked at, and the virus scanner may take 20 seconds
SIGN_IN_SECONDS = 5.0  # a password hash costs identity 26 ms of a core, and sign-ins may queue for it
CONNECTIONS = 200  # to all services together
IDLE_SECONDS = 30.0
SILENCE_SECONDS = 30.0  # a download in which nothing came for so long is over
PIECE_BYTES = 64 * 1024
BUCKETS_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
CALL_SECONDS = Histogram(
    "iok_gateway_call_seconds", "Time another service took to answer.", ("service", "outcome"), buckets=BUCKETS_SECONDS
)
JSON = "application/json"

log = logs.logger(__name__)


class AwayError(Exception):
    """A service did not answer in time, or answered that it cannot."""

    def __init__(self, service: str, retry_after_seconds: int = 2) -> None:
        super().__init__(service)
        self.service = service
        self.retry_after_seconds = retry_after_seconds


class NotFoundError(Exception):
    """The service knows no such thing, or not for this person: both look alike."""


class RefusedError(Exception):
    """The service understood and said no: a conflict, a rule, a field that is wrong."""

    def __init__(self, answer: "Answer") -> None:
        super().__init__(answer.status)
        self.answer = answer

    @property
    def fields(self) -> dict[str, str]:
        """What is wrong with each field, in words for people; empty when the service names none."""
        errors = self.answer.problem().get("errors", [])
        return {
            str(error.get("field", "")): str(error.get("message", "")) for error in errors if isinstance(error, dict)
        }


@dataclass(frozen=True)
class Call:
    """What to ask: a path of quoted parts, and what goes with it."""

    method: str
    path: str
    query: Mapping[str, str] | Sequence[tuple[str, str]] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = JSON
    idempotency_key: str | None = None
    file_name: str | None = None


@dataclass(frozen=True)
class Answer:
    """What came back, as bytes: the API hands it on without reading it."""

    status: int
    body: bytes
    content_type: str
    retry_after: str | None = None

    def problem(self) -> dict[str, Any]:
        """The problem document of a refusal; empty when there is none."""
        try:
            read = json.loads(self.body)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}


@dataclass(frozen=True)
class Download:
    """A file on its way: handed on piece by piece, so that its size costs no memory."""

    content_type: str
    disposition: str
    pieces: AsyncIterator[bytes]

    @property
    def headers(self) -> dict[str, str]:
        """What a browser is told of it."""
        return {"Content-Disposition": self.disposition, "Content-Type": self.content_type}


def path(*parts: str) -> str:
    """A path of which no part can reach outside its place, whatever a stranger wrote into an address."""
    return "".join(f"/{quote(part, safe='').replace('.', '%2E')}" for part in parts)


class Service:
    """Another service's HTTP door."""

    def __init__(self, name: str, url: str, http: aiohttp.ClientSession) -> None:
        self.name = name
        self._url = url.rstrip("/")
        self._http = http

    async def ask(self, call: Call, token: str | None, deadline_seconds: float) -> Answer:
        """The service's answer, whatever its status below 500.

        Raises:
            AwayError: no answer within the deadline, no connection, or a status of 500 and more.
        """
        began = perf_counter()
        outcome = "away"
        try:
            answer = await self._ask(call, token, deadline_seconds)
            outcome = f"{answer.status // 100}xx"
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            log.warning("service away", service_asked=self.name, path=call.path, error=type(error).__name__)
            raise AwayError(self.name) from error
        finally:
            CALL_SECONDS.labels(self.name, outcome).observe(perf_counter() - began)
        if answer.status >= 500:
            log.warning("service failed", service_asked=self.name, path=call.path, status=answer.status)
            raise AwayError(self.name, _whole_seconds(answer.retry_after))
        return answer

    async def _ask(self, call: Call, token: str | None, deadline_seconds: float) -> Answer:
        headers = _headers(call, token)
        async with (
            asyncio.timeout(deadline_seconds),
            self._http.request(
                call.method, self._address(call), data=call.body, headers=headers, allow_redirects=False
            ) as response,
        ):
            return await _whole(response)

    async def download(self, call: Call, token: str, deadline_seconds: float) -> Download | Answer:
        """Begin to download a file; the deadline is for its beginning. What is no file is an answer like others.

        Raises:
            AwayError: as `ask` says.
        """
        silence = aiohttp.ClientTimeout(total=None, sock_read=SILENCE_SECONDS)
        try:
            async with asyncio.timeout(deadline_seconds):
                response = await self._http.request(
                    call.method,
                    self._address(call),
                    data=call.body,
                    headers=_headers(call, token),
                    allow_redirects=False,
                    timeout=silence,
                )
                if response.status != 200:
                    answer = await _whole(response)
                    if answer.status >= 500:
                        raise AwayError(self.name, _whole_seconds(answer.retry_after))
                    return answer
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            log.warning("service away", service_asked=self.name, path=call.path, error=type(error).__name__)
            raise AwayError(self.name) from error
        given = response.headers
        return Download(
            given.get("Content-Type", JSON), given.get("Content-Disposition", "attachment"), _pieces(response)
        )

    def _address(self, call: Call) -> yarl.URL:
        return yarl.URL(self._url + call.path, encoded=True).with_query(call.query)


def _headers(call: Call, token: str | None) -> dict[str, str]:
    headers = {"Accept": JSON, "Content-Type": call.content_type}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if call.idempotency_key is not None:
        headers["Idempotency-Key"] = call.idempotency_key
    if call.file_name is not None:
        headers["X-File-Name"] = quote(call.file_name, safe="")
    if (correlation_id := logs.CORRELATION_ID.get()) is not None:
        headers["X-Correlation-Id"] = correlation_id
    return headers


async def _whole(response: aiohttp.ClientResponse) -> Answer:
    body = await response.read()
    content_type = response.headers.get("Content-Type", JSON)
    return Answer(response.status, body, content_type, response.headers.get("Retry-After"))


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for piece in response.content.iter_chunked(PIECE_BYTES):
            yield piece
    finally:
        response.close()


def success(answer: Answer) -> bytes:
    """The body of a good answer.

    Raises:
        NotFoundError: 404.
        RefusedError: any other 4xx.
    """
    if answer.status == 404:
        raise NotFoundError
    if answer.status >= 400:
        raise RefusedError(answer)
    return answer.body


def open_http() -> aiohttp.ClientSession:
    """The one client session of the process; the caller closes it."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS)
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=None)
    )


def _whole_seconds(retry_after: str | None) -> int:
    return int(retry_after) if retry_after is not None and retry_after.isdecimal() else 2
