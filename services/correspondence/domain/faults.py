"""What can be wrong with what a person typed, said field by field, in Polish; and how texts are kept."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldFault:
    """What is wrong with one field, said to the person who filled it in."""

    field: str
    message: str


class BadLetterError(ValueError):
    """A letter, a form or a kind of matter cannot be taken; `faults` says why, field by field."""

    def __init__(self, faults: list[FieldFault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


def one_line(text: str) -> str:
    """Return a title as it is kept: NFC, every run of blanks one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def lines(text: str) -> str:
    """Return a text of several lines as it is kept: NFC, ends of lines as one character, nothing blank at the ends."""
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()


def text_faults(field: str, kept: str, most: int, words: tuple[str | None, str]) -> Iterable[FieldFault]:
    """Yield what is wrong with a text. `words`: what to say when it is missing (None: it may be), and its name."""
    missing, name = words
    if not kept and missing is not None:
        yield FieldFault(field, missing)
    if len(kept) > most:
        yield FieldFault(field, f"{name} może mieć najwyżej {most} znaków, a ma {len(kept)}.")
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in kept):
        yield FieldFault(field, f"{name} zawiera znak, którego nie można zapisać. Przepisz ten fragment ręcznie.")
