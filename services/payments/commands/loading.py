"""Loading a payment: its events from its lease's stream, and what this service noted of Autopay's reports."""

from dataclasses import dataclass

from libs.chassis.event_store import EventStore
from libs.chassis.postgres import Connection
from libs.events.names import PAYMENTS
from services.payments.domain.payment import Event, Fact, Payment, fold
from services.payments.read_models import leases, notices
from services.payments.read_models.payments import LockedPayment


@dataclass(frozen=True, slots=True)
class Loaded:
    """A payment with the version of its lease's stream."""

    payment: Payment
    stream_version: int


class MissingEventsError(Exception):
    """The read model knows a payment that the event store does not: the database has been tampered with."""


async def load(tx: Connection, store: EventStore, locked: LockedPayment) -> Loaded:
    """Fold a payment from the store.

    Raises:
        MissingEventsError: the store has no events of it.
    """
    await leases.lock(tx, locked.lease_id)
    stream = await store.read(tx, PAYMENTS, locked.lease_id)
    facts: list[Fact] = [
        event for event in stream.events if isinstance(event, Event) and event.payment_id == locked.payment_id
    ]
    facts += await notices.of_order(tx, locked.order_id)
    payment = fold(facts)
    if payment is None:
        raise MissingEventsError(f"payment {locked.payment_id} has a row and no events")
    return Loaded(payment, stream.version)
