"""The way a tenant goes through the portal, step by step; every picture that the guide shows is taken here."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from deploy.guide.camera import Camera

SETTLED_MILLISECONDS = 30_000  # until a payment made on the way is confirmed


def tour(camera: Camera, tenant: dict[str, Any]) -> None:
    """Walk through the whole guide as this tenant (`login`, `password`)."""
    page = camera.page
    _sign_in(camera, tenant)
    _money(camera)
    _pay(camera)
    _premises(camera)
    _write(camera)
    _appearance(camera)
    page.goto("/haslo")
    camera.step("password", ring=page.get_by_label("Nowe hasło", exact=True))


def photograph_start(page: Page, tenant: dict[str, Any], picture: Path) -> None:
    """Sign this tenant in and photograph the start page as it is before anything was paid (PNG)."""
    _filled_in(page, tenant).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dzień dobry")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=picture)


def _filled_in(page: Page, tenant: dict[str, Any]) -> Locator:
    """The button of the form of sign-in, filled in."""
    page.goto("/zaloguj")
    page.get_by_label("Login").fill(tenant["login"])
    page.get_by_label("Hasło", exact=True).fill(tenant["password"])
    return page.get_by_role("main").get_by_role("button", name="Zaloguj się", exact=True)


def _sign_in(camera: Camera, tenant: dict[str, Any]) -> None:
    page = camera.page
    enter = _filled_in(page, tenant)
    camera.step("sign-in", "Wpisz login i hasło z listu, potem naciśnij „Zaloguj się”.", enter)
    camera.step(
        "trusted",
        "Albo zaloguj się Profilem Zaufanym.",
        page.get_by_text("Zaloguj się Profilem Zaufanym").first,
    )
    enter.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dzień dobry")


def _money(camera: Camera) -> None:
    page = camera.page
    camera.step("start", "Tu widać, ile jest do zapłaty i do kiedy.", page.locator(".iok-tile").first)
    _menu(page, "Finanse")
    camera.step("finance", "„Finanse”: saldo i rachunek do wpłat.", page.locator(".iok-amount").first)
    account = page.get_by_text(re.compile(r"\d{2}(\s\d{4}){6}")).first
    camera.step("transfer", "Na ten rachunek można zrobić przelew.", account)
    page.get_by_role("link", name="Historia opłat i wpłat").click()
    row = page.locator(".iok-row", has_text="naliczono").first
    camera.step("history", "Historia: naciśnij pozycję, aby zobaczyć szczegóły.", row)
    row.click()
    expect(page.get_by_role("columnheader", name="Składnik opłaty").first).to_be_visible()
    camera.step("entry", "Z czego składa się opłata i na jaki rachunek ją zapłacić.")


def _pay(camera: Camera) -> None:
    page = camera.page
    _menu(page, "Start")
    page.get_by_role("link", name="Płacę").first.click()
    pay = page.get_by_role("button", name="Zapłać", exact=True)
    camera.step("pay", "„Płacę”: wybierz kwotę i naciśnij „Zapłać”.", pay)
    pay.click()
    outcome = page.locator("button[name=outcome][value=SUCCESS]")
    outcome.wait_for()
    camera.step("operator", "Na stronie operatora wybierasz bank, BLIK albo kartę.")
    outcome.click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Wpłata potwierdzona", timeout=SETTLED_MILLISECONDS)
    camera.step("paid", "Gotowe. Wpłata jest potwierdzona.", heading)
    page.goto("/")


def _premises(camera: Camera) -> None:
    _menu(camera.page, "Lokale")
    camera.step("premises", "„Lokale”: umowa, powierzchnia, liczniki, odpady.")


def _write(camera: Camera) -> None:
    page = camera.page
    _menu(page, "Korespondencja")
    add = page.get_by_role("link", name="Dodaj korespondencję")
    camera.step("letters", "„Korespondencja”: tu do nas napiszesz.", add)
    add.click()
    general = page.get_by_role("link", name="Pismo ogólne")
    camera.step("matter-types", "Wybierz sprawę z listy.", general)
    general.click()
    page.get_by_label("Temat").fill("Pytanie o rozliczenie")
    page.get_by_label("Treść").fill("Dzień dobry,\nproszę o wyjaśnienie rozliczenia za ogrzewanie.")
    send = page.get_by_role("button", name="Wyślij")
    camera.step("letter", "Napisz, o co chodzi, i naciśnij „Wyślij”.", send)
    send.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Potwierdzenie wysłania")
    camera.step("letter-sent", "Potwierdzenie z numerem sprawy i godziną.")


def _appearance(camera: Camera) -> None:
    page = camera.page
    _menu(page, "Start")
    page.get_by_role("button", name="Tekst 125 procent").click()
    page.get_by_role("button", name="Żółty tekst na czarnym tle").click()
    camera.step("appearance", "Większe litery i kontrast: przyciski na górze strony.", page.locator("#wyglad"))
    page.get_by_role("button", name="Tekst 100 procent").click()
    page.get_by_role("button", name="Kontrast zwykły").click()


def _menu(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Menu").get_by_role("link", name=name).click()
