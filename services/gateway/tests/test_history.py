"""The history: page by page, by year and kind, with the balance after each line, and as a file."""

import re
from html import unescape

import pytest

from services.gateway.tests.company import MONTHS
from services.gateway.tests.conftest import Portal


def rows(text: str) -> list[str]:
    """The lines of the history that a page shows."""
    return re.findall(r'href="(/umowa/L-1/historia/[^"]+)"', text)


async def test_the_history_goes_on_without_a_script(anna: Portal) -> None:
    first = await anna.see("/umowa/L-1/historia")
    following = re.findall(r'href="(/umowa/L-1/historia\?od=[^"]+)"', first)
    second = await anna.see(unescape(following[0]))
    shown = rows(first + second)
    assert len(shown) == len(set(shown)) == 40
    assert "Pokaż więcej" in second


async def test_the_history_goes_on_by_a_fragment_for_the_script(anna: Portal) -> None:
    text = (await anna.browser.get("/umowa/L-1/historia?od=20", headers={"HX-Request": "true"})).text
    assert "<html" not in text
    assert text.count("<li>") == 20


async def test_the_history_can_be_had_by_year_and_kind_and_goes_on_within_the_choice(anna: Portal) -> None:
    text = await anna.see("/umowa/L-1/historia?rok=2026&rodzaj=oplaty")
    assert rows(text) == [f"/umowa/L-1/historia/e-{month}-charge" for month in MONTHS if month.startswith("2026")]
    assert (
        re.findall(r'href="([^"]+)" aria-current="true">(?:2026|tylko opłaty)', text)
        == [
            "/umowa/L-1/historia?rok=2026&amp;rodzaj=oplaty",
        ]
        * 2
    )
    paid = await anna.see("/umowa/L-1/historia?rodzaj=wplaty")
    assert 'href="/umowa/L-1/historia?rodzaj=wplaty&amp;od=20"' in paid
    assert "Nie ma takich pozycji" in await anna.see("/umowa/L-1/historia?rok=1999")


@pytest.mark.parametrize("query", ["rok=26", "rok=2026a", "rok=9999", "rodzaj=x", "od=%00", "od=a%20b"])
async def test_an_address_of_the_history_that_no_page_gives_is_not_found(anna: Portal, query: str) -> None:
    assert (await anna.browser.get(f"/umowa/L-1/historia?{query}")).status_code == 404


async def test_each_line_says_in_words_how_the_account_stood_after_it(anna: Portal) -> None:
    text = await anna.see("/umowa/L-1/historia")
    assert "po tym konto rozliczone" in text
    assert "po tym do zapłaty: 10,00\u00a0zł" in text


async def test_the_history_can_be_taken_as_a_file(anna: Portal) -> None:
    assert 'href="/umowa/L-1/historia.csv"' in await anna.see("/umowa/L-1/historia")
    answer = await anna.browser.get("/umowa/L-1/historia.csv")
    assert (answer.status_code, answer.content) == (200, "\ufeffData;Kwota\r\n".encode())
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="historia.csv"'
    await anna.see("/umowa/L-1/historia.csv?rok=2025")
    assert (await anna.browser.get("/umowa/L-2/historia.csv")).status_code == 404
