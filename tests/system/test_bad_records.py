"""Bad records stop nothing: each is set aside alone, with its reason and place, and everything else goes on."""

import asyncio
import json
import uuid
from collections import Counter
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from libs.events.tests.bad_records import BadRecord, bad_records, dump, good
from libs.events.topics import CHARGES, LEASES, PAYMENTS
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("running")]

READ_BY_THE_LEDGER = {LEASES, CHARGES, PAYMENTS}
PATIENCE_SECONDS = 60.0


async def publish_among_good_ones(running: RunningSystem, lease_id: str, bad: list[BadRecord]) -> int:
    """Send each bad record between good charges of the lease; returns the sum of those charges in grosze."""
    producer = AIOKafkaProducer(**running.kafka_options(), acks="all", max_request_size=2_000_000)
    await producer.start()
    total_grosze = 0
    try:
        signed = good("LeaseSigned", lease_id, "erp")
        await producer.send_and_wait(LEASES, dump(signed), key=lease_id.encode())
        for number, record in enumerate(bad):
            charge = good("ChargeIssued", lease_id, "erp")
            charge["data"]["charge_id"] = f"charge-{number}"
            total_grosze += charge["data"]["amount_grosze"]
            await producer.send_and_wait(CHARGES, dump(charge), key=lease_id.encode())
            await producer.send_and_wait(record.topic, record.value, key=record.key, headers=list(record.headers))
    finally:
        await producer.stop()
    return total_grosze


def listed(running: RunningSystem, operator: httpx.Client) -> list[dict[str, Any]]:
    """Everything on the ledger's desk, page by page."""
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        parameters = {"limit": "200", **({"cursor": cursor} if cursor else {})}
        page = httpx.get(
            f"{running.url('ledger')}/ops/dead-letters", params=parameters, headers=dict(operator.headers)
        ).json()
        items += page["items"]
        cursor = page["next_cursor"]
    return items


async def test_every_kind_of_bad_record_is_set_aside_and_everything_else_is_booked(running: RunningSystem) -> None:
    lease_id = f"erp-{uuid.uuid4().hex[:12]}"
    bad = [record for record in bad_records(lease_id) if record.topic in READ_BY_THE_LEDGER]
    assert len(bad) >= 45
    with running.signed_in("operator") as operator:
        before = {item["id"] for item in listed(running, operator)}
        total_grosze = await publish_among_good_ones(running, lease_id, bad)
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while len(new := [i for i in listed(running, operator) if i["id"] not in before]) < len(bad):
            assert asyncio.get_running_loop().time() < end, f"{len(new)} of {len(bad)} were set aside"
            await asyncio.sleep(0.3)

    assert Counter(item["reason"] for item in new) == Counter(str(record.reason) for record in bad)
    assert all(item["state"] == "set_aside" for item in new)
    balances = [e for e in await running.events("iok.balances") if e["subject"] == lease_id]
    last = max(balances, key=lambda event: (event["data"]["book"], event["data"]["version"]))
    assert last["data"]["balance_grosze"] == total_grosze, json.dumps(last)


def status(running: RunningSystem, operator: httpx.Client) -> dict[str, Any]:
    told: dict[str, Any] = httpx.get(f"{running.url('ledger')}/ops/status", headers=dict(operator.headers)).json()
    return told


async def test_a_copy_of_each_set_aside_record_lies_among_the_dead_letters(running: RunningSystem) -> None:
    lease_id = f"erp-{uuid.uuid4().hex[:12]}"

    await publish_among_good_ones(running, lease_id, list(bad_records(lease_id)[:1]))

    with running.signed_in("operator") as operator:
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not 0 < (told := status(running, operator))["set_aside"] <= told["dead_letters"]:
            assert asyncio.get_running_loop().time() < end, told
            await asyncio.sleep(0.3)
    copies = await running.records("iok.ledger.dead-letters")
    assert {"reason", "topic", "partition", "offset"} <= {name for name, _ in copies[-1].headers}
