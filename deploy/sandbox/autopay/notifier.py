"""Sends notifications (ITN) to our service until it confirms them, with growing gaps."""

import asyncio
import base64
import logging
import time
from collections.abc import Callable

import aiohttp

from deploy.sandbox.autopay.protocol import MAX_ANSWER_BYTES, confirmation_fault
from deploy.sandbox.autopay.settings import Settings
from deploy.sandbox.autopay.store import Due, Store

MAX_TRIES = 209  # as many as Autopay makes, over some six days
BATCH = 20  # notifications under way at once
IDLE_SECONDS = 60.0  # longest sleep when nothing is due; a new notification wakes the loop

log = logging.getLogger("autopay.notifier")


class Notifier:
    """One loop over the notifications that are due."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look again at what is due."""
        self._woken.set()

    async def run(self) -> None:
        """Send what is due, for ever; ends by cancellation."""
        timeout = aiohttp.ClientTimeout(total=self._settings.sandbox_autopay_itn_timeout_seconds)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                self._woken.clear()
                due = self._store.due(self._clock(), BATCH)
                await asyncio.gather(*(self._try(session, one) for one in due))
                if not due:
                    await self._sleep()

    async def _sleep(self) -> None:
        next_due_at = self._store.next_due_at()
        wait_seconds = IDLE_SECONDS if next_due_at is None else max(0.0, next_due_at - self._clock())
        try:
            await asyncio.wait_for(self._woken.wait(), min(wait_seconds, IDLE_SECONDS))
        except TimeoutError:
            log.debug("slept %.1f s", wait_seconds)

    async def _try(self, session: aiohttp.ClientSession, due: Due) -> None:
        fault = await self._send(session, due)
        now, tries = self._clock(), due.tries + 1
        gaps = self._settings.retry_gaps_seconds
        gives_up = fault is None or tries >= MAX_TRIES
        next_try_at = None if gives_up else now + gaps[min(tries, len(gaps)) - 1]
        result = "CONFIRMED" if fault is None else fault
        self._store.tried(due.notification_id, now, result, next_try_at, confirmed=fault is None)
        log.info("notification %d of order %s, try %d: %s", due.notification_id, due.order_id, tries, result)

    async def _send(self, session: aiohttp.ClientSession, due: Due) -> str | None:
        """None when confirmed, otherwise what went wrong."""
        form = {"transactions": base64.b64encode(due.document.encode()).decode()}
        try:
            async with session.post(self._settings.itn_url, data=form, allow_redirects=False) as response:
                answer = await response.content.read(MAX_ANSWER_BYTES + 1)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"not delivered: {type(error).__name__}"
        if status != 200:
            return f"HTTP {status}"
        key = self._settings.autopay_key.get_secret_value()
        return confirmation_fault(answer, self._settings.autopay_service_id, due.order_id, key)
