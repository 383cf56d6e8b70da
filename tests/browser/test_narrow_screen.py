"""A telephone held by somebody who needs large text: 390 pixels wide, text at 150 %. No amount may be cut off."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_main_job import charge_and_see, sign_in
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running")]
TELEPHONE: ViewportSize = {"width": 390, "height": 760}
PAGES = ["", "/finanse", "/historia", "/wykres", "/przelew", "/platnosci", "/place", "/lokal"]
# What does not fit: the page itself, a region that would have to be scrolled, an amount that leaves the screen.
CUT_OFF = """() => [
  ...[document.documentElement, ...document.querySelectorAll('.iok-scroll')].filter(
    one => one.scrollWidth > one.clientWidth),
  ...[...document.querySelectorAll('.iok-amount, .iok-nowrap, .iok-row__sum')].filter(
    one => one.getBoundingClientRect().right > document.documentElement.clientWidth),
].map(one => one.className + ': ' + one.textContent.trim().slice(0, 80))"""


def look_at_every_page(page: Page, lease: str) -> None:
    """Open the pages with amounts, and a charge from the history."""
    for path in PAGES:
        page.goto(f"{lease}{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate(CUT_OFF) == [], path
    page.goto(f"{lease}/historia")
    page.locator(".iok-row", has_text="naliczono").first.click()
    expect(page.get_by_role("columnheader", name="Składnik opłaty").first).to_be_visible()
    assert page.evaluate(CUT_OFF) == []


def test_no_amount_is_cut_off_at_the_portals_own_largest_text(running: RunningSystem, opened: OpenPage) -> None:
    with opened(True) as page:
        page.set_viewport_size(TELEPHONE)
        sign_in(page, running)
        charge_and_see(page, running)
        page.get_by_role("button", name="Tekst 150 procent").click()
        expect(page.locator("html")).to_have_attribute("data-text", "150")
        look_at_every_page(page, page.url.removesuffix("/finanse"))


def test_no_amount_is_cut_off_at_the_browsers_large_text(
    running: RunningSystem, opened_with_large_text: OpenPage
) -> None:
    with opened_with_large_text(True) as page:
        page.set_viewport_size(TELEPHONE)
        sign_in(page, running)
        charge_and_see(page, running)
        look_at_every_page(page, page.url.removesuffix("/finanse"))


def test_the_amount_due_stands_on_the_first_screen(running: RunningSystem, opened_with_large_text: OpenPage) -> None:
    with opened_with_large_text(True) as page:
        page.set_viewport_size(TELEPHONE)
        sign_in(page, running)
        box = page.locator(".iok-amount").first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= TELEPHONE["height"]
