"""P3: from Autopay's notification accepted by payments until the ledger's balance has it, at fixed rates."""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import quantiles
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg

from libs.chassis.auth import Principal, TokenSigner
from libs.chassis.testing import eventually
from services.payments.settings import SANDBOX_KEY
from services.payments.tests import itn
from tests.bench import load
from tests.bench.figures import Bar, Round
from tests.bench.load import Job, Request
from tests.bench.payments import AMOUNT_GROSZE, lease_id
from tests.bench.workshop import Measure, RunRound, Workshop, cpu_seconds

SECONDS = 6
WARM = 50
START_CONNECTIONS = 8
LOOK_SECONDS = 0.003  # a look costs the processors, too
LEAD_SECONDS = 0.1
AGAIN_SECONDS = 0.1
OK, BUSY = 200, 503
PATIENCE_SECONDS = 30.0

BARS = {
    50: Bar("P3 50/s", "notification accepted to balance visible, p99 at 50/s", "ms", 25, 15, more_is_better=False),
    200: Bar("P3 200/s", "notification accepted to balance visible, p99 at 200/s", "ms", 40, 20, more_is_better=False),
}
LEASES = max(BARS) * SECONDS

KNOW_LEASES = "insert into leases (lease_id, number, source) select unnest($1::text[]), 'U/1/2026', 'iok/ledger'"
ORDERS = "select lease_id, order_id from payments where status = 'initiated' order by lease_id"
HAS_BOOK = "select exists (select from books where state = 'live')"
VERSIONS = """
select lease_id, version from book_balances
where book = (select book from books where state = 'live') and lease_id = any($1::text[])
"""


@dataclass(slots=True)
class Paths:
    """What a run at one rate saw, by lease: seconds on one clock."""

    sent: dict[str, float] = field(default_factory=dict)
    accepted: dict[str, float] = field(default_factory=dict)
    visible: dict[str, float] = field(default_factory=dict)
    refused: int = 0
    """Answers that payments was too busy."""
    used: dict[str, float] = field(default_factory=dict)
    """CPU seconds of each process of the services."""

    def round(self) -> Round:
        """The p99 from acceptance; with the median, and both from the moment of sending."""
        after = [max(0.0, seen - self.accepted[lease]) * 1000 for lease, seen in self.visible.items()]
        whole = [(seen - self.sent[lease]) * 1000 for lease, seen in self.visible.items()]
        (p50, p99), (sent_p50, sent_p99) = _p50_p99(after), _p50_p99(whole)
        details = {"p50 ms": p50, "from sending p50 ms": sent_p50, "from sending p99 ms": sent_p99}
        details |= {f"CPU ms of {name} each": seconds / len(after) * 1000 for name, seconds in self.used.items()}
        return Round(p99, None, details | {"answered 503": float(self.refused)})


class Stage:
    """Payments with its relay and a ledger's projector, as processes, and a look into the ledger's database."""

    def __init__(
        self,
        url: str,
        signer: TokenSigner,
        payments: "asyncpg.Pool[asyncpg.Record]",
        ledger: str,
        pids: Mapping[str, int],
    ) -> None:
        """Keep where to send, as whom, where orders are read, the ledger's DSN, and the processes."""
        self._url = url
        self._signer = signer
        self._payments = payments
        self._ledger = ledger
        self._pids = pids

    async def paths(self, rate: int, count: int) -> Paths:
        """Start payments of as many leases, then confirm them in an open loop, `rate` a second.

        Raises:
            RuntimeError: something was refused, or a balance never showed it.
        """
        orders = await self._orders(count)
        fields = {lease: _notification(order) for lease, order in orders}
        found = Paths()
        used = self._used()
        ledger = await asyncpg.connect(self._ledger)
        try:
            before = {row["lease_id"]: row["version"] for row in await ledger.fetch(VERSIONS, list(fields))}
            began = time.perf_counter() + LEAD_SECONDS
            connector = aiohttp.TCPConnector(limit=0)
            async with (
                asyncio.timeout(count / rate + PATIENCE_SECONDS),
                aiohttp.ClientSession(connector=connector) as to,
                asyncio.TaskGroup() as tasks,
            ):
                tasks.create_task(self._look(ledger, found, before, count))
                for n, (lease, text) in enumerate(fields.items()):
                    tasks.create_task(self._confirm(to, found, lease, text, began + n / rate))
        except TimeoutError as error:
            raise RuntimeError(f"{rate}/s: {count - len(found.visible)} of {count} never became visible") from error
        finally:
            await ledger.close()
        found.used = {name: seconds - used[name] for name, seconds in self._used().items()}
        return found

    def _used(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self._pids.items()}

    async def _orders(self, count: int) -> Sequence[tuple[str, str]]:
        body = json.dumps({"amount_grosze": AMOUNT_GROSZE})
        starts = []
        for n in range(count):
            token = self._signer.issue("payments", Principal(f"account-{n}", leases={lease_id(n): "tenant"}))
            headers = {
                "authorization": f"Bearer {token}",
                "content-type": "application/json",
                "idempotency-key": secrets.token_hex(16),
            }
            starts.append(Request("POST", f"/leases/{lease_id(n)}/payments", headers, body))
        (await load.answers(Job(urlsplit(self._url).port or 0, START_CONNECTIONS, starts))).only(201)
        orders = [(row["lease_id"], row["order_id"]) for row in await self._payments.fetch(ORDERS)]
        if len(orders) != count:
            raise RuntimeError(f"{len(orders)} payments wait instead of {count}")
        return orders

    async def _confirm(self, to: aiohttp.ClientSession, found: Paths, lease: str, text: str, at: float) -> None:
        """Send a notification at its time, and again while payments is too busy, as Autopay does."""
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        found.sent[lease] = time.perf_counter()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        while True:
            async with to.post(f"{self._url}/autopay/itn", data=text, headers=headers) as answer:
                said = await answer.text()
            if answer.status != BUSY:
                break
            found.refused += 1
            await asyncio.sleep(AGAIN_SECONDS)
        found.accepted[lease] = time.perf_counter()
        if answer.status != OK or "NOTCONFIRMED" in said:
            raise RuntimeError(f"a notification was answered {answer.status}: {said[:200]}")

    async def _look(
        self, ledger: "asyncpg.Connection[asyncpg.Record]", found: Paths, before: Mapping[str, int], count: int
    ) -> None:
        """Ask the ledger's database, every few milliseconds, for the versions of the leases under way."""
        while len(found.visible) < count:
            under_way = [lease for lease in found.sent if lease not in found.visible]
            rows = await ledger.fetch(VERSIONS, under_way) if under_way else []
            now = time.perf_counter()
            for row in rows:
                if row["version"] > before.get(row["lease_id"], 0):
                    found.visible[row["lease_id"]] = now
            await asyncio.sleep(LOOK_SECONDS)


async def prepare(shop: Workshop) -> RunRound:
    """Start payments' api and relay and the ledger's projector, and wait for its first book."""
    topics, payments, ledger = await shop.topics(), await shop.database("payments"), await shop.database("ledger")
    pool = await asyncpg.create_pool(payments.admin_dsn, min_size=1, max_size=1)
    shop.ends.push_async_callback(pool.close)
    await pool.execute(KNOW_LEASES, [lease_id(n) for n in range(LEASES)])
    signer = TokenSigner(base64.b64encode(secrets.token_bytes(32)).decode())
    common = topics.environment() | {"IOK_TOKEN_PUBLIC_KEYS": signer.public_key}
    await shop.service("ledger", "projector", environment=common | ledger.environment())
    url = await shop.service("payments", "api", "relay", environment=common | payments.environment())
    stage = Stage(url, signer, pool, ledger.admin_dsn, shop.pids)
    await _until_it_reads(ledger.admin_dsn)
    await stage.paths(min(BARS), WARM)

    async def one() -> Mapping[str, Round]:
        return {bar.number: (await stage.paths(rate, rate * SECONDS)).round() for rate, bar in BARS.items()}

    return one


async def _until_it_reads(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await eventually(
            lambda: connection.fetchval(HAS_BOOK), within_seconds=2 * PATIENCE_SECONDS, what="the ledger's first book"
        )
    finally:
        await connection.close()


def _notification(order_id: str) -> str:
    """The body of a notification that an order was paid."""
    transaction = itn.transaction(
        order_id,
        remoteID=f"R{secrets.token_hex(8)}",
        amount=f"{AMOUNT_GROSZE // 100}.{AMOUNT_GROSZE % 100:02}",
        paymentDate=f"{datetime.now(ZoneInfo('Europe/Warsaw')):%Y%m%d%H%M%S}",
    )
    return f"transactions={quote(itn.field(itn.document(transaction, key=SANDBOX_KEY)), safe='')}"


def _p50_p99(values: list[float]) -> tuple[float, float]:
    found = quantiles(values, n=100, method="inclusive")
    return found[49], found[98]


MEASURE = Measure(
    tuple(BARS.values()),
    prepare,
    300,
    "Notifications of paid orders come to payments' api in an open loop for 6 s, each lease once; relay, Kafka and the "
    "ledger's projector are processes of their own. The clock runs from the answer CONFIRMED until a look into the "
    "ledger's database (every 3 ms or so, counted in) shows the lease's new version; below 0 counts as 0.",
)
