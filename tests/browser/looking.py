"""What a page must keep to, measured in the browser: axe's rules, and what `looking.js` asks besides."""

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from tests.browser.judges import AXE

OURS: Final = Path(__file__).with_name("looking.js")
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK_AXE: Final = """async rules => {
  const options = {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations'], preload: false, iframes: false};
  const found = await axe.run(document, options);
  const places = one => one.nodes.map(node => node.target.join(' ')).slice(0, 3).join('; ');
  return found.violations.map(one => `${one.id}: ${places(one)}`);
}"""
ASK: Final = "names => names.flatMap(name => iokLooks[name]())"
# The focus is shown as to somebody who uses the keyboard only after a key was pressed.
KEY: Final = "Shift"
OPEN_ALL: Final = """() => [...document.querySelectorAll('details:not([open])')].map(one => one.open = true).length"""
# Line height 1.5, after a paragraph 2, letters 0.12, words 0.16 (WCAG 1.4.12); by script, for the policy bars styles.
SPACE_TEXT: Final = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; '
    + 'word-spacing: 0.16em !important } p { margin-bottom: 2em !important }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""


def complaints(page: Page) -> list[str]:
    """All that is wrong with the page as it stands, and with whatever on it can be unfolded; empty: nothing."""
    page.keyboard.press(KEY)
    found = _asked(page)
    return found + [f"unfolded: {one}" for one in _asked(page)] if page.evaluate(OPEN_ALL) else found


def does_not_fit(page: Page) -> list[str]:
    """What does not fit the screen, or its own box."""
    return ask(page, "width", "clipped", "squeezed")


def ask(page: Page, *names: str) -> list[str]:
    """What some functions of `looking.js` say of the page."""
    _prepare(page)
    found: list[Any] = page.evaluate(ASK, list(names))
    return [str(one) for one in found]


def _asked(page: Page) -> list[str]:
    ours = ask(page, "width", "clipped", "squeezed", "targets", "english", "focus")
    found: list[Any] = page.evaluate(ASK_AXE, RULES)
    return ours + [str(one) for one in found]


def _prepare(page: Page) -> None:
    if not page.evaluate("() => 'iokLooks' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
        page.evaluate(OURS.read_text(encoding="utf-8"))
