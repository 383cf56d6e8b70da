"""The steady load of a campaign: tenants pay and write, a company charges, readers read; the history notes it all."""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.client import Answer, Client
from tests.faults.company import REPEATED_SHARE, Company
from tests.faults.history import History, Notice, Read, Start

LETTERS_IN_A_MATTER = 150
PAID_GROSZE = (100, 5_000)
READY_SECONDS = 60.0
PROBE_EVERY_SECONDS = 0.4
PROBE_LIMIT_SECONDS = 90.0
LOOK_SECONDS = 0.05
NEWEST = 5


@dataclass(frozen=True)
class Pace:
    """How much is asked for each second, and how many leases share it."""

    payments: float = 12.0
    charges: float = 40.0
    reads: float = 25.0
    letters: float = 1.0
    bad: float = 3.0
    leases: int = 32
    probes: int = 8


class Load:
    """Runs until told to stop; then whatever is under way comes to its end."""

    def __init__(self, client: Client, company: Company, history: History, pace: Pace, seed: int) -> None:
        self._client = client
        self._company = company
        self._history = history
        self._pace = pace
        self._chance = random.Random(f"load {seed}")
        run = uuid.uuid4().hex[:8]
        self.leases = [f"faults-{run}-{number:02d}" for number in range(pace.leases)]
        self.probes = [f"probe-{run}-{number:02d}" for number in range(pace.probes)]
        self.matters: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._next_probe = 0

    async def prepare(self) -> None:
        """Sign the leases and wait until every service knows them.

        Raises:
            TimeoutError: they do not come to be known.
        """
        own = self._client.system.run["demo"]["tenant"]["lease_id"]
        told = await self._client.until(200, "prepare", "GET", f"/api/v1/leases/{own}")
        assert told is not None
        person_id = told.body["parties"][0]["person_id"]
        everyone = [*self.leases, *self.probes]
        await self._company.sign(everyone, person_id)
        async with asyncio.timeout(READY_SECONDS):
            for lease_id in everyone:
                await self._client.until(200, "prepare", "GET", f"/api/v1/leases/{lease_id}/balance")
            for lease_id in everyone:
                await self._pay(lease_id)

    def start(self) -> None:
        """Begin; each kind of work is shared by a few workers, each with leases of its own."""
        pace = self._pace
        for worker in range(4):
            self._every(4 / pace.payments, self._payer(self.leases[worker::4]))
            self._every(4 / pace.charges, self._issuer(self.leases[worker::4]))
        for reader in range(4):
            self._every(4 / pace.reads, self._reader(reader, self.leases[reader::4]))
        self._every(1 / pace.letters, self._write)
        self._every(1 / pace.bad, self._company.send_bad)

    async def stop(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._stop.set()
        done, waiting = await asyncio.wait(self._tasks, timeout=READY_SECONDS)
        self._client.stopping = self._company.stopping = True
        for task in waiting:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for task in done:
            task.result()

    def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        async def worker() -> None:
            due = time.monotonic() + self._chance.random() * seconds
            while not self._stop.is_set():
                pause = due - time.monotonic()
                if pause > 0:
                    await asyncio.sleep(pause)
                await work()
                due = max(due + seconds, time.monotonic() - 1.0)  # what a fault held up is not all caught up on

        self._tasks.append(asyncio.create_task(worker()))

    def _payer(self, leases: list[str]) -> Callable[[], Awaitable[None]]:
        async def pay() -> None:
            await self._pay(self._chance.choice(leases))

        return pay

    def _issuer(self, leases: list[str]) -> Callable[[], Awaitable[None]]:
        async def issue() -> None:
            await self._company.issue(self._chance.choice(leases))

        return issue

    def _reader(self, reader: int, leases: list[str]) -> Callable[[], Awaitable[None]]:
        async def read() -> None:
            lease_id = self._chance.choice(leases)
            answer = await self._client.ask("read", "GET", f"/api/v1/leases/{lease_id}/balance")
            if answer.status == 401:
                await self._client.until(200, "again", "GET", "/api/v1/me")
            if answer.status == 200:
                self._took_down(reader, lease_id, answer)

        return read

    def _took_down(self, reader: int, lease_id: str, answer: Answer) -> None:
        told = answer.body
        self._history.reads.append(
            Read(
                reader,
                lease_id,
                told["book"],
                told["version"],
                told["balance_grosze"],
                bool(told["stale"]),
                time.monotonic(),
            )
        )

    async def _pay(self, lease_id: str) -> str | None:
        """Start a payment and confirm it, each until acknowledged, some again; the remote id once it is CONFIRMED."""
        amount, key = self._chance.randint(*PAID_GROSZE), uuid.uuid4().hex
        start = self._history.starts[key] = Start(lease_id, amount)
        path = f"/api/v1/leases/{lease_id}/payments"
        answer = await self._client.until(201, "command", "POST", path, json={"amount_grosze": amount}, key=key)
        if answer is None:
            return None
        start.payment_id, order_id = str(answer.body["payment_id"]), str(answer.body["order_id"])
        self._history.delivered += 1
        if self._chance.random() < REPEATED_SHARE:
            again = await self._client.ask("again", "POST", path, json={"amount_grosze": amount}, key=key)
            self._history.repeated += 1
            if again.status == 201 and again.body["payment_id"] != start.payment_id:
                start.contradicted = str(again.body["payment_id"])
        return await self._confirm(start, order_id)

    async def _confirm(self, start: Start, order_id: str) -> str | None:
        remote_id = uuid.uuid4().hex[:16]
        notice = Notice(str(start.payment_id), start.lease_id, start.amount_grosze)
        self._history.notices[remote_id] = notice
        while not self._client.stopping and not notice.confirmed:
            notice.confirmed = await self._client.notify(order_id, start.amount_grosze, remote_id)
            if not notice.confirmed:
                await asyncio.sleep(2 * LOOK_SECONDS)
        self._history.delivered += 1
        if self._chance.random() < REPEATED_SHARE:
            await self._client.notify(order_id, start.amount_grosze, remote_id)
            self._history.repeated += 1
            self._history.delivered += 1
        return remote_id if notice.confirmed else None

    async def _write(self) -> None:
        """One letter: in the matter that is open, or in a new one."""
        key = uuid.uuid4().hex
        self._history.letters[key] = None
        if self.matters and len(self._history.letters) % LETTERS_IN_A_MATTER:
            path, body = f"/api/v1/matters/{self.matters[-1]}/messages", {"text": f"Treść {key}"}
        else:
            types = await self._client.until(200, "prepare", "GET", "/api/v1/matter-types")
            kind = "general" if types is None else _general(types.body["items"])
            path, body = "/api/v1/matters", {"matter_type_id": kind, "title": "Próba", "text": f"Treść {key}"}
        answer = await self._client.until(201, "command", "POST", path, json=body, key=key)
        if answer is not None:
            self._history.letters[key] = str(answer.body["message_id"])
            if path.endswith("/matters"):
                self.matters.append(str(answer.body["matter_id"]))

    async def readable_after(self, since: float) -> tuple[float, str]:
        """Seconds from `since` until a command begun after it is readable, and the lease: several are tried at once.

        Raises:
            TimeoutError: none within the limit.
        """
        tries: set[asyncio.Task[str]] = set()
        try:
            async with asyncio.timeout(PROBE_LIMIT_SECONDS):
                while True:
                    if len(tries) < len(self.probes):
                        self._next_probe += 1
                        lease_id = self.probes[self._next_probe % len(self.probes)]
                        tries.add(asyncio.create_task(self._probe(lease_id)))
                    done, tries = await asyncio.wait(
                        tries, timeout=PROBE_EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED
                    )
                    if done:
                        return time.monotonic() - since, done.pop().result()
        finally:
            for task in tries:
                task.cancel()
            await asyncio.gather(*tries, return_exceptions=True)

    async def _probe(self, lease_id: str) -> str:
        remote_id = await self._pay(lease_id)
        path = f"/api/v1/leases/{lease_id}/entries?limit={NEWEST}"
        while not self._client.stopping:
            answer = await self._client.ask("probe", "GET", path)
            if answer.status == 200 and any(i["details"].get("remote_id") == remote_id for i in answer.body["items"]):
                break
            await asyncio.sleep(2 * LOOK_SECONDS)
        return lease_id


def _general(items: list[dict[str, str]]) -> str:
    ids = [item["matter_type_id"] for item in items]
    return next((each for each in ids if "general" in each), ids[-1])
