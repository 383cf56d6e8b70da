"""Every word of a page goes through gettext, so that other languages can be complete."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import Environment

from services.gateway.web.site import TEMPLATES

WORD = re.compile(r"[^\W\d_]{2,}")
MARKUP = re.compile(r"<!--.*?-->|<[^>]*>|&\w+;", re.DOTALL)
SPOKEN_ATTRIBUTES = re.compile(r'(?:aria-label|title|placeholder|alt)="([^"]+)"')
SAME_EVERYWHERE = {"IOK", "zł"}  # the portal's name, the currency
ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


def words_outside_gettext(source: str) -> list[str]:
    """The words that a template says without asking for their translation."""
    html = "\0".join(text for _, kind, text in ENVIRONMENT.lex(source) if kind == "data")
    shown = MARKUP.sub(" ", html) + " ".join(SPOKEN_ATTRIBUTES.findall(html))
    return [word for word in WORD.findall(shown) if word not in SAME_EVERYWHERE]


@pytest.mark.parametrize(
    "template", sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
)
def test_a_template_says_no_word_past_gettext(template: str) -> None:
    assert words_outside_gettext((TEMPLATES / template).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("planted", ["<p>Saldo</p>", '<nav aria-label="Menu">', "{% if x %}tak{% endif %}"])
def test_a_word_past_gettext_is_found(planted: str) -> None:
    assert words_outside_gettext(planted)


def test_translators_get_the_texts_of_templates_and_of_code(tmp_path: Path) -> None:
    folder = TEMPLATES.parent
    catalogue = tmp_path / "portal.pot"
    command = ["-q", "extract", "-F", "locale/babel.cfg", "-k", "say", "-k", "text", "-o", str(catalogue), "."]
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", *command], cwd=folder, check=True)
    texts = catalogue.read_text(encoding="utf-8")
    for known in ("Do zapłaty dziś", "Podaj login.", "Nie ma takiej strony", "Rachunek do wpłat"):
        assert f'msgid "{known}"' in texts
