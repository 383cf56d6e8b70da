"""The panels of the services, as staff see them: every page sound on a desk and on a telephone."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import Browser

from tests.browser.every_page import of_each_build
from tests.browser.looking import complaints
from tests.browser.modes import DESK, SERVICES, TELEPHONE, Panel, window

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running")]


@pytest.mark.parametrize("service", SERVICES)
def test_every_page_of_a_panel_is_sound(browser: Browser, panels: Mapping[str, Panel], service: str) -> None:
    panel = panels[service]
    found = {}
    with window(browser, panel.home, panel.cookies) as context:
        page = context.new_page()
        for one in of_each_build(panel.pages):
            page.goto(one.path)
            for screen in (DESK, TELEPHONE):
                page.set_viewport_size(screen)
                found[f"{one.path} at {screen['width']}"] = complaints(page)
    assert found
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
