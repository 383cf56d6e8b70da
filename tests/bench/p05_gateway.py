"""P5: a lease's balance through the gateway's API, against the ledger's own route."""

from collections.abc import Mapping

from tests.bench import load
from tests.bench.figures import Bar, Round
from tests.bench.load import Job, Request
from tests.bench.tenants import TENANTS, Tenants, tenants
from tests.bench.workshop import Measure, RunRound, Workshop, cpu_seconds

CONNECTIONS = 16
REQUESTS = 2_000
WARM_REQUESTS = 300

BAR = Bar(
    "P5",
    "a balance through the gateway's API, 16 connections",
    "answers/s",
    0.35,
    0.5,
    limit="the ledger's own route, 16 connections",
)


async def prepare(shop: Workshop) -> RunRound:
    """Start identity, ledger and gateway, with tenants signed in."""
    company = await tenants(shop)
    await load.answers(_through_the_gateway(company, WARM_REQUESTS))
    await load.answers(_at_the_ledger(company, WARM_REQUESTS))

    async def one() -> Mapping[str, Round]:
        own = (await load.answers(_at_the_ledger(company, REQUESTS))).only(200)
        before = cpu_seconds(shop.pids["gateway-all"])
        found = (await load.answers(_through_the_gateway(company, REQUESTS))).only(200)
        spent_ms = (cpu_seconds(shop.pids["gateway-all"]) - before) * 1000 / REQUESTS
        details = found.details() | {"CPU ms of the gateway each": spent_ms, "own route p99 ms": own.p99_ms}
        return {BAR.number: Round(found.per_second, own.per_second, details)}

    return one


def _through_the_gateway(company: Tenants, count: int) -> Job:
    asked = [
        Request("GET", f"/api/v1/leases/{lease}/balance", {"authorization": f"Bearer {session}"})
        for lease, session in zip(company.leases, company.sessions, strict=True)
    ]
    return Job(company.gateway_port, CONNECTIONS, [asked[n % TENANTS] for n in range(count)])


def _at_the_ledger(company: Tenants, count: int) -> Job:
    asked = [
        Request("GET", f"/leases/{lease}/balance", {"authorization": f"Bearer {company.ledger_token(n)}"})
        for n, lease in enumerate(company.leases)
    ]
    return Job(company.ledger_port, CONNECTIONS, [asked[n % TENANTS] for n in range(count)])


MEASURE = Measure(
    (BAR,),
    prepare,
    180,
    "2,000 balances of 64 tenants with 48 entries each, in turn; identity, ledger and gateway as processes. By the "
    "gateway with a session's opaque token, at the ledger with the token that the gateway gets for it.",
)
