"""Payments to measure with: events as the service records them, without a service."""

from datetime import UTC, datetime

from libs.chassis.outbox import Message
from libs.events.envelope import Envelope, encode, new_event_id
from libs.events.names import PAYMENTS
from libs.events.payments import PaymentInitiated

AMOUNT_GROSZE = 123_456


def lease_id(n: int) -> str:
    """The n-th lease's id, of the length that companies use."""
    return f"bench-lease-{n:08d}"


def initiated(n: int) -> Message:
    """A payment of the n-th lease begins; some 500 bytes."""
    event = PaymentInitiated(payment_id=new_event_id(), order_id=new_event_id()[:32], amount_grosze=AMOUNT_GROSZE)
    envelope = Envelope.carrying(
        event, event_id=new_event_id(), source="iok/payments", at=datetime.now(UTC), subject=lease_id(n)
    )
    return Message(PAYMENTS, lease_id(n), encode(envelope))
