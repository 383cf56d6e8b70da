"""What looks at the pages finds what it is there for: every kind of fault, planted."""

import pytest
from playwright.sync_api import Browser

from tests.browser.looking import ask, complaints

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stand-in")]
BUTTON = "<button style='width: 90px; height: 30px'>Naciśnij</button>"
SOUND = f"<!DOCTYPE html><html lang='pl'><title>Próba</title><main><h1>Próba</h1>{BUTTON}{{}}</main></html>"
PLANTED = {
    "width": "<div style='width: 3000px'>szeroko</div>",
    "clipped": "<div style='height: 10px; overflow: hidden'>wysoki tekst, który się tu nie mieści</div>",
    "squeezed": "<div style='width: 10px; overflow-wrap: anywhere'>ściśnięty tekst</div>",
    "targets": "<button style='width: 20px; height: 20px'>x</button>",
    "english": "<button style='width: 90px; height: 30px' aria-label='Close'>x</button>",
    "focus": "<button style='outline: 0; border: 0; width: 90px; height: 30px'>nie widać</button>",
}
LOW_BUTTON = "<button class='govuk-button' style='width: 90px; height: 40px'>Płacę</button>"
NO_NAME = "<img src='data:,'>"
FOLDED = "<details><summary style='width: 90px; height: 30px'>Więcej</summary><img src='data:,'></details>"


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_found(browser: Browser, kind: str) -> None:
    page = browser.new_page()
    page.set_content(SOUND.format(""))
    assert ask(page, *PLANTED) == []
    page.set_content(SOUND.format(PLANTED[kind]))
    assert ask(page, *(other for other in PLANTED if other != kind)) == []
    assert len(ask(page, kind)) == 1
    page.close()


@pytest.mark.parametrize("html", [LOW_BUTTON, NO_NAME, FOLDED], ids=["a low main action", "no name", "folded"])
def test_a_main_action_too_low_and_what_axe_knows_are_found(browser: Browser, html: str) -> None:
    page = browser.new_page()
    page.set_content(SOUND.format(html))
    assert complaints(page)
    page.close()
