"""Pictures of every page and state of the portal, and of the panels, in the modes that matter: `make looks`.

What axe cannot see (a button nobody can read, a header with a colour of its own), people do. The portal stands in front
of stand-ins, the panels are those of a running system.
"""

import sys
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.guide.__main__ import CHROMIUM
from services.gateway.web.appearance import COOKIE
from tests.browser.every_page import find_pages, of_each_build
from tests.browser.judging_markup import PROJECT
from tests.browser.modes import DESK, NARROW, SERVICES, TELEPHONE, WISHES, Panel, walk_panel
from tests.browser.stand_in import PASSWORD, StandIn, stand_in
from tests.browser.states import EXPIRED, STATES, at, sign_in
from tests.running.start import started

FOLDER: Final = PROJECT / "var" / "looks"
START: Final = ("/", "/haslo")
# What a mode asks of the browser, and the look that the cookie asks for.
MODES: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "desk": ({"viewport": DESK}, "100.ordinary"),
    "telephone-150": ({"viewport": TELEPHONE}, "150.ordinary"),
    "narrow-yellow-on-black": ({"viewport": NARROW}, "100.yellow-on-black"),
    "desk-black-on-yellow": ({"viewport": DESK}, "125.black-on-yellow"),
    "telephone-dark": ({"viewport": TELEPHONE, **WISHES["dark"]}, "100.ordinary"),
    "telephone-forced-colours": ({"viewport": TELEPHONE, **WISHES["forced colours"]}, "100.ordinary"),
}
PANEL_MODES: Final[dict[str, dict[str, Any]]] = {
    "desk": {"viewport": DESK},
    "telephone-dark": {"viewport": TELEPHONE, **WISHES["dark"]},
}


def main() -> None:
    """Take all pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        with stand_in() as portal:
            paths = _paths(portal)
            for mode in MODES:
                _of_portal(browser, portal, paths, mode)
        with started() as running:
            for service in SERVICES:
                _of_panel(browser, walk_panel(running, service), service)
        browser.close()


def _of_portal(browser: Browser, portal: StandIn, paths: list[str], mode: str) -> None:
    asked, look = MODES[mode]
    folder = _folder(mode)
    for person, name, reach in [
        *(("anna", path, at(path)) for path in paths),
        *((state.person, state.name, state.reach) for state in STATES),
    ]:
        portal.company.payment_status = "pending"
        with browser.new_context(base_url=portal.home, locale="pl-PL", **asked) as context:
            cookies = {COOKIE: look} | ({"iok": EXPIRED} if person == EXPIRED else {})
            context.add_cookies([{"name": n, "value": v, "url": portal.home} for n, v in cookies.items()])
            page = context.new_page()
            if person not in {"", EXPIRED}:
                sign_in(page, person)
            reach(page, portal)
            _take(page, folder, name)
    sys.stdout.write(f"{folder}\n")


def _of_panel(browser: Browser, panel: Panel, service: str) -> None:
    for mode, asked in PANEL_MODES.items():
        folder = _folder(f"panels-{mode}")
        with browser.new_context(base_url=panel.home, locale="pl-PL", **asked) as context:
            context.add_cookies([{"name": n, "value": v, "url": panel.home} for n, v in panel.cookies.items()])
            page = context.new_page()
            for one in of_each_build(panel.pages):
                page.goto(one.path)
                _take(page, folder, f"{service} {one.path}")
        sys.stdout.write(f"{folder}: {service}\n")


def _folder(mode: str) -> Path:
    folder = FOLDER / mode
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _paths(portal: StandIn) -> list[str]:
    with httpx.Client(base_url=portal.home) as client:
        client.post("/zaloguj", data={"login": "anna", "password": PASSWORD, "back": "/"})
        return [page.path for page in of_each_build(find_pages(client, START))]


def _take(page: Page, folder: Path, name: str) -> None:
    safe = "".join(letter if letter.isalnum() else "-" for letter in name).strip("-") or "start"
    page.screenshot(path=folder / f"{safe[:60]}.png", full_page=True)


if __name__ == "__main__":
    main()
