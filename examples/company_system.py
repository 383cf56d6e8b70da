"""A company system in a page: signs a lease and issues a charge as `source: erp`, then reads the balance it caused.

Any Kafka client in any language can do this from libs/events/asyncapi.yaml alone; nothing of IOK is imported here.
Run it while the demo runs: `.venv/bin/python examples/company_system.py`.
"""

import asyncio
import json
import os
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

VAR = Path(os.environ.get("IOK_VAR", "") or Path(__file__).resolve().parents[1] / "var")
WAIT_SECONDS = 30


def event(event_type: str, lease_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """One CloudEvent in structured mode; the lease is the subject and the Kafka key."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": f"iok.{event_type}.v1",
        "source": "erp",
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "subject": lease_id,
        "data": data,
    }


def lease(today: datetime) -> dict[str, Any]:
    """What a LeaseSigned says: the whole state of the lease."""
    return {
        "number": f"ERP/{uuid.uuid4().hex[:6]}",
        "signed_on": f"{today:%Y-%m-%d}",
        "starts_on": f"{today:%Y-%m-%d}",
        "parties": [{"person_id": f"person-{uuid.uuid4().hex[:8]}", "role": "tenant"}],
        "premises": {
            "premises_id": f"premises-{uuid.uuid4().hex[:8]}",
            "kind": "dwelling",
            "address": "ul. Przykładowa 1/2, 50-001 Wrocław",
            "usable_area_m2": "48.50",
            "heated_area_m2": "46.00",
        },
        "meters": [],
        "persons": 2,
        "waste_segregated": True,
        "bank_account": "61109010140000071219812874",
        "due_day": 15,
        "deposit_grosze": 0,
        "charge_lines": [],
    }


def charge(today: datetime) -> dict[str, Any]:
    """What a ChargeIssued says: lines in grosze that add up to the amount."""
    line = {
        "component": "rent",
        "description": "Czynsz",
        "quantity": "48.50",
        "unit": "m2",
        "unit_price": "14.80",
        "vat_rate": "zw",
        "amount_grosze": 71_780,
    }
    return {
        "charge_id": f"charge-{uuid.uuid4().hex[:8]}",
        "month": f"{today:%Y-%m}",
        "issued_on": f"{today:%Y-%m-%d}",
        "due_on": f"{today + timedelta(days=14):%Y-%m-%d}",
        "amount_grosze": 71_780,
        "lines": [line],
    }


def connection() -> dict[str, Any]:
    """How to reach Kafka as the company's own user, from the run file of the local stack."""
    run = json.loads((VAR / "run" / "stack.json").read_text(encoding="utf-8"))
    return {
        "bootstrap_servers": run["kafka"]["bootstrap"],
        "security_protocol": run["kafka"]["security"],
        "sasl_mechanism": run["kafka"]["mechanism"],
        "sasl_plain_username": run["company_system"]["username"],
        "sasl_plain_password": run["company_system"]["password"],
    }


async def balance_of(consumer: AIOKafkaConsumer, lease_id: str, amount_grosze: int) -> dict[str, Any]:
    """The first BalanceChanged of the lease that shows the amount."""
    async for record in consumer:
        told: dict[str, Any] = json.loads(record.value)
        if told["subject"] == lease_id and told["data"]["balance_grosze"] == amount_grosze:
            return told
    raise AssertionError("the consumer ended")


async def main() -> int:
    """Publish a lease and a charge; print the balance that comes back."""
    today = datetime.now(UTC)
    lease_id = f"erp-{uuid.uuid4().hex[:12]}"
    issued = charge(today)
    consumer = AIOKafkaConsumer("iok.balances", **connection(), group_id=None, auto_offset_reset="latest")
    producer = AIOKafkaProducer(**connection(), acks="all", enable_idempotence=True)
    await consumer.start()
    await producer.start()
    try:
        for topic, told in (
            ("iok.leases", event("LeaseSigned", lease_id, lease(today))),
            ("iok.charges", event("ChargeIssued", lease_id, issued)),
        ):
            sent = await producer.send_and_wait(topic, json.dumps(told).encode(), key=lease_id.encode())
            sys.stdout.write(f"published {told['type']} at {topic}/{sent.partition}/{sent.offset}\n")
        answer = await asyncio.wait_for(balance_of(consumer, lease_id, issued["amount_grosze"]), WAIT_SECONDS)
        sys.stdout.write(f"read back from iok.balances: {json.dumps(answer['data'], ensure_ascii=False)}\n")
    finally:
        await producer.stop()
        await consumer.stop()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
