"""Starting a payment: the lease is known, the amount within the limit, and from now on Autopay may be asked for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from libs.chassis.event_store import Append, EventStore
from libs.chassis.postgres import Connection
from libs.events.envelope import new_event_id
from services.payments.domain.payment import StartPayment, begin, start
from services.payments.read_models import leases, payments
from services.payments.read_models.payments import PaymentRow


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

    def __init__(self, store: EventStore, limit_grosze: int, new_id: Callable[[], str] = new_event_id) -> None:
        self._store = store
        self._limit_grosze = limit_grosze
        self._new_id = new_id

    async def start(self, tx: Connection, lease_id: str, wanted: Wanted) -> PaymentRow:
        """Start a payment in the caller's transaction.

        Raises:
            UnknownLeaseError: nothing was started.
            AmountOverLimitError: nothing was started.
            WrongExpectedVersionError: the lease's stream moved on meanwhile; do it again in a new transaction.
        """
        number = await leases.lock(tx, lease_id)
        if number is None:
            raise UnknownLeaseError(lease_id)
        event = start(StartPayment(self._new_id(), **vars(wanted)), self._limit_grosze)
        key = f"initiated:{event.payment_id}"
        [envelope] = await self._store.append_many(tx, [Append(lease_id, event, key)])
        row = await payments.save(tx, lease_id, begin(event), envelope.recorded_at)
        return replace(row, lease_number=number)
