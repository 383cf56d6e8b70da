"""Charges of the ledger's own: issue and correct. Pure, like the room of leases beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias, assert_never

from libs.events.envelope import EventData
from libs.events.ledger import ChargeCorrected, ChargeIssued, InterestCharged, Line
from services.ledger.domain.errors import (
    ChargeCorrectedOtherwiseError,
    ChargeIssuedOtherwiseError,
    ChargeNotIssuedError,
    NothingToChargeError,
)

ChargeEvent: TypeAlias = ChargeIssued | ChargeCorrected | InterestCharged


@dataclass(frozen=True, slots=True)
class IssueCharge:
    """Charge a lease for a month; the amount is the sum of the lines, in grosze."""

    charge_id: str
    month: str
    issued_on: date
    due_on: date
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class CorrectCharge:
    """Correct a charge by a signed difference: the sum of the lines, new minus old, in grosze."""

    correction_id: str
    charge_id: str
    issued_on: date
    due_on: date
    lines: tuple[Line, ...]


ChargeCommand: TypeAlias = IssueCharge | CorrectCharge


@dataclass(frozen=True, slots=True)
class Charges:
    """The charges of one lease: the ledger's own, and the ids of others (company systems', or the file's at hand)."""

    issued: Mapping[str, ChargeIssued] = field(default_factory=dict)
    corrected: Mapping[str, ChargeCorrected] = field(default_factory=dict)
    known_elsewhere: frozenset[str] = frozenset()


def evolve_charges(charges: Charges, event: ChargeEvent) -> Charges:
    """The charges after one more event of the lease's stream."""
    match event:
        case ChargeIssued():
            return replace(charges, issued={**charges.issued, event.charge_id: event})
        case ChargeCorrected():
            return replace(charges, corrected={**charges.corrected, event.correction_id: event})
        case InterestCharged():
            return charges  # no command of this room depends on interest
        case _:
            assert_never(event)


def charges_of(events: Iterable[EventData], known_elsewhere: frozenset[str] = frozenset()) -> Charges:
    """Fold a lease's stream of charges; raises TypeError for an event that is none of them."""
    charges = Charges(known_elsewhere=known_elsewhere)
    for event in events:
        if not isinstance(event, ChargeEvent):
            raise TypeError(f"{event.event_type()} is no event of charges")
        charges = evolve_charges(charges, event)
    return charges


def decide_charge(charges: Charges, command: ChargeCommand) -> Sequence[ChargeEvent]:
    """The events that a command leads to; none when it says what is recorded already.

    Raises:
        ChargeIssuedOtherwiseError, ChargeCorrectedOtherwiseError, ChargeNotIssuedError, NothingToChargeError: refused.
    """
    match command:
        case IssueCharge():
            return _issue(charges, command)
        case CorrectCharge():
            return _correct(charges, command)
        case _:
            assert_never(command)


def _issue(charges: Charges, command: IssueCharge) -> Sequence[ChargeEvent]:
    amount_grosze = sum(line.amount_grosze for line in command.lines)
    if amount_grosze <= 0:
        raise NothingToChargeError(f"the lines add up to {amount_grosze} grosze: that is no charge")
    charge = ChargeIssued(
        charge_id=command.charge_id,
        month=command.month,
        issued_on=command.issued_on,
        due_on=command.due_on,
        amount_grosze=amount_grosze,
        lines=command.lines,
    )
    before = charges.issued.get(command.charge_id)
    if before is None:
        return [charge]
    if before != charge:
        raise ChargeIssuedOtherwiseError(f"charge {command.charge_id} was issued already, with another content")
    return []


def _correct(charges: Charges, command: CorrectCharge) -> Sequence[ChargeEvent]:
    if command.charge_id not in charges.issued and command.charge_id not in charges.known_elsewhere:
        raise ChargeNotIssuedError(f"charge {command.charge_id} was never issued on this lease")
    amount_grosze = sum(line.amount_grosze for line in command.lines)
    if amount_grosze == 0:
        raise NothingToChargeError("a correction of nothing is no correction")
    correction = ChargeCorrected(
        correction_id=command.correction_id,
        charge_id=command.charge_id,
        issued_on=command.issued_on,
        due_on=command.due_on,
        amount_grosze=amount_grosze,
        lines=command.lines,
    )
    before = charges.corrected.get(command.correction_id)
    if before is None:
        return [correction]
    if before != correction:
        raise ChargeCorrectedOtherwiseError(
            f"correction {command.correction_id} was made already, with another content"
        )
    return []
