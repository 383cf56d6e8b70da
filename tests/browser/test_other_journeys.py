"""Journeys besides paying and writing: looking back, documents, help, the first password. JavaScript on and off."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.modes import window
from tests.browser.stand_in import PASSWORD, StandIn, stand_in
from tests.browser.states import sign_in as sign_in_as
from tests.browser.test_letters import text_of_download
from tests.browser.test_main_job import BOTH_WAYS, open_finance

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stand-in")]
NEW_PASSWORD = "cztery nowe slowa"


@pytest.fixture(scope="module")
def portal() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started


def choose(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("link", name=name).first.click()


@BOTH_WAYS
def test_the_history_the_chart_and_the_documents(browser: Browser, portal: StandIn, javascript: bool) -> None:
    with window(browser, portal.home, javascript=javascript) as context:
        page = context.new_page()
        sign_in_as(page, "anna")
        open_finance(page)
        choose(page, "Historia opłat i wpłat")
        choose(page, "tylko wpłaty")
        expect(page.locator(".iok-row", has_text="naliczono")).to_have_count(0)
        choose(page, "tylko opłaty")
        expect(page.locator(".iok-row", has_text="wpłacono")).to_have_count(0)
        page.get_by_role("navigation", name="Rok").get_by_role("link").nth(1).click()
        assert "Zestawienie" in text_of_download(page, "Pobierz zestawienie")
        with page.expect_download() as download:
            choose(page, "Pobierz rok")
        assert download.value.suggested_filename.endswith(".csv")

        open_finance(page)
        choose(page, "Wykres miesiąc po miesiącu")
        expect(page.get_by_role("img", name="Wykres")).to_be_visible()
        open_finance(page)
        choose(page, "Kod QR i blankiet do druku")
        expect(page.get_by_role("heading", level=1)).to_have_text("Przelew z banku")
        assert "przelew" in text_of_download(page, "Pobierz blankiet").lower()


@BOTH_WAYS
def test_help_and_a_reply_to_a_letter(browser: Browser, portal: StandIn, javascript: bool) -> None:
    with window(browser, portal.home, javascript=javascript) as context:
        page = context.new_page()
        sign_in_as(page, "anna")
        page.get_by_role("navigation", name="Menu").get_by_role("link", name="Korespondencja").click()
        page.locator(".iok-row").first.click()
        reply = f"Dziękuję, będę w domu{' po południu' if javascript else ' rano'}."
        page.get_by_role("textbox").first.fill(reply)
        page.get_by_role("main").get_by_role("button", name="Wyślij").click()
        expect(page.get_by_text(reply)).to_be_visible()
        page.get_by_role("banner").get_by_role("link", name="Pomoc").click()
        page.get_by_role("main").get_by_role("list").get_by_role("link").first.click()
        expect(page.get_by_role("main").get_by_role("img").first).to_be_visible()
        page.get_by_role("button", name="Wyloguj").click()
        expect(page.get_by_role("status")).to_contain_text("Wylogowano")


@BOTH_WAYS
def test_the_first_password_is_changed(browser: Browser, portal: StandIn, javascript: bool) -> None:
    with window(browser, portal.home, javascript=javascript) as context:
        page = context.new_page()
        page.goto("/zaloguj")
        page.get_by_label("Login").fill("nowa")
        page.get_by_label("Hasło", exact=True).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Zaloguj się", exact=True).click()
        page.get_by_label("Nowe hasło", exact=True).fill(NEW_PASSWORD)
        page.get_by_label("Powtórz nowe hasło").fill(NEW_PASSWORD)
        page.get_by_role("button", name="Zapisz hasło").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Dzień dobry")
