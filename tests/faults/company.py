"""The company system of the campaign: signs leases, issues charges one by one for each lease, and sends bad records."""

import asyncio
import json
import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from libs.events.tests.bad_records import BadRecord, bad_records
from tests.faults.history import History, Issued
from tests.running.system import RunningSystem

READ_BY_THE_LEDGER = {"iok.leases", "iok.charges", "iok.payments"}
REPEATED_SHARE = 0.08
PARTITIONS = 12
BIG_BYTES = 2_000_000  # a record that is too big for us must reach the broker
REQUEST_MS = 5_000
PAUSE_SECONDS = 0.2
CHARGED_GROSZE = (100, 90_000)
CHARGES, LEASES = "iok.charges", "iok.leases"


class Sender:
    """A producer that is made anew after every error: what it was asked to send is sent until Kafka takes it."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def once(self, topic: str, value: bytes | None, **where: Any) -> Any:
        """Send one record; returns its place.

        Raises:
            KafkaError, TimeoutError, OSError: it may have been taken, or not.
        """
        try:
            producer = await self._ready()
            return await asyncio.wait_for(producer.send_and_wait(topic, value, **where), 2 * REQUEST_MS / 1000)
        except (KafkaError, TimeoutError, OSError):
            await self.close()
            raise

    async def close(self) -> None:
        """Give up the producer, whatever it still holds."""
        producer, self._producer = self._producer, None
        if producer is not None:
            stopping = asyncio.create_task(producer.stop())
            await asyncio.wait([stopping], timeout=PAUSE_SECONDS)
            stopping.cancel()

    async def _ready(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._options, acks="all", max_request_size=BIG_BYTES, request_timeout_ms=REQUEST_MS
                )
                await asyncio.wait_for(producer.start(), 2 * REQUEST_MS / 1000)
                self._producer = producer
            return self._producer


class Company:
    """One company system, whose leases all have the demo's tenant as a party."""

    def __init__(self, system: RunningSystem, history: History, seed: int) -> None:
        self._history = history
        self._chance = random.Random(f"company {seed}")
        own = system.run["company_system"]
        options = system.kafka_options()
        self._sender = Sender(
            options | {"sasl_plain_username": own["username"], "sasl_plain_password": own["password"]}
        )
        self._anybody = Sender(options)
        self._numbers: dict[str, int] = {}
        self._bad: list[BadRecord] = []
        self.kinds: set[str] = set()
        self.stopping = False

    async def sign(self, lease_ids: list[str], person_id: str) -> None:
        """Sign the leases."""
        for number, lease_id in enumerate(lease_ids):
            await self._until_taken(LEASES, lease_id, event("LeaseSigned", lease_id, terms(number, person_id)))

    async def issue(self, lease_id: str) -> None:
        """Issue one charge; now and then the same record again, sometimes into another partition."""
        amount, number = self._chance.randint(*CHARGED_GROSZE), self._numbers.get(lease_id, 0) + 1
        self._numbers[lease_id] = number
        told = event("ChargeIssued", lease_id, charge(amount))
        issued = self._history.issued[told["id"]] = Issued(lease_id, amount, number)
        issued.acknowledged = await self._until_taken(CHARGES, lease_id, told)
        self._history.delivered += 1
        if issued.acknowledged and self._chance.random() < REPEATED_SHARE:
            elsewhere = self._chance.choice((None, self._chance.randrange(PARTITIONS)))
            await self._repeat(lease_id, told, elsewhere)

    async def send_bad(self) -> None:
        """Send the next bad record, of a kind after the other; the lease they name is nobody's."""
        if not self._bad:
            lease_id = f"bad-{uuid.uuid4().hex[:12]}"
            self._bad = [record for record in bad_records(lease_id) if record.topic in READ_BY_THE_LEDGER]
        record = self._bad.pop()
        try:
            at = await self._anybody.once(record.topic, record.value, key=record.key, headers=list(record.headers))
        except (KafkaError, TimeoutError, OSError):
            await asyncio.sleep(PAUSE_SECONDS)
            return
        self._history.bad.add((at.topic, at.partition, at.offset))
        self.kinds.add(record.name)

    async def close(self) -> None:
        """Close the producers."""
        await self._sender.close()
        await self._anybody.close()

    async def _until_taken(self, topic: str, lease_id: str, told: dict[str, Any]) -> bool:
        while not self.stopping:
            try:
                await self._sender.once(topic, dump(told), key=lease_id.encode())
            except (KafkaError, TimeoutError, OSError):
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return True
        return False

    async def _repeat(self, lease_id: str, told: dict[str, Any], partition: int | None) -> None:
        try:
            await self._sender.once(CHARGES, dump(told), key=lease_id.encode(), partition=partition)
        except (KafkaError, TimeoutError, OSError):
            return
        self._history.repeated += 1
        self._history.delivered += 1


def dump(told: dict[str, Any]) -> bytes:
    """As JSON."""
    return json.dumps(told, ensure_ascii=False).encode()


def event(name: str, lease_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """A CloudEvent of the source `erp`."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": f"iok.{name}.v1",
        "source": "erp",
        "time": datetime.fromtimestamp(time.time(), UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "subject": lease_id,
        "data": data,
    }


def terms(number: int, person_id: str) -> dict[str, Any]:
    """What a LeaseSigned says."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return {
        "number": f"F/{number}",
        "signed_on": today,
        "starts_on": today,
        "parties": [{"person_id": person_id, "role": "tenant"}],
        "premises": {
            "premises_id": f"premises-f-{number}",
            "kind": "dwelling",
            "address": f"ul. Próbna 1/{number + 1}, 50-001 Wrocław",
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


def charge(amount_grosze: int) -> dict[str, Any]:
    """What a ChargeIssued says."""
    today = datetime.now(UTC)
    price = f"{amount_grosze // 100}.{amount_grosze % 100:02d}"
    line = {
        "component": "rent",
        "description": "Czynsz",
        "quantity": "1.00",
        "unit": "m2",
        "unit_price": price,
        "vat_rate": "zw",
        "amount_grosze": amount_grosze,
    }
    return {
        "charge_id": f"charge-{uuid.uuid4().hex}",
        "month": f"{today:%Y-%m}",
        "issued_on": f"{today:%Y-%m-%d}",
        "due_on": f"{today + timedelta(days=14):%Y-%m-%d}",
        "amount_grosze": amount_grosze,
        "lines": [line],
    }
