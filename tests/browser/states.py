"""States of the portal that no link leads to: failed forms, services that are away, payments on their way, errors.

Each is a name, the person it happens to (empty: nobody is signed in) and the steps to it, on a portal of stand-ins.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import FilePayload, Page, expect

from services.gateway.tests.fakes import Company, Fake
from tests.browser.stand_in import BROKEN, PASSWORD, StandIn

NEW_LETTER: Final = "/korespondencja/nowa/general"
RETURN: Final = f"/autopay/return?ServiceID=100&OrderID=o1&Hash={'a' * 64}"
SLOW_RETURN: Final = f"{RETURN}&proba=12"  # after twelve looks it says that it may take until tomorrow
PAY: Final = "/umowa/L-1/place"
WITH_PARTS: Final = ("/", "/umowa/L-1/finanse", "/umowa/L-1/historia", PAY, "/umowa/L-1/lokal", "/korespondencja")
A_PROGRAM: Final[FilePayload] = {"name": "umowa.pdf", "mimeType": "application/pdf", "buffer": b"MZ" + b"\0" * 100}
EXPIRED: Final = "dawno-wygasla"


@dataclass(frozen=True)
class State:
    """A page in a state: how to get there, and a word of its heading by which it is known to be there."""

    name: str
    person: str
    reach: Callable[[Page, StandIn], None]
    heading: str


def at(path: str) -> Callable[[Page, StandIn], None]:
    """The state is an address."""

    def reach(page: Page, _: StandIn) -> None:
        page.goto(path)

    return reach


@contextmanager
def away(*services: Fake) -> Iterator[None]:
    """These services answer 503 inside the block."""
    for service in services:
        service.away = True
    yield
    for service in services:
        service.away = False


def _press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()
    expect(page.locator("h1")).to_be_visible()


def _sign_in(page: Page, person: str, password: str = PASSWORD) -> None:
    page.goto("/zaloguj")
    page.get_by_label("Login").fill(person)
    page.get_by_label("Hasło", exact=True).fill(password)
    _press(page, "Zaloguj się")


def sign_in(page: Page, person: str) -> None:
    """Sign in by the form."""
    _sign_in(page, person)
    expect(page).not_to_have_url("/zaloguj")


def _empty_sign_in(page: Page, _: StandIn) -> None:
    _sign_in(page, "", "")


def _wrong_password(page: Page, _: StandIn) -> None:
    _sign_in(page, "anna", "zle haslo")


def _sign_in_while_identity_is_away(page: Page, portal: StandIn) -> None:
    with away(portal.company.identity):
        _sign_in(page, "anna")


def _on_the_way_to_login_gov_pl(page: Page, _: StandIn) -> None:
    # Its script would go on to the other site at once.
    page.route("**/send.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/zaloguj")
    _press(page, "Zaloguj się Profilem Zaufanym")


def _session_over(page: Page, portal: StandIn) -> None:
    page.goto(NEW_LETTER)
    page.get_by_label("Temat").fill("Zalany sufit")
    page.get_by_label("Treść").fill("Woda kapie.\nProszę o pomoc.")
    page.context.add_cookies([{"name": "iok", "value": EXPIRED, "url": portal.home}])
    _press(page, "Wyślij")


def _session_resumed(page: Page, portal: StandIn) -> None:
    _session_over(page, portal)
    page.get_by_label("Login").fill("anna")
    page.get_by_label("Hasło", exact=True).fill(PASSWORD)
    _press(page, "Zaloguj się")


def _form_of_another_session(page: Page, portal: StandIn) -> None:
    page.goto(NEW_LETTER)
    page.locator("form[enctype] input[name=token]").evaluate("one => one.value = '00'")
    _press(page, "Wyślij")


def _unsent(page: Page, portal: StandIn) -> None:
    page.goto(NEW_LETTER)
    page.get_by_label("Temat").fill("Zalany sufit")
    page.get_by_label("Treść").fill("Woda kapie.")
    page.context.add_cookies([{"name": "iok", "value": "z-innej-bramy", "url": portal.home}])
    with away(portal.company.identity):
        _press(page, "Wyślij")


def _letter_refused(page: Page, _: StandIn) -> None:
    page.goto(NEW_LETTER)
    page.get_by_label("Załączniki").set_input_files([A_PROGRAM])
    _press(page, "Wyślij")


def _letter_while_correspondence_is_away(page: Page, portal: StandIn) -> None:
    page.goto(NEW_LETTER)
    page.get_by_label("Temat").fill("Zalany sufit")
    page.get_by_label("Treść").fill("Woda kapie.")
    with away(portal.company.correspondence):
        _press(page, "Wyślij")


def _subject_too_long(page: Page, _: StandIn) -> None:
    page.goto("/korespondencja/nowa/persons")
    subject = page.get_by_label("Temat")
    subject.evaluate("one => one.removeAttribute('maxlength')")
    subject.fill("x" * 121)
    _press(page, "Wyślij")


def _wrong_sum(page: Page, _: StandIn) -> None:
    page.goto(PAY)
    page.get_by_label("Inna kwota", exact=True).check()
    page.get_by_label("Inna kwota w złotych").fill("dużo")
    _press(page, "Zapłać")


def _pay_while_payments_are_away(page: Page, portal: StandIn) -> None:
    page.goto(PAY)
    with away(portal.company.payments):
        _press(page, "Zapłać")


def _password_refused(page: Page, _: StandIn) -> None:
    page.goto("/haslo")
    _press(page, "Zapisz hasło")


def _returned(status: str, path: str = RETURN) -> Callable[[Page, StandIn], None]:
    def reach(page: Page, portal: StandIn) -> None:
        portal.company.payment_status = status
        page.goto(path)

    return reach


def _returned_while_payments_are_away(page: Page, portal: StandIn) -> None:
    with away(portal.company.payments):
        page.goto(RETURN)


def _missing(path: str, *services: str) -> Callable[[Page, StandIn], None]:
    def reach(page: Page, portal: StandIn) -> None:
        with away(*(_service(portal.company, name) for name in services)):
            page.goto(path)

    return reach


def _service(company: Company, name: str) -> Fake:
    return {one.name: one for one in company.all}[name]


def _while_away() -> Iterator[State]:
    """Pages that name what they cannot show."""
    for path in WITH_PARTS:
        services = ("ledger", "payments", "correspondence")
        yield State(f"{path} while all else is away", "anna", _missing(path, *services), "")
    for service in ("ledger", "payments", "correspondence"):
        yield State(f"/ while {service} is away", "anna", _missing("/", service), "Dzień dobry")
    yield State("what to pay while payments is away", "anna", _missing(PAY, "payments"), "Płacę")
    yield State("no page without identity", EXPIRED, _missing("/", "identity"), "Chwilowo niedostępne")


STATES: Final = [
    State("an empty sign-in", "", _empty_sign_in, "Zaloguj się"),
    State("a wrong password", "", _wrong_password, "Zaloguj się"),
    State("signing in while identity is away", "", _sign_in_while_identity_is_away, "Zaloguj się"),
    State("on the way to login.gov.pl", "", _on_the_way_to_login_gov_pl, "Przechodzisz"),
    State("refused by Profil Zaufany", "", at("/profil-zaufany/odmowa"), "Nie udało się zalogować"),
    State("no such page, for a stranger", "", at("/nie-ma"), "Nie ma takiej strony"),
    State("no such page", "anna", at("/umowa/L-9/finanse"), "Nie ma takiej strony"),
    State("a defect", "anna", at(BROKEN), "Coś poszło nie tak"),
    State("a session that is over", "anna", _session_over, "Zaloguj się"),
    State("a form after signing in again", "anna", _session_resumed, "Zalogowano"),
    State("a form of another session", "anna", _form_of_another_session, "Ten formularz stracił ważność"),
    State("a letter that could not be sent", "anna", _unsent, "Chwilowo niedostępne"),
    State("a letter refused, file and all", "anna", _letter_refused, "Pismo ogólne"),
    State(
        "a letter while correspondence is away", "anna", _letter_while_correspondence_is_away, "Dodaj korespondencję"
    ),
    State("a form refused", "anna", _subject_too_long, "Zmiana liczby osób"),
    State("a sum that is none", "anna", _wrong_sum, "Płacę"),
    State("paying while payments is away", "anna", _pay_while_payments_are_away, "Płacę"),
    State("a password refused", "anna", _password_refused, "Ustaw własne hasło"),
    State("the first password", "nowa", at("/haslo"), "Ustaw własne hasło"),
    State("two leases, one with VAT", "jan", at("/umowa/L-3/place"), "Płacę"),
    State("a letter about one of two leases", "jan", at(NEW_LETTER), "Pismo ogólne"),
    State("staff", "operator", at("/"), ""),
    State("nobody's lease", "bezumowy", at("/"), ""),
    State("a payment that waits", "anna", _returned("pending"), "Wpłata oczekuje"),
    State("a payment that waits long", "anna", _returned("pending", SLOW_RETURN), "Wpłata oczekuje"),
    State("a payment confirmed", "anna", _returned("confirmed"), "Wpłata potwierdzona"),
    State("a payment failed", "anna", _returned("failed"), "Płatność się nie udała"),
    State("a payment given back", "anna", _returned("refunded"), "Wpłata zwrócona"),
    State("a payment under review", "anna", _returned("in_review"), "Wpłatę sprawdzamy"),
    State("a payment nobody can tell of", "anna", _returned_while_payments_are_away, "Stan wpłaty"),
    *_while_away(),
]

FAILED_FORMS: Final = [state for state in STATES if state.name in {
    "an empty sign-in", "a wrong password", "a letter refused, file and all", "a form refused",
    "a sum that is none", "paying while payments is away", "a password refused",
}]  # fmt: skip
