"""Pomoc, the accessibility declaration and the privacy page: open to everybody, complete, read by machines."""

import re

import pytest

from services.gateway.tests.conftest import PUBLIC_URL, Opened, Portal
from services.gateway.web.guide import CAPTIONS, FILM, topics
from services.gateway.web.site import FrontEnd

OPEN_PAGES = ["/pomoc", "/pomoc/platnosc", "/deklaracja-dostepnosci", "/prywatnosc"]
# The ids by which the ministry's tools read a declaration ("Warunki techniczne ... wersja 2.0").
MACHINE_READ = [
    "a11y-wstep", "a11y-podmiot", "a11y-url", "a11y-status", "a11y-wykonawca-badania", "a11y-kontakt", "a11y-osoba",
    "a11y-procedura", "a11y-architektura", "a11y-aplikacje",
]  # fmt: skip
DATES = ["a11y-data-publikacja", "a11y-data-aktualizacja", "a11y-data-sporzadzenie", "a11y-data-przeglad"]


@pytest.mark.parametrize("path", OPEN_PAGES)
async def test_help_needs_no_signing_in(portal: Portal, path: str) -> None:
    assert 'class="iok-side"' not in await portal.see(path)


@pytest.mark.parametrize("path", OPEN_PAGES)
async def test_who_is_signed_in_keeps_the_menu(anna: Portal, path: str) -> None:
    assert 'class="iok-side"' in await anna.see(path)


async def test_help_is_there_while_identity_is_away(anna: Portal) -> None:
    await anna.company.identity.stop()
    assert "Krok po kroku" in await anna.see("/pomoc")


@pytest.mark.parametrize("path", ["/", "/zaloguj", "/nie-ma-takiej-strony"])
async def test_every_page_leads_to_help_the_declaration_and_privacy(portal: Portal, path: str) -> None:
    foot = (await portal.browser.get(path, follow_redirects=True)).text.partition('class="iok-foot"')[2]
    assert re.findall('href="(/[a-z-]+)"', foot) == ["/pomoc", "/deklaracja-dostepnosci", "/prywatnosc"]


async def test_every_topic_has_a_page_with_all_its_pictures(portal: Portal) -> None:
    for topic in topics(str):
        text = await portal.see(f"/pomoc/{topic.slug}")
        pictures = re.findall('<img src="([^"]+)" alt="([^"]+)"', text)
        assert [seen for _, seen in pictures] == [step.seen for step in topic.steps]
        for address, _ in pictures:
            assert (await portal.browser.get(address)).headers["content-type"] == "image/webp"


async def test_a_topic_that_nobody_wrote_is_not_there(portal: Portal) -> None:
    assert (await portal.browser.get("/pomoc/nie-ma")).status_code == 404


async def test_a_player_may_ask_for_a_piece_of_the_film(portal: Portal, front_end: FrontEnd) -> None:
    answer = await portal.browser.get(front_end.assets.address(FILM), headers={"Range": "bytes=0-99"})
    assert (answer.status_code, len(answer.content), answer.headers["content-type"]) == (206, 100, "video/mp4")


async def test_the_films_captions_run_forward(portal: Portal, front_end: FrontEnd) -> None:
    text = (await portal.browser.get(front_end.assets.address(CAPTIONS))).text
    cues = re.findall(r"([\d:.]{9}) --> ([\d:.]{9})\n(.+)", text)
    assert len(cues) >= 10
    assert all(start < end for start, end, _ in cues)
    assert [start for start, _, _ in cues] == sorted(start for start, _, _ in cues)


async def test_the_declaration_is_read_by_machines(portal: Portal) -> None:
    text = await portal.see("/deklaracja-dostepnosci")
    assert [name for name in MACHINE_READ if text.count(f'id="{name}"') != 1] == []
    assert re.search('id="a11y-status">(zgodna|częściowo zgodna|niezgodna)<', text)


async def test_the_declaration_tells_the_dates_and_contacts_that_the_company_gave(opened: Opened) -> None:
    told = {
        "company_email": "dostepnosc@tbs.example",
        "company_phone": "71 000 00 00",
        "accessibility_gaps": "Filmy nie mają audiodeskrypcji.|Nie ma tłumaczenia na język migowy.",
        "accessibility_published_on": "2026-11-01",
        "accessibility_updated_on": "2026-11-02",
        "accessibility_prepared_on": "2026-11-03",
        "accessibility_reviewed_on": "2026-11-04",
    }
    async with opened(PUBLIC_URL, **told) as portal:
        text = await portal.see("/deklaracja-dostepnosci")
    assert [name for name in [*DATES, "a11y-email", "a11y-telefon"] if f'id="{name}"' not in text] == []
    assert re.findall('datetime="([^"]+)"', text) == ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"]
    assert text.count("<li>Filmy") == text.count("<li>Nie ma tłumaczenia") == 1
