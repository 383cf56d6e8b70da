"""Profil Zaufany in a browser: to login.gov.pl, which lies on another site, and back. With JavaScript and without."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.running.system import RunningSystem

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("running")]
BOTH_WAYS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])


def tenants_key(running: RunningSystem) -> str:
    meta = json.loads((running.var / "demo" / "export" / "meta.json").read_text(encoding="utf-8"))
    return str(meta["tenant"]["person_id"])


def pass_through_login_gov_pl(page: Page, person: str, *, javascript: bool) -> None:
    """Go there, pick a person, and come back; without JavaScript each form needs its button."""
    page.goto("/zaloguj?back=/korespondencja")
    page.get_by_role("button", name="Zaloguj się Profilem Zaufanym").click()
    if not javascript:
        page.get_by_role("button", name="Przejdź do login.gov.pl").click()
    page.locator(f"button[name=person][value='{person}']").click()
    if not javascript:
        page.get_by_role("button", name="Wróć do serwisu").click()


@BOTH_WAYS
def test_a_tenant_signs_in_by_profil_zaufany_and_out_of_both(
    running: RunningSystem, opened: OpenPage, javascript: bool
) -> None:
    with opened(javascript) as page:
        pass_through_login_gov_pl(page, tenants_key(running), javascript=javascript)
        expect(page.get_by_role("heading", level=1)).to_have_text("Korespondencja")

        page.get_by_role("button", name="Wyloguj").click()
        expect(page.get_by_role("status")).to_contain_text("Wylogowano")
        page.goto(running.run["sandbox"]["trusted_profile"]["url"])
        expect(page.get_by_role("listitem").first).to_contain_text("wylogowano")


@BOTH_WAYS
def test_whose_names_differ_from_the_lease_is_told_whom_to_ask(
    running: RunningSystem, opened: OpenPage, javascript: bool
) -> None:
    with opened(javascript) as page:
        pass_through_login_gov_pl(page, "inne-nazwisko", javascript=javascript)

        expect(page.get_by_role("heading", level=1)).to_have_text("Nie udało się zalogować Profilem Zaufanym")
        expect(page.get_by_role("heading", level=2)).to_have_text("Nadal się nie udaje?")
        page.get_by_role("main").get_by_role("link", name="Wróć do logowania").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Zaloguj się")
