"""Whether two names are one person's: as written in a lease, and as the state knows them.

The state writes all given names in capitals, leases often only the first; hyphens come with spaces, as several
characters, or not at all. Diacritics are letters of their own and never left out.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

HYPHENS: Final = str.maketrans(dict.fromkeys("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad", " "))


@dataclass(frozen=True, slots=True)
class FullName:
    """Given names and family name, in any spelling."""

    given: str
    family: str


def are_one(written: FullName, vouched: FullName) -> bool:
    """Tell whether two names fit: the same family name, all of its parts in order, and the same first given name."""
    first, family = _parts(written.given)[:1], _parts(written.family)
    return bool(first and family) and first == _parts(vouched.given)[:1] and family == _parts(vouched.family)


def _parts(name: str) -> list[str]:
    """Fold a name to its parts: NFC, Polish letters in one case, a hyphen like a space, no spaces around."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return folded.translate(HYPHENS).split()
