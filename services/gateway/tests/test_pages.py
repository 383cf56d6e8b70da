"""What the pages show, and what every one of them has in common."""

import re

import pytest

from services.gateway.tests.company import MONTHS
from services.gateway.tests.conftest import Portal

RETURN = f"/autopay/return?ServiceID=100&OrderID=o1&Hash={'a' * 64}"
PAGES = [
    "/",
    "/umowa/L-1",
    "/umowa/L-1/finanse",
    "/umowa/L-1/historia",
    f"/umowa/L-1/historia/e-{MONTHS[0]}-charge",
    "/umowa/L-1/place",
    f"/umowa/L-1/miesiac/{MONTHS[1]}",
    "/umowa/L-1/wykres",
    "/umowa/L-1/przelew",
    "/umowa/L-1/platnosci",
    "/umowa/L-1/lokal",
    "/korespondencja",
    "/korespondencja/nowa",
    "/korespondencja/nowa/general",
    "/korespondencja/sprawa/mat-1",
    "/korespondencja/sprawa/mat-1/wyslano",
    "/haslo",
    "/pomoc",
    "/pomoc/logowanie",
    "/deklaracja-dostepnosci",
    "/prywatnosc",
    RETURN,
    "/nie-ma-takiej-strony",
]

FOREIGN = [
    *("", "/finanse", "/historia", "/historia.csv", "/historia/e-2026-11-charge", "/place", "/lokal"),
    *(
        "/miesiac/2026-11",
        "/wykres",
        "/przelew",
        "/przelew.pdf",
        "/platnosci",
        "/platnosci/p-1/dalej",
        "/zestawienie/2026.pdf",
    ),
]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_keeps_the_strict_policy(anna: Portal, path: str) -> None:
    answer = await anna.browser.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert f"form-action 'self' {anna.company.autopay_url}" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", answer.text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", answer.text)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_one_heading_a_title_and_a_way_past_the_menu(anna: Portal, path: str) -> None:
    text = (await anna.browser.get(path)).text
    assert text.count("<h1") == 1
    assert re.search("<title>[^<]{3,} \u2013 IOK</title>", text)
    assert 'href="#tresc"' in text
    assert 'id="tresc"' in text
    assert '<html class="govuk-template" lang="pl"' in text


async def test_titles_tell_the_pages_apart(anna: Portal) -> None:
    titles = [re.findall(r"<title>([^<]*)", (await anna.browser.get(path)).text)[0] for path in PAGES]
    assert len(set(titles)) == len(PAGES) - 1  # "/" and "/umowa/L-1" are one page


async def test_the_start_page_says_what_is_due_today_and_next(anna: Portal) -> None:
    text = await anna.see("/")
    assert "1\u00a0221,25\u00a0zł" in text
    assert "15\u00a0grudnia\u00a02026" in text
    assert "2\u00a0242,50\u00a0zł" in text
    assert "czeka na potwierdzenie" in text


@pytest.mark.parametrize("path", ["/", "/umowa/L-1/finanse"])
async def test_what_is_due_today_names_its_months(anna: Portal, path: str) -> None:
    tile = (await anna.see(path)).partition('id="dzis"')[2].partition("</section>")[0]
    assert f'href="/umowa/L-1/place?miesiac={MONTHS[1]}">październik' in tile


@pytest.mark.parametrize("path", ["/", "/umowa/L-1/finanse"])
@pytest.mark.parametrize(
    ("today", "later", "status", "button"),
    [
        (1, 0, "confirmed", ("govuk-button ", "Płacę")),
        (1, 0, "pending", ("govuk-button govuk-button--secondary", "Płacę")),
        (0, 1, "confirmed", ("govuk-button govuk-button--secondary", "Zapłać wcześniej")),
        (0, 0, "confirmed", None),
    ],
)
async def test_the_way_to_pay_is_as_loud_as_what_is_owed(
    anna: Portal, path: str, today: int, later: int, status: str, button: tuple[str, str] | None
) -> None:
    anna.company.balance |= {"due_today_grosze": today, "not_yet_due_grosze": later}
    anna.company.payment_status = status
    tile = (await anna.see(path)).partition('id="dzis"')[2].partition("</section>")[0]
    assert (
        re.findall(r'<a class="(govuk-button[^"]*)" href="/umowa/L-1/place">([^<]+)', tile) == [button][: bool(button)]
    )


async def test_what_is_late_says_since_when(anna: Portal) -> None:
    assert "Termin minął 15\u00a0października\u00a02026" in await anna.see("/")


async def test_the_balance_page_names_the_account_and_the_title_of_a_transfer(anna: Portal) -> None:
    text = await anna.see("/umowa/L-1/finanse")
    assert "61 1090 1014 0000 0712 1981 2874" in text
    assert "Umowa L-1/2019, opłaty" in text


async def test_a_line_of_the_history_opens_with_its_components_and_the_account(anna: Portal) -> None:
    text = await anna.see(f"/umowa/L-1/historia/e-{MONTHS[0]}-charge")
    assert "Zaliczka na centralne ogrzewanie" in text
    assert "\u22125,00\u00a0zł" in text
    assert "61 1090" in text
    assert "Umowa L-1/2019, za 11.2026" in text
    assert "Rachunek do wpłat" not in await anna.see(f"/umowa/L-1/historia/e-{MONTHS[0]}-payment")


@pytest.mark.parametrize("path", ["/", "/zaloguj", "/nie-ma-takiej-strony"])
async def test_every_page_names_the_company(portal: Portal, path: str) -> None:
    text = (await portal.browser.get(path, follow_redirects=True)).text
    assert "Towarzystwo Budownictwa Społecznego" in text.partition('class="iok-foot"')[2]


async def test_the_balance_page_tells_where_the_saldo_comes_from(anna: Portal) -> None:
    text = (await anna.see("/umowa/L-1/finanse")).partition("Skąd to saldo?")[2]
    rows = re.findall(r'href="(/umowa/L-1/historia/[^"]+)"', text)
    assert rows == [f"/umowa/L-1/historia/e-{MONTHS[1]}-charge", f"/umowa/L-1/historia/e-{MONTHS[0]}-charge"]
    assert "1\u00a0201,25\u00a0zł" in text
    assert "termin 15\u00a0listopada\u00a02026" in text


async def test_a_charge_tells_what_paid_it_and_a_payment_what_it_paid(anna: Portal) -> None:
    charge = await anna.see(f"/umowa/L-1/historia/e-{MONTHS[0]}-charge")
    assert f'href="/umowa/L-1/historia/e-{MONTHS[0]}-payment"' in charge.partition("Z czego to zapłacono")[2]
    assert "21,25\u00a0zł" in charge.partition("Pozostaje do zapłaty")[2]
    payment = await anna.see(f"/umowa/L-1/historia/e-{MONTHS[0]}-payment")
    assert f'href="/umowa/L-1/historia/e-{MONTHS[0]}-charge"' in payment.partition("Co pokryła ta kwota")[2]
    assert "Pozostaje do wykorzystania" in payment


async def test_a_saldo_is_said_in_words(anna: Portal) -> None:
    text = await anna.see("/umowa/L-1/historia")
    assert "wpłacono" in text
    assert "naliczono" in text
    assert "-1\u00a0021" not in text


async def test_the_premises_page_shows_the_contract_meters_areas_and_waste(anna: Portal) -> None:
    text = await anna.see("/umowa/L-1/lokal")
    for shown in ("L-1/2019", "1\u00a0marca\u00a02019", "48,5 m²", "46,2 m²", "Liczba liczników: 2", "są segregowane"):
        assert shown in text
    assert "214,5 m³" in text
    assert "(30\u00a0czerwca\u00a02026)" in text
    assert "brak odczytu" in text


async def test_several_leases_can_be_switched_and_the_choice_is_remembered(portal: Portal) -> None:
    await portal.sign_in("jan")
    assert "ul. Krótka 1 lok. U2" in await portal.see("/umowa/L-3/finanse")
    assert 'href="/umowa/L-3/lokal"' in await portal.see("/korespondencja")
    assert "Lokal użytkowy" in await portal.see("/umowa/L-3/lokal")


async def test_what_another_lease_owes_is_told_on_the_start_page(portal: Portal) -> None:
    await portal.sign_in("jan")
    text = await portal.see("/umowa/L-2")
    assert "Do zapłaty jest też 1\u00a0221,25\u00a0zł za lokal: ul. Krótka 1 lok. U2, 50-003 Wrocław." in text
    assert 'href="/umowa/L-3">Zobacz i zapłać' in text
    portal.company.balance |= {"due_today_grosze": 0}
    assert "Do zapłaty jest też" not in await portal.see("/umowa/L-2")


@pytest.mark.parametrize("page", FOREIGN)
async def test_a_foreign_lease_answers_like_one_that_does_not_exist(anna: Portal, page: str) -> None:
    foreign = await anna.browser.get(f"/umowa/L-2{page}")
    absent = await anna.browser.get(f"/umowa/NIE-MA{page}")
    assert foreign.status_code == absent.status_code == 404
    assert "L-2/2019" not in foreign.text


async def test_staff_see_no_page_of_a_tenant(portal: Portal) -> None:
    await portal.sign_in("operator")
    assert "konto pracownika" in await portal.see("/")
    assert (await portal.browser.get("/umowa/L-1/finanse")).status_code == 404


async def test_a_person_without_a_lease_is_told_so(portal: Portal) -> None:
    await portal.sign_in("bezumowy")
    assert "żadna umowa" in await portal.see("/")


async def test_the_look_is_kept_in_a_cookie_without_a_script(anna: Portal) -> None:
    answer = await anna.browser.post("/wyglad", data={"text": "150", "back": "/umowa/L-1/finanse"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/umowa/L-1/finanse")
    await anna.browser.post("/wyglad", data={"contrast": "yellow-on-black", "back": "//zly.example"})
    text = await anna.see("/umowa/L-1/finanse")
    assert 'data-text="150" data-contrast="yellow-on-black"' in text


async def test_a_strange_look_is_the_ordinary_one(anna: Portal) -> None:
    anna.browser.cookies.set("iok-appearance", '"><script>.x')
    assert 'data-text="100" data-contrast="ordinary"' in await anna.see("/")


async def test_an_unknown_page_is_answered_in_polish_and_an_unknown_route_of_the_api_as_a_problem(anna: Portal) -> None:
    page = await anna.browser.get("/nie-ma")
    assert (page.status_code, "Nie ma takiej strony" in page.text) == (404, True)
    problem = await anna.browser.get("/api/v1/nie-ma")
    assert problem.headers["content-type"] == "application/problem+json"


async def test_files_are_kept_by_browsers_and_an_older_address_still_works(anna: Portal) -> None:
    address = re.findall(r'href="(/static/[^"]+portal.css)"', await anna.see("/"))[0]
    answer = await anna.browser.get(address)
    assert "immutable" in answer.headers["cache-control"]
    older = await anna.browser.get("/static/0000000000000000/portal.css")
    assert (older.status_code, older.headers["cache-control"]) == (200, "no-cache")
    assert (await anna.browser.get("/static/x/..%2fcurrent")).status_code == 404
