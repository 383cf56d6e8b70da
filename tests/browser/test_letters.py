"""Korespondencja in a browser, with JavaScript and without: a form, files, a refusal that loses nothing."""

import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect
from pypdf import PdfReader

from tests.browser.conftest import OpenPage
from tests.browser.test_main_job import BOTH_WAYS, sign_in
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running")]
KIND = "Zmiana liczby osób w mieszkaniu"


def photograph() -> FilePayload:
    written = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(written, "JPEG")
    return {"name": "zdjęcie kuchni.jpg", "mimeType": "image/jpeg", "buffer": written.getvalue()}


def open_kind(page: Page) -> None:
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Korespondencja").click()
    page.get_by_role("link", name="Dodaj korespondencję").click()
    page.get_by_role("link", name=KIND).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(KIND)


def text_of_download(page: Page, link: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    return PdfReader(Path(download.value.path())).pages[0].extract_text()


def fill_in(page: Page, count: str) -> None:
    page.get_by_label("Nowa liczba osób").fill(count)
    page.get_by_label("Od którego dnia").fill("2026-12-01")
    page.get_by_label("urodzenie dziecka").check()
    page.get_by_label("Potwierdzam, że podane dane są prawdziwe").check()


@BOTH_WAYS
def test_a_form_is_filled_in_sent_and_kept(running: RunningSystem, opened: OpenPage, javascript: bool) -> None:
    with opened(javascript) as page:
        sign_in(page, running)
        open_kind(page)
        assert "ul." in text_of_download(page, "PDF do druku")

        fill_in(page, "trzy")
        page.get_by_label("Załączniki").set_input_files(photograph())
        page.get_by_role("button", name="Wyślij").click()
        expect(page.get_by_role("alert")).to_contain_text("Podaj liczbę całkowitą")
        expect(page.locator(".iok-files__name")).to_have_text("zdjęcie kuchni.jpg")
        expect(page.get_by_label("urodzenie dziecka")).to_be_checked()

        fill_in(page, "4")
        page.get_by_role("button", name="Wyślij").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Potwierdzenie wysłania")
        page.get_by_role("link", name="Zobacz sprawę").click()
        expect(page.get_by_role("link", name="zdjęcie kuchni.jpg")).to_be_visible()
        made = text_of_download(page, "Oświadczenie o zmianie liczby osób w lokalu.pdf")
        assert "urodzenie dziecka" in made


@BOTH_WAYS
def test_a_file_that_is_not_taken_is_named_with_its_reason(
    running: RunningSystem, opened: OpenPage, javascript: bool
) -> None:
    with opened(javascript) as page:
        sign_in(page, running)
        page.goto("/korespondencja/nowa/general")
        page.get_by_label("Temat").fill("Umowa")
        page.get_by_label("Treść").fill("Umowa w załączniku.")
        program: FilePayload = {"name": "umowa.pdf", "mimeType": "application/pdf", "buffer": b"MZ" + b"\0" * 100}
        page.get_by_label("Załączniki").set_input_files([program, photograph()])
        page.get_by_role("button", name="Dołącz wybrane pliki").click()
        expect(page.get_by_role("alert")).to_contain_text("umowa.pdf: To program.")
        expect(page.get_by_label("Treść")).to_have_value("Umowa w załączniku.")
        page.get_by_role("button", name="Usuń zdjęcie kuchni.jpg").click()
        expect(page.locator(".iok-files__name")).to_have_count(0)
        expect(page.get_by_label("Temat")).to_have_value("Umowa")
