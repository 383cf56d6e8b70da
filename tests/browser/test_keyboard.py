"""A tenant who has no mouse: every journey by the keyboard alone, and the focus is seen at every stop."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.looking import ask
from tests.browser.modes import window
from tests.browser.stand_in import PASSWORD, StandIn, stand_in
from tests.browser.states import RETURN
from tests.browser.test_letters import photograph

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stand-in")]
MAX_STOPS = 80  # presses of Tab until a control is reached; more would be a page nobody wants to use
FOCUSED = "one => one === document.activeElement"
SEEN = "one => iokLooks.focusSeenOn(one)"


def tab_to(page: Page, control: Locator, key: str = "Tab") -> None:
    """Press Tab until the focus is on the control; wherever it stops on the way, it is seen."""
    expect(control).to_be_visible()
    ask(page)
    for _ in range(MAX_STOPS):
        page.keyboard.press(key)
        stop = page.locator(":focus")
        if not stop.count():
            continue  # past the end of the page: the next stop is its beginning
        if stop.evaluate("one => one !== document.body && !one.matches('.govuk-skip-link')"):
            assert stop.evaluate(SEEN), stop.evaluate("one => one.outerHTML.slice(0, 200)")
        if control.evaluate(FOCUSED):
            return
    raise AssertionError(f"{control} is not reached by {MAX_STOPS} presses of {key}")


def press(page: Page, control: Locator, key: str = "Enter") -> None:
    """Go to a control and press it."""
    tab_to(page, control)
    page.keyboard.press(key)


def write(page: Page, label: str, text: str) -> None:
    """Go to a field and write into it."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.insert_text(text)


@pytest.fixture(scope="module")
def portal() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started


def sign_in(page: Page) -> None:
    page.goto("/zaloguj")
    write(page, "Login", "anna")
    write(page, "Hasło", PASSWORD)
    press(page, page.get_by_role("main").get_by_role("button", name="Zaloguj się", exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text("Dzień dobry")


def in_menu(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Menu").get_by_role("link", name=name)


def test_paying_and_looking_back(browser: Browser, portal: StandIn) -> None:
    with window(browser, portal.home) as context:
        page = context.new_page()
        sign_in(page)
        page.route(f"{portal.company.autopay_url}/**", lambda route: route.fulfill(body="Autopay"))
        press(page, page.get_by_role("main").get_by_role("link", name="Płacę").first)
        everything = page.get_by_label("Wszystko, co jest do zapłaty dziś")
        tab_to(page, page.get_by_role("radio").first)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        expect(everything).to_be_checked()
        press(page, page.get_by_role("button", name="Zapłać", exact=True))
        expect(page.get_by_text("Autopay")).to_be_visible()
        portal.company.payment_status = "confirmed"
        page.goto(RETURN)
        expect(page.get_by_role("heading", level=1)).to_have_text("Wpłata potwierdzona")
        press(page, page.get_by_role("link", name="Zobacz saldo"))
        press(page, page.get_by_role("link", name="Historia opłat i wpłat"))
        press(page, page.locator(".iok-row", has_text="naliczono").first)
        expect(page.get_by_text("Rachunek do wpłat").first).to_be_visible()
        press(page, in_menu(page, "Lokale"))
        expect(page.get_by_text("Powierzchnia ogrzewana")).to_be_visible()


def test_a_letter_with_a_file(browser: Browser, portal: StandIn) -> None:
    with window(browser, portal.home) as context:
        page = context.new_page()
        page.on("filechooser", lambda _: None)  # the browser learns to tell of it long before it is opened
        sign_in(page)
        press(page, in_menu(page, "Korespondencja"))
        press(page, page.get_by_role("link", name="Dodaj korespondencję"))
        press(page, page.get_by_role("link", name="Pismo ogólne"))
        tab_to(page, page.get_by_role("button", name="Wyślij"))
        page.keyboard.press("Enter")
        expect(page.locator(".govuk-error-summary")).to_be_focused()
        press(page, page.locator(".govuk-error-summary a").first)
        expect(page.get_by_label("Temat")).to_be_focused()
        page.keyboard.insert_text("Pytanie")
        write(page, "Treść", "Dzień dobry.")
        tab_to(page, page.get_by_label("Załączniki"))
        with page.expect_file_chooser() as choosing:
            page.keyboard.press("Enter")
        choosing.value.set_files(photograph())
        press(page, page.get_by_role("button", name="Dołącz wybrane pliki"))
        expect(page.locator(".iok-files__name")).to_have_text("zdjęcie kuchni.jpg")
        press(page, page.get_by_role("button", name="Wyślij"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Potwierdzenie wysłania")


def test_the_look_the_way_past_the_menu_and_out(browser: Browser, portal: StandIn) -> None:
    with window(browser, portal.home) as context:
        page = context.new_page()
        sign_in(page)
        page.goto("/pomoc")
        page.keyboard.press("Tab")
        past = page.get_by_role("link", name="Przejdź do treści")
        expect(past).to_be_focused()
        expect(past).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        press(page, page.get_by_role("main").get_by_role("link").first)
        for name, said in (("Żółty tekst na czarnym tle", "data-contrast"), ("Tekst 150 procent", "data-text")):
            before = page.locator("html").get_attribute(said)
            press(page, page.get_by_role("button", name=name), "Space")
            expect(page.locator("html")).not_to_have_attribute(said, before or "")
            expect(page.get_by_role("button", name=name)).to_be_focused()
        press(page, page.get_by_role("button", name="Wyloguj"))
        expect(page.get_by_role("status")).to_contain_text("Wylogowano")
