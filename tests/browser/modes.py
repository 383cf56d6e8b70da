"""The pages there are, and a browser that shows them in one mode or, one after the other, in all."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from services.gateway.web.appearance import CONTRASTS, TEXT_SIZES
from tests.browser.every_page import ALSO, OPEN, Found, find_pages
from tests.browser.hearing import nothing_heard
from tests.browser.looking import SPACE_TEXT, complaints, does_not_fit
from tests.running.system import RunningSystem

DESK: Final[ViewportSize] = {"width": 1280, "height": 800}
TELEPHONE: Final[ViewportSize] = {"width": 390, "height": 844}
NARROW: Final[ViewportSize] = {"width": 320, "height": 568}  # a small telephone, or a much enlarged page
ENLARGED: Final[ViewportSize] = {"width": 320, "height": 256}  # a window of 1280 x 1024 at 400 %
SCREENS: Final = (DESK, TELEPHONE, NARROW)
# What the reader's own system asks for.
WISHES: Final[dict[str, dict[str, Any]]] = {
    "dark": {"color_scheme": "dark"},
    "more contrast": {"contrast": "more"},
    "forced colours": {"forced_colors": "active"},
    "less motion": {"reduced_motion": "reduce"},
}
NO_WISH: Final[dict[str, Any]] = {
    "color_scheme": "light",
    "contrast": "no-preference",
    "forced_colors": "none",
    "reduced_motion": "no-preference",
    "media": "screen",
}
SERVICES: Final = ("identity", "ledger", "payments", "correspondence", "gateway")
# Pages of panels that only a search leads to; {lease} is the demo tenant's.
ALSO_IN_PANELS: Final = {
    "identity": ("/panel/leases?lease={lease}",),
    "ledger": ("/panel/leases?search={lease}", "/panel/leases/{lease}"),
    "correspondence": ("/panel/inbox?lease={lease}", "/panel/inbox?lease=nie-ma-takiej"),
    "payments": ("/panel/transfers?status=credited&lease={lease}",),
}
Judge = Callable[[Page], list[str]]


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


@dataclass(frozen=True)
class Panel:
    """All pages of a service's panel, and the cookies of an operator who is signed in there."""

    home: str
    cookies: dict[str, str]
    pages: list[Found]


def walk_panel(running: RunningSystem, service: str) -> Panel:
    """Find all pages of a service's panel."""
    operator = running.run["demo"]["operator"]
    lease_id = running.run["demo"]["tenant"]["lease_id"]
    starts = ("/panel", *(path.format(lease=lease_id) for path in ALSO_IN_PANELS.get(service, ())))
    form = {"login": operator["login"], "password": operator["password"]}
    with httpx.Client(base_url=running.url(service), timeout=15.0) as client:
        assert client.post("/panel/sign-in", data=form).status_code == 303
        return Panel(running.url(service), dict(client.cookies.items()), find_pages(client, starts))


@contextmanager
def window(
    browser: Browser, home: str, cookies: dict[str, str] | None = None, *, javascript: bool = True
) -> Iterator[BrowserContext]:
    """A browser window with these cookies; nothing may be complained about in it."""
    with browser.new_context(base_url=home, locale="pl-PL", viewport=DESK, java_script_enabled=javascript) as context:
        context.add_cookies([{"name": name, "value": value, "url": home} for name, value in (cookies or {}).items()])
        with nothing_heard(context, home, error_pages=True):
            yield context


def in_every_mode(page: Page) -> Iterator[tuple[str, list[str]]]:
    """What is wrong with an open page in each mode, chosen by the page's own switches: it is not loaded again."""
    for contrast, text in itertools.product(CONTRASTS, TEXT_SIZES):
        page.set_viewport_size(DESK)
        _switch(page, "contrast", contrast)
        _switch(page, "text", text)
        for screen in SCREENS:
            page.set_viewport_size(screen)
            yield f"{contrast} {text} {screen['width']}", complaints(page)
    yield from as_readers_wish(page)
    yield "enlarged", _seen(page, ENLARGED, {}, does_not_fit)
    page.evaluate(SPACE_TEXT)
    yield "spaced", _seen(page, TELEPHONE, {}, does_not_fit)


def as_readers_wish(page: Page) -> Iterator[tuple[str, list[str]]]:
    """What is wrong with an open page in its ordinary look when the reader's system asks for something."""
    _switch(page, "contrast", CONTRASTS[0])
    _switch(page, "text", TEXT_SIZES[0])
    for wish, media in WISHES.items():
        yield wish, _seen(page, DESK, media, complaints)
    yield "printed", _seen(page, DESK, {"media": "print"}, does_not_fit)


def _seen(page: Page, screen: ViewportSize, media: dict[str, Any], judge: Judge) -> list[str]:
    page.set_viewport_size(screen)
    page.emulate_media(**media)
    found = judge(page)
    page.emulate_media(**NO_WISH)
    return found


def _switch(page: Page, kind: str, value: str) -> None:
    button = page.locator(f"#wyglad button[name={kind}][value={value!r}]")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
