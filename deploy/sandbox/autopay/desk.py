"""What Autopay does with a transaction: starts it, takes the payer's answer, tells our service, answers questions."""

import logging
import secrets
import string
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from deploy.sandbox.autopay.protocol import (
    AMOUNTS_THAT_FAIL,
    GATEWAYS,
    NEXT,
    PAYWALL,
    TEST_GATEWAY,
    ProtocolError,
    Refused,
    Report,
    Status,
    check_hash,
    check_start,
    continuation_document,
    digest,
    payment_date,
    transaction_list,
)
from deploy.sandbox.autopay.settings import Settings
from deploy.sandbox.autopay.store import Notification, Store, Transaction

REMOTE_ID_CHARACTERS = string.ascii_uppercase + string.digits
REMOTE_ID_LENGTH = 10
MAX_AMOUNT_ZLOTY = 100_000.0

log = logging.getLogger("autopay")


@dataclass(frozen=True)
class Row:
    """A line of the list page: the transaction, what may be answered to it now, and what was told of it."""

    transaction: Transaction
    answers: list[str]
    notifications: list[Notification]


class Desk:
    """Autopay's counter; ``wake`` is called when a notification has been put in the queue."""

    def __init__(
        self, settings: Settings, store: Store, wake: Callable[[], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._settings, self._store, self._wake, self._clock = settings, store, wake, clock
        self._key = settings.autopay_key.get_secret_value()
        self._service_id = settings.autopay_service_id

    def start(self, pairs: Sequence[tuple[str, str]]) -> Transaction:
        """Return the transaction of a checked start; the same start again gives the one still open.

        Raises ``ProtocolError`` or ``Refused``.
        """
        start = check_start(pairs, self._service_id, self._key, self._settings.return_url, self._now())
        if self._settings.sandbox_autopay_block_paid and self.is_paid(start.order_id):
            raise Refused(start.order_id, "MULTIPLY_PAID_TRANSACTION")
        for known in self._store.of_order(start.order_id):
            if known.status is Status.STARTED and known.asks == start:
                return known
        transaction = Transaction(
            remote_id="".join(secrets.choice(REMOTE_ID_CHARACTERS) for _ in range(REMOTE_ID_LENGTH)),
            continue_key=secrets.token_urlsafe(24),
            fee_grosze=self._settings.sandbox_autopay_fee_grosze,
            status=Status.STARTED,
            details="",
            payment_date="",
            created_at=self._clock(),
            **vars(start),
        )
        self._store.add(transaction)
        log.info("transaction %s started for order %s", transaction.remote_id, start.order_id)
        return transaction

    def continuation(self, transaction: Transaction, url: str) -> str:
        """Return the answer to a start made by a server."""
        return continuation_document(url, transaction.order_id, transaction.remote_id, self._key)

    def at(self, remote_id: str, continue_key: str) -> Transaction | None:
        """Return the transaction behind a continuation address, or None."""
        transaction = self._store.transaction(remote_id)
        if transaction is None or not secrets.compare_digest(transaction.continue_key.encode(), continue_key.encode()):
            return None
        return transaction

    def transaction(self, remote_id: str) -> Transaction | None:
        """Return the transaction of that number, or None."""
        return self._store.transaction(remote_id)

    def is_paid(self, order_id: str) -> bool:
        """Whether any transaction of the order succeeded."""
        return any(one.status is Status.SUCCESS for one in self._store.of_order(order_id))

    def suggested_failure(self, transaction: Transaction) -> str:
        """How the payment fails unless the payer says otherwise: Autopay's test amounts each have their own way."""
        return AMOUNTS_THAT_FAIL.get(transaction.amount_grosze, "CANCELLED")

    def answer(self, transaction: Transaction, status: Status, details: str) -> bool:
        """Take an outcome and queue its notification; False (and nothing done) when it may not follow."""
        if status not in NEXT[transaction.status]:
            return False
        words = {Status.SUCCESS: "AUTHORIZED", Status.FAILURE: details or self.suggested_failure(transaction)}
        gateway_id = TEST_GATEWAY if transaction.gateway_id == PAYWALL else transaction.gateway_id
        after = replace(
            transaction,
            status=status,
            details=words.get(status, ""),
            gateway_id=gateway_id,
            payment_date=payment_date(self._now()),
        )
        document = transaction_list(self._service_id, [self._report(after)], self._key)
        first_try_at = self._clock() + self._settings.sandbox_autopay_itn_delay_seconds
        decided = self._store.decide(transaction, after, document, first_try_at)
        self._wake()
        log.info("transaction %s of order %s: %s", after.remote_id, after.order_id, status.value)
        return decided

    def send_again(self, notification_id: int) -> bool:
        """Send a notification once more, confirmed or not; False when there is none of that number."""
        known = self._store.send_again(notification_id, self._clock())
        self._wake()
        return known

    def way_back(self, transaction: Transaction) -> str:
        """Return the return address with order and hash; it says nothing about the outcome."""
        values = {"ServiceID": self._service_id, "OrderID": transaction.order_id}
        query = urlencode({**values, "Hash": digest(values.values(), self._key)})
        return f"{transaction.return_url}{'&' if '?' in transaction.return_url else '?'}{query}"

    def status_document(self, fields: Mapping[str, str]) -> str:
        """Return an order's state as XML: its transactions that got past the page. Raises ``ProtocolError``."""
        check_hash(fields, ("ServiceID", "OrderID"), self._service_id, self._key)
        known = self._store.of_order(fields.get("OrderID", ""))
        reports = [self._report(one) for one in known if one.status is not Status.STARTED]
        return transaction_list(self._service_id, reports, self._key)

    def gateway_list(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """Return the payment channels, or an error in the same shape."""
        answer: dict[str, Any] = {
            "result": "OK", "errorStatus": None, "description": None, "serviceID": fields.get("ServiceID"),
            "messageID": fields.get("MessageID"), "gatewayGroups": [], "gatewayList": [],
        }  # fmt: skip
        try:
            check_hash(fields, ("ServiceID", "MessageID", "Currencies", "Language"), self._service_id, self._key)
        except ProtocolError as error:
            return {**answer, "result": "ERROR", "errorStatus": error.name, "description": error.description or None}
        groups = [("PBL", "Przelew internetowy", "106"), ("BLIK", "BLIK", "509"), ("CARD", "Karta", "1500")]
        answer["gatewayGroups"] = [
            {"type": kind, "title": title, "shortDescription": None, "description": None, "order": order,
             "iconUrl": None} for order, (kind, title, _) in enumerate(groups, 1)
        ]  # fmt: skip
        answer["gatewayList"] = [_channel(order, kind, number) for order, (kind, _, number) in enumerate(groups, 1)]
        return answer

    def overview(self) -> list[Row]:
        """Return the newest transactions with their notifications, newest first."""
        return [
            Row(one, sorted(status.value for status in NEXT[one.status]) if one.status is not Status.STARTED else [],
                self._store.notifications(one.remote_id))
            for one in self._store.latest()
        ]  # fmt: skip

    def _report(self, transaction: Transaction) -> Report:
        fee_inside = transaction.fee_grosze > 0 and self._settings.sandbox_autopay_fee_in_amount
        return Report(
            order_id=transaction.order_id,
            remote_id=transaction.remote_id,
            amount_grosze=transaction.amount_grosze + (transaction.fee_grosze if fee_inside else 0),
            currency=transaction.currency,
            gateway_id=transaction.gateway_id,
            payment_date=transaction.payment_date,
            status=transaction.status,
            details=transaction.details,
            start_amount_grosze=transaction.amount_grosze if fee_inside else None,
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _channel(order: int, kind: str, number: str) -> dict[str, Any]:
    return {
        "gatewayID": int(number), "name": GATEWAYS[number], "groupType": kind, "bankName": "NONE", "iconUrl": None,
        "state": "OK", "stateDate": "2026-01-01 00:00:00", "shortDescription": None, "description": None,
        "descriptionUrl": None, "availableFor": "BOTH", "requiredParams": [], "mcc": None, "inBalanceAllowed": True,
        "minValidityTime": None, "order": order, "buttonTitle": "Płacę",
        "currencies": [{"currency": "PLN", "minAmount": 0.01, "maxAmount": MAX_AMOUNT_ZLOTY}],
    }  # fmt: skip
