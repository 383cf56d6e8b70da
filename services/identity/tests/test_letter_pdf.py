"""Letters: what stands on the page, read back."""

import io
from datetime import date

import pytest
from pypdf import PdfReader

from services.identity.commands.letter_pdf import LetterPrinter, LetterText, Sender, address_lines, polish_date

SENDER = Sender("TBS Dębogród sp. z o.o.", "mieszkancy@example.invalid", "https://iok.example.invalid")
LETTER = LetterText(
    full_name="Małgorzata Świątek-Żółkiewska",
    address="ul. Źródlana 12/34, 99-999 Dębogród",
    login="K100001",
    password="4KMR-9QTX-AC7D-PW3J-HHN6",
    issued_on=date(2026, 11, 23),
    expires_on=date(2027, 2, 21),
)


@pytest.fixture(scope="module")
def printer() -> LetterPrinter:
    return LetterPrinter(SENDER)


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(pdf).pages).replace("\N{NO-BREAK SPACE}", " ")


def test_a_letter_says_to_whom_it_goes_and_how_to_sign_in(printer: LetterPrinter) -> None:
    text = text_of(printer.pdf(LETTER))

    for said in (
        "TBS Dębogród sp. z o.o.",
        "Małgorzata Świątek-Żółkiewska\nul. Źródlana 12/34\n99-999 Dębogród",
        "https://iok.example.invalid",
        "K100001",
        "4KMR-9QTX-AC7D-PW3J-HHN6",
        "najpóźniej 21 lutego 2027 r.",
        "23 listopada 2026 r.",
        "mieszkancy@example.invalid",
    ):
        assert said in text


def test_a_letter_is_one_page_also_for_long_names(printer: LetterPrinter) -> None:
    long = LetterText(
        full_name="Wierzchosława " * 7,
        address="ul. Bardzo Długa i Kręta imienia Wszystkich Mieszkańców 1234 klatka B mieszkanie 567, 99-999 Dębogród",
        login="k" * 64,
        password=LETTER.password,
        issued_on=LETTER.issued_on,
        expires_on=LETTER.expires_on,
    )

    assert len(read(printer.pdf(long)).pages) == 1


def test_a_letter_is_tagged_for_screen_readers(printer: LetterPrinter) -> None:
    pdf = printer.pdf(LETTER)
    catalogue = read(pdf).root_object

    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert str(catalogue["/Lang"]) == "pl-PL"
    assert "/MarkInfo" in catalogue
    assert "/StructTreeRoot" in catalogue


def test_what_describes_the_file_names_nobody(printer: LetterPrinter) -> None:
    described = str(read(printer.pdf(LETTER)).metadata)

    assert "Świątek" not in described
    assert "K100001" not in described


def test_names_are_text_and_never_markup(printer: LetterPrinter) -> None:
    name = '#panic("x") *Anna* _Ewa_ @ref $x$ <b> \\ [a] "c"'
    letter = LetterText(name, None, "K1", LETTER.password, LETTER.issued_on, LETTER.expires_on)

    assert name.replace('"', "") in text_of(printer.pdf(letter)).replace('"', "").replace("\n", " ")


def test_a_letter_to_nobodys_address_bears_the_name_alone() -> None:
    assert address_lines(None) == []
    assert address_lines("ul. Lipowa 3/5, 99-999 Dębogród") == ["ul. Lipowa 3/5", "99-999 Dębogród"]


def test_dates_are_written_in_polish() -> None:
    assert polish_date(date(2023, 2, 1)) == "1 lutego 2023 r."
