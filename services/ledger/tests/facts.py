"""Makers of the events that the ledger's tests speak about; every field may be given, the rest is ordinary."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from libs.chassis.kafka import Record
from libs.events.decoding import Fact, read_data
from libs.events.envelope import Envelope, EventData, encode
from libs.events.topics import CHARGES, LEASES, PAYMENTS, TRANSFERS
from services.ledger.domain import Arrival

LEDGER = "iok/ledger"
PAYER = "iok/payments"
ERP = "erp"
LEASE = "L-1"
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOPICS_BY_EVENT = {
    "LeaseSigned": LEASES,
    "LeaseChanged": LEASES,
    "LeaseEnded": LEASES,
    "ChargeIssued": CHARGES,
    "ChargeCorrected": CHARGES,
    "InterestCharged": CHARGES,
    "TransferReceived": TRANSFERS,
    "TransferReturned": TRANSFERS,
    "SettlementReceived": TRANSFERS,
}


def line(amount_grosze: int, component: str = "czynsz", **fields: Any) -> dict[str, Any]:
    """A line of a charge."""
    return {
        "component": component,
        "description": component.capitalize(),
        "quantity": "1",
        "unit": "szt.",
        "unit_price": "1.00",
        "vat_rate": "zw",
        "amount_grosze": amount_grosze,
        **fields,
    }


def lease_terms(**fields: Any) -> dict[str, Any]:
    """The whole state of a lease."""
    return {
        "number": "12/2020",
        "signed_on": "2020-01-02",
        "starts_on": "2020-02-01",
        "parties": [{"person_id": "P-1", "role": "tenant"}],
        "premises": {
            "premises_id": "LOK-1",
            "kind": "dwelling",
            "address": "ul. Przybyszewskiego 102/1, Wrocław",
            "usable_area_m2": "48.50",
            "heated_area_m2": "45.00",
        },
        "meters": [{"meter_id": "W-1", "medium": "cold_water"}],
        "persons": 2,
        "waste_segregated": True,
        "bank_account": "61109010140000071219812874",
        "due_day": 10,
        "deposit_grosze": 300_000,
        "charge_lines": [line(80_000), line(20_000, "woda")],
        **fields,
    }


def charge(amount_grosze: int = 100_000, charge_id: str = "C-1", **fields: Any) -> dict[str, Any]:
    """The data of a ChargeIssued of one line."""
    return {
        "charge_id": charge_id,
        "month": "2026-10",
        "issued_on": "2026-10-01",
        "due_on": "2026-10-10",
        "amount_grosze": amount_grosze,
        "lines": [line(amount_grosze)],
        **fields,
    }


def correction(amount_grosze: int, correction_id: str = "K-1", charge_id: str = "C-1", **fields: Any) -> dict[str, Any]:
    """The data of a ChargeCorrected of one line."""
    return {
        "correction_id": correction_id,
        "charge_id": charge_id,
        "issued_on": "2026-10-15",
        "due_on": "2026-11-10",
        "amount_grosze": amount_grosze,
        "lines": [line(amount_grosze)],
        **fields,
    }


def interest(amount_grosze: int, interest_id: str = "O-1", charge_id: str = "C-1", **fields: Any) -> dict[str, Any]:
    """The data of an InterestCharged."""
    return {
        "interest_id": interest_id,
        "charge_id": charge_id,
        "charged_on": "2026-11-01",
        "due_on": "2026-11-15",
        "from": "2026-10-11",
        "to": "2026-10-31",
        "amount_grosze": amount_grosze,
        **fields,
    }


def payment(amount_grosze: int = 100_000, payment_id: str = "W-1", **fields: Any) -> dict[str, Any]:
    """The data of a PaymentConfirmed."""
    remote_id = f"R-{payment_id}"
    return {
        "payment_id": payment_id,
        "remote_id": remote_id,
        "paid_on": "2026-10-09",
        "amount_grosze": amount_grosze,
        **fields,
    }


def refund(amount_grosze: int, payment_id: str = "W-1", refund_id: str = "Z-1", **fields: Any) -> dict[str, Any]:
    """The data of a PaymentRefunded."""
    return {
        "payment_id": payment_id,
        "refund_id": refund_id,
        "refunded_on": "2026-10-20",
        "amount_grosze": amount_grosze,
        **fields,
    }


def chargeback(
    amount_grosze: int, payment_id: str = "W-1", chargeback_id: str = "CB-1", **fields: Any
) -> dict[str, Any]:
    """The data of a PaymentChargedBack."""
    return {
        "payment_id": payment_id,
        "chargeback_id": chargeback_id,
        "charged_back_on": "2026-10-21",
        "amount_grosze": amount_grosze,
        **fields,
    }


def transfer(amount_grosze: int, transfer_id: str = "T-1", paid_on: str = "2026-10-12") -> dict[str, Any]:
    """The data of a TransferCredited."""
    return {"transfer_id": transfer_id, "paid_on": paid_on, "amount_grosze": amount_grosze}


def uncredited(amount_grosze: int, transfer_id: str = "T-1", uncredited_on: str = "2026-10-22") -> dict[str, Any]:
    """The data of a TransferUncredited."""
    return {"transfer_id": transfer_id, "uncredited_on": uncredited_on, "amount_grosze": amount_grosze}


def received(amount_grosze: int, transfer_id: str = "T-1", booked_on: str = "2026-10-12") -> dict[str, Any]:
    """The data of a TransferReceived."""
    return {
        "transfer_id": transfer_id,
        "amount_grosze": amount_grosze,
        "booked_on": booked_on,
        "our_account": "61109010140000071219812874",
        "statement_ref": "2026/10/12/1",
    }


def returned(amount_grosze: int, transfer_id: str = "T-1", returned_on: str = "2026-10-23") -> dict[str, Any]:
    """The data of a TransferReturned."""
    return {"transfer_id": transfer_id, "returned_on": returned_on, "amount_grosze": amount_grosze}


def settlement(amount_grosze: int, transfer_id: str = "T-9", booked_on: str = "2026-10-10") -> dict[str, Any]:
    """The data of a SettlementReceived of one payment."""
    fields = {"transfer_id": transfer_id, "booked_on": booked_on, "amount_grosze": amount_grosze}
    return {**fields, "payment_ids": ["W-1"]}


def envelope(name: str, data: dict[str, Any], **attributes: Any) -> Envelope:
    """An event in its envelope: from the ledger, or from payments on their topics, unless `source` says otherwise."""
    topic = TOPICS_BY_EVENT.get(name, PAYMENTS)
    return Envelope.model_validate(
        {
            "specversion": "1.0",
            "id": str(uuid4()),
            "type": f"iok.{name}.v1",
            "source": LEDGER if topic in {LEASES, CHARGES} else PAYER,
            "time": "2026-11-23T12:00:00Z",
            "subject": LEASE,
            "data": data,
            **attributes,
        }
    )


def fact(name: str, data: dict[str, Any], **attributes: Any) -> Fact:
    """The same, as the decoder gives it."""
    wrapped = envelope(name, data, **attributes)
    return Fact.of(wrapped, read_data(wrapped))


def arrival(name: str, data: dict[str, Any], *, partition: int = 0, offset: int = 0, **attributes: Any) -> Arrival:
    """The same, come from a place in Kafka."""
    return Arrival.of(fact(name, data, **attributes), partition, offset)


def record(name: str, data: dict[str, Any], *, partition: int = 0, offset: int = 0, **attributes: Any) -> Record:
    """The same, as it lies in Kafka."""
    wrapped = envelope(name, data, **attributes)
    topic = TOPICS_BY_EVENT.get(name, PAYMENTS)
    return Record(topic, f"id-of-{topic}", partition, offset, wrapped.subject.encode(), encode(wrapped))


def parsed(name: str, data: dict[str, Any]) -> EventData:
    """The event alone."""
    return read_data(envelope(name, data))


def event_id(number: int) -> str:
    """An event id that sorts by its number."""
    return str(UUID(int=number))
