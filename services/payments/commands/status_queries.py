"""Asking Autopay, from time to time, about orders that hang; what it answers is taken like a notification."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from prometheus_client import Counter

from libs.chassis.event_store import WrongExpectedVersionError
from libs.chassis.logs import logger
from libs.chassis.pausing import pause
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Database
from services.payments.commands.loading import MissingEventsError
from services.payments.commands.notifications import NotificationTaker
from services.payments.domain.autopay import Merchant
from services.payments.domain.notification import UnreadableNotificationError
from services.payments.domain.status_query import UntrustedAnswerError, answered, next_ask, question
from services.payments.read_models import status_questions
from services.payments.read_models.status_questions import Question

PERIOD_SECONDS = 60.0
BATCH_QUESTIONS = 50  # a round asks at most so many, one after the other: Autopay is not to be flooded
ASKED = Counter(
    "iok_payments_status_questions_total", "Orders asked about at Autopay, by what came of it.", ("result",)
)


class AutopayAwayError(Exception):
    """Autopay did not answer, or not with 200."""


class StatusDoor(Protocol):
    """Autopay's transactionStatus."""

    async def status(self, form: dict[str, str]) -> bytes:
        """The answer's document; raises AutopayAwayError."""


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


class StatusAsker:
    """Asks about payments that nobody reported on; several processes may do so at once."""

    def __init__(
        self,
        database: Database,
        taker: NotificationTaker,
        autopay: tuple[StatusDoor, Merchant],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._taker = taker
        self._door, self._merchant = autopay
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until told to stop; what fails is asked again when its turn comes."""
        while not stop.is_set():
            try:
                await self.ask_due()
            except (*UNAVAILABLE, *CONFLICT, WrongExpectedVersionError) as error:
                logger(__name__).warning("status questions not asked, trying again", error=repr(error))
            await pause(stop, PERIOD_SECONDS)

    async def ask_due(self) -> int:
        """Ask about every payment whose turn it is; returns how many answers were taken. No answer ends the round."""
        now = self._clock()
        async with self._database.connection() as connection:
            found = await status_questions.due(connection, now, BATCH_QUESTIONS)
        taken = 0
        for each in found:
            try:
                taken += await self._ask(each, now)
            except AutopayAwayError as error:
                ASKED.labels("away").inc()
                logger(__name__).warning("autopay not asked", error=str(error))
                break
        return taken

    async def _ask(self, each: Question, now: datetime) -> bool:
        async with self._database.transaction() as tx:
            if not await status_questions.claim(tx, each, next_ask(each.asked + 1, now)):
                return False
        document = await self._door.status(question(each.order_id, self._merchant))
        try:
            said = answered(document, each.order_id, self._merchant)
            if said.transactions:
                await self._taker.take(said)
        except (UnreadableNotificationError, UntrustedAnswerError, MissingEventsError) as error:
            ASKED.labels("refused").inc()
            logger(__name__).error("autopay's answer not taken", payment_id=each.payment_id, why=str(error))
            return False
        ASKED.labels("taken" if said.transactions else "unknown_there").inc()
        return bool(said.transactions)
