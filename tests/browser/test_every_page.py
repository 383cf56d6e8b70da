"""Every page in every mode: contrast, text size and width of the screen; after a failed form and after a swap, too."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.every_page import Found, of_each_build
from tests.browser.looking import complaints
from tests.browser.modes import Portal, in_every_mode, window

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running"), pytest.mark.timeout(900)]


def shown(browser: Browser, portal: Portal, *, every_page: bool) -> Iterator[tuple[str, Page]]:
    """Each page, or one of each build, as its reader sees it; and states that no address leads to."""
    for pages, cookies in ((portal.of_tenant, {"iok": portal.session}), (portal.open, {})):
        chosen: list[Found] = pages if every_page else of_each_build(pages)
        with window(browser, portal.home, cookies) as context:
            page = context.new_page()
            for one in chosen:
                page.goto(one.path)
                yield one.path, page
            if cookies:
                yield from ((name, page) for name in steps_taken(page))


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
    found = {path: complaints(page) for path, page in shown(browser, portal, every_page=True)}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.matrix
def test_every_page_is_sound_in_every_mode(browser: Browser, portal: Portal) -> None:
    found = [
        f"{path}, {mode}: {one}"
        for path, page in shown(browser, portal, every_page=False)
        for mode, wrong in in_every_mode(page)
        for one in wrong
    ]
    assert not found, "\n".join(found)
