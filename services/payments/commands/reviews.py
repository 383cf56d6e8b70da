"""Deciding on parked reports: an operator credits one, or dismisses it. Each leaves a deed, and is off the list."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from libs.chassis.event_store import EventStore, decided_again
from libs.chassis.postgres import Connection, Database
from libs.events.payments import PaymentConfirmed, PaymentFailed
from services.payments.commands.loading import Loaded, load
from services.payments.domain.notification import read_document, reports
from services.payments.domain.payment import Outcome, ReportNoted, evolve
from services.payments.domain.review import CreditParked, NotDecidableError, Parked, credit_parked, dismiss_parked
from services.payments.read_models import money_deeds, payments, reviews
from services.payments.read_models.money_deeds import NewDeed
from services.payments.read_models.payments import LockedPayment
from services.payments.read_models.reviews import Kept

CREDITED, DISMISSED = "report_credited", "report_dismissed"
_Decide = Callable[[Loaded], tuple[PaymentConfirmed | PaymentFailed, str] | None]


class NoSuchReviewError(Exception):
    """No report of this number is open, or its order is unknown here."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Which report, by whom (the opaque id of an account) and why."""

    review_id: int
    by: str
    note: str


def parked_of(kept: Kept) -> Parked:
    """A report as Autopay's notification tells it still: the document is kept byte for byte."""
    report = reports(read_document(kept.document))[kept.position]
    return Parked(report, kept.outcome, kept.concern)


def about(review_id: int) -> str:
    """What deeds about a report are noted under."""
    return f"notice-{review_id}"


class ReviewDesk:
    """Carries operators' decisions about parked reports out."""

    def __init__(self, database: Database, store: EventStore) -> None:
        self._database = database
        self._store = store

    async def credit(self, decided: Decided, command: CreditParked) -> None:
        """Credit a parked report.

        Raises:
            NoSuchReviewError, NotDecidableError, AmountBeyondReportError: nothing was done.
        """
        await decided_again(partial(self._credit, decided, command))

    async def dismiss(self, decided: Decided) -> None:
        """Decide that a parked report was no money: the payment has failed, unless other money came for it.

        Raises:
            NoSuchReviewError, NotDecidableError: nothing was done.
        """
        await decided_again(partial(self._dismiss, decided))

    async def _credit(self, decided: Decided, command: CreditParked) -> None:
        async with self._database.transaction() as tx:
            kept, locked = await _locked(tx, decided.review_id)
            parked = parked_of(kept)
            await self._carry_out(
                tx, locked, lambda loaded: credit_parked(loaded.payment, parked, command), dismissed=None
            )
            await _settle(tx, decided, CREDITED, locked.lease_id)

    async def _dismiss(self, decided: Decided) -> None:
        async with self._database.transaction() as tx:
            kept, locked = await _locked(tx, decided.review_id)
            parked = parked_of(kept)
            await _settle(tx, decided, DISMISSED, locked.lease_id)
            await self._carry_out(
                tx,
                locked,
                lambda loaded: dismiss_parked(loaded.payment, parked, decided.review_id),
                dismissed=parked.report.remote_id or "",
            )

    async def _carry_out(
        self, tx: Connection, locked: LockedPayment, decide: _Decide, *, dismissed: str | None
    ) -> None:
        loaded = await load(tx, self._store, locked)
        done, payment = decide(loaded), loaded.payment
        if done is not None:
            event, key = done
            await self._store.append(tx, locked.lease_id, loaded.stream_version, [event], keys=[key])
            payment = evolve(payment, event)
            if isinstance(event, PaymentConfirmed):
                await payments.confirm(tx, [(locked.lease_id, event)])
        if dismissed is not None:
            payment = evolve(payment, ReportNoted(dismissed, Outcome.DISMISSED))
        await payments.save(tx, locked.lease_id, payment, locked.begun_at)


async def _locked(tx: Connection, review_id: int) -> tuple[Kept, LockedPayment]:
    """The payment first, as whoever takes a report of Autopay's does; then the report as it stands now."""
    kept = await reviews.kept(tx, review_id)
    locked = None if kept is None else await payments.lock_order(tx, kept.order_id)
    kept = await reviews.kept(tx, review_id)
    if kept is None or locked is None:
        raise NoSuchReviewError
    if kept.outcome is not Outcome.PARKED:
        raise NotDecidableError
    return kept, locked


async def _settle(tx: Connection, decided: Decided, deed: str, lease_id: str) -> None:
    if not await reviews.settle(tx, decided.review_id, decided.by, dismissed=deed == DISMISSED):
        raise NoSuchReviewError
    await money_deeds.add(tx, decided.by, [NewDeed(about(decided.review_id), deed, lease_id, decided.note)])
