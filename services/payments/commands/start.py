"""Starting a payment: the lease is known, the amount within the limit, and from now on Autopay may be asked for it.

The tenants' most frequent command: one question and one statement, without a transaction around them (ADR 22).
In a process one start of a lease is at work at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from weakref import WeakValueDictionary

from libs.chassis.event_store import Append, EventStore, WrongExpectedVersionError, decided_again
from libs.chassis.once import KeyUse, StoredAnswer
from libs.chassis.postgres import CONFLICT, Connection, Database
from libs.events.envelope import new_event_id
from services.payments.domain.payment import StartPayment, begin, start
from services.payments.read_models import leases, payments
from services.payments.read_models.payments import PaymentRow

Answer = Callable[[PaymentRow], StoredAnswer]
Attempt = Callable[[Connection], Awaitable[StoredAnswer]]


@dataclass(frozen=True)
class Wanted:
    """What a payer wants to pay, in grosze; perhaps for which charge, named by its month, and by which channel."""

    amount_grosze: int
    charge_id: str | None = None
    month: str | None = None
    channel: str | None = None


class UnknownLeaseError(Exception):
    """There is no such lease, or payments has not heard of it yet."""


class PaymentStarter:
    """Starts payments of at most `limit_grosze`."""

    def __init__(
        self, database: Database, store: EventStore, limit_grosze: int, new_id: Callable[[], str] = new_event_id
    ) -> None:
        self._database = database
        self._store = store
        self._limit_grosze = limit_grosze
        self._new_id = new_id
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def start(self, use: KeyUse, lease_id: str, wanted: Wanted, answer: Answer) -> StoredAnswer:
        """Start a payment once per key; returns what `answer` makes of it, or what was answered before.

        Whatever `answer` raises is let through, and nothing was started.

        Raises:
            UnknownLeaseError, AmountOverLimitError: nothing was started.
            InFlightError, OtherRequestError: the key cannot be used now, or at all.
        """
        attempt = partial(self._attempt, use, lease_id, wanted, answer)
        # Those who wait for a lease hold no connection: one tenant must not occupy the pool. Between processes, and
        # towards whoever else appends to the lease's stream, its row is locked.
        async with self._turns.setdefault(lease_id, asyncio.Lock()):
            return await self._started(lease_id, attempt)

    async def _started(self, lease_id: str, attempt: Attempt) -> StoredAnswer:
        try:
            async with self._database.connection() as connection:
                given = await attempt(connection)
        except (WrongExpectedVersionError, *CONFLICT):
            return await decided_again(partial(self._in_turn, lease_id, attempt))
        self._database.ring()
        return given

    async def _in_turn(self, lease_id: str, attempt: Attempt) -> StoredAnswer:
        """Once more, with the lease locked first: what is known then is still so when it is written."""
        async with self._database.transaction() as tx:
            await leases.lock(tx, lease_id)
            return await attempt(tx)

    async def _attempt(
        self, use: KeyUse, lease_id: str, wanted: Wanted, answer: Answer, connection: Connection
    ) -> StoredAnswer:
        known = await payments.before_start(connection, lease_id, use)
        if known.replay is not None:
            return known.replay
        if known.lease_number is None:
            raise UnknownLeaseError(lease_id)
        event = start(StartPayment(self._new_id(), **vars(wanted)), self._limit_grosze)
        item = Append(lease_id, event, f"initiated:{event.payment_id}")
        recording = self._store.recording(item, known.version + 1)
        row = payments.row_of(lease_id, begin(event), recording.envelope.recorded_at, known.lease_number)
        given = answer(row)
        await payments.start(connection, use, recording, row, given)
        return given
