"""Every page in every mode: contrast, text size and width of the screen; after a failed form and after a swap, too."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.every_page import of_each_build
from tests.browser.looking import SPACE_TEXT, complaints, too_wide
from tests.browser.modes import EVERYDAY, MODES, Mode, Portal, look

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running"), pytest.mark.timeout(600)]
ENLARGED: ViewportSize = {"width": 320, "height": 256}  # a window of 1280 x 1024 at 400 %


def wrong_with(browser: Browser, portal: Portal, mode: Mode, judge: Callable[[Page], list[str]]) -> list[str]:
    """What is wrong with each page in this mode."""
    found: dict[str, list[str]] = {}
    for pages, signed_in in ((portal.of_tenant, True), (portal.open, False)):
        chosen = pages if mode == EVERYDAY else of_each_build(pages)
        with look(browser, portal, mode, signed_in=signed_in) as context:
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
@pytest.mark.parametrize(
    "mode", [mode for mode in MODES if mode != EVERYDAY], ids=lambda mode: "-".join(map(str, mode))
)
def test_every_page_is_sound_in_every_mode(browser: Browser, portal: Portal, mode: Mode) -> None:
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
