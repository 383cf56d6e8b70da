"""Profil Zaufany at the gateway's pages: what is offered, the cookie, and one page for whatever goes wrong."""

import pytest

from services.gateway.tests.conftest import PUBLIC_URL, Opened
from services.gateway.tests.fakes import Company

LOGIN_GOV_PL = "https://login.example.invalid"
TOLD = {
    "trusted_profile_url": LOGIN_GOV_PL,
    "company_contact": "ul. Pocztowa 1",
    "company_phone": "71 000 00 00",
    "company_email": "biuro@tbs.example",
}
BACK = {"SAMLart": "AAQA", "RelayState": "state"}
CROSS_SITE = {"Origin": LOGIN_GOV_PL, "Sec-Fetch-Site": "cross-site"}


async def test_the_sign_in_page_offers_it_only_where_it_is_configured(opened: Opened) -> None:
    async with opened(PUBLIC_URL) as portal:
        assert "Profil" not in await portal.see("/zaloguj")
        assert (await portal.browser.post("/profil-zaufany")).status_code == 404
    async with opened(PUBLIC_URL, **TOLD) as portal:
        assert "Zaloguj się Profilem Zaufanym" in await portal.see("/zaloguj")


async def test_the_way_there_and_back_with_the_cookie_of_the_beginning(opened: Opened) -> None:
    async with opened(PUBLIC_URL, **TOLD) as portal:
        there = await portal.browser.post("/profil-zaufany", data={"back": "/umowa/L-1/finanse"})
        assert f'action="{LOGIN_GOV_PL}/login/SingleSignOnService"' in there.text
        assert LOGIN_GOV_PL in there.headers["content-security-policy"].partition("form-action")[2].partition(";")[0]
        cookie = there.headers["set-cookie"]
        assert all(word in cookie for word in ("iok-pz=", "HttpOnly", "SameSite=lax", "Max-Age=900"))

        back = await portal.browser.post("/profil-zaufany/acs", data=BACK, headers=CROSS_SITE)
        assert (back.status_code, back.headers["location"]) == (303, "/profil-zaufany/powrot?stan=state")
        done = await portal.browser.get(back.headers["location"])
        assert (done.status_code, done.headers["location"]) == (303, "/umowa/L-1/finanse")
        assert "Anna Zażółć" in await portal.see("/")


@pytest.mark.parametrize("path", ["/profil-zaufany", "/profil-zaufany/acs"])
async def test_whoever_reloads_on_the_way_begins_again(opened: Opened, path: str) -> None:
    async with opened(PUBLIC_URL, **TOLD) as portal:
        assert (await portal.browser.get(path)).headers["location"] == "/zaloguj"


async def test_over_https_the_cookie_is_bound_to_this_host(opened: Opened) -> None:
    async with opened("https://iok.example.invalid", **TOLD) as portal:
        cookie = (await portal.browser.post("/profil-zaufany")).headers["set-cookie"]
        assert cookie.startswith("__Host-iok-pz=")
        assert "Secure" in cookie


@pytest.mark.parametrize("back", ["https://zly.example/", "//zly.example"])
async def test_it_leads_nobody_away_from_the_site(opened: Opened, back: str) -> None:
    async with opened(PUBLIC_URL, **TOLD) as portal:
        await portal.browser.post("/profil-zaufany", data={"back": back})
        done = await portal.browser.get("/profil-zaufany/powrot?stan=state")
        assert done.headers["location"] == "/"


async def test_a_browser_without_the_cookie_gets_the_neutral_page_with_a_contact(opened: Opened) -> None:
    async with opened(PUBLIC_URL, **TOLD) as portal:
        refused = await portal.browser.get("/profil-zaufany/powrot?stan=state")
        assert refused.headers["location"] == "/profil-zaufany/odmowa"
        for page in (refused.headers["location"], "/zaloguj"):
            text = await portal.see(page)
            assert all(told in text for told in ("ul. Pocztowa 1", "tel:71000000", "mailto:biuro@tbs.example")), page


async def test_a_form_of_another_site_begins_nothing(opened: Opened) -> None:
    async with opened(PUBLIC_URL, **TOLD) as portal:
        assert (await portal.browser.post("/profil-zaufany", headers=CROSS_SITE)).status_code == 403


@pytest.mark.parametrize("step", ["/profil-zaufany", "/profil-zaufany/acs"])
async def test_while_identity_is_away_the_password_is_offered(opened: Opened, company: Company, step: str) -> None:
    async with opened(PUBLIC_URL, **TOLD) as portal:
        company.identity.away = True
        answer = await portal.browser.post(step, data=BACK)
        assert answer.status_code == 503
        assert "Zaloguj się hasłem albo spróbuj za chwilę" in answer.text
