"""The company's own system, as a test needs it: it charges a lease, so that there is something to pay."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import Producer

from tests.running.system import RunningSystem

CHARGES = "iok.charges"
PATIENCE_SECONDS = 15.0


def charge(running: RunningSystem, lease_id: str, amount_grosze: int) -> None:
    """Publish a charge of this month that was due yesterday."""
    _publish(running, lease_id, _event(lease_id, amount_grosze))


def _event(lease_id: str, amount_grosze: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    yesterday = (now - timedelta(days=1)).date().isoformat()
    line = {
        "component": "rent",
        "description": "Czynsz",
        "quantity": "1",
        "unit": "szt.",
        "unit_price": f"{amount_grosze / 100:.2f}",
        "vat_rate": "zw",
        "amount_grosze": amount_grosze,
    }
    data = {
        "charge_id": f"browser-{uuid.uuid4().hex[:12]}",
        "month": f"{now:%Y-%m}",
        "issued_on": yesterday,
        "due_on": yesterday,
        "amount_grosze": amount_grosze,
        "lines": [line],
    }
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": "iok.ChargeIssued.v1",
        "source": "erp",
        "subject": lease_id,
        "time": now.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": "iok.ChargeIssued.v1",
        "data": data,
    }


def _publish(running: RunningSystem, lease_id: str, event: dict[str, Any]) -> None:
    """Send one record and wait until Kafka has it. Not asyncio: the browser's driver has a loop of its own here."""
    kafka, company = running.run["kafka"], running.run["company_system"]
    producer = Producer(
        {
            "bootstrap.servers": kafka["bootstrap"],
            "security.protocol": kafka["security"],
            "sasl.mechanism": kafka["mechanism"],
            "sasl.username": company["username"],
            "sasl.password": company["password"],
            "partitioner": "murmur2_random",
        }
    )
    headers: list[tuple[str, str | bytes | None]] = [("content-type", b"application/cloudevents+json")]
    producer.produce(CHARGES, json.dumps(event).encode(), key=lease_id.encode(), headers=headers)
    assert producer.flush(PATIENCE_SECONDS) == 0, "Kafka did not take the charge"
