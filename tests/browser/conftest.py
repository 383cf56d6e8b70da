"""A browser, and people who use it; whatever it complains about on our pages fails the test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.browser.hearing import nothing_heard
from tests.browser.modes import SERVICES, Panel, Portal, walk, walk_panel
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


@pytest.fixture(scope="session")
def panels(running: RunningSystem) -> dict[str, Panel]:
    """Every page of every service's panel, found once."""
    return {service: walk_panel(running, service) for service in SERVICES}


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
        home = running.url("gateway")
        with browser.new_context(java_script_enabled=javascript, base_url=home, locale="pl-PL") as context:
            context.set_default_timeout(STEP_MILLISECONDS)
            with nothing_heard(context, home):
                yield context.new_page()

    return open_page
