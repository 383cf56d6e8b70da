"""What the guide tells: topics with steps, each step a picture of the portal and what to do there.

The pictures and the film are made by `make guide` from a real run of the portal; their names stand here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# Every picture is a telephone's screen (CSS pixels): readable on one, and pages do not jump while pictures load.
PICTURE_WIDTH: Final = 420
PICTURE_HEIGHT: Final = 740
FILM: Final = "guide-film.mp4"
CAPTIONS: Final = "guide-film.vtt"
POSTER: Final = "guide-start.webp"

Say = Callable[[str], str]


@dataclass(frozen=True)
class Step:
    """One thing to do: `picture` names a built file, `seen` says in words what it shows."""

    picture: str
    text: str
    seen: str


@dataclass(frozen=True)
class Topic:
    """One matter of the guide, with a page of its own under `/pomoc/{slug}`."""

    slug: str
    title: str
    lead: str
    steps: tuple[Step, ...]


def topics(say: Say) -> tuple[Topic, ...]:
    """The whole guide, in the order in which a new tenant needs it."""
    return (_signing_in(say), _balance(say), *_money(say), _premises(say), _letters(say), _appearance(say))


def _signing_in(say: Say) -> Topic:
    return Topic(
        "logowanie",
        say("Pierwsze logowanie"),
        say("Wystarczy list od nas z loginem i hasłem. Można też użyć Profilu Zaufanego."),
        (
            Step(
                "guide-sign-in.webp",
                say(
                    "Przepisz login i hasło z listu i naciśnij „Zaloguj się”. Hasło z listu można pisać "
                    "małymi literami."
                ),
                say("Strona logowania z polami „Login” i „Hasło”."),
            ),
            Step(
                "guide-password.webp",
                say("Za pierwszym razem ustal własne hasło: co najmniej 12 znaków. Najłatwiej zapamiętać kilka słów."),
                say("Strona zmiany hasła z polami na nowe hasło."),
            ),
            Step(
                "guide-trusted.webp",
                say(
                    "Masz Profil Zaufany? Naciśnij „Zaloguj się Profilem Zaufanym”. Dane w Profilu muszą być takie "
                    "same jak w umowie najmu."
                ),
                say("Przycisk „Zaloguj się Profilem Zaufanym” na stronie logowania."),
            ),
        ),
    )


def _balance(say: Say) -> Topic:
    return Topic(
        "saldo",
        say("Ile mam do zapłaty"),
        say("Kwota do zapłaty jest na pierwszej stronie po zalogowaniu."),
        (
            Step(
                "guide-start.webp",
                say("Na górze widać, ile jest do zapłaty dziś, a dalej następną płatność z jej terminem."),
                say("Strona startowa z kwotą do zapłaty dziś i następną płatnością."),
            ),
            Step(
                "guide-finance.webp",
                say("W „Finansach” jest saldo z wyjaśnieniem, skąd się wzięło, i numer rachunku do wpłat."),
                say("Strona „Finanse” z saldem i rachunkiem do wpłat."),
            ),
            Step(
                "guide-history.webp",
                say(
                    "„Historia opłat i wpłat” pokazuje wszystko po kolei. Naciśnij dowolną pozycję, aby zobaczyć "
                    "szczegóły."
                ),
                say("Lista naliczonych opłat i wpłat z datami i kwotami."),
            ),
            Step(
                "guide-entry.webp",
                say("Szczegóły opłaty: z czego się składa, do kiedy i na jaki rachunek ją zapłacić."),
                say("Szczegóły jednej opłaty ze składnikami, terminem i numerem rachunku."),
            ),
        ),
    )


def _money(say: Say) -> tuple[Topic, ...]:
    return (
        Topic(
            "platnosc",
            say("Jak zapłacić przez internet"),
            say("Płatność prowadzi firma Autopay (dawniej Blue Media). Za płatność pobiera ona drobną opłatę."),
            (
                Step(
                    "guide-pay.webp",
                    say(
                        "Naciśnij „Płacę”. Zobaczysz, z czego składa się opłata za miesiąc. Wybierz, co chcesz "
                        "zapłacić."
                    ),
                    say("Strona „Płacę” ze składnikami opłaty i wyborem kwoty."),
                ),
                Step(
                    "guide-operator.webp",
                    say("Po naciśnięciu „Zapłać” otworzy się strona operatora. Tam wybierzesz bank, BLIK albo kartę."),
                    say("Strona operatora płatności."),
                ),
                Step(
                    "guide-paid.webp",
                    say(
                        "Po zapłaceniu wrócisz tutaj. Gdy operator potwierdzi wpłatę, od razu zobaczysz ją w historii."
                    ),
                    say("Strona z potwierdzeniem wpłaty."),
                ),
            ),
        ),
        Topic(
            "przelew",
            say("Jak zapłacić przelewem"),
            say("Przelew zawsze jest możliwy. Każda umowa ma własny numer rachunku."),
            (
                Step(
                    "guide-transfer.webp",
                    say("Numer rachunku i tytuł przelewu są w „Finansach”. Możesz je skopiować albo zeskanować kod."),
                    say("Numer rachunku do wpłat i tytuł przelewu na stronie „Finanse”."),
                ),
            ),
        ),
    )


def _premises(say: Say) -> Topic:
    return Topic(
        "lokal",
        say("Umowa i lokal"),
        say("W „Lokalach” sprawdzisz, co jest zapisane w umowie najmu."),
        (
            Step(
                "guide-premises.webp",
                say("Są tu: umowa, powierzchnia użytkowa i ogrzewana, liczniki oraz segregowanie odpadów."),
                say("Strona „Lokale” z danymi umowy i lokalu."),
            ),
        ),
    )


def _letters(say: Say) -> Topic:
    return Topic(
        "korespondencja",
        say("Jak do nas napisać"),
        say("Sprawę wyślesz bez wychodzenia z domu i zobaczysz, co się z nią dzieje."),
        (
            Step(
                "guide-letters.webp",
                say("W „Korespondencji” naciśnij zielony przycisk „Dodaj korespondencję”. Niżej jest historia spraw."),
                say("Strona „Korespondencja” z zielonym przyciskiem „Dodaj korespondencję”."),
            ),
            Step(
                "guide-matter-types.webp",
                say("Wybierz sprawę z listy. Jeśli żadna nie pasuje, wybierz „Pismo ogólne”."),
                say("Lista spraw, które można zgłosić."),
            ),
            Step(
                "guide-letter.webp",
                say("Napisz, o co chodzi. Jeśli do sprawy jest wzór dokumentu, pobierz go, wypełnij i załącz."),
                say("Formularz wiadomości do spółki."),
            ),
            Step(
                "guide-letter-sent.webp",
                say("Po wysłaniu dostaniesz potwierdzenie z numerem sprawy i godziną."),
                say("Potwierdzenie wysłania z numerem sprawy."),
            ),
        ),
    )


def _appearance(say: Say) -> Topic:
    return Topic(
        "wyglad",
        say("Większe litery i kontrast"),
        say("Przyciski na samej górze każdej strony zmieniają jej wygląd. Wybór zapamiętujemy na rok."),
        (
            Step(
                "guide-appearance.webp",
                say("Trzy litery „A” zmieniają wielkość tekstu, a kolorowe przyciski obok zmieniają kontrast."),
                say("Strona startowa z większym tekstem i żółtymi literami na czarnym tle."),
            ),
        ),
    )
