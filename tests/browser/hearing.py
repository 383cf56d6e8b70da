"""What a browser complains about on our pages: its console, scripts that fail, and what the security policy barred."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import BrowserContext, ConsoleMessage

LOUD: Final = {"error", "warning"}
NO_PAGE: Final = "Failed to load resource"  # what browsers say of every answer of 4xx and 5xx
STATIC: Final = "/static/"


@contextmanager
def nothing_heard(context: BrowserContext, home: str, *, error_pages: bool = False) -> Iterator[None]:
    """Nothing may be complained about on pages of `home` inside the block; `error_pages`: but of error pages.

    Chromium writes what the Content-Security-Policy or Trusted Types bar into the console, too.
    """
    heard: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        address = message.location.get("url") or (message.page.url if message.page else home)
        elsewhere = not address.startswith(home)
        an_error_page = error_pages and message.text.startswith(NO_PAGE) and STATIC not in address
        if message.type in LOUD and not elsewhere and not an_error_page:
            heard.append(f"{address}: {message.text}")

    context.on("console", hear)
    context.on("weberror", lambda error: heard.append(str(error.error)))
    yield
    assert heard == []
