"""Paying by a transfer: the code that banks' apps read, the title, the slip."""

import io
import re

import pytest
import segno
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from services.gateway.tests.company import BANK_ACCOUNT
from services.gateway.tests.conftest import Portal
from services.gateway.web.zbp import Transfer, drawing, payload

PAGE = "/umowa/L-1/przelew"
DRAWN = re.compile(r'd="([^"]+)"')


def code_in(html: str) -> str:
    """The text of the QR code on a page, as a bank's app would read it."""
    path = DRAWN.findall(html.partition('class="iok-qr"')[2])[-1]
    side = int(re.findall(r'viewBox="0 0 (\d+) \d+"', html.partition('class="iok-code"')[2])[0])
    picture = Image.new("L", (side, side), 255)
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([^Mmh]+)", path):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            for cell in range(int(values[0])):
                picture.putpixel((int(x) + cell, int(y)), 0)
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    found = zxingcpp.read_barcode(picture.resize((side * 4, side * 4), Image.Resampling.NEAREST))
    assert found is not None
    return found.text


async def test_the_code_on_the_page_reads_back_to_the_transfer_that_the_page_shows(anna: Portal) -> None:
    text = await anna.see(PAGE)
    assert code_in(text) == f"|PL|{BANK_ACCOUNT}|122125|Towarzystwo Budownic|Umowa L-1/2019, opłaty|||"
    for shown in ("61 1090 1014 0000 0712 1981 2874", "1\u00a0221,25\u00a0zł", "Umowa L-1/2019, opłaty"):
        assert shown in text


async def test_a_month_and_its_sum_can_be_asked_for(anna: Portal) -> None:
    text = await anna.see(f"{PAGE}?miesiac=2026-10&kwota=102125")
    assert code_in(text).endswith("|102125|Towarzystwo Budownic|Umowa L-1/2019, za 10.2026|||")
    assert 'href="/umowa/L-1/przelew.pdf?kwota=102125&amp;miesiac=2026-10"' in text


@pytest.mark.parametrize("query", ["kwota=0", "kwota=-5", "kwota=1e3", "miesiac=2026-13", "kwota=123456789012"])
async def test_what_no_page_of_ours_links_to_is_not_found(anna: Portal, query: str) -> None:
    assert (await anna.browser.get(f"{PAGE}?{query}")).status_code == 404


async def test_numbers_have_buttons_that_copy_hidden_until_a_script_runs(anna: Portal) -> None:
    buttons = re.findall(r"<button[^>]*data-copy=[^>]*>", await anna.see(PAGE))
    assert [re.findall('data-copy="([^"]*)"', button)[0] for button in buttons] == [
        BANK_ACCOUNT,
        "1221,25",
        "Umowa L-1/2019, opłaty",
    ]
    assert all(" hidden " in button for button in buttons)


async def test_the_slip_can_be_printed(anna: Portal) -> None:
    answer = await anna.browser.get("/umowa/L-1/przelew.pdf?kwota=102125&miesiac=2026-10")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    [page] = PdfReader(io.BytesIO(answer.content)).pages
    text = page.extract_text().replace("\u00a0", " ")
    assert text.count("61 1090 1014 0000 0712 1981 2874") == text.count("1 021,25 zł") == 2
    assert "Anna Zażółć" in text


async def test_when_nothing_is_due_the_payer_is_told_to_write_the_sum(anna: Portal) -> None:
    assert "Kwotę wpisz samodzielnie." not in await anna.see(PAGE)
    anna.company.balance |= {"due_today_grosze": 0, "next_due": None}
    assert "Kwotę wpisz samodzielnie." in await anna.see(PAGE)
    [page] = PdfReader(io.BytesIO((await anna.browser.get(f"{PAGE}.pdf")).content)).pages
    said = " ".join(page.extract_text().split())
    assert ("Kwotę wpisz samodzielnie." in said, "Wypełni przelew" in said) == (True, False)


def transfer(**fields: object) -> Transfer:
    given = {"account": BANK_ACCOUNT, "recipient": "TBS", "title": "Czynsz", "amount_grosze": 1} | fields
    return Transfer(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, f"|PL|{BANK_ACCOUNT}|000001|TBS|Czynsz|||"),
        ({"amount_grosze": 0}, f"|PL|{BANK_ACCOUNT}|000000|TBS|Czynsz|||"),
        ({"amount_grosze": 123456789, "nip": "5260250995"}, f"5260250995|PL|{BANK_ACCOUNT}|123456789|TBS|Czynsz|||"),
        ({"recipient": "Ż" * 30, "title": "ą" * 40}, f"|PL|{BANK_ACCOUNT}|000001|{'Ż' * 20}|{'ą' * 32}|||"),
        ({"recipient": "A|B", "title": "x\n|y"}, f"|PL|{BANK_ACCOUNT}|000001|A B|x y|||"),
    ],
)
def test_the_code_follows_the_recommendation_to_the_character(fields: dict[str, object], said: str) -> None:
    assert payload(transfer(**fields)) == said


def test_nothing_below_zero_and_nothing_too_long_is_coded() -> None:
    for fields in ({"amount_grosze": -1}, {"account": "1" * 160}):
        with pytest.raises(ValueError, match=r"nobody|longer"):
            payload(transfer(**fields))


def test_the_drawing_has_no_style_and_stays_black_on_white() -> None:
    drawn = drawing(transfer())
    assert "style" not in drawn
    assert 'fill="#fff"' in drawn
    assert f'viewBox="0 0 {segno.make(payload(transfer()), error="l", micro=False).symbol_size(border=4)[0]}' in drawn
