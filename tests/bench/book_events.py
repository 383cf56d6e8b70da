"""The records a book is measured with: months of charges and payments of many leases, as their owners would send them.

Per lease and month: a charge of four lines, and either an online payment (begun, confirmed) or a transfer (received,
credited). Everything is a function of the lease and month, so that any size is made again alike.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from libs.chassis.kafka import CONTENT_TYPE_HEADER, Record
from libs.events.topics import EVENTS, TOPICS

PARTITIONS: Final = 12
EVENTS_PER_MONTH: Final = 3
LINE_FIELDS: Final = ("component", "description", "quantity", "unit", "unit_price", "vat_rate", "amount_grosze")
COMPONENTS: Final = (
    ("czynsz", "Czynsz za lokal", "48.20", "m²", "14.5000", "zw", 69_890),
    ("zaliczka-co", "Centralne ogrzewanie, zaliczka", "46.90", "m²", "4.2000", "8", 21_274),
    ("zimna-woda-scieki", "Zimna woda i ścieki, zaliczka", "6", "m³", "12.8400", "8", 8_320),
    ("odpady-komunalne", "Odpady komunalne", "3", "os.", "31.0000", "zw", 9_300),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as a producer hands it over."""

    topic: str
    key: bytes
    value: bytes


def events(leases: int, count: int, first_lease: int = 0) -> Iterator[Sent]:
    """About `count` events of `leases` leases: every lease signed, then month after month of all."""
    company = range(first_lease, first_lease + leases)
    lines = [dict(zip(LINE_FIELDS, component, strict=True)) for component in COMPONENTS]
    for lease in company:
        yield _event("LeaseSigned", lease_id(lease), (lease, 0, 0), 1, _terms(lease, lines))
    for month in range(max(0, count - leases) // (leases * EVENTS_PER_MONTH)):
        for lease in company:
            yield from _month(lease, month, lines)


def records(leases: int, count: int, first_lease: int = 0) -> dict[tuple[str, int], list[Record]]:
    """The same as they would lie in the topics: (topic, partition) -> records in their order."""
    logs: dict[tuple[str, int], list[Record]] = {}
    for sent in events(leases, count, first_lease):
        partition = partition_of(sent.key)
        log = logs.setdefault((sent.topic, partition), [])
        log.append(Record(sent.topic, sent.topic, partition, len(log), sent.key, sent.value, (CONTENT_TYPE_HEADER,)))
    return logs


def partition_of(key: bytes) -> int:
    """Where a key lies; any partitioner would do."""
    return zlib.crc32(key) % PARTITIONS


def _month(lease: int, month: int, lines: list[dict[str, Any]]) -> Iterator[Sent]:
    subject, version, at = lease_id(lease), month + 1, (lease, month + 1)
    year, of_year = 2016 + month // 12, month % 12 + 1
    day = f"{year}-{of_year:02}"
    amount = sum(line["amount_grosze"] for line in lines)
    charge = {
        "charge_id": f"charge-{day}",
        "month": day,
        "issued_on": f"{day}-01",
        "due_on": f"{day}-16",
        "amount_grosze": amount,
        "lines": lines,
    }
    yield _event("ChargeIssued", subject, (*at, 1), version, charge)
    paid = {"paid_on": f"{day}-14", "amount_grosze": amount}
    if lease % 2:
        payment = f"payment-{lease}-{month}"
        begun = {"payment_id": payment, "order_id": f"order-{lease}-{month}", "amount_grosze": amount}
        yield _event("PaymentInitiated", subject, (*at, 2), 2 * month + 1, begun)
        confirmed = {"payment_id": payment, "remote_id": f"remote-{lease}-{month}", **paid}
        yield _event("PaymentConfirmed", subject, (*at, 3), 2 * month + 2, confirmed)
    else:
        transfer = f"transfer-{lease}-{month}"
        received = {
            "transfer_id": transfer,
            "amount_grosze": amount,
            "booked_on": f"{day}-14",
            "our_account": "PL61109010140000071219812874",
            "statement_ref": f"{day}/{lease % 97}",
        }
        yield _event("TransferReceived", transfer, (*at, 2), 1, received)
        credited = {"transfer_id": transfer, **paid}
        yield _event("TransferCredited", subject, (*at, 3), version, credited)


def _event(name: str, subject: str, at: tuple[int, int, int], version: int, data: dict[str, Any]) -> Sent:
    topic = EVENTS[f"iok.{name}.v1"].topic
    source = TOPICS[topic].owner
    lease, month, kind = at
    number = (month << 48 | 7 << 76) + (lease << 8 | kind) * 0x9E3779B97F4A7C15 % (1 << 48) + (lease << 90)
    fields = {
        "specversion": "1.0",
        "id": str(UUID(int=number % (1 << 128))),
        "type": f"iok.{name}.v1",
        "source": source,
        "time": "2026-10-01T08:00:00.123456Z",
        "datacontenttype": "application/json",
        "dataschema": f"urn:iok:{name}:v1",
        "subject": subject,
        "streamversion": version,
        "data": data,
    }
    return Sent(topic, subject.encode(), msgspec.json.encode(fields))


def lease_id(lease: int) -> str:
    """The id of a lease."""
    return f"lease-{lease:06}"


def _terms(lease: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "number": f"{lease}/2016",
        "signed_on": "2016-01-02",
        "starts_on": "2016-01-01",
        "parties": [{"person_id": f"person-{lease}", "role": "tenant"}],
        "premises": {
            "premises_id": f"premises-{lease}",
            "kind": "dwelling",
            "address": f"ul. Słowiańska {lease}, 50-234 Wrocław",
            "usable_area_m2": "48.20",
            "heated_area_m2": "46.90",
        },
        "meters": [{"meter_id": f"meter-{lease}", "medium": "cold_water"}],
        "persons": 3,
        "waste_segregated": True,
        "bank_account": "PL61109010140000071219812874",
        "due_day": 16,
        "deposit_grosze": 838_680,
        "charge_lines": lines,
    }
