"""The portal in front of stand-ins for the other services, for a browser: they can be told to be away, or to refuse."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
from starlette.requests import Request

from services.gateway.app import make_app
from services.gateway.build import build
from services.gateway.clients.transport import open_http
from services.gateway.settings import Settings
from services.gateway.tests.company import PASSWORD
from services.gateway.tests.fakes import Company
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import FrontEnd

BROKEN: Final = "/umowa/L-1/wada"  # a page with a defect, to see what is answered then
START_SECONDS: Final = 60
LOGIN_GOV_PL: Final = "https://login.example.invalid/login/SingleSignOnService"


@dataclass(frozen=True)
class StandIn:
    """Where the portal is, and the company behind it."""

    home: str
    company: Company


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A portal that lives in a thread of its own, on a free port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="stand-in", daemon=True)
    thread.start()
    stack = AsyncExitStack()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(START_SECONDS)

    try:
        yield run(stack.enter_async_context(_served()))
    finally:
        run(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def _served() -> AsyncIterator[StandIn]:
    company = Company()
    await company.start()
    door = socket.create_server(("127.0.0.1", 0))
    home = f"http://127.0.0.1:{door.getsockname()[1]}"
    settings = Settings(
        public_url=home,
        identity_url=company.identity.url,
        ledger_url=company.ledger.url,
        payments_url=company.payments.url,
        correspondence_url=company.correspondence.url,
        autopay_url=company.autopay_url,
        trusted_profile_url=LOGIN_GOV_PL,
        company_contact="ul. Przykładowa 1, 99-999 Dębowiec",
        company_email="obsluga.mieszkancow@tbs-debowiec.example",
        company_phone="71 000 00 00",
    )
    build()
    http = open_http()
    app = make_app(settings, http, FrontEnd.load())
    app.router.routes.insert(0, PageRoute(BROKEN, _break))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve([door]))
    yield StandIn(home, company)
    server.should_exit = True
    await serving
    await http.close()
    await company.stop()


async def _break(_: Request) -> Any:
    raise RuntimeError("a defect, as this page is for")


__all__ = ["BROKEN", "PASSWORD", "StandIn", "stand_in"]
