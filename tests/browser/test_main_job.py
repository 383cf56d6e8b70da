"""The main job in a browser: sign in, see the balance, pay, and see that it is paid. With JavaScript and without."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.company import charge
from tests.browser.conftest import OpenPage
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running")]
BOTH_WAYS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
PATIENCE_SECONDS = 20.0
CHARGED_GROSZE = 4321
DUE_TODAY = "section[aria-labelledby=dzis] .iok-amount"


def sign_in(page: Page, running: RunningSystem) -> None:
    tenant = running.run["demo"]["tenant"]
    page.goto("/zaloguj")
    page.get_by_label("Login").fill(tenant["login"])
    page.get_by_label("Hasło", exact=True).fill(tenant["password"])
    page.get_by_role("main").get_by_role("button", name="Zaloguj się", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dzień dobry")


def open_finance(page: Page) -> None:
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Finanse").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Finanse")


def due_today_grosze(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator(DUE_TODAY).inner_text()))


def until(page: Page, true: Callable[[], bool]) -> None:
    """Look at the page again until it shows what must come."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, page.locator("main").inner_text()
        time.sleep(0.3)
        page.reload()


def charge_and_see(page: Page, running: RunningSystem) -> int:
    """Have the company charge the lease shown, and see it on the balance page; returns what is due, in grosze."""
    open_finance(page)
    before = due_today_grosze(page)
    charge(running, page.url.split("/umowa/")[1].split("/")[0], CHARGED_GROSZE)
    until(page, lambda: due_today_grosze(page) != before)
    return due_today_grosze(page)


def go_to_autopay(page: Page) -> None:
    page.get_by_role("link", name="Płacę").click()
    expect(page.get_by_role("columnheader", name="Składnik opłaty").first).to_be_visible()
    page.get_by_label("Wszystko, co jest do zapłaty dziś").check()
    page.get_by_role("button", name="Zapłać", exact=True).click()
    page.locator("button[name=outcome]").first.wait_for()


@BOTH_WAYS
def test_a_tenant_signs_in_sees_the_balance_and_pays(
    running: RunningSystem, opened: OpenPage, javascript: bool
) -> None:
    with opened(javascript) as page:
        sign_in(page, running)
        due_grosze = charge_and_see(page, running)
        assert due_grosze > 0
        go_to_autopay(page)
        page.locator("button[name=outcome][value=SUCCESS]").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Wpłata potwierdzona")

        page.get_by_role("link", name="Zobacz saldo").click()
        until(page, lambda: due_today_grosze(page) == 0)
        page.get_by_role("link", name="Historia opłat i wpłat").click()
        expect(page.locator(".iok-row", has_text="wpłacono").first).to_be_visible()
        page.locator(".iok-row", has_text="naliczono").first.click()
        expect(page.get_by_text("Rachunek do wpłat").first).to_be_visible()


@BOTH_WAYS
def test_a_payment_that_fails_can_be_tried_again(running: RunningSystem, opened: OpenPage, javascript: bool) -> None:
    with opened(javascript) as page:
        sign_in(page, running)
        charge_and_see(page, running)
        go_to_autopay(page)
        page.locator("button[name=outcome][value=FAILURE]").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Płatność się nie udała")
        page.get_by_role("link", name="Spróbuj ponownie").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Płacę")


@BOTH_WAYS
def test_coming_back_before_the_notification_shows_that_it_waits(
    running: RunningSystem, opened: OpenPage, javascript: bool
) -> None:
    with opened(javascript) as page:
        sign_in(page, running)
        charge_and_see(page, running)
        go_to_autopay(page)
        page.locator("button[name=outcome][value=PENDING]").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Wpłata oczekuje na potwierdzenie")


@BOTH_WAYS
def test_a_letter_is_written_and_confirmed(running: RunningSystem, opened: OpenPage, javascript: bool) -> None:
    with opened(javascript) as page:
        sign_in(page, running)
        page.get_by_role("navigation", name="Menu").get_by_role("link", name="Korespondencja").click()
        page.get_by_role("link", name="Dodaj korespondencję").click()
        page.get_by_role("link", name="Pismo ogólne").click()
        page.get_by_label("Temat").fill("Pytanie o rozliczenie")
        page.get_by_label("Treść").fill("Dzień dobry,\nproszę o wyjaśnienie.")
        page.get_by_role("button", name="Wyślij").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Potwierdzenie wysłania")
        page.get_by_role("link", name="Zobacz sprawę").click()
        expect(page.get_by_text("proszę o wyjaśnienie.")).to_be_visible()


@BOTH_WAYS
def test_premises_and_the_look_of_the_pages(running: RunningSystem, opened: OpenPage, javascript: bool) -> None:
    with opened(javascript) as page:
        sign_in(page, running)
        page.get_by_role("navigation", name="Menu").get_by_role("link", name="Lokale").click()
        expect(page.get_by_text("Powierzchnia ogrzewana")).to_be_visible()
        page.get_by_role("button", name="Żółty tekst na czarnym tle").click()
        expect(page.locator("html")).to_have_attribute("data-contrast", "yellow-on-black")
        page.get_by_role("button", name="Tekst 150 procent").click()
        expect(page.locator("html")).to_have_attribute("data-text", "150")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-contrast", "yellow-on-black")
