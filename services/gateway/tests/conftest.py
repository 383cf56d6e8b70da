"""A gateway in front of stand-ins for the other services."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.gateway.app import make_app
from services.gateway.build import build
from services.gateway.clients.transport import open_http
from services.gateway.settings import Settings
from services.gateway.tests.company import PASSWORD
from services.gateway.tests.fakes import Company
from services.gateway.web.site import FrontEnd

PUBLIC_URL = "http://127.0.0.1:8000"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
NONCE = re.compile(r'nonce="[^"]*"')


def hidden_fields(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form with this action; `""` is the form that is sent to its own page."""
    forms = [part for part in html.split("<form")[1:] if _is(part.partition(">")[0], action)]
    return {name: unescape(value) for name, value in HIDDEN.findall(forms[0].partition("</form>")[0])}


def _is(tag: str, action: str) -> bool:
    return f'action="{action}"' in tag if action else "action=" not in tag


def without_nonces(html: str) -> str:
    """A page without what differs each time."""
    return NONCE.sub("", html)


@dataclass
class Portal:
    """A browser without JavaScript at the gateway's pages, and the company behind it."""

    browser: httpx.AsyncClient
    company: Company

    async def sign_in(self, login: str = "anna", password: str = PASSWORD) -> httpx.Response:
        """Sign in by the form."""
        return await self.browser.post("/zaloguj", data={"login": login, "password": password})

    async def see(self, path: str) -> str:
        """The text of a page that must be there."""
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def hidden(self, path: str, action: str) -> dict[str, str]:
        """The hidden fields of a form on a page."""
        return hidden_fields((await self.browser.get(path)).text, action)

    async def token(self) -> str:
        """A token of the session's forms."""
        return (await self.hidden("/", "/wyloguj"))["token"]


Opened = Callable[..., AbstractAsyncContextManager[Portal]]


@pytest.fixture(scope="session")
def front_end() -> FrontEnd:
    build()
    return FrontEnd.load()


@pytest_asyncio.fixture
async def company() -> AsyncIterator[Company]:
    started = Company()
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
def opened(company: Company, front_end: FrontEnd) -> Opened:
    """Open a portal under a public address; `told` is what else its environment says."""

    @asynccontextmanager
    async def open_portal(public_url: str, **told: Any) -> AsyncIterator[Portal]:
        settings = Settings(
            public_url=public_url,
            identity_url=company.identity.url,
            ledger_url=company.ledger.url,
            payments_url=company.payments.url,
            correspondence_url=company.correspondence.url,
            autopay_url=company.autopay_url,
            **told,
        )
        http = open_http()
        transport = httpx.ASGITransport(make_app(settings, http, front_end), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=public_url) as browser:
            yield Portal(browser, company)
        await http.close()

    return open_portal


@pytest_asyncio.fixture
async def portal(opened: Opened) -> AsyncIterator[Portal]:
    async with opened(PUBLIC_URL) as open_portal:
        yield open_portal


@pytest_asyncio.fixture
async def anna(portal: Portal) -> Portal:
    """The portal with Anna signed in."""
    answer = await portal.sign_in()
    assert answer.status_code == 303, answer.text
    return portal
