"""Every page in every mode: contrast, text size and width of the screen; after a failed form and after a swap, too."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from services.gateway.web.appearance import CONTRASTS, COOKIE, TEXT_SIZES
from tests.browser.every_page import ALSO, OPEN, Found, find_pages, of_each_build
from tests.browser.looking import SPACE_TEXT, complaints, too_wide
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running"), pytest.mark.timeout(600)]
WIDTHS = {1280: 800, 390: 844, 320: 568}  # pixels: a desk, a telephone, a small or much enlarged one
MODES = list(itertools.product(CONTRASTS, TEXT_SIZES, WIDTHS))[1:]  # the first is looked at with the ordinary tests
EVERYDAY = ("ordinary", "100", 1280)
ENLARGED: ViewportSize = {"width": 320, "height": 256}  # a window of 1280 x 1024 at 400 %


@dataclass(frozen=True)
class Portal:
    """All pages: those of a tenant with their session, and those for everybody."""

    home: str
    session: str
    of_tenant: list[Found]
    open: list[Found]


@pytest.fixture(scope="module")
def portal(running: RunningSystem) -> Iterator[Portal]:
    """The pages there are; a letter is written first, so that correspondence has some."""
    home = running.url("gateway")
    tenant = running.run["demo"]["tenant"]
    with httpx.Client(base_url=home, timeout=15.0) as client:
        open_pages = find_pages(client, OPEN)
        form = {"login": tenant["login"], "password": tenant["password"], "back": "/"}
        assert client.post("/zaloguj", data=form).status_code == 303
        yield Portal(home, client.cookies["iok"], find_pages(client, ALSO), open_pages)


def look(browser: Browser, portal: Portal, mode: tuple[str, str, int], signed_in: bool = True) -> BrowserContext:
    contrast, text, width = mode
    context = browser.new_context(
        base_url=portal.home, locale="pl-PL", viewport={"width": width, "height": WIDTHS.get(width, 800)}
    )
    cookies: list[Any] = [{"name": COOKIE, "value": f"{text}.{contrast}", "url": portal.home}]
    if signed_in:
        cookies.append({"name": "iok", "value": portal.session, "url": portal.home})
    context.add_cookies(cookies)
    return context


def wrong_with(
    browser: Browser, portal: Portal, mode: tuple[str, str, int], judge: Callable[[Page], list[str]]
) -> list[str]:
    """What is wrong with each page in this mode."""
    found: dict[str, list[str]] = {}
    for pages, signed_in in ((portal.of_tenant, True), (portal.open, False)):
        chosen = pages if mode == EVERYDAY else of_each_build(pages)
        with look(browser, portal, mode, signed_in) as context:
            page = context.new_page()
            for one in chosen:
                page.goto(one.path)
                found[one.path] = judge(page)
            if signed_in:
                found |= {name: judge(page) for name in steps_taken(page)}
    return [f"{path}: {one}" for path, wrong in found.items() for one in wrong]


def steps_taken(page: Page) -> Iterator[str]:
    """States that no address leads to."""
    page.goto("/haslo")
    page.get_by_role("main").get_by_role("button", name="Zapisz hasło").click()
    expect(page).to_have_title("Błąd: Ustaw własne hasło \u2013 IOK")
    yield "a failed form"
    page.goto("/")
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Finanse").click()
    page.get_by_role("link", name="Historia opłat i wpłat").click()
    more = page.get_by_role("link", name="Pokaż więcej")
    if more.count():
        rows = page.locator(".iok-row").count()
        more.click()
        expect(page.locator(".iok-row")).not_to_have_count(rows)
        yield "the history after a swap"


def test_the_search_for_pages_finds_them(portal: Portal) -> None:
    paths = " ".join(one.path for one in portal.of_tenant)
    for part in ("/finanse", "/historia/", "/place", "/lokal", "/korespondencja/nowa/", "/pomoc/", "/haslo"):
        assert part in paths
    assert "/zaloguj" in [one.path for one in portal.open]


def test_every_page_is_sound_in_its_ordinary_look(browser: Browser, portal: Portal) -> None:
    assert wrong_with(browser, portal, EVERYDAY, complaints) == []


@pytest.mark.matrix
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: "-".join(map(str, mode)))
def test_every_page_is_sound_in_every_mode(browser: Browser, portal: Portal, mode: tuple[str, str, int]) -> None:
    assert wrong_with(browser, portal, mode, complaints) == []


@pytest.mark.matrix
def test_every_page_fits_a_screen_enlarged_four_times(browser: Browser, portal: Portal) -> None:
    def enlarged(page: Page) -> list[str]:
        page.set_viewport_size(ENLARGED)
        return too_wide(page)

    assert wrong_with(browser, portal, ("ordinary", "100", 320), enlarged) == []


@pytest.mark.matrix
def test_every_page_bears_wider_spaced_text(browser: Browser, portal: Portal) -> None:
    def spaced(page: Page) -> list[str]:
        page.evaluate(SPACE_TEXT)
        return too_wide(page)

    assert wrong_with(browser, portal, ("ordinary", "100", 390), spaced) == []
