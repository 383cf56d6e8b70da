"""The pages there are, and a browser that shows them in one mode of contrast, text size and width."""

import itertools
from dataclasses import dataclass
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, BrowserContext

from services.gateway.web.appearance import CONTRASTS, COOKIE, TEXT_SIZES
from tests.browser.every_page import ALSO, OPEN, Found, find_pages
from tests.running.system import RunningSystem

Mode = tuple[str, str, int]  # contrast, text size in per cent, width in pixels
WIDTHS: Final = {1280: 800, 390: 844, 320: 568}  # pixels: a desk, a telephone, a small or much enlarged one
EVERYDAY: Final[Mode] = ("ordinary", "100", 1280)
MODES: Final[list[Mode]] = list(itertools.product(CONTRASTS, TEXT_SIZES, WIDTHS))


@dataclass(frozen=True)
class Portal:
    """All pages: those of a tenant with their session, and those for everybody."""

    home: str
    session: str
    of_tenant: list[Found]
    open: list[Found]


def walk(running: RunningSystem) -> Portal:
    """Find all pages of the demo's tenant, and those for everybody."""
    home = running.url("gateway")
    tenant = running.run["demo"]["tenant"]
    with httpx.Client(base_url=home, timeout=15.0) as client:
        open_pages = find_pages(client, OPEN)
        form = {"login": tenant["login"], "password": tenant["password"], "back": "/"}
        assert client.post("/zaloguj", data=form).status_code == 303
        return Portal(home, client.cookies["iok"], find_pages(client, ALSO), open_pages)


def look(browser: Browser, portal: Portal, mode: Mode, *, signed_in: bool = True) -> BrowserContext:
    """A browser window in this mode, with the tenant's session or without."""
    contrast, text, width = mode
    context = browser.new_context(
        base_url=portal.home, locale="pl-PL", viewport={"width": width, "height": WIDTHS[width]}
    )
    cookies: list[Any] = [{"name": COOKIE, "value": f"{text}.{contrast}", "url": portal.home}]
    if signed_in:
        cookies.append({"name": "iok", "value": portal.session, "url": portal.home})
    context.add_cookies(cookies)
    return context
