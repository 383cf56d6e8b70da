"""P11: the start page as a browser gets it from the gateway, one tenant after another and sixteen at once."""

from collections.abc import Mapping

import aiohttp

from deploy.local.ports import HOST
from tests.bench import load
from tests.bench.figures import Bar, Round
from tests.bench.load import Job, Request
from tests.bench.tenants import TENANTS, Tenants, tenants
from tests.bench.workshop import Measure, RunRound, Workshop

AT_ONCE = 16
ALONE_PAGES = 150
PAGES = 480
WARM_PAGES = 100
MISSING = "Chwilowo nie możemy pokazać"  # what a page says that lacks a part

ALONE = Bar("P11 one", "start page, one tenant, p50", "ms", 25, 12, more_is_better=False)
MANY = Bar("P11 16 at once", "start page, 16 tenants at once, p99", "ms", 150, 60, more_is_better=False)


async def prepare(shop: Workshop) -> RunRound:
    """Start the whole system but its projectors and relays, with tenants signed in."""
    company = await tenants(shop, "payments", "correspondence")
    await load.answers(_pages(company, AT_ONCE, WARM_PAGES))
    await _whole(company)

    async def one() -> Mapping[str, Round]:
        alone = (await load.answers(_pages(company, 1, ALONE_PAGES))).only(200)
        many = (await load.answers(_pages(company, AT_ONCE, PAGES))).only(200)
        await _whole(company)
        return {
            ALONE.number: Round(alone.p50_ms, None, {"p99 ms": alone.p99_ms}),
            MANY.number: Round(many.p99_ms, None, {"p50 ms": many.p50_ms, "pages/s": many.per_second}),
        }

    return one


def _pages(company: Tenants, connections: int, count: int) -> Job:
    asked = [Request("GET", "/", {"cookie": f"iok={session}", "accept": "text/html"}) for session in company.sessions]
    return Job(company.gateway_port, connections, [asked[n % TENANTS] for n in range(count)])


async def _whole(company: Tenants) -> None:
    """Look at a page: one that lacks a part is quickly made and says nothing.

    Raises:
        RuntimeError: it is no start page, or lacks a part.
    """
    url = f"http://{HOST}:{company.gateway_port}/"
    async with (
        aiohttp.ClientSession(cookies={"iok": company.sessions[0]}) as client,
        client.get(url, allow_redirects=False) as answer,
    ):
        text = await answer.text()
    if answer.status != 200 or MISSING in text or company.leases[0] not in text:
        raise RuntimeError(f"the start page is not whole: status {answer.status}, {len(text)} characters")


MEASURE = Measure(
    (ALONE, MANY),
    prepare,
    240,
    "64 tenants of 48 entries each, signed in; gateway, identity, ledger, payments and correspondence as processes. "
    "The time is from the request sent to the answer's last byte, load generator included.",
)
