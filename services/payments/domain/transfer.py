"""The life of a transfer: received, credited to a lease, taken off it again, or sent back. Pure.

Two streams tell it: `iok.transfers` of the transfer itself, `iok.payments` of the lease that it is credited to.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from libs.events.payments import (
    SettlementReceived,
    TransferCredited,
    TransferReceived,
    TransferReturned,
    TransferUncredited,
)

RECEIVED_ONCE = "received"  # a transfer's stream holds its arrival once


class TransferStatus(StrEnum):
    """Where a transfer's money stands."""

    TO_CLARIFY = "to_clarify"
    CREDITED = "credited"
    RETURNED = "returned"
    SETTLED = "settled"


class Deed(StrEnum):
    """What was done with a transfer, by the import or by somebody."""

    CREDITED = "credited"
    UNCREDITED = "uncredited"
    RETURNED = "returned"


class NotInThatStateError(Exception):
    """The transfer is not (any more) in a state in which that may be done."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer as it stands: `credits` counts how often it was credited, `lease_id` is whose it is now."""

    transfer_id: str
    amount_grosze: int
    booked_on: date
    status: TransferStatus
    lease_id: str | None = None
    credits: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """Money that came into one of our accounts, as a statement tells it."""

    transfer_id: str
    amount_grosze: int
    booked_on: date
    our_account: str
    statement_ref: str


def receive(arrival: Arrival) -> TransferReceived:
    """Money came, whose is not said yet."""
    return TransferReceived(
        transfer_id=arrival.transfer_id,
        amount_grosze=arrival.amount_grosze,
        booked_on=arrival.booked_on,
        our_account=arrival.our_account,
        statement_ref=arrival.statement_ref,
    )


def settle(arrival: Arrival, payment_ids: tuple[str, ...]) -> SettlementReceived:
    """Autopay paid out what it had collected."""
    return SettlementReceived(
        transfer_id=arrival.transfer_id,
        booked_on=arrival.booked_on,
        amount_grosze=arrival.amount_grosze,
        payment_ids=payment_ids,
    )


def credit(transfer: Transfer) -> TransferCredited:
    """Credit a transfer that nobody was credited with.

    Raises:
        NotInThatStateError: it is credited, sent back or a settlement.
    """
    _require(transfer, TransferStatus.TO_CLARIFY)
    return TransferCredited(
        transfer_id=transfer.transfer_id, paid_on=transfer.booked_on, amount_grosze=transfer.amount_grosze
    )


def uncredit(transfer: Transfer, today: date) -> TransferUncredited:
    """Take a transfer off the lease it was credited to.

    Raises:
        NotInThatStateError: it is credited to nobody.
    """
    _require(transfer, TransferStatus.CREDITED)
    return TransferUncredited(
        transfer_id=transfer.transfer_id,
        uncredited_on=max(today, transfer.booked_on),
        amount_grosze=transfer.amount_grosze,
    )


def send_back(transfer: Transfer, returned_on: date) -> TransferReturned:
    """Send a transfer back that nobody is credited with; never before it came.

    Raises:
        NotInThatStateError: it is credited, sent back already or a settlement.
    """
    _require(transfer, TransferStatus.TO_CLARIFY)
    return TransferReturned(
        transfer_id=transfer.transfer_id,
        returned_on=max(returned_on, transfer.booked_on),
        amount_grosze=transfer.amount_grosze,
    )


def credited_key(transfer_id: str, times: int) -> str:
    """Under this key a lease's stream holds the `times`-th crediting of a transfer once."""
    return f"credited:{transfer_id}:{times}"


def uncredited_key(transfer_id: str, times: int) -> str:
    """The same, for taking that crediting off again."""
    return f"uncredited:{transfer_id}:{times}"


def _require(transfer: Transfer, status: TransferStatus) -> None:
    if transfer.status is not status:
        raise NotInThatStateError(f"the transfer is {transfer.status}")
