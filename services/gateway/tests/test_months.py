"""A month's charge beside the one before, the chart of months, VAT, and a year as a document."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from services.gateway.clients.models import MonthCharges, MonthTurnover
from services.gateway.tests import company
from services.gateway.tests.company import MONTH_GROSZE, MONTHS
from services.gateway.tests.conftest import Portal
from services.gateway.web.chart import chart_of
from services.gateway.web.comparing import Change, VatRate, changes, vat_rates, vat_within


async def test_a_month_says_by_how_much_it_differs_from_the_one_before_and_in_what(anna: Portal) -> None:
    dearer = await anna.see(f"/umowa/L-1/miesiac/{MONTHS[0]}")
    assert "To o 12,45\u00a0zł więcej niż za październik\u00a02026." in dearer
    assert "było 62,25\u00a0zł, jest 74,70\u00a0zł" in dearer
    cheaper = await anna.see(f"/umowa/L-1/miesiac/{MONTHS[1]}")
    assert "To o 12,45\u00a0zł mniej niż za wrzesień\u00a02026." in cheaper
    same = await anna.see(f"/umowa/L-1/miesiac/{MONTHS[5]}")
    assert "To tyle samo co za" in same
    assert "Żaden składnik opłaty się nie zmienił." in same


async def test_the_first_month_of_all_is_compared_with_nothing(anna: Portal) -> None:
    text = await anna.see(f"/umowa/L-1/miesiac/{MONTHS[-1]}")
    assert "niż za" not in text
    assert "Wcześniejszy" not in text


@pytest.mark.parametrize("month", ["2026-13", "x", "2020-01"])
async def test_a_month_that_is_none_or_has_no_charge_is_not_found(anna: Portal, month: str) -> None:
    assert (await anna.browser.get(f"/umowa/L-1/miesiac/{month}")).status_code == 404


async def test_the_chart_and_the_table_have_the_same_numbers(anna: Portal) -> None:
    text = await anna.see("/umowa/L-1/wykres")
    drawn, _, table = text.partition('<div class="iok-chart"')[2].partition("<h2")
    sums = re.compile(r">(\d[^<]*zł)<")
    assert len(sums.findall(drawn)) == 24
    assert sums.findall(drawn) == sums.findall(table.partition("</table>")[0])


def test_bars_are_as_long_as_their_sums() -> None:
    rows = [("2026-02", 400, -100), ("2026-01", 0, 200)]
    months = [MonthTurnover(month=m, charged_grosze=c, paid_grosze=p, balance_grosze=0) for m, c, p in rows]
    lengths = [[bar.length for bar in row.bars] for row in chart_of(months)]
    assert lengths == [[100.0, 0.0], [0.0, 50.0]]
    assert chart_of([]) == []
    assert chart_of([months[1].model_copy(update={"paid_grosze": 0})])[0].bars[0].length == 0


def month_of(*lines: dict[str, Any], corrected: dict[str, Any] | None = None) -> MonthCharges:
    charge: dict[str, Any] = {"charge_id": "c", "due_on": "2026-10-15", "amount_grosze": 1, "unpaid_grosze": 0}
    correction = {"correction_id": "k", "charge_id": "c", "issued_on": "2026-10-20", "due_on": "2026-10-30"}
    fixes = [correction | {"amount_grosze": 1, "lines": [corrected]}] if corrected else []
    charges = [charge | {"lines": list(lines), "corrections": fixes}]
    return MonthCharges.model_validate({"month": "2026-10", "charges": charges, "total_grosze": 0})


def line(component: str, grosze: int, vat_rate: str = "zw") -> dict[str, Any]:
    return (
        company.LINES[0]
        | {"component": component, "description": component}
        | {
            "amount_grosze": grosze,
            "vat_rate": vat_rate,
        }
    )


def test_changes_name_what_is_new_dearer_cheaper_and_gone_with_corrections_counted() -> None:
    before = month_of(line("rent", 100), line("lift", 5), line("water", 30))
    now = month_of(line("rent", 100), line("water", 20), line("waste", 7), corrected=line("water", 4))
    assert changes(before, now) == [Change("water", 30, 24), Change("waste", 0, 7), Change("lift", 5, 0)]


def test_vat_is_told_by_rate_for_taxed_premises_and_not_for_a_dwelling() -> None:
    assert vat_rates(month_of(line("rent", 100))) == []
    taxed = month_of(
        line("rent", 12300, "23"), line("water", 108, "8"), line("x", 50), corrected=line("rent", 123, "23")
    )
    assert vat_rates(taxed) == [VatRate("23", 12423, 2323), VatRate("8", 108, 8), VatRate("zw", 50, 0)]


@pytest.mark.parametrize(
    ("gross", "rate", "vat"),
    [(100, "23", 19), (-100, "23", -19), (1, "8", 0), (5, "0", 0), (107, "5", 5), (54, "8", 4)],
)
def test_the_tax_within_a_sum_is_rounded_half_up(gross: int, rate: str, vat: int) -> None:
    assert vat_within(gross, rate) == vat


async def test_premises_let_to_a_business_show_rates_of_vat(portal: Portal) -> None:
    await portal.sign_in("jan")
    text = await portal.see(f"/umowa/L-3/miesiac/{MONTHS[0]}")
    assert "Podatek VAT w opłacie" in text
    assert "VAT 23%" in text
    await portal.sign_in("anna")
    assert "VAT" not in await portal.see(f"/umowa/L-1/miesiac/{MONTHS[0]}")


async def test_a_years_statement_is_a_document_with_every_line_and_both_balances(anna: Portal) -> None:
    answer = await anna.browser.get("/umowa/L-1/zestawienie/2026.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == 'attachment; filename="zestawienie-2026.pdf"'
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    text = text.replace("\u00a0", " ")
    assert text.count("Wpłata online") == text.count("Naliczenie za") == 11
    for said in ("Zestawienie opłat i wpłat za 2026 rok", "Anna Zażółć", "L-1/2019", "Saldo na koniec", "rozliczone"):
        assert said in text
    empty = await anna.browser.get("/umowa/L-1/zestawienie/2031.pdf")
    assert "nie było żadnych opłat" in PdfReader(io.BytesIO(empty.content)).pages[0].extract_text()


async def test_a_year_too_long_for_a_document_comes_as_a_file(anna: Portal) -> None:
    anna.company.statement_too_long = True
    answer = await anna.browser.get("/umowa/L-1/zestawienie/2026.pdf")
    assert (answer.status_code, answer.headers["location"]) == (303, "/umowa/L-1/historia.csv?rok=2026")


async def test_charged_sums_stay_what_they_are_beside_the_month_before(anna: Portal) -> None:
    text = await anna.see(f"/umowa/L-1/miesiac/{MONTHS[0]}")
    assert "1\u00a0021,25\u00a0zł" in text
    assert f"{MONTH_GROSZE}" not in text
