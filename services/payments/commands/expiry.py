"""Expiring payments that nobody finished in time. Money that comes for one later is credited all the same."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from libs.chassis.event_store import EventStore, WrongExpectedVersionError, decided_again
from libs.chassis.logs import logger
from libs.chassis.pausing import pause
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Database
from services.payments.commands.loading import MissingEventsError, load
from services.payments.domain.payment import EXPIRY_GRACE, ExpirePayment, evolve, expire
from services.payments.read_models import payments

PERIOD_SECONDS = 60.0
BATCH_PAYMENTS = 200  # a round takes at most so many; the next one follows at once when there are more


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


class PaymentExpirer:
    """Looks, from time to time, for payments whose time is over; several processes may do so at once."""

    def __init__(self, database: Database, store: EventStore, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._store = store
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Expire payments until told to stop; a database that is away is tried again at the next round."""
        while not stop.is_set():
            expired = 0
            try:
                expired = await self.expire_overdue()
            except (*UNAVAILABLE, *CONFLICT, WrongExpectedVersionError) as error:
                logger(__name__).warning("payments not expired, trying again", error=repr(error))
            if expired < BATCH_PAYMENTS:
                await pause(stop, PERIOD_SECONDS)

    async def expire_overdue(self) -> int:
        """Expire what is overdue now, one transaction each; returns how many expired."""
        async with self._database.connection() as connection:
            found = await payments.overdue(connection, self._clock() - EXPIRY_GRACE, BATCH_PAYMENTS)
        expired = 0
        for payment_id in found:
            try:
                expired += await decided_again(partial(self._expire, payment_id))
            except MissingEventsError as error:  # one payment that was tampered with must not keep the others waiting
                logger(__name__).error("payment not expired", payment_id=payment_id, error=str(error))
        return expired

    async def _expire(self, payment_id: str) -> bool:
        async with self._database.transaction() as tx:
            locked = await payments.lock_unfinished(tx, payment_id)
            if locked is None:
                return False
            loaded = await load(tx, self._store, locked)
            event = expire(loaded.payment, ExpirePayment(locked.valid_until, self._clock()))
            if event is None:
                return False
            key = f"expired:{payment_id}"
            await self._store.append(tx, locked.lease_id, loaded.stream_version, [event], keys=[key])
            await payments.save(tx, locked.lease_id, evolve(loaded.payment, event), locked.begun_at)
            return True
