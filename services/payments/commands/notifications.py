"""Taking Autopay's notifications: kept byte for byte, each transaction decided on by itself, each with one effect.

A notification may come ten times, ten at once, in any order, and again after a crash between our commit and our
answer. Whatever comes, the row of the payment is locked first, so that reports on one payment are decided one after
the other; the events' keys and the notices' keys would refuse a second effect even without it.
"""

import hashlib
from functools import partial

from prometheus_client import Counter

from libs.chassis.event_store import EventStore, decided_again
from libs.chassis.logs import logger
from libs.chassis.postgres import Connection, Database
from libs.events.payments import PaymentConfirmed
from services.payments.commands.loading import load
from services.payments.domain.notification import Notification, Report, reports
from services.payments.domain.payment import (
    Concern,
    Decision,
    Outcome,
    Payment,
    ReportNoted,
    TakeReport,
    evolve,
    take_report,
)
from services.payments.read_models import notices, payments
from services.payments.read_models.notices import Place
from services.payments.read_models.payments import LockedPayment

REPORTS = Counter("iok_payments_reports_total", "Autopay's reports taken, by what they came to.", ("outcome",))
CONCERNS = Counter("iok_payments_concerns_total", "Autopay's reports that want an operator, by why.", ("concern",))


class NotificationTaker:
    """Takes notifications that were proven authentic."""

    def __init__(self, database: Database, store: EventStore) -> None:
        self._database = database
        self._store = store

    async def take(self, notification: Notification) -> None:
        """Keep a notification and take each of its reports, in document order; when this returns, all is committed.

        Raises:
            WrongExpectedVersionError, connection errors: not all is taken; Autopay sends it again.
        """
        digest = hashlib.sha256(notification.document).digest()
        for position, report in enumerate(reports(notification)):
            decision = await decided_again(partial(self._take, notification, digest, position, report))
            if decision is not None:
                _tell(report, decision)

    async def _take(self, notification: Notification, digest: bytes, position: int, report: Report) -> Decision | None:
        async with self._database.transaction() as tx:
            kept = await notices.keep(tx, digest, notification.document, again=position > 0)
            place = Place(kept, position)
            if await notices.is_noted(tx, place):
                return None
            locked = await payments.lock_order(tx, report.order_id)
            if locked is None:
                decision = Decision(Outcome.UNKNOWN_ORDER, concern=Concern.UNKNOWN_ORDER)
            else:
                decision = await self._decide(tx, locked, report)
            await notices.note(tx, place, report, decision)
            return decision

    async def _decide(self, tx: Connection, locked: LockedPayment, report: Report) -> Decision:
        loaded = await load(tx, self._store, locked)
        elsewhere = await notices.taken_elsewhere(tx, report)
        decision = take_report(loaded.payment, TakeReport(report, remote_id_is_anothers=elsewhere))
        payment = evolve(loaded.payment, ReportNoted(report.remote_id or "", decision.outcome))
        if decision.event is not None:
            await self._store.append(tx, locked.lease_id, loaded.stream_version, [decision.event], keys=[decision.key])
            payment = evolve(payment, decision.event)
        await _save(tx, locked, payment, decision)
        return decision


async def _save(tx: Connection, locked: LockedPayment, payment: Payment, decision: Decision) -> None:
    await payments.save(tx, locked.lease_id, payment, locked.begun_at)
    if isinstance(decision.event, PaymentConfirmed):
        await payments.confirm(tx, [(locked.lease_id, decision.event)])


def _tell(report: Report, decision: Decision) -> None:
    """Count a report, and raise the alarm about one that wants an operator; never a name, an account or a hash."""
    REPORTS.labels(decision.outcome).inc()
    if decision.concern is not None:
        CONCERNS.labels(decision.concern).inc()
        logger(__name__).error(
            "Autopay's report wants an operator",
            concern=decision.concern,
            order_id=report.order_id,
            remote_id=report.remote_id,
            reported=report.status,
        )
