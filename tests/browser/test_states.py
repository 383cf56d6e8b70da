"""The states that no link leads to, as sound as every page; on a portal in front of stand-ins."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.judging_markup import mistakes_in, save
from tests.browser.looking import complaints
from tests.browser.modes import NARROW, in_every_mode, window
from tests.browser.stand_in import StandIn, stand_in
from tests.browser.states import EXPIRED, FAILED_FORMS, STATES, State, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stand-in"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def portal() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started


@contextmanager
def reached(browser: Browser, portal: StandIn, state: State, sent: list[Response] | None = None) -> Iterator[Page]:
    """A page in a state; what was sent on the way to it is collected in `sent`."""
    portal.company.payment_status = "pending"
    with window(browser, portal.home, {"iok": EXPIRED} if state.person == EXPIRED else {}) as context:
        page = context.new_page()
        if sent is not None:
            page.on("response", lambda response: sent.append(response))  # noqa: PLW0108
        if state.person not in {"", EXPIRED}:
            sign_in(page, state.person)
        state.reach(page, portal)
        expect(page.get_by_role("heading", level=1)).to_contain_text(state.heading)
        yield page


def test_every_state_is_sound_in_its_ordinary_look(browser: Browser, portal: StandIn, tmp_path: Path) -> None:
    wrong, pages = {}, {}
    for state in STATES:
        sent: list[Response] = []
        with reached(browser, portal, state, sent) as page:
            pages[state.name] = next(one.text() for one in reversed(sent) if one.request.is_navigation_request())
            wrong[state.name] = complaints(page)
            page.set_viewport_size(NARROW)
            wrong[f"{state.name}, narrow"] = complaints(page)
    assert {name: found for name, found in wrong.items() if found} == {}
    save(pages, tmp_path)
    assert mistakes_in(tmp_path) == []


@pytest.mark.matrix
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_is_sound_in_every_mode(browser: Browser, portal: StandIn, state: State) -> None:
    with reached(browser, portal, state) as page:
        assert {mode: found for mode, found in in_every_mode(page) if found} == {}


@pytest.mark.parametrize("state", FAILED_FORMS, ids=lambda state: state.name)
def test_a_failed_form_says_so_in_its_title_and_has_the_focus_on_its_summary(
    browser: Browser, portal: StandIn, state: State
) -> None:
    with reached(browser, portal, state) as page:
        assert page.title().startswith("Błąd: ")
        expect(page.locator(".govuk-error-summary")).to_be_focused()
