"""Restoring the events of payments from Kafka: their keys, and the rows that stand in step with them."""

from collections.abc import Callable

from libs.chassis.event_store import EventStore
from libs.chassis.postgres import Connection
from libs.events.envelope import Envelope, EventData
from libs.events.names import PAYMENTS
from libs.events.payments import (
    PaymentConfirmed,
    PaymentExpired,
    PaymentInitiated,
    SettlementReceived,
    TransferReceived,
    TransferReturned,
)
from services.payments.domain.payment import Event, Fact, confirmed_key, evolve, fold
from services.payments.domain.transfer import RECEIVED_ONCE, Deed
from services.payments.read_models import notices, payments, restored_transfers
from services.payments.read_models.restored_transfers import OfTransfer


class Following:
    """What payments adds to its restored events. Autopay's notifications are on no topic: only a backup has them."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    @property
    def key_of(self) -> Callable[[EventData], str | None]:
        """Gives the business key of an event on its lease."""
        return key_of

    async def follow(self, tx: Connection, envelope: Envelope, event: EventData) -> None:
        """Write the payment, or the transfer, as all its events make it now."""
        if isinstance(event, OfTransfer):
            await restored_transfers.follow(tx, event)
        if not isinstance(event, Event):
            return
        stream = await self._store.read(tx, PAYMENTS, envelope.subject)
        facts: list[Fact] = [
            each for each in stream.events if isinstance(each, Event) and each.payment_id == event.payment_id
        ]
        payment = fold(facts)
        if payment is None:
            return
        if payment.order_id is not None:
            for noted in await notices.of_order(tx, payment.order_id):
                payment = evolve(payment, noted)
        await payments.save(tx, envelope.subject, payment, envelope.recorded_at)
        if isinstance(event, PaymentConfirmed):
            await payments.confirm(tx, [(envelope.subject, event)])


def key_of(event: EventData) -> str | None:
    """The business key of an event on its lease; that of a failure names Autopay's transaction, which is lost.

    So does that of a transfer's crediting, which counts them; the transfer's row counts on from what was restored.
    """
    match event:
        case PaymentInitiated():
            return f"initiated:{event.payment_id}"
        case PaymentConfirmed():
            return confirmed_key(event.payment_id, event.remote_id)
        case PaymentExpired():
            return f"expired:{event.payment_id}"
        case TransferReceived() | SettlementReceived():
            return RECEIVED_ONCE
        case TransferReturned():
            return Deed.RETURNED
        case _:
            return None
