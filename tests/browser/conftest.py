"""A browser, and people who use it; whatever it complains about on our pages fails the test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from tests.browser.modes import Portal, walk
from tests.running.system import RunningSystem

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LARGE_TEXT = "--blink-settings=defaultFontSize=24"
STEP_MILLISECONDS = 20_000

OpenPage = Callable[[bool], AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def driver() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(driver: Playwright) -> Iterator[Browser]:
    started = driver.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
    yield started
    started.close()


@pytest.fixture(scope="module")
def browser_with_large_text(driver: Playwright) -> Iterator[Browser]:
    """A browser whose own text size is set to 150 %."""
    started = driver.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, LARGE_TEXT])
    yield started
    started.close()


@pytest.fixture(scope="session")
def portal(running: RunningSystem) -> Portal:
    """Every page of the portal, found once."""
    return walk(running)


@pytest.fixture
def opened(browser: Browser, running: RunningSystem) -> OpenPage:
    return opener(browser, running)


@pytest.fixture
def opened_with_large_text(browser_with_large_text: Browser, running: RunningSystem) -> OpenPage:
    return opener(browser_with_large_text, running)


def opener(browser: Browser, running: RunningSystem) -> OpenPage:
    """Open a page of the portal, with or without JavaScript; nothing may be written into its console."""

    @contextmanager
    def open_page(javascript: bool) -> Iterator[Page]:
        complaints: list[str] = []
        home = running.url("gateway")
        context = browser.new_context(java_script_enabled=javascript, base_url=home, locale="pl-PL")
        context.set_default_timeout(STEP_MILLISECONDS)
        page = context.new_page()

        def hear(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and message.location.get("url", "").startswith(home):
                complaints.append(message.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        context.close()
        assert complaints == []

    return open_page
