"""What a company system got wrong: bad records on its own topics, so that operators find their desk as on a bad day.

They are about leases that nobody of the demo signs in to: a balance is incomplete until somebody has decided.
"""

import itertools
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.demo.places import DemoError, Places, read_json

ERP: Final = "erp"
TRIAL_ERP: Final = "erp-test"  # a source that nobody allowed
CHARGES: Final = "iok.charges"
LEASES: Final = "iok.leases"

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A record as the company system sent it; the key is its lease."""

    topic: str
    lease_id: str
    value: bytes


def mistakes(lines: Sequence[Line]) -> list[Mistake]:
    """Spoil charges, which are lines of the export: one mistake of a program thrice, another twice, some once."""
    if not lines:
        return []
    charge = itertools.cycle(lines)
    as_text = [_charge({**one, "amount_grosze": str(one["amount_grosze"])}) for one in itertools.islice(charge, 3)]
    not_the_sum = [_charge({**one, "amount_grosze": one["amount_grosze"] + 1}) for one in itertools.islice(charge, 2)]
    trial = _charge(next(charge), TRIAL_ERP)
    cut = _charge(next(charge))
    newer = next(charge)["lease_id"]
    return [
        *as_text,
        *not_the_sum,
        trial,
        Mistake(cut.topic, cut.lease_id, cut.value[: len(cut.value) // 2]),
        Mistake(LEASES, newer, _event("iok.LeaseChanged.v9", newer, {})),
    ]


def charges_of_others(export: Path, signed_in: Sequence[str], most: int = 8) -> list[Line]:
    """Give a charge each of some leases but these, from the export's charges.jsonl."""
    found: dict[str, Line] = {}
    for line in _lines(export / "charges.jsonl"):
        if line["type"] == "ChargeIssued" and line["lease_id"] not in signed_in:
            found.setdefault(line["lease_id"], line)
        if len(found) == most:
            break
    return list(found.values())


async def publish(places: Places, sent: Sequence[Mistake]) -> None:
    """Send the records as the company's own user of Kafka.

    Raises:
        DemoError: Kafka does not take them.
    """
    producer = AIOKafkaProducer(**_connection(places), acks="all", enable_idempotence=True)
    try:
        await producer.start()
        for one in sent:
            await producer.send_and_wait(one.topic, one.value, key=one.lease_id.encode())
    except KafkaError as error:
        raise DemoError(f"Kafka takes no record of the company system: {error!r}") from error
    finally:
        await producer.stop()


def _connection(places: Places) -> dict[str, Any]:
    run = read_json(places.run_file)
    return {
        "bootstrap_servers": run["kafka"]["bootstrap"],
        "security_protocol": run["kafka"]["security"],
        "sasl_mechanism": run["kafka"]["mechanism"],
        "sasl_plain_username": run["company_system"]["username"],
        "sasl_plain_password": run["company_system"]["password"],
    }


def _lines(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _charge(line: Line, source: str = ERP) -> Mistake:
    """A charge issued a second time under an id of its own, by the company system itself."""
    data = {name: value for name, value in line.items() if name not in ("lease_id", "type")}
    data["charge_id"] = f"{line['charge_id']}-ERP"
    return Mistake(CHARGES, line["lease_id"], _event("iok.ChargeIssued.v1", line["lease_id"], data, source))


def _event(event_type: str, lease_id: str, data: Line, source: str = ERP) -> bytes:
    envelope = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": event_type,
        "source": source,
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "subject": lease_id,
        "data": data,
    }
    return json.dumps(envelope, ensure_ascii=False).encode()
