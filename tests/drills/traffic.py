"""Tenants pay while the drill goes on; the oracle keeps only what was acknowledged to them and to Autopay."""

import threading
import time
import uuid
from dataclasses import dataclass, field

import httpx

from tests.running.system import RunningSystem

PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
ANSWER_SECONDS = 5.0
CONFIRMED = "<confirmation>CONFIRMED</confirmation>"


@dataclass
class Traffic:
    """Payments of the demo's tenant: payment id -> grosze, those that Autopay was told are confirmed."""

    running: RunningSystem
    confirmed: dict[str, int] = field(default_factory=dict)

    def pay(self, count: int) -> list[str]:
        """Start so many payments and confirm each; returns their ids, every one acknowledged."""
        with self.running.signed_in("tenant") as tenant:
            return [self._pay_one(tenant, 100 + number) for number in range(count)]

    def keeps_going(self) -> "Going":
        """Pay in the background until the block ends."""
        return Going(self)

    def refusal(self) -> httpx.Response:
        """What a tenant is told who tries to pay now."""
        with self.running.signed_in("tenant") as tenant:
            return self._start(tenant, 100, uuid.uuid4().hex)

    def unreadable(self) -> list[str]:
        """Acknowledged payments that the portal does not show as confirmed, after a while of patience."""
        left = set(self.confirmed)
        until = time.monotonic() + PATIENCE_SECONDS
        with self.running.signed_in("tenant") as tenant:
            while left and time.monotonic() < until:
                left = {one for one in left if _status(tenant, one) != "confirmed"}
                time.sleep(PAUSE_SECONDS)
        return sorted(left)

    def balance_grosze(self) -> int:
        """What the tenant owes."""
        until = time.monotonic() + PATIENCE_SECONDS
        with self.running.signed_in("tenant") as tenant:
            while True:
                answer = tenant.get(f"/leases/{self._lease_id}/balance")
                if answer.status_code == 200:
                    return int(answer.json()["balance_grosze"])
                assert time.monotonic() < until, answer.text
                time.sleep(PAUSE_SECONDS)

    @property
    def _lease_id(self) -> str:
        return str(self.running.run["demo"]["tenant"]["lease_id"])

    def _pay_one(self, tenant: httpx.Client, amount_grosze: int) -> str:
        key, until = uuid.uuid4().hex, time.monotonic() + PATIENCE_SECONDS
        while (started := self._start(tenant, amount_grosze, key)).status_code != 201:
            assert time.monotonic() < until, started.text
            time.sleep(PAUSE_SECONDS)
        payment_id, order_id = started.json()["payment_id"], started.json()["order_id"]
        remote_id = uuid.uuid4().hex[:16]
        while CONFIRMED not in self.running.notify(order_id, amount_grosze, remote_id=remote_id).text:
            assert time.monotonic() < until, "Autopay's notification is not taken"
            time.sleep(PAUSE_SECONDS)
        self.confirmed[payment_id] = amount_grosze
        return str(payment_id)

    def _start(self, tenant: httpx.Client, amount_grosze: int, key: str) -> httpx.Response:
        body, headers = {"amount_grosze": amount_grosze}, {"Idempotency-Key": key}
        path = f"/leases/{self._lease_id}/payments"
        return tenant.post(path, json=body, headers=headers, timeout=ANSWER_SECONDS)


class Going:
    """Traffic in the background, for the time of a `with` block."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._run)
        self._failure: Exception | None = None

    def __enter__(self) -> Traffic:
        self._worker.start()
        return self._traffic

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._worker.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._traffic.pay(1)
        except (AssertionError, httpx.HTTPError) as failure:
            self._failure = failure


def _status(tenant: httpx.Client, payment_id: str) -> str:
    answer = tenant.get(f"/payments/{payment_id}")
    return str(answer.json()["status"]) if answer.status_code == 200 else ""
