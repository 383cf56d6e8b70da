"""The file for spreadsheets: Polish sums, and nothing that a spreadsheet would run."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.ledger.api.spreadsheet import harmless, lines_of, zloty
from services.ledger.read_models.export import ExportedEntry


@pytest.mark.parametrize("text", ["=1+1", "+48", "-x", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_text_that_begins_like_a_formula_is_made_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "C-1", "Wpłata online", "a=b"])
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("grosze", "written"),
    [(0, "0,00"), (5, "0,05"), (-5, "-0,05"), (123_456, "1234,56"), (-(10**11), "-1000000000,00")],
)
def test_sums_have_a_decimal_comma_and_a_sign(grosze: int, written: str) -> None:
    assert zloty(grosze) == written


async def test_cells_with_semicolons_and_quotes_stay_one_cell() -> None:
    entry = ExportedEntry(date(2026, 10, 1), 'a;"b"', -5, None, "-1", None, "id", "=erp", 120)

    async def pages() -> AsyncIterator[list[ExportedEntry]]:
        yield [entry]

    first, second = [piece async for piece in lines_of(pages())]
    assert first.decode().startswith("\ufeffData naliczenia lub wpłaty;Opis;")
    assert second.decode() == '2026-10-01;"a;""b""";-0,05;;\'-1;;id;\'=erp;1,20\r\n'
