"""The commands of payments over the simulated store; what a payment is and what a report means is the real code."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Final

from libs.chassis.event_store import Append
from libs.events.names import PAYMENTS
from services.payments.domain.autopay import Merchant
from services.payments.domain.notification import (
    Notification,
    Report,
    UnreadableNotificationError,
    is_authentic,
    read,
    reports,
)
from services.payments.domain.payment import (
    EXPIRY_GRACE,
    VALIDITY,
    Concern,
    Decision,
    Event,
    ExpirePayment,
    Fact,
    Outcome,
    Payment,
    PaymentStatus,
    ReportNoted,
    StartPayment,
    TakeReport,
    begin,
    evolve,
    expire,
    fold,
    start,
    take_report,
)
from services.payments.tests.itn import KEY, SERVICE_ID
from tests.simulation.chance import Chance
from tests.simulation.database import Steps, Transaction
from tests.simulation.event_store import EventStore
from tests.simulation.plan import Expire, Notify, Request, StartPay, Tell
from tests.simulation.world import START, World

MERCHANT: Final = Merchant(SERVICE_ID, KEY)
LIMIT_GROSZE: Final = 10**11
LONG_AFTER: Final = START + VALIDITY + EXPIRY_GRACE + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """A payment's row of the read model."""

    lease_id: str
    payment_id: str
    status: PaymentStatus


class PaymentsDoor:
    """Takes starts of payments, Autopay's notifications, expiries, and what else payments is told."""

    def __init__(self, world: World, store: EventStore, autopay: Sequence[list[Request]]) -> None:
        self.world = world
        self.store = store
        self.database = store.database
        self._autopay = autopay
        self._chance = Chance(world.plan.seed, "autopay")

    def handle(self, request: Request) -> Steps[bool]:
        """Do what is asked, each in its own transaction."""
        match request:
            case StartPay():
                yield from self._start(request)
            case Notify():
                return (yield from self._notify(request.document))
            case Expire(payment_id):
                yield from self._expire(payment_id.replace("-", ""))
            case Tell():
                yield from self._tell(request)
            case other:
                raise TypeError(f"{other} is no request for payments")
        return True

    def _start(self, request: StartPay) -> Steps[None]:
        """Begin a payment; the same asked again (by its Idempotency-Key) is answered as before."""
        with self.database.begin("payments-api") as tx:
            yield from tx.lock(("answer", request.payment_id))
            if tx.get("payments", request.order_id) is None:
                command = StartPayment(request.payment_id, request.amount_grosze, request.charge_id)
                event = start(command, LIMIT_GROSZE)
                stream = yield from self.store.read(tx, PAYMENTS, request.lease_id)
                append = Append(request.lease_id, event, f"initiated:{event.payment_id}")
                yield from self.store.append(tx, append, stream.version)
                held = Held(request.lease_id, event.payment_id, begin(event).status)
                yield from _save(tx, request.order_id, held)
                yield from tx.commit()
        self._tell_autopay(request)

    def _tell_autopay(self, request: StartPay) -> None:
        """The payer is sent to Autopay, which then notifies: in any order, some of it often, and several at once."""
        chance = self._chance
        said: list[Request] = [notice for one in request.tries for notice in one.notices]
        said += [Expire(request.payment_id)] if request.expires else []
        if chance.happens(0.5):
            said = chance.shuffled(said)
        for each in said:
            for _ in range(1 if chance.happens(0.6) else chance.between(2, 4)):
                chance.one_of(self._autopay).append(each)

    def _notify(self, document: str) -> Steps[bool]:
        """Take a notification; False when it is not authentic: then nothing is written."""
        notification = _authentic(document)
        if notification is None:
            return False
        for position, report in enumerate(reports(notification)):
            yield from self._take(notification, position, report)
        return True

    def _take(self, notification: Notification, position: int, report: Report) -> Steps[None]:
        digest = hashlib.sha256(notification.document).digest()
        with self.database.begin("payments-api") as tx:
            yield from tx.lock(("document", digest))
            if self.was_noticed(tx, digest, position):
                return
            tx.put("noticed", (digest, position), True)
            yield from tx.lock(("order", report.order_id))
            held: Held | None = tx.get("payments", report.order_id)
            if held is None:
                decision = Decision(Outcome.UNKNOWN_ORDER, concern=Concern.UNKNOWN_ORDER)
            else:
                decision = yield from self._decide(tx, held, report)
            notes = tx.get("notices", report.order_id) or ()
            tx.put("notices", report.order_id, (*notes, ReportNoted(report.remote_id or "", decision.outcome)))
            yield from tx.commit()

    def was_noticed(self, tx: Transaction, digest: bytes, position: int) -> bool:
        """Whether this transaction of this document was taken before."""
        return tx.get("noticed", (digest, position)) is not None

    def _decide(self, tx: Transaction, held: Held, report: Report) -> Steps[Decision]:
        stream = yield from self.store.read(tx, PAYMENTS, held.lease_id)
        payment = self._payment(tx, stream.events, held, report.order_id)
        elsewhere = yield from self.is_anothers(tx, report)
        decision = self.judge(payment, TakeReport(report, remote_id_is_anothers=elsewhere))
        if decision.outcome in {Outcome.CREDITED, Outcome.PARKED}:
            taken = tx.get("remotes", report.remote_id) or ()
            tx.put("remotes", report.remote_id, (*taken, report.order_id))
        payment = evolve(payment, ReportNoted(report.remote_id or "", decision.outcome))
        if decision.event is not None:
            yield from self.store.append(tx, Append(held.lease_id, decision.event, decision.key), stream.version)
            payment = evolve(payment, decision.event)
        shown = Held(held.lease_id, held.payment_id, self.status(payment, report))
        yield from _save(tx, report.order_id, shown)
        return decision

    def is_anothers(self, tx: Transaction, report: Report) -> Steps[bool]:
        """Whether a success of this very transaction was taken for another order; holds it until the end."""
        yield from tx.statement()
        yield from tx.lock(("remote", report.remote_id))
        yield from tx.statement()
        return any(order_id != report.order_id for order_id in tx.get("remotes", report.remote_id) or ())

    def judge(self, payment: Payment, command: TakeReport) -> Decision:
        """What a report means for a payment."""
        return take_report(payment, command)

    def status(self, payment: Payment, report: Report) -> PaymentStatus:
        """What the payer is shown."""
        return payment.status

    def _payment(self, tx: Transaction, events: Sequence[object], held: Held, order_id: str) -> Payment:
        own: list[Fact] = [e for e in events if isinstance(e, Event) and e.payment_id == held.payment_id]
        payment = fold([*own, *(tx.get("notices", order_id) or ())])
        if payment is None:
            raise TypeError(f"payment {held.payment_id} has a row and no events")
        return payment

    def _expire(self, order_id: str) -> Steps[None]:
        with self.database.begin("payments-expiry") as tx:
            yield from tx.lock(("order", order_id))
            held: Held = tx.get("payments", order_id)
            stream = yield from self.store.read(tx, PAYMENTS, held.lease_id)
            payment = self._payment(tx, stream.events, held, order_id)
            event = expire(payment, ExpirePayment(START + VALIDITY, LONG_AFTER))
            if event is not None:
                append = Append(held.lease_id, event, f"expired:{held.payment_id}")
                yield from self.store.append(tx, append, stream.version)
                yield from _save(tx, order_id, Held(held.lease_id, held.payment_id, evolve(payment, event).status))
                yield from tx.commit()

    def _tell(self, request: Tell) -> Steps[None]:
        with self.database.begin("payments-api") as tx:
            stream = yield from self.store.read(tx, request.event.topic, request.subject)
            yield from tx.lock(("answer", request.key))
            if tx.get("keys", (request.event.topic, request.subject, request.key)) is None:
                append = Append(request.subject, request.event, request.key)
                yield from self.store.append(tx, append, stream.version)
                yield from tx.commit()


def _save(tx: Transaction, order_id: str, held: Held) -> Steps[None]:
    yield from tx.statement()
    tx.put("payments", order_id, held)


@lru_cache(64)
def _authentic(document: str) -> Notification | None:
    """A notification if Autopay itself wrote it; judged once, however often it is delivered."""
    try:
        notification = read(document)
    except UnreadableNotificationError:
        return None
    return notification if is_authentic(notification, MERCHANT) else None
