"""Asking Autopay about an order of which no notification came: the question, what an answer is worth, when next.

Source: Autopay's documentation, "transactionStatus". The answer is built and signed like a notification, and what it
says goes the same way. It may hold no transaction at all: the payer never got past Autopay's first page.
"""

from datetime import datetime, timedelta

from services.payments.domain.autopay import Merchant, digest
from services.payments.domain.notification import Notification, is_authentic, read_document

FIRST_ASKED_AFTER = timedelta(minutes=10)  # Autopay notifies within seconds; what is later hangs
LONGEST_PAUSE = timedelta(hours=6)
ASKED_FOR = timedelta(days=7)  # Autopay itself repeats its notifications for some six days


class UntrustedAnswerError(Exception):
    """An answer that Autopay did not sign for us, or that is about another order."""


def question(order_id: str, merchant: Merchant) -> dict[str, str]:
    """The form that asks about an order."""
    fields = {"ServiceID": merchant.service_id, "OrderID": order_id}
    return {**fields, "Hash": digest(fields.values(), merchant)}


def answered(document: bytes, order_id: str, merchant: Merchant) -> Notification:
    """What Autopay answered about an order; its transactions may be none.

    Raises:
        UnreadableNotificationError: it is no such document.
        UntrustedAnswerError: it is not Autopay's, or names another order.
    """
    said = read_document(document, fewest=0)
    if not is_authentic(said, merchant):
        raise UntrustedAnswerError("the answer is not signed for us")
    if any(transaction["orderID"] != order_id for transaction in said.transactions):
        raise UntrustedAnswerError("the answer is about another order")
    return said


def next_ask(asked: int, now: datetime) -> datetime:
    """When to ask again after so many questions: each pause is twice the one before, up to the longest."""
    pause = min(FIRST_ASKED_AFTER * (1 << min(asked, 10)), LONGEST_PAUSE)
    return now + pause
