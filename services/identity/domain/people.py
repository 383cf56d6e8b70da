"""People as the company knows them: names, PESEL, NIP, e-mail and login, checked and written in one way.

Formats of PESEL and NIP with their check digits: python-stdnum (https://arthurdejong.org/python-stdnum/).
"""

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from stdnum.exceptions import ValidationError
from stdnum.pl import nip as nip_number
from stdnum.pl import pesel as pesel_number

MAX_NAME_CHARACTERS: Final = 100
MAX_EMAIL_CHARACTERS: Final = 254  # RFC 5321, the path without its brackets
PERSON_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
LOGIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{2,63}")
EMAIL: Final = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
REQUIRED: Final = ("person_id", "given_name", "family_name", "login")
OPTIONAL: Final = ("pesel", "nip", "email")


class BadPersonError(ValueError):
    """A person's data cannot be taken; `reasons` says why, field by field, without repeating what was written."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Person:
    """A contracting party: a person, or a firm known by its NIP. Texts are NFC, without spaces at their ends."""

    person_id: str
    given_name: str
    family_name: str
    login: str
    pesel: str | None = None
    nip: str | None = None
    email: str | None = None

    @property
    def full_name(self) -> str:
        """Given name and family name, as on the lease."""
        return f"{self.given_name} {self.family_name}"


def person_from(row: Mapping[str, object]) -> Person:
    """Check one line of a people file (interfaces.md, import files) and write it in the one way it is kept.

    Raises:
        BadPersonError: a field is missing, unknown, not a text, or not valid.
    """
    reasons = [f"{name}: unknown field" for name in row if name not in REQUIRED and name not in OPTIONAL]
    values: dict[str, str | None] = {}
    for name in (*REQUIRED, *OPTIONAL):
        value = row.get(name)
        if value is None and name in OPTIONAL:
            continue
        if value is None:
            reasons.append(f"{name}: missing")
        elif not isinstance(value, str):
            reasons.append(f"{name}: not a text")
        else:
            try:
                values[name] = CHECKS[name](value)
            except ValueError as wrong:
                reasons.append(f"{name}: {wrong}")
    if reasons:
        raise BadPersonError(reasons)
    return Person(**values)  # type: ignore[arg-type]  # the required ones are texts: what is missing was refused above


def person_id(text: str) -> str:
    """Check a person's id.

    Raises:
        ValueError: it is not 1 to 64 of `A-Za-z0-9._-`.
    """
    if not PERSON_ID.fullmatch(text):
        raise ValueError("must be 1 to 64 of A-Z a-z 0-9 . _ -")
    return text


def name(text: str) -> str:
    """Write a name in NFC with single spaces.

    Raises:
        ValueError: it is empty, too long, or holds control characters.
    """
    written = " ".join(unicodedata.normalize("NFC", text).split())
    if not written:
        raise ValueError("empty")
    if len(written) > MAX_NAME_CHARACTERS:
        raise ValueError(f"longer than {MAX_NAME_CHARACTERS} characters")
    if any(unicodedata.category(character).startswith("C") for character in written):
        raise ValueError("holds a control character")
    return written


def login(text: str) -> str:
    """Write a login without spaces around it.

    Raises:
        ValueError: it is not 3 to 64 letters without diacritics, digits or `. _ @ -`.
    """
    written = text.strip()
    if not LOGIN.fullmatch(written):
        raise ValueError("must be 3 to 64 of A-Z a-z 0-9 . _ @ -, beginning with a letter or digit")
    return written


def fold_login(text: str) -> str:
    """Fold a login for comparison: K100001 and k100001 are one. Takes any text, as people type anything."""
    return unicodedata.normalize("NFC", text).strip().casefold().replace("\0", "\N{REPLACEMENT CHARACTER}")


def pesel(text: str) -> str:
    """Write a PESEL as 11 digits.

    Raises:
        ValueError: its length, date or check digit is wrong.
    """
    return _number(pesel_number.validate, text)


def nip(text: str) -> str:
    """Write a NIP as 10 digits.

    Raises:
        ValueError: its length or check digit is wrong.
    """
    return _number(nip_number.validate, text)


def _number(validate: Callable[[str], str], text: str) -> str:
    if not text.isascii():
        raise ValueError("not a valid number")
    try:
        return validate(text)
    except ValidationError as wrong:
        raise ValueError(str(wrong).rstrip(".").lower()) from wrong


def email(text: str) -> str:
    """Write an e-mail address without spaces around it.

    Raises:
        ValueError: it does not look like one address.
    """
    written = text.strip()
    if len(written) > MAX_EMAIL_CHARACTERS or not EMAIL.fullmatch(written) or ".." in written:
        raise ValueError("not an e-mail address")
    return written


CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "person_id": person_id,
    "given_name": name,
    "family_name": name,
    "login": login,
    "pesel": pesel,
    "nip": nip,
    "email": email,
}


def pesel_hash(key: bytes, number: str) -> bytes:
    """Give the keyed hash under which a PESEL is kept and looked up; the number itself is kept nowhere."""
    return hmac.digest(key, b"iok/pesel\0" + number.encode(), hashlib.sha256)


def content_hash(key: bytes, person: Person) -> bytes:
    """Give the keyed hash that tells the same line of a people file from another one with the same `person_id`."""
    fields = [person.given_name, person.family_name, person.login, person.pesel, person.nip, person.email]
    return hmac.digest(key, b"iok/person\0" + json.dumps(fields, ensure_ascii=False).encode(), hashlib.sha256)
