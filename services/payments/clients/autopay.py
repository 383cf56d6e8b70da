"""Autopay's web services over HTTP: the state of an order, and the payment channels, kept for some minutes."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlencode

import aiohttp

from libs.chassis.logs import logger
from services.payments.commands.status_queries import AutopayAwayError
from services.payments.domain import channels
from services.payments.domain.autopay import Merchant
from services.payments.domain.channels import Channel, UnusableListError

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
STATUS_SECONDS = 10.0
LIST_SECONDS = 2.0  # a page waits for it; without it the payer chooses on Autopay's page
MAX_ANSWER_BYTES = 512 * 1024
FRESH_SECONDS = 300.0
USABLE_SECONDS = 3600.0  # a list this old is better than none
PAUSE_SECONDS = 15.0  # after a failure nobody waits for Autopay again so soon


class AutopayClient:
    """Asks Autopay; opened at the first question, closed with the service."""

    def __init__(self, url: str, merchant: Merchant, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url.rstrip("/")
        self._merchant = merchant
        self._clock = clock
        self._http: aiohttp.ClientSession | None = None
        self._one_asks = asyncio.Lock()
        self._kept: tuple[float, list[Channel]] | None = None
        self._silent_until = 0.0

    async def status(self, form: dict[str, str]) -> bytes:
        """The document of transactionStatus.

        Raises:
            AutopayAwayError: no answer in time, another status than 200, or one too long.
        """
        return await self._post("/webapi/transactionStatus", STATUS_SECONDS, urlencode(form), FORM)

    async def channels(self) -> list[Channel]:
        """The channels that are open; none while Autopay has not told them for an hour."""
        async with self._one_asks:
            now = self._clock()
            age = USABLE_SECONDS if self._kept is None else now - self._kept[0]
            if age >= FRESH_SECONDS and now >= self._silent_until:
                try:
                    self._kept = (now, await self._list())
                except (AutopayAwayError, UnusableListError) as error:
                    logger(__name__).warning("no list of payment channels", error=str(error))
                    self._silent_until = now + PAUSE_SECONDS
            if self._kept is None or now - self._kept[0] > USABLE_SECONDS:
                return []
            return self._kept[1]

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def _list(self) -> list[Channel]:
        form = channels.question(secrets.token_hex(16), self._merchant)
        document = await self._post("/gatewayList/v3", LIST_SECONDS, json.dumps(form), JSON)
        try:
            return channels.read(json.loads(document))
        except (ValueError, RecursionError) as error:
            raise UnusableListError("Autopay's list of channels is no JSON") from error

    async def _post(self, path: str, seconds: float, body: str, content_type: str) -> bytes:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        try:
            async with (
                asyncio.timeout(seconds),
                self._http.post(
                    self._url + path, data=body, headers={"Content-Type": content_type}, allow_redirects=False
                ) as response,
            ):
                document = await response.content.read(MAX_ANSWER_BYTES + 1)
                while not response.content.at_eof() and len(document) <= MAX_ANSWER_BYTES:
                    document += await response.content.read(MAX_ANSWER_BYTES)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise AutopayAwayError(f"{path}: {type(error).__name__}") from error
        if status != 200 or len(document) > MAX_ANSWER_BYTES:
            raise AutopayAwayError(f"{path}: answered {status}, {len(document)} bytes")
        return document
