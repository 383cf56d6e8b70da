"""The Kafka door: which leases exist, heard from a real broker, and what is set aside."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from libs.chassis.postgres import Database
from libs.chassis.projection import ProjectionRunner
from libs.chassis.testing import ServiceDatabase, TopicSpace, eventually
from libs.events.envelope import Envelope, encode, new_event_id
from libs.events.ledger import LeaseSigned
from services.payments.consumer import LeaseProjector
from services.payments.read_models import leases
from services.payments.read_models.leases import ToldLease

pytestmark = pytest.mark.system
TOPIC = "iok.leases"
SET_ASIDE = "select reason from set_aside order by id"


def signed(number: str) -> LeaseSigned:
    premises = {
        "premises_id": "premises-1",
        "kind": "dwelling",
        "address": "ul. Klonowa 1/2, 50-001 Wrocław",
        "usable_area_m2": "50.00",
        "heated_area_m2": "48.00",
    }
    return LeaseSigned.model_validate_json(
        json.dumps(
            {
                "number": number,
                "signed_on": "2024-01-02",
                "starts_on": "2024-02-01",
                "parties": [{"person_id": "person-1", "role": "tenant"}],
                "premises": premises,
                "meters": [],
                "persons": 2,
                "waste_segregated": True,
                "bank_account": "96109010301793218160815294",
                "due_day": 10,
                "deposit_grosze": 0,
                "charge_lines": [],
            }
        )
    )


def record(lease_id: str, number: str, source: str = "iok/ledger") -> tuple[bytes, bytes]:
    envelope = Envelope.carrying(
        signed(number), event_id=new_event_id(), source=source, at=datetime.now(UTC), subject=lease_id
    )
    return lease_id.encode(), encode(envelope)


async def test_leases_of_the_ledger_and_of_company_systems_are_known_and_bad_records_set_aside(
    service_database: Callable[[str], ServiceDatabase], topics: TopicSpace
) -> None:
    for key, value in (
        record("lease-a", "A/1"),
        (b"lease-b", b"{"),
        record("lease-c", "C/1", "erp"),
        record("lease-d", "D/1", "nobody"),
        (b"lease-x", record("lease-e", "E/1")[1]),
        record("lease-a", "A/2"),
        record("lease-a", "foreign", "erp"),
    ):
        await topics.publish(TOPIC, key, value, partition=3)
    database = await Database.open(service_database("payments").service_dsn)
    stop = asyncio.Event()
    runner = ProjectionRunner(database, topics.kafka, "iok-payments", LeaseProjector({"erp"}))
    running = asyncio.create_task(runner.run(stop))

    async def known() -> dict[str, Any]:
        async with database.connection() as connection:
            numbers = {each: await leases.number_of(connection, f"lease-{each}") for each in "abcde"}
            reasons = [row["reason"] for row in await connection.fetch(SET_ASIDE)]
        return numbers | {"set_aside": reasons} if len(reasons) == 4 and numbers["a"] == "A/2" else {}

    try:
        assert await eventually(known, what="the leases") == {
            "a": "A/2",
            "b": None,
            "c": "C/1",
            "d": None,
            "e": None,
            "set_aside": ["not_json", "source_not_allowed", "key_is_not_subject", "lease_of_another_source"],
        }
    finally:
        stop.set()
        await asyncio.wait([running], timeout=10)
        await database.close()


async def test_a_lease_belongs_to_whoever_signed_it_and_a_change_told_before_makes_nobody_its_owner(
    service_database: Callable[[str], ServiceDatabase],
) -> None:
    database = await Database.open(service_database("payments").service_dsn)

    async def told(*heard: ToldLease) -> str | None:
        async with database.transaction() as tx:
            await leases.project(tx, heard)
            return await leases.number_of(tx, "L-1")

    try:
        assert await told(ToldLease("L-1", "early", "erp", signs=False)) is None
        both = (ToldLease("L-1", "foreign", "erp", signs=False), ToldLease("L-1", "ours", "iok/ledger", signs=True))
        assert await told(*both) == "ours"
        assert await told(ToldLease("L-1", "late", "erp", signs=True)) == "ours"
        assert await told(ToldLease("L-1", "changed", "iok/ledger", signs=False)) == "changed"
    finally:
        await database.close()
