"""Filling in the form of a kind of matter: what was typed, checked, and said in the words of the document."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, assert_never

from services.correspondence.domain.faults import BadLetterError, FieldFault, lines, one_line, text_faults
from services.correspondence.domain.matter_types import PLACEHOLDER, PLACEHOLDERS, Field, FieldKind, Form

MAX_VALUE_CHARACTERS: Final = {FieldKind.TEXT: 200, FieldKind.LONG_TEXT: 2_000, FieldKind.NUMBER: 12}
NUMBER: Final = re.compile(r"[0-9]{1,9}([.,][0-9]{1,2})?")
WHOLE: Final = re.compile(r"[0-9]{1,9}")
YES: Final = "tak"
NO: Final = "nie"
MAX_FACT_CHARACTERS: Final = 200
DOTS: Final = "…" * 12
MONTHS: Final = (
    "stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca",
    "lipca", "sierpnia", "września", "października", "listopada", "grudnia",
)  # fmt: skip


@dataclass(frozen=True)
class Answered:
    """A field of a document: what is asked, what was answered (None: a line to write on by hand)."""

    label: str
    value: str | None
    hint: str = ""
    choices: tuple[str, ...] = ()
    tall: bool = False


@dataclass(frozen=True)
class Document:
    """A document ready to be set: `facts` are the rows above the text, such as the number of the lease."""

    title: str
    company: str
    sender: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    day: str
    opening: str
    fields: tuple[Answered, ...]
    closing: str
    signed_in: bool


def filled(form: Form, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the answers as they are kept, those left out missing; a field's key in faults is `fields.<name>`.

    Raises:
        BadLetterError: an answer is missing, impossible, or to no question of this form.
    """
    kept: dict[str, str] = {}
    found: list[FieldFault] = []
    for one in form.fields:
        key = f"fields.{one.name}"
        value = _kept(one, typed.get(one.name, ""))
        if value:
            kept[one.name] = value
        faults = list(_faults(key, one, value))
        found += faults[:1]
    found += [FieldFault("fields", "Formularz zmienił się w międzyczasie. Sprawdź pola.")] * bool(
        typed.keys() - {one.name for one in form.fields}
    )
    if found:
        raise BadLetterError(found)
    return kept


def _kept(one: Field, typed: str) -> str:
    if one.kind is FieldKind.LONG_TEXT:
        return lines(typed)
    value = one_line(typed)
    return value.replace(".", ",") if one.kind is FieldKind.NUMBER else value


def _faults(key: str, one: Field, value: str) -> Sequence[FieldFault]:
    if not value:
        missing = "Zaznacz, aby potwierdzić: " if one.kind is FieldKind.YES else "Uzupełnij: "
        return [FieldFault(key, f"{missing}{one.label}.")] if one.required else []
    match one.kind:
        case FieldKind.TEXT | FieldKind.LONG_TEXT:
            return list(text_faults(key, value, MAX_VALUE_CHARACTERS[one.kind], (None, f"„{one.label}”")))
        case FieldKind.NUMBER | FieldKind.WHOLE:
            return _number_faults(key, one, value)
        case FieldKind.DATE:
            return [FieldFault(key, f"„{one.label}” to data, na przykład 31.12.2026.")] * (_day(value) is None)
        case FieldKind.CHOICE:
            return [FieldFault(key, f"„{one.label}”: wybierz jedną z możliwości.")] * (value not in one.choices)
        case FieldKind.YES:
            return [FieldFault(key, f"„{one.label}”: zaznacz albo zostaw puste.")] * (value != YES)
    assert_never(one.kind)


def _number_faults(key: str, one: Field, value: str) -> Sequence[FieldFault]:
    if one.kind is FieldKind.WHOLE:
        return [FieldFault(key, "Podaj liczbę całkowitą, na przykład 3.")] * (not WHOLE.fullmatch(value))
    return [FieldFault(key, f"„{one.label}” to liczba, na przykład 3 albo 12,50.")] * (not NUMBER.fullmatch(value))


def _day(text: str) -> date | None:
    iso = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", text)
    polish = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", text)
    parts = iso.groups() if iso else polish.groups()[::-1] if polish else None
    if parts is None:
        return None
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


def polish_day(day: date) -> str:
    """Write a date in Polish: `1 lutego 2023 r.`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year} r."


def facts_kept(given: Mapping[str, str]) -> dict[str, str]:
    """Return what is known of the tenant as it may stand in a document: known names only, one short line each."""
    return {name: one_line(given[name])[:MAX_FACT_CHARACTERS] for name in PLACEHOLDERS if given.get(name, "").strip()}


def document(form: Form, facts: Mapping[str, str], answers: Mapping[str, str] | None, company: str) -> Document:
    """Set a form: with answers, as it is sent; without (None), as it is downloaded to be filled in by hand."""
    known = facts_kept(facts)
    rows = [("Umowa najmu nr", known.get("numer_umowy")), ("Adres lokalu", known.get("adres"))]
    blank = answers is None
    return Document(
        title=form.title,
        company=company,
        sender=(known.get("najemca") or DOTS,),
        facts=tuple((label, value or DOTS) for label, value in rows),
        day=known.get("dzisiaj") or DOTS,
        opening=_with_facts(form.opening, known),
        fields=tuple(_answered(one, None if blank else (answers or {}).get(one.name, "")) for one in form.fields),
        closing=_with_facts(form.closing, known),
        signed_in=not blank,
    )


def _answered(one: Field, value: str | None) -> Answered:
    if value is not None and one.kind is FieldKind.YES:
        value = value or NO
    if value and one.kind is FieldKind.DATE and (day := _day(value)):
        value = polish_day(day)
    choices = (YES, NO) if one.kind is FieldKind.YES else one.choices
    return Answered(one.label, value, one.hint, choices, one.kind is FieldKind.LONG_TEXT)


def _with_facts(text: str, known: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: known.get(found[1], DOTS), text)
