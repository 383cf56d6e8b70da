"""Kinds of matter as the staff keeps them: versions, what a tenant is told and asked, and who is offered a kind.

A version never changes: an edit defines the next one. Of the versions that have begun, the one with the highest number
counts; once it is over, the kind is not offered. The general letter is always offered, to everybody.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from libs.events.correspondence import MatterTypeDefined
from libs.events.envelope import canonical
from services.correspondence.domain.faults import BadLetterError, FieldFault, lines, one_line, text_faults

GENERAL_LETTER: Final = "general"
MAX_FIELDS: Final = 20  # of one form: more are two matters
MAX_CHOICES: Final = 12
MAX_NAME_CHARACTERS: Final = 80
MAX_LINE_CHARACTERS: Final = 200
MAX_GUIDANCE_CHARACTERS: Final = 4_000
MAX_ANSWER_DAYS: Final = 90
ID: Final = re.compile(r"[a-z][a-z0-9-]{1,40}")
PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
NEEDS_CHOICES: Final = "Podaj co najmniej dwie możliwości do wyboru, oddzielone średnikami."


class Audience(StrEnum):
    """Who is offered a kind of matter: everybody, or parties of a lease of a dwelling or of commercial premises."""

    EVERYONE = "everyone"
    DWELLING = "dwelling"
    COMMERCIAL = "commercial"


class FieldKind(StrEnum):
    """What is asked in a field of a form."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    WHOLE = "whole"
    DATE = "date"
    CHOICE = "choice"
    YES = "yes"


# What the forms may say of the tenant and the lease: the placeholder, and what it stands for.
PLACEHOLDERS: Final = {
    "najemca": "imię i nazwisko najemcy",
    "numer_umowy": "numer umowy najmu",
    "adres": "adres lokalu",
    "powierzchnia": "powierzchnia użytkowa w m²",
    "osoby": "liczba osób zgłoszonych w lokalu",
    "segregacja": "sposób zbierania odpadów",
    "rachunek": "rachunek do wpłat",
    "dzisiaj": "dzisiejsza data",
}


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Field(_Kept):
    """A field of a form: `name` is its key, the rest is read by tenants."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    hint: str = ""
    choices: tuple[str, ...] = ()


class Form(_Kept):
    """The document of a kind of matter: its title, what stands before the fields and after them, and the fields.

    The texts may name what is known of the tenant, as in `{numer_umowy}`. `online`: it may be filled in on line too.
    """

    title: str
    online: bool = True
    opening: str = ""
    fields: tuple[Field, ...] = ()
    closing: str = ""


class MatterType(_Kept):
    """A version of a kind of matter; `summary` is its line in the list, `form` None: only text and attachments."""

    name: str
    summary: str
    guidance: str = ""
    audience: Audience = Audience.EVERYONE
    answer_days: int = 14
    place: int = 100
    active_from: date | None = None
    active_to: date | None = None
    form: Form | None = None


@dataclass(frozen=True)
class Version:
    """A version of a kind as it was defined."""

    matter_type_id: str
    number: int
    content: MatterType


class UnknownMatterTypeError(Exception):
    """No matter of this kind can be raised, or there is no such kind."""


def in_force(versions: Sequence[Version], day: date) -> Version | None:
    """Return the version that counts on a day; None when none has begun or the one that counts is over."""
    begun = [one for one in versions if one.content.active_from is None or one.content.active_from <= day]
    latest = max(begun, key=lambda one: one.number, default=None)
    if latest is None or (latest.content.active_to is not None and latest.content.active_to < day):
        return None
    return latest


def offered(versions: Iterable[Version], day: date) -> list[Version]:
    """Return the versions of all kinds that are offered on a day, in the order to show."""
    of_kind: dict[str, list[Version]] = {}
    for version in versions:
        of_kind.setdefault(version.matter_type_id, []).append(version)
    counting = [found for each in of_kind.values() if (found := in_force(each, day)) is not None]
    return sorted(counting, key=lambda one: (one.content.place, one.content.name, one.matter_type_id))


def define(version: Version) -> MatterTypeDefined:
    """Tell of a version; its words stay here."""
    content = version.content
    return MatterTypeDefined(
        matter_type_id=version.matter_type_id,
        content_digest=digest(content),
        version=version.number,
        active_from=content.active_from,
        active_to=content.active_to,
    )


def digest(content: MatterType) -> str:
    """Return the SHA-256 in hex of the canonical JSON of a version."""
    written: JsonValue = content.model_dump(mode="json")
    return hashlib.sha256(canonical(written)).hexdigest()


def checked(matter_type_id: str, typed: MatterType) -> MatterType:
    """Bring a typed kind of matter to the form in which it is kept.

    Raises:
        BadLetterError: saying field by field what is wrong.
    """
    kept = _tidied(typed)
    found = [*_id_faults(matter_type_id), *_content_faults(kept), *_general_faults(matter_type_id, kept)]
    if kept.form is not None:
        found += _form_faults(kept.form)
    if found:
        raise BadLetterError(found)
    return kept


def _tidied(typed: MatterType) -> MatterType:
    form = typed.form and typed.form.model_copy(
        update={
            "title": one_line(typed.form.title),
            "opening": lines(typed.form.opening),
            "closing": lines(typed.form.closing),
            "fields": tuple(
                one.model_copy(update={"label": one_line(one.label), "hint": one_line(one.hint)})
                for one in typed.form.fields
            ),
        }
    )
    texts = {"name": one_line(typed.name), "summary": one_line(typed.summary), "guidance": lines(typed.guidance)}
    return typed.model_copy(update={**texts, "form": form})


def _id_faults(matter_type_id: str) -> Iterable[FieldFault]:
    if not ID.fullmatch(matter_type_id):
        yield FieldFault(
            "matter_type_id", "Oznaczenie ma od 2 do 41 znaków: małe litery bez polskich znaków, cyfry, -."
        )


def _content_faults(kept: MatterType) -> Iterable[FieldFault]:
    yield from text_faults("name", kept.name, MAX_NAME_CHARACTERS, ("Podaj nazwę.", "Nazwa"))
    yield from text_faults("summary", kept.summary, MAX_LINE_CHARACTERS, ("Podaj krótki opis.", "Krótki opis"))
    yield from text_faults("guidance", kept.guidance, MAX_GUIDANCE_CHARACTERS, (None, "Wskazówka"))
    if not 1 <= kept.answer_days <= MAX_ANSWER_DAYS:
        yield FieldFault("answer_days", f"Termin odpowiedzi to od 1 do {MAX_ANSWER_DAYS} dni.")
    if kept.active_from and kept.active_to and kept.active_to < kept.active_from:
        yield FieldFault("active_to", "Koniec nie może być wcześniej niż początek.")


def _general_faults(matter_type_id: str, kept: MatterType) -> Iterable[FieldFault]:
    if matter_type_id != GENERAL_LETTER:
        return
    if kept.active_from or kept.active_to:
        yield FieldFault("active_from", "Pismo ogólne jest dostępne zawsze: nie ma początku ani końca.")
    if kept.audience is not Audience.EVERYONE:
        yield FieldFault("audience", "Pismo ogólne jest dla wszystkich.")


def _form_faults(form: Form) -> Iterable[FieldFault]:
    yield from text_faults("form_title", form.title, MAX_LINE_CHARACTERS, ("Podaj tytuł pisma.", "Tytuł pisma"))
    for name, text in (("form_opening", form.opening), ("form_closing", form.closing)):
        yield from text_faults(name, text, MAX_GUIDANCE_CHARACTERS, (None, "Tekst"))
        for unknown in sorted({*PLACEHOLDER.findall(text)} - PLACEHOLDERS.keys()):
            yield FieldFault(name, f"Nie znamy pola {{{unknown}}}. Można użyć: {', '.join(PLACEHOLDERS)}.")
    if len(form.fields) > MAX_FIELDS:
        yield FieldFault("fields", f"Formularz może mieć najwyżej {MAX_FIELDS} pól.")
    if len({one.name for one in form.fields}) < len(form.fields):
        yield FieldFault("fields", "Dwa pola mają tę samą nazwę.")
    for number, one in enumerate(form.fields):
        yield from _field_faults(f"field-{number}", one)


def _field_faults(place: str, one: Field) -> Iterable[FieldFault]:
    yield from text_faults(place, one.label, MAX_LINE_CHARACTERS, ("Podaj nazwę pola.", "Nazwa pola"))
    yield from text_faults(place, one.hint, MAX_LINE_CHARACTERS, (None, "Podpowiedź"))
    if not ID.fullmatch(one.name):
        yield FieldFault(place, "Pole nie ma poprawnego oznaczenia.")
    if one.kind is FieldKind.CHOICE and not 2 <= len(one.choices) <= MAX_CHOICES:
        yield FieldFault(place, NEEDS_CHOICES)
    if any(not choice.strip() or len(choice) > MAX_LINE_CHARACTERS for choice in one.choices):
        yield FieldFault(place, "Możliwość do wyboru jest pusta albo za długa.")
