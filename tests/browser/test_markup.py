"""The HTML of every page is valid, its title its own, and the page small enough for an old telephone."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request

from tests.browser.judging_markup import mistakes_in, save
from tests.browser.modes import Panel, Portal, window

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running")]
TITLE = re.compile(r"<title>([^<]*)</title>")
MAIN_PAGES = ("/", "/pomoc", "/korespondencja", "/korespondencja/nowa/general")
KIBIBYTE = 1024
# At most, on the wire: a page opened for the first time, and the next one.
COLD_BYTES = {"all": 75 * KIBIBYTE, "script": 25 * KIBIBYTE, "stylesheet": 18 * KIBIBYTE, "font": 30 * KIBIBYTE}
HTML_BYTES = 15 * KIBIBYTE
COLD_REQUESTS = 12


def test_every_page_is_valid_html(portal: Portal, panels: Mapping[str, Panel], tmp_path: Path) -> None:
    pages = {page.path: page.html for page in [*portal.of_tenant, *portal.open]}
    pages |= {f"{service} {page.path}": page.html for service, panel in panels.items() for page in panel.pages}
    save(pages, tmp_path)
    assert mistakes_in(tmp_path) == []


@pytest.mark.parametrize(
    "planted", ["<p><div>x</div></p>", "<p hx-nonce='x'>", "<meta http-equiv=refresh content='1;url=x'>"]
)
def test_the_validators_find_a_planted_mistake(planted: str, tmp_path: Path) -> None:
    save({"planted": f"<!DOCTYPE html><html lang='pl'><title>x</title>{planted}"}, tmp_path)
    assert mistakes_in(tmp_path)


def test_no_two_pages_have_one_title(portal: Portal) -> None:
    """Pages with one title are one page under several addresses, as their equal headings say."""
    for pages in (portal.of_tenant, portal.open):
        titles = {page.path: TITLE.findall(page.html) for page in pages}
        assert all(len(found) == 1 for found in titles.values())
        counted = Counter((found[0], page.heading) for page in pages for found in [titles[page.path]])
        assert len({title for title, _ in counted}) == len(counted)


def test_a_page_opened_for_the_first_time_is_light_and_the_next_one_lighter(browser: Browser, portal: Portal) -> None:
    lease = next(page.path for page in portal.of_tenant if page.path.endswith("/finanse"))
    for path in (*MAIN_PAGES, lease):
        with window(browser, portal.home, {"iok": portal.session}) as context:
            page = context.new_page()
            asked: list[Request] = []
            page.on("requestfinished", lambda request: asked.append(request))  # noqa: B023, PLW0108
            page.goto(path, wait_until="networkidle")
            assert all(request.url.startswith(portal.home) for request in asked)
            assert 1 < len(asked) <= COLD_REQUESTS, path
            for kind, limit in COLD_BYTES.items():
                sent = [request for request in asked if kind in {"all", request.resource_type}]
                assert sum(request.sizes()["responseBodySize"] for request in sent) <= limit, (path, kind)
            asked.clear()
            page.goto("/korespondencja" if path == "/" else "/", wait_until="networkidle")
            assert sum(request.sizes()["responseBodySize"] for request in asked) <= HTML_BYTES, path
