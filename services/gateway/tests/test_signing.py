"""Signing in and out, the first password, forms that are ours."""

import pytest
from pydantic import ValidationError

from services.gateway.settings import Settings
from services.gateway.tests.company import PASSWORD
from services.gateway.tests.conftest import Opened, Portal, hidden_fields, without_nonces

CROSS_SITE = {"Origin": "https://zly.example", "Sec-Fetch-Site": "cross-site"}


async def test_signing_in_leads_to_the_start_page(portal: Portal) -> None:
    answer = await portal.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Anna Zażółć" in await portal.see("/")


async def test_signing_in_leads_back_to_the_page_that_was_asked_for(portal: Portal) -> None:
    asked = await portal.browser.get("/umowa/L-1/historia?od=20")
    assert asked.headers["location"] == "/zaloguj?back=%2Fumowa%2FL-1%2Fhistoria%3Fod%3D20"
    fields = await portal.hidden(asked.headers["location"], "/zaloguj")
    answer = await portal.browser.post("/zaloguj", data=fields | {"login": "anna", "password": PASSWORD})
    assert answer.headers["location"] == "/umowa/L-1/historia?od=20"


@pytest.mark.parametrize("back", ["https://zly.example/", "//zly.example/", "/\\zly.example", "zly", "/\tx", ""])
async def test_signing_in_leads_nobody_away_from_the_site(portal: Portal, back: str) -> None:
    answer = await portal.browser.post("/zaloguj", data={"login": "anna", "password": PASSWORD, "back": back})
    assert answer.headers["location"] == "/"


async def test_a_wrong_password_and_an_unknown_login_look_alike(portal: Portal) -> None:
    wrong = (await portal.sign_in("anna", "zle haslo")).text.replace('"anna"', '"x"')
    unknown = (await portal.sign_in("nikt", "zle haslo")).text.replace('"nikt"', '"x"')
    assert without_nonces(wrong) == without_nonces(unknown)
    assert "<title>Błąd: Zaloguj się" in wrong
    assert "govuk-error-summary" in wrong
    assert "najwyżej 15 minut" in wrong


async def test_a_failed_sign_in_keeps_the_login_and_never_the_password(portal: Portal) -> None:
    text = (await portal.sign_in("anna", "tajne-zle-haslo")).text
    assert 'value="anna"' in text
    assert "tajne-zle-haslo" not in text


async def test_an_empty_form_names_each_field(portal: Portal) -> None:
    text = (await portal.sign_in("", "")).text
    assert 'href="#login"' in text
    assert 'href="#password"' in text


async def test_before_the_first_password_is_changed_there_is_no_other_page(portal: Portal) -> None:
    await portal.sign_in("nowa")
    for path in ("/", "/korespondencja", "/umowa/L-4/finanse"):
        answer = await portal.browser.get(path)
        assert (answer.status_code, answer.headers.get("location")) in {(303, "/haslo"), (404, None)}
    assert "Ustaw własne hasło" in await portal.see("/haslo")


async def test_changing_the_password_goes_on_under_a_new_session(portal: Portal) -> None:
    await portal.sign_in("nowa")
    fields = await portal.hidden("/haslo", "/haslo")
    chosen = {"new_password": "cztery nowe slowa", "repeated": "cztery nowe slowa"}
    answer = await portal.browser.post("/haslo", data=fields | chosen)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?haslo=zmienione")
    assert portal.browser.cookies["iok"] == "opaque-rotated"


async def test_every_page_leads_to_changing_the_password_and_start_says_that_it_was_changed(anna: Portal) -> None:
    assert 'href="/haslo"' in await anna.see("/pomoc")
    assert "Nowe hasło jest zapisane" in await anna.see("/?haslo=zmienione")
    assert "Nowe hasło jest zapisane" not in await anna.see("/")


async def test_a_new_password_that_is_refused_says_why_at_its_field(portal: Portal) -> None:
    await portal.sign_in("nowa")
    fields = await portal.hidden("/haslo", "/haslo")
    short = await portal.browser.post("/haslo", data=fields | {"new_password": "krotkie", "repeated": "krotkie"})
    assert "Hasło musi mieć co najmniej 12 znaków." in short.text
    other = await portal.browser.post("/haslo", data=fields | {"new_password": "jedno haslo", "repeated": "inne haslo"})
    assert "Oba nowe hasła muszą być takie same." in other.text


async def test_signing_out_ends_the_session_for_the_browser_and_for_identity(anna: Portal) -> None:
    token = anna.browser.cookies["iok"]
    answer = await anna.browser.post("/wyloguj", data={"token": await anna.token()})
    assert answer.headers["location"] == "/zaloguj?wylogowano=1"
    assert token not in anna.company.sessions
    anna.browser.cookies.set("iok", token)
    assert (await anna.browser.get("/")).headers["location"] == "/zaloguj"


async def test_signing_out_works_here_while_identity_is_away(anna: Portal) -> None:
    token, form_token = anna.browser.cookies["iok"], await anna.token()
    anna.company.identity.away = True
    assert (await anna.browser.post("/wyloguj", data={"token": form_token})).status_code == 303
    anna.browser.cookies.set("iok", token)
    assert (await anna.browser.get("/")).headers["location"] == "/zaloguj"


@pytest.mark.parametrize("path", ["/wyloguj", "/umowa/L-1/place", "/korespondencja/nowa/general"])
async def test_a_form_without_the_sessions_token_changes_nothing(anna: Portal, path: str) -> None:
    for token in ("", "00", "ff" * 48):
        assert (await anna.browser.post(path, data={"token": token, "title": "a", "text": "b"})).status_code == 403
    assert not anna.company.stored
    assert anna.browser.cookies["iok"] in anna.company.sessions


async def test_a_form_of_another_site_changes_nothing(anna: Portal) -> None:
    data = {"token": await anna.token()}
    assert (await anna.browser.post("/wyloguj", data=data, headers=CROSS_SITE)).status_code == 403
    sign_in = {"login": "anna", "password": PASSWORD}
    assert (await anna.browser.post("/zaloguj", data=sign_in, headers=CROSS_SITE)).status_code == 403


async def test_what_was_written_survives_a_session_that_is_over(portal: Portal) -> None:
    portal.browser.cookies.set("iok", "dawno-wygasla")
    letter = {"title": "Zalany sufit", "text": 'Woda kapie & leci "ciurkiem"', "key": "k1"}
    expired = await portal.browser.post("/korespondencja/nowa/general", data=letter)
    assert expired.status_code == 401
    portal.browser.cookies.clear()
    fields = hidden_fields(expired.text, "/zaloguj")
    resumed = await portal.browser.post("/zaloguj", data=fields | {"login": "anna", "password": PASSWORD})
    assert "Nic jeszcze nie wysłano" in resumed.text
    sent = await portal.browser.post(
        "/korespondencja/nowa/general", data=hidden_fields(resumed.text, "/korespondencja/nowa/general")
    )
    assert sent.headers["location"] == "/korespondencja/sprawa/mat-2/wyslano"
    assert portal.company.matters["mat-2"]["messages"][0]["text"] == letter["text"]


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(portal: Portal) -> None:
    cookie = (await portal.sign_in()).headers["set-cookie"]
    assert cookie.startswith("iok=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_under_https_the_cookie_is_bound_to_this_host(opened: Opened) -> None:
    async with opened("https://portal.example") as portal:
        answer = await portal.sign_in()
        assert answer.headers["set-cookie"].startswith("__Host-iok=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "Domain" not in answer.headers["set-cookie"]
        page = await portal.browser.get("/")
        assert page.status_code == 200
        assert page.headers["strict-transport-security"].startswith("max-age=")


def test_plain_http_is_for_this_machine_alone() -> None:
    for address in ("http://portal.example", "http://192.168.0.5:8000", "ftp://127.0.0.1", "portal.example"):
        with pytest.raises(ValidationError, match="IOK_PUBLIC_URL"):
            Settings(public_url=address)
    for address in ("https://portal.example", "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"):
        assert Settings(public_url=address).public_url == address
