"""Leases of the ledger's own: sign, change, end. Pure: `evolve_lease` folds a stream, `decide_lease` judges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias, assert_never

from libs.events.envelope import EventData
from libs.events.ledger import LeaseChanged, LeaseEnded, LeaseSigned
from services.ledger.domain.days import first_day, last_day
from services.ledger.domain.errors import (
    LeaseEndedOtherwiseError,
    LeaseEndsTooSoonError,
    LeaseNotSignedError,
    LeaseSignedOtherwiseError,
)

Terms: TypeAlias = LeaseSigned | LeaseChanged
LeaseEvent: TypeAlias = LeaseSigned | LeaseChanged | LeaseEnded


@dataclass(frozen=True, slots=True)
class SignLease:
    """Record that a lease was signed on these terms."""

    terms: LeaseSigned


@dataclass(frozen=True, slots=True)
class ChangeLease:
    """Record a lease's whole new terms."""

    terms: LeaseChanged


@dataclass(frozen=True, slots=True)
class EndLease:
    """Record that a lease ended."""

    ended_on: date


LeaseCommand: TypeAlias = SignLease | ChangeLease | EndLease


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as its own stream tells it: how it was signed, its terms now, and its last day if it has ended."""

    signed: LeaseSigned | None = None
    terms: Terms | None = None
    ended_on: date | None = None


def evolve_lease(lease: Lease, event: LeaseEvent) -> Lease:
    """The lease after one more event of its stream."""
    match event:
        case LeaseSigned():
            return Lease(signed=event, terms=event)
        case LeaseChanged():
            return replace(lease, terms=event)
        case LeaseEnded():
            return replace(lease, ended_on=event.ended_on)
        case _:
            assert_never(event)


def lease_of(events: Iterable[EventData]) -> Lease:
    """Fold a lease's stream; raises TypeError for an event that is none of a lease's."""
    lease = Lease()
    for event in events:
        if not isinstance(event, LeaseEvent):
            raise TypeError(f"{event.event_type()} is no event of a lease")
        lease = evolve_lease(lease, event)
    return lease


def decide_lease(lease: Lease, command: LeaseCommand) -> Sequence[LeaseEvent]:
    """The events that a command leads to; none when it says what is recorded already.

    Raises:
        LeaseSignedOtherwiseError, LeaseNotSignedError, LeaseEndsTooSoonError, LeaseEndedOtherwiseError: refused.
    """
    match command:
        case SignLease(terms):
            return _sign(lease, terms)
        case ChangeLease(terms):
            return _change(lease, terms)
        case EndLease(ended_on):
            return _end(lease, ended_on)
        case _:
            assert_never(command)


def _sign(lease: Lease, terms: LeaseSigned) -> Sequence[LeaseEvent]:
    if lease.signed == terms:
        return []
    if lease.signed is not None:
        raise LeaseSignedOtherwiseError("the lease was signed already, on other terms")
    _check_days(terms)
    return [terms]


def _change(lease: Lease, terms: LeaseChanged) -> Sequence[LeaseEvent]:
    if lease.terms is None:
        raise LeaseNotSignedError("a lease that was never signed cannot change")
    if lease.terms == terms:
        return []
    _check_days(terms)
    return [terms]


def _end(lease: Lease, ended_on: date) -> Sequence[LeaseEvent]:
    if lease.terms is None:
        raise LeaseNotSignedError("a lease that was never signed cannot end")
    if lease.ended_on == ended_on:
        return []
    if lease.ended_on is not None:
        raise LeaseEndedOtherwiseError(f"the lease ended already on {lease.ended_on}")
    if ended_on < lease.terms.starts_on:
        raise LeaseEndsTooSoonError(f"a lease that starts on {lease.terms.starts_on} cannot end on {ended_on}")
    return [LeaseEnded(ended_on=ended_on)]


def _check_days(terms: Terms) -> None:
    if terms.ends_on is not None and terms.ends_on < terms.starts_on:
        raise LeaseEndsTooSoonError(f"a lease that starts on {terms.starts_on} cannot end on {terms.ends_on}")


def runs_in(month: str, starts_on: date, ends_on: date | None, ended_on: date | None) -> bool:
    """Whether a lease runs on at least one day of `month` (`YYYY-MM`)."""
    last = min((day for day in (ends_on, ended_on) if day is not None), default=None)
    return starts_on <= last_day(month) and (last is None or last >= first_day(month))
