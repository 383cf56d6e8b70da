"""One-time passwords that travel by letter: drawn, written for reading, read as typed, kept as a keyed hash.

A keyed hash is enough here, unlike for a person's own password: 90 random bits cannot be guessed from it, with or
without the key, and checking it costs nothing. The key keeps a copied database from being used to sign in.
"""

import hashlib
import hmac
import math
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

GLYPHS: Final = "ACDEFGHJKMNPQRTWXY34679"  # no 0 O, 1 I L, 2 Z, 5 S, 8 B, U V: no two of these are taken for each other
PASSWORD_GLYPHS: Final = 20
GROUP_GLYPHS: Final = 4
SEPARATOR: Final = "-"
VALID_DAYS: Final = 90
RANDOM_BITS: Final = PASSWORD_GLYPHS * math.log2(len(GLYPHS))


def draw_password(choose: Callable[[str], str]) -> str:
    """Draw a letter's password, in groups for reading: `4KMR-…`.

    Args:
        choose: picks one glyph of a text, each as likely as any other (`secrets.choice`).
    """
    glyphs = "".join(choose(GLYPHS) for _ in range(PASSWORD_GLYPHS))
    groups = (glyphs[start : start + GROUP_GLYPHS] for start in range(0, PASSWORD_GLYPHS, GROUP_GLYPHS))
    return SEPARATOR.join(groups)


def as_typed(text: str) -> str:
    """Read a letter's password as people type it: small or capital letters, with dashes, spaces or neither."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(character for character in folded if character.isalnum())


def letter_hash(key: bytes, letter_id: str, password: str) -> bytes:
    """Give the keyed hash of a letter's password, bound to its letter: a hash moved to another row opens nothing."""
    message = f"iok/letter\0{letter_id}\0{as_typed(password)}".encode()
    return hmac.digest(key, message, hashlib.sha256)


def matches(kept: bytes, key: bytes, letter_id: str, password: str) -> bool:
    """Tell in constant time whether a typed password is the one of a letter."""
    return hmac.compare_digest(kept, letter_hash(key, letter_id, password))


def expiry(issued_on: date) -> date:
    """Give the last day on which a letter issued on a day (both in Warsaw) opens the account."""
    return issued_on + timedelta(days=VALID_DAYS)
