"""Killing any process with -9, at any time, loses nothing acknowledged and needs no hand.

Tenants start payments and Autopay confirms them while one process after the other is killed. The oracle keeps only
what was acknowledged: afterwards every such payment is known, its events are on Kafka, and the balance has dropped by
exactly their sum.
"""

import asyncio
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest

from tests.running.system import RunningSystem

pytestmark = [pytest.mark.faults, pytest.mark.system, pytest.mark.xdist_group("running"), pytest.mark.timeout(280)]

BETWEEN_KILLS_SECONDS = 2.5
SETTLE_SECONDS = 60.0
PATIENCE_SECONDS = 45.0
PAUSE_SECONDS = 0.05
SEED = 20_261_123


@dataclass
class Oracle:
    """What the outside world was told: order id -> (payment id, grosze), and which were answered CONFIRMED."""

    started: dict[str, tuple[str, int]] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)

    @property
    def confirmed_grosze(self) -> int:
        """What must have left the balance."""
        return sum(self.started[order][1] for order in self.confirmed)


def keep_asking(send: Callable[[], httpx.Response], wanted: int) -> httpx.Response | None:
    """Repeat the same request until it is answered as wanted; None when that never came: nothing was acknowledged."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            answer: httpx.Response | None = send()
        except httpx.HTTPError:
            answer = None
        if answer is not None and answer.status_code == wanted:
            return answer
        time.sleep(PAUSE_SECONDS)
    return None


@dataclass
class Load:
    """Starts payments and confirms them, one after the other, each until it is acknowledged."""

    running: RunningSystem
    token: str
    lease_id: str
    oracle: Oracle = field(default_factory=Oracle)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        chance = random.Random(SEED)
        while not self.stop.is_set():
            self.pay(chance.randint(100, 5_000))

    def pay(self, amount_grosze: int) -> None:
        started = keep_asking(partial(self.start, amount_grosze, uuid.uuid4().hex), 201)
        if started is None:
            return
        order_id = started.json()["order_id"]
        self.oracle.started[order_id] = (started.json()["payment_id"], amount_grosze)
        remote_id = uuid.uuid4().hex[:16]
        told = keep_asking(partial(self.running.notify, order_id, amount_grosze, "SUCCESS", remote_id), 200)
        if told is not None and "<confirmation>CONFIRMED</confirmation>" in told.text:
            self.oracle.confirmed.add(order_id)

    def start(self, amount_grosze: int, key: str) -> httpx.Response:
        return httpx.post(
            f"{self.running.url('gateway')}/api/v1/leases/{self.lease_id}/payments",
            json={"amount_grosze": amount_grosze},
            headers={"Authorization": f"Bearer {self.token}", "Idempotency-Key": key},
            timeout=5.0,
        )


def balance_grosze(client: httpx.Client, lease_id: str) -> int | None:
    try:
        answer = client.get(f"/leases/{lease_id}/balance")
    except httpx.HTTPError:
        return None
    return int(answer.json()["balance_grosze"]) if answer.status_code == 200 else None


def alive_again(running: RunningSystem, process: str, old_pid: int) -> bool:
    return int(running.run["processes"][process]["pid"]) != old_pid


def test_killing_each_process_under_load_loses_nothing_acknowledged(running: RunningSystem) -> None:
    lease_id = running.run["demo"]["tenant"]["lease_id"]
    with running.signed_in("tenant") as tenant:
        token = tenant.headers["Authorization"].removeprefix("Bearer ")
        before = balance_grosze(tenant, lease_id)
        assert before is not None
        load = Load(running, token, lease_id)
        oracle = load.oracle
        worker = threading.Thread(target=load.run)
        worker.start()
        killed: dict[str, int] = {}
        try:
            for process in sorted(running.run["processes"]):
                time.sleep(BETWEEN_KILLS_SECONDS)
                killed[process] = running.kill(process)
            time.sleep(BETWEEN_KILLS_SECONDS)
        finally:
            load.stop.set()
            worker.join()
        wanted = before - oracle.confirmed_grosze
        end = time.monotonic() + SETTLE_SECONDS
        while (seen := balance_grosze(tenant, lease_id)) != wanted and time.monotonic() < end:
            time.sleep(0.2)

        assert len(oracle.confirmed) >= len(killed), "the load did not come through"
        assert seen == wanted, f"seed {SEED}: {len(oracle.confirmed)} payments were acknowledged"
        for payment_id, _ in oracle.started.values():
            assert keep_asking(partial(tenant.get, f"/payments/{payment_id}"), 200) is not None
    assert all(alive_again(running, process, pid) for process, pid in killed.items())
    for service, told in running.run["services"].items():
        assert keep_asking(partial(httpx.get, f"{told['url']}/readyz"), 200) is not None, (
            f"{service} is not ready again"
        )
    events = asyncio.run(running.events("iok.payments"))
    on_kafka = {e["data"]["payment_id"] for e in events if e["type"] == "iok.PaymentConfirmed.v1"}
    assert {oracle.started[order][0] for order in oracle.confirmed} <= on_kafka
