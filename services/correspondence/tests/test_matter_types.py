"""Sentences about kinds of matter: versions, who is offered what, forms and the documents made of them."""

import io
from datetime import date

import docx
import pytest
from pypdf import PdfReader

from services.correspondence.commands.documents import DocumentPrinter
from services.correspondence.commands.documents import docx as as_docx
from services.correspondence.commands.files.checks import checked
from services.correspondence.commands.matter_types import first_types
from services.correspondence.domain import forms
from services.correspondence.domain import matter_types as domain
from services.correspondence.domain.faults import BadLetterError
from services.correspondence.domain.matter_types import Audience, Field, FieldKind, Form, MatterType, Version

DAY = date(2026, 11, 23)
FACTS = {"najemca": "Anna Żak", "numer_umowy": "12/2019/N", "adres": "ul. Lipowa 3/5, 99-999 Dębogród"}
FORM = Form(
    title="Oświadczenie",
    opening="Umowa nr {numer_umowy}, konto {rachunek}.",
    closing="Proszę o zmianę.",
    fields=(
        Field(name="count", label="Liczba osób", kind=FieldKind.NUMBER),
        Field(name="since", label="Od kiedy", kind=FieldKind.DATE),
        Field(name="reason", label="Powód", kind=FieldKind.CHOICE, choices=("urodzenie", "inny")),
        Field(name="more", label="Uwagi", kind=FieldKind.LONG_TEXT, required=False),
        Field(name="agree", label="Potwierdzam", kind=FieldKind.YES),
    ),
)
ANSWERS = {"count": "3", "since": "2026-12-01", "reason": "inny", "agree": "tak"}


def kind(**changes: object) -> MatterType:
    return MatterType.model_validate({"name": "Nazwa", "summary": "Opis", **changes})


def version(number: int, matter_type_id: str = "persons", **changes: object) -> Version:
    return Version(matter_type_id, number, kind(**changes))


def faults_of(matter_type_id: str, typed: MatterType) -> dict[str, str]:
    with pytest.raises(BadLetterError) as refusal:
        domain.checked(matter_type_id, typed)
    return {fault.field: fault.message for fault in refusal.value.faults}


def test_a_company_begins_with_eight_kinds_and_each_has_a_form() -> None:
    kinds = first_types()
    assert [one.matter_type_id for one in kinds] == [
        "general", "fault", "persons", "waste", "instalments", "certificate", "renovation", "termination",
    ]  # fmt: skip
    assert all(one.content.form and one.content.form.fields and one.content.guidance for one in kinds)
    assert domain.offered(kinds, DAY) == kinds


@pytest.mark.parametrize("one", first_types(), ids=lambda one: one.matter_type_id)
def test_the_form_of_every_kind_can_be_printed_and_is_harmless(one: Version) -> None:
    assert one.content.form
    empty = forms.document(one.content.form, FACTS, None, "TBS Przykład")
    assert checked(as_docx(empty)).content
    text = PdfReader(io.BytesIO(PRINTER.pdf(empty))).pages[0].extract_text()
    assert "Anna Żak" in text
    assert "{" not in text


PRINTER = DocumentPrinter()


@pytest.mark.parametrize(
    ("versions", "number"),
    [
        ([version(1), version(2)], 2),
        ([version(1), version(2, active_from="2026-11-24")], 1),
        ([version(1), version(2, active_from="2026-11-23")], 2),
        ([version(1), version(2, active_to="2026-11-22")], None),
        ([version(1), version(2, active_to="2026-11-23")], 2),
        ([version(1, active_from="2027-01-01")], None),
        ([], None),
    ],
    ids=["latest", "not begun", "begins today", "over", "last day", "none begun", "none"],
)
def test_the_latest_version_that_has_begun_counts_until_it_is_over(versions: list[Version], number: int | None) -> None:
    found = domain.in_force(versions, DAY)
    assert (found.number if found else None) == number


def test_the_general_letter_is_always_offered_to_everybody() -> None:
    wrong = kind(active_to="2027-01-01", audience=Audience.DWELLING)
    assert set(faults_of("general", wrong)) == {"active_from", "audience"}


@pytest.mark.parametrize(
    ("matter_type_id", "typed", "field"),
    [
        ("Osoby", kind(), "matter_type_id"),
        ("a", kind(), "matter_type_id"),
        ("persons", kind(name=" "), "name"),
        ("persons", kind(name="x" * 81), "name"),
        ("persons", kind(answer_days=0), "answer_days"),
        ("persons", kind(active_from="2026-12-01", active_to="2026-11-01"), "active_to"),
        ("persons", kind(form=FORM.model_copy(update={"opening": "{pesel}"})), "form_opening"),
        ("persons", kind(form=FORM.model_copy(update={"title": ""})), "form_title"),
        ("persons", kind(form=FORM.model_copy(update={"fields": FORM.fields * 5})), "fields"),
        (
            "persons",
            kind(form=Form(title="a", fields=(Field(name="ab", label="b", kind=FieldKind.CHOICE),))),
            "field-0",
        ),
    ],
)
def test_a_kind_that_cannot_be_says_why(matter_type_id: str, typed: MatterType, field: str) -> None:
    assert field in faults_of(matter_type_id, typed)


def test_another_word_is_another_digest() -> None:
    assert domain.digest(kind()) != domain.digest(kind(guidance="Inaczej"))
    assert domain.define(version(2, active_from="2026-12-01")).active_from == date(2026, 12, 1)


def test_answers_are_kept_in_one_form() -> None:
    assert forms.filled(FORM, {**ANSWERS, "count": " 2.5 ", "more": "a\r\nb "}) == {
        **ANSWERS,
        "count": "2,5",
        "more": "a\nb",
    }


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"count": ""}, "fields.count"),
        ({"count": "trzy"}, "fields.count"),
        ({"since": "31.02.2026"}, "fields.since"),
        ({"since": "jutro"}, "fields.since"),
        ({"reason": "bo tak"}, "fields.reason"),
        ({"agree": ""}, "fields.agree"),
        ({"more": "x" * 2_001}, "fields.more"),
        ({"more": "a\x00"}, "fields.more"),
        ({"unasked": "1"}, "fields"),
    ],
)
def test_an_answer_that_cannot_be_says_why_at_its_field(answers: dict[str, str], field: str) -> None:
    with pytest.raises(BadLetterError) as refusal:
        forms.filled(FORM, {**ANSWERS, **answers})
    assert [fault.field for fault in refusal.value.faults] == [field]


@pytest.mark.parametrize(
    ("answer", "taken"), [("3", True), ("2,5", False), ("2.0", False), ("-1", False), ("٣", False)]
)
def test_a_whole_number_has_no_fraction(answer: str, taken: bool) -> None:
    form = Form(title="a", fields=(Field(name="count", label="Liczba osób", kind=FieldKind.WHOLE),))
    if taken:
        assert forms.filled(form, {"count": answer}) == {"count": answer}
        return
    with pytest.raises(BadLetterError) as refusal:
        forms.filled(form, {"count": answer})
    assert [fault.message for fault in refusal.value.faults] == ["Podaj liczbę całkowitą, na przykład 3."]


def test_a_count_of_persons_or_instalments_is_whole() -> None:
    fields = {one.matter_type_id: one.content.form.fields for one in first_types() if one.content.form}
    counts = [one.kind for each in fields.values() for one in each if one.name == "count"]
    assert counts == [FieldKind.WHOLE] * 3


def test_a_filled_form_says_who_what_and_when() -> None:
    kept = forms.filled(FORM, {**ANSWERS, "since": "1.12.2026"})
    document = forms.document(FORM, {**FACTS, "pesel": "1"}, kept, "TBS Przykład")
    text = PdfReader(io.BytesIO(PRINTER.pdf(document))).pages[0].extract_text()
    for said in ("Anna Żak", "TBS Przykład", "12/2019/N", "1 grudnia 2026 r.", "inny", "po zalogowaniu"):
        assert said in text, text


def test_what_is_typed_never_becomes_markup() -> None:
    evil = {**ANSWERS, "more": '#import "x" $a$ #sys.inputs *b* \\ <c> [d] // e'}
    document = forms.document(FORM, FACTS, forms.filled(FORM, evil), "TBS")
    assert evil["more"] in PdfReader(io.BytesIO(PRINTER.pdf(document))).pages[0].extract_text()


def test_an_empty_form_has_room_to_write_and_what_is_known_already() -> None:
    document = forms.document(FORM, FACTS, None, "TBS Przykład")
    page = docx.Document(io.BytesIO(as_docx(document)))
    text = "\n".join(paragraph.text for paragraph in page.paragraphs)
    for said in ("Anna Żak", "Umowa nr 12/2019/N, konto ……", "☐ urodzenie", "podpis"):
        assert said in text, text
    assert page.core_properties.language == "pl-PL"
