"""What a page must keep to, measured in the browser: axe's rules, nothing wider than the screen, room for a finger."""

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

PROJECT: Final = Path(__file__).resolve().parents[2]
AXE: Final = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK_AXE: Final = """async rules => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']});
  const places = one => one.nodes.map(node => node.target.join(' ')).slice(0, 3).join('; ');
  return found.violations.map(one => `${one.id}: ${places(one)}`);
}"""
# Wider than the screen: the page itself, or something that cannot be reached by the keyboard to be scrolled.
ASK_WIDTH: Final = """() => {
  const wide = [];
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
    const edge = document.documentElement.clientWidth;
    const all = [...document.querySelectorAll('body *')];
    const culprits = all.filter(one => one.getBoundingClientRect().right > edge + 1);
    wide.push('page: ' + culprits.slice(0, 3).map(one => one.tagName + '.' + one.className).join(', '));
  }
  for (const one of document.querySelectorAll('body *')) {
    const scrolls = /auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1;
    if (scrolls && one.tabIndex < 0) wide.push('unreachable: ' + one.tagName + '.' + one.className);
  }
  return wide;
}"""
# Smaller than 24 pixels either way (WCAG 2.5.8); a link inside a sentence may be.
ASK_TARGETS: Final = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, summary')]
  .filter(one => one.checkVisibility() && !one.closest('.govuk-skip-link'))
  .filter(one => !(one.tagName === 'A' && getComputedStyle(one).display === 'inline'))
  .map(one => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.width < 24 || box.height < 24))
  .map(([one, box]) => `small: ${one.tagName} ${one.textContent.trim().slice(0, 30)} ${box.width}x${box.height}`)"""
# Line height 1.5, after a paragraph 2, letters 0.12, words 0.16 (WCAG 1.4.12); by script, for the policy bars styles.
SPACE_TEXT: Final = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; '
    + 'word-spacing: 0.16em !important } p { margin-bottom: 2em !important }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""


def complaints(page: Page) -> list[str]:
    """All that is wrong with the page as it stands; empty: nothing."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[Any] = page.evaluate(ASK_AXE, RULES) + page.evaluate(ASK_WIDTH) + page.evaluate(ASK_TARGETS)
    return [str(one) for one in found]


def too_wide(page: Page) -> list[str]:
    """What does not fit the screen."""
    return [str(one) for one in page.evaluate(ASK_WIDTH)]
