"""The panels of the services, as staff see them: every page sound on a desk and on a telephone."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser

from tests.browser.every_page import find_pages, of_each_build
from tests.browser.looking import complaints
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running")]
SERVICES = ("identity", "ledger", "payments", "correspondence", "gateway")
WIDTHS = (1280, 390)  # pixels
# Pages that only a search leads to; {lease} is the demo tenant's.
ALSO = {
    "identity": ("/panel/leases?search={lease}",),
    "ledger": ("/panel/leases?search={lease}", "/panel/leases/{lease}"),
    "correspondence": ("/panel/inbox?search={lease}", "/panel/inbox?search=nie-ma-takiej"),
    "payments": ("/panel/transfers?status=credited&search={lease}",),
}


@contextmanager
def signed_in(running: RunningSystem, service: str) -> Iterator[httpx.Client]:
    operator = running.run["demo"]["operator"]
    form = {"login": operator["login"], "password": operator["password"]}
    with httpx.Client(base_url=running.url(service), timeout=15.0) as client:
        assert client.post("/panel/sign-in", data=form).status_code == 303
        yield client


def wrong(browser: Browser, client: httpx.Client, paths: list[str], width: int) -> Iterator[str]:
    home = str(client.base_url)
    with browser.new_context(base_url=home, locale="pl-PL", viewport={"width": width, "height": 800}) as context:
        context.add_cookies([{"name": name, "value": value, "url": home} for name, value in client.cookies.items()])
        page = context.new_page()
        for path in paths:
            page.goto(path)
            yield from (f"{path} at {width}: {one}" for one in complaints(page))


@pytest.mark.parametrize("service", SERVICES)
def test_every_page_of_a_panel_is_sound(running: RunningSystem, browser: Browser, service: str) -> None:
    with signed_in(running, service) as client:
        lease_id = running.run["demo"]["tenant"]["lease_id"]
        also = [path.format(lease=lease_id) for path in ALSO.get(service, ())]
        paths = [page.path for page in of_each_build(find_pages(client, ("/panel", *also)))]
        assert len(paths) > len(also)
        found = [one for width in WIDTHS for one in wrong(browser, client, paths, width)]
    assert found == []
