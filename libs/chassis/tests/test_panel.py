"""The panel lets staff in, nobody else; forms cannot be forged; decisions are an operator's."""

import re

import httpx
import pytest

from libs.chassis.panel import Section, Table
from libs.chassis.panel.staff import BreakGlass, SignInRefusedError
from libs.chassis.tests.panel_support import (
    BREAK_GLASS_HASH,
    BREAK_GLASS_PASSWORD,
    NOWHERE,
    PASSWORD,
    Identity,
    MemoryDesk,
    app_with_panel,
    browser,
    csrf_of,
    desk_record,
)

SECRET_VALUE = b'{"id": "e-1", "type": "iok.ChargeIssued.v9", "data": {"note": "Jan Kowalski", "amount_grosze": 12345}}'


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk([desk_record(1), desk_record(2, "lines_do_not_add_up"), desk_record(3)], SECRET_VALUE)


async def sign_in(client: httpx.AsyncClient, login: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/panel/sign-in", data={"login": login, "password": password})


@pytest.mark.parametrize("path", ["/panel", "/panel/records", "/panel/records/1"])
async def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_page(
    identity: Identity, desk: MemoryDesk, path: str
) -> None:
    async with browser(app_with_panel(identity.url, desk)[0]) as client:
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel/sign-in")
        assert (await client.get("/panel/live")).status_code == 401
        assert "Hasło" in (await client.get("/panel/sign-in")).text


async def test_an_operator_signs_in_sees_the_panel_and_signs_out(identity: Identity, desk: MemoryDesk) -> None:
    async with browser(app_with_panel(identity.url, desk)[0]) as client:
        answer = await sign_in(client, "operator")
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel")
        cookie = answer.headers["set-cookie"].lower()
        assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/panel"))
        assert "secure" not in cookie
        page = await client.get("/panel")
        assert page.status_code == 200
        assert "lines_do_not_add_up" in page.text
        left = await client.post("/panel/sign-out", data={"csrf": await csrf_of(client)})
        assert left.status_code == 303
        assert identity.ended == ["token-operator"]
        assert (await client.get("/panel")).status_code == 303


async def test_on_https_the_cookie_is_secure(identity: Identity) -> None:
    app, _ = app_with_panel(identity.url, public_url="https://iok.example")
    async with browser(app) as client:
        cookie = (await sign_in(client, "operator")).headers["set-cookie"]
    assert cookie.startswith("__Secure-iok-panel-ledger=")
    assert "secure;" in f"{cookie.lower()};"


@pytest.mark.parametrize(("login", "password"), [("operator", "wrong"), ("nobody", PASSWORD), ("tenant", PASSWORD)])
async def test_every_failure_to_sign_in_looks_the_same(identity: Identity, login: str, password: str) -> None:
    async with browser(app_with_panel(identity.url)[0]) as client:
        answer = await sign_in(client, login, password)
    assert answer.status_code == 401
    assert "Nieprawidłowy login lub hasło albo konto bez dostępu do panelu." in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_tenants_session_is_ended_at_once(identity: Identity) -> None:
    async with browser(app_with_panel(identity.url)[0]) as client:
        await sign_in(client, "tenant")
    assert identity.ended == ["token-tenant"]


async def test_a_password_from_a_letter_must_be_changed_first(identity: Identity) -> None:
    async with browser(app_with_panel(identity.url)[0]) as client:
        answer = await sign_in(client, "newcomer")
    assert "zmień je w portalu" in answer.text
    assert identity.ended == ["token-newcomer"]


@pytest.mark.parametrize("token", ["forged", "token-tenant", "break-glass.99999999999.00", "x" * 5000])
async def test_a_forged_cookie_opens_nothing(identity: Identity, token: str) -> None:
    async with browser(app_with_panel(identity.url)[0], token) as client:
        assert (await client.get("/panel")).status_code == 303


async def test_while_identity_is_away_the_break_glass_password_opens_the_panel(desk: MemoryDesk) -> None:
    async with browser(app_with_panel(NOWHERE, desk)[0]) as client:
        refused = await sign_in(client, "operator", "wrong")
        assert refused.status_code == 401
        assert "nie odpowiada" in refused.text
        assert (await sign_in(client, "", BREAK_GLASS_PASSWORD)).status_code == 303
        page = await client.get("/panel")
        assert "haśle awaryjnym" in page.text
        answer = await client.post(
            "/panel/records/1/discard", data={"csrf": await csrf_of(client), "reason": "test wysyłki"}
        )
        assert answer.status_code == 303
    assert (desk.records[1].state, desk.records[1].decided_by) == ("discarded", "break-glass")


async def test_the_break_glass_password_opens_nothing_while_identity_answers(identity: Identity) -> None:
    async with browser(app_with_panel(identity.url)[0]) as client:
        assert (await sign_in(client, "operator", BREAK_GLASS_PASSWORD)).status_code == 401


async def test_a_break_glass_session_ends_after_half_an_hour_and_is_for_one_service() -> None:
    now = 1_800_000_000.0
    ledger = BreakGlass("ledger", BREAK_GLASS_HASH, lambda: now)
    token = await ledger.open(BREAK_GLASS_PASSWORD)
    assert ledger.principal(token) is not None
    assert BreakGlass("payments", BREAK_GLASS_HASH, lambda: now).principal(token) is None
    now += 30 * 60
    assert ledger.principal(token) is None


async def test_without_a_break_glass_password_nothing_opens_it() -> None:
    assert BreakGlass("ledger", "").principal("break-glass.99999999999.00") is None
    with pytest.raises(SignInRefusedError):
        await BreakGlass("ledger", "no hash").open("")


async def test_a_panel_stays_open_for_a_while_when_identity_falls_silent(identity: Identity) -> None:
    app, panel = app_with_panel(identity.url)
    async with browser(app, "token-operator") as client:
        assert (await client.get("/panel/live")).status_code == 200
        identity.failing = True
        panel.door._seen["token-operator"] = (
            panel.door._seen["token-operator"][0] - 60,
            panel.door._seen["token-operator"][1],
        )
        assert (await client.get("/panel/live")).status_code == 200
        assert (await client.get("/panel")).status_code == 200


async def test_a_live_page_does_not_ask_identity_every_two_seconds(identity: Identity) -> None:
    async with browser(app_with_panel(identity.url)[0], "token-operator") as client:
        for _ in range(5):
            await client.get("/panel/live")
    assert identity.exchanges == 1


@pytest.mark.parametrize(
    ("headers", "csrf"),
    [
        ({}, None),
        ({}, "0" * 64),
        ({}, "ąęść"),
        ({"Sec-Fetch-Site": "same-site"}, "right"),
        ({"Origin": "http://127.0.0.1:9999"}, "right"),
    ],
)
async def test_a_form_from_elsewhere_decides_nothing(
    identity: Identity, desk: MemoryDesk, headers: dict[str, str], csrf: str | None
) -> None:
    async with browser(app_with_panel(identity.url, desk)[0], "token-operator") as client:
        fields = {"reason": "bo tak"}
        if csrf is not None:
            fields["csrf"] = await csrf_of(client) if csrf == "right" else csrf
        answer = await client.post("/panel/records/1/discard", data=fields, headers=headers)
    assert answer.status_code == 403
    assert desk.records[1].state == "set_aside"


async def test_a_sign_in_form_from_elsewhere_signs_nobody_in(identity: Identity) -> None:
    async with browser(app_with_panel(identity.url)[0]) as client:
        form = {"login": "operator", "password": PASSWORD}
        answer = await client.post("/panel/sign-in", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


async def test_an_operator_replays_and_discards_with_a_reason(identity: Identity, desk: MemoryDesk) -> None:
    async with browser(app_with_panel(identity.url, desk)[0], "token-operator") as client:
        form = {"csrf": await csrf_of(client)}
        taken = await client.post("/panel/records/1/replay", data=form)
        assert taken.status_code == 303
        assert "Ponowiono: rekord jest przyjęty." in (await client.get(taken.headers["location"])).text
        assert "still_bad" in (await client.post("/panel/records/2/replay", data=form)).text
        assert "Podaj powód" in (await client.post("/panel/records/2/discard", data=form)).text
        assert (await client.post("/panel/records/2/discard", data={**form, "reason": " zły "})).status_code == 303
        again = await client.post("/panel/records/2/discard", data={**form, "reason": "raz jeszcze"})
        assert again.status_code == 409
        assert "zły" in (await client.get("/panel/records/2")).text
    assert [record.state for record in desk.records.values()] == ["booked", "discarded", "set_aside"]
    assert desk.records[2].decision_reason == "zły"


async def test_a_clerk_looks_but_does_not_decide(identity: Identity, desk: MemoryDesk) -> None:
    async with browser(app_with_panel(identity.url, desk)[0], "token-clerk") as client:
        page = await client.get("/panel/records/1")
        assert page.status_code == 200
        assert "Ponów" not in page.text
        answer = await client.post("/panel/records/1/replay", data={"csrf": await csrf_of(client)})
    assert answer.status_code == 403
    assert desk.records[1].state == "set_aside"


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/panel/records/99", 404, "Nie ma takiej strony"),
        ("/panel/records/none", 422, "Adres albo formularz zawiera coś, czego panel nie rozumie."),
        ("/panel/nowhere", 404, "Nie ma takiej strony"),
    ],
)
async def test_what_cannot_be_shown_is_told_in_a_page(identity: Identity, path: str, status: int, told: str) -> None:
    async with browser(app_with_panel(identity.url)[0], "token-operator") as client:
        answer = await client.get(path)
        machine = await client.get("/ops/nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert told in answer.text
    assert machine.headers["content-type"] == "application/problem+json"


async def test_a_record_shows_its_shape_but_no_value(identity: Identity, desk: MemoryDesk) -> None:
    async with browser(app_with_panel(identity.url, desk)[0], "token-operator") as client:
        page = await client.get("/panel/records/1")
    assert "iok.ChargeIssued.v9" in page.text
    assert "amount_grosze" in page.text
    assert "Kowalski" not in page.text
    assert "12345" not in page.text


async def test_records_are_listed_by_state_newest_first(identity: Identity, desk: MemoryDesk) -> None:
    async with browser(app_with_panel(identity.url, desk)[0], "token-operator") as client:
        everything = (await client.get("/panel/records")).text
        booked = (await client.get("/panel/records?state=booked")).text
        assert (await client.get("/panel/records?state=lost")).status_code == 422
    assert everything.index('href="/panel/records/3"') < everything.index('href="/panel/records/1"')
    assert "Nie ma tu żadnych rekordów" in booked


async def test_a_service_shows_figures_of_its_own_and_a_failing_one_hides_no_other(identity: Identity) -> None:
    async def seals() -> Table:
        return Table(("Pieczęć", "Kiedy"), [("<b>17</b>", "wczoraj")])

    async def broken() -> Table:
        raise ConnectionError

    sections = (Section("Księga", seals, note="co 10 minut"), Section("Salda", broken))
    async with browser(app_with_panel(identity.url, sections=sections)[0], "token-operator") as client:
        page = (await client.get("/panel")).text
    assert "&lt;b&gt;17&lt;/b&gt;" in page
    assert "Nie udało się odczytać tej części" in page


async def test_every_page_forbids_inline_code_and_framing(identity: Identity, desk: MemoryDesk) -> None:
    async with browser(app_with_panel(identity.url, desk)[0], "token-operator") as client:
        for path in ("/panel", "/panel/sign-in", "/panel/records", "/panel/records/1", "/panel/live"):
            page = await client.get(path)
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert not re.search(r"<style|style=|<script(?![^>]*\bsrc=)|\son[a-z]+=", page.text)
            assert page.headers["cache-control"] == "no-store"


async def test_style_and_script_are_served_and_nothing_else(identity: Identity) -> None:
    async with browser(app_with_panel(identity.url)[0]) as client:
        assert (await client.get("/panel/static/panel.css")).headers["content-type"].startswith("text/css")
        assert (await client.get("/panel/static/panel.js")).headers["content-type"].startswith("text/javascript")
        assert (await client.get("/panel/static/..%2fframe.py")).status_code == 404
        assert (await client.get("/panel/static/frame.py")).status_code == 404
