"""People's own passwords: 12 to 128 characters, nothing easy to guess, and no other rule (NIST SP 800-63B, 5.1.1).

Messages are for tenants, in Polish.
"""

import string
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from services.identity.domain.common_passwords import COMMON_WALKS, COMMON_WORDS

MIN_CHARACTERS: Final = 12
MAX_CHARACTERS: Final = 128
SHORTEST_TELLING_WORD: Final = 4  # a login or name shorter than this occurs in words by chance
MAX_SURPRISES: Final = 2  # steps of a run like 123456789012 that leave it
MAX_PERIOD: Final = 4  # abcabcabcabc repeats 3
MAX_COMMON_WORDS_IN_A_ROW: Final = 3

TOO_SHORT: Final = f"Hasło musi mieć co najmniej {MIN_CHARACTERS} znaków."
TOO_LONG: Final = f"Hasło może mieć najwyżej {MAX_CHARACTERS} znaków."
TOO_COMMON: Final = "To hasło zbyt łatwo odgadnąć. Wybierz inne, na przykład kilka słów, które nic nie łączy."
NAMES_ITS_OWNER: Final = "Hasło nie może zawierać Twojego loginu, imienia ani nazwiska."
NOT_NEW: Final = "Nowe hasło musi być inne niż dotychczasowe."
CURRENT_WRONG: Final = "Obecne hasło jest nieprawidłowe."

ROWS: Final = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", string.ascii_lowercase, "0123456789")
NEIGHBOURS: Final = frozenset(
    {pair for row in ROWS for pair in pairwise(row)} | {pair for row in ROWS for pair in pairwise(row[::-1])}
)
LOOKS: Final = str.maketrans("0134578@$!", "oieastbasi")


def prepared(password: str) -> str:
    """Write a password in the one form that is hashed (NFKC), so that every keyboard gives the same."""
    return unicodedata.normalize("NFKC", password)


def violations(password: str, *, owner_words: Iterable[str] = ()) -> list[str]:
    """Say in Polish what is wrong with a new password; an empty list means that it is good.

    Args:
        password: as typed.
        owner_words: login and names of its owner, as kept.
    """
    length = len(prepared(password))
    if length < MIN_CHARACTERS:
        return [TOO_SHORT]
    if length > MAX_CHARACTERS:
        return [TOO_LONG]
    folded = _fold(password)
    if _is_walk(folded) or _is_common(folded):
        return [TOO_COMMON]
    telling = (_fold(word) for text in owner_words for word in (text, *text.split()))
    if any(len(word) >= SHORTEST_TELLING_WORD and word in folded for word in telling):
        return [NAMES_ITS_OWNER]
    return []


def _fold(text: str) -> str:
    """Write a text without diacritics and capitals, for comparison."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(character for character in plain if not unicodedata.combining(character))


def _is_walk(folded: str) -> bool:
    """Tell runs over keyboard or alphabet (qwertyuiop12, 123456789012) and short repeats (abcabcabcabc)."""
    surprises = sum(1 for pair in pairwise(folded) if pair[0] != pair[1] and pair not in NEIGHBOURS)
    repeats = any(folded == (folded[:period] * len(folded))[: len(folded)] for period in range(1, MAX_PERIOD + 1))
    return surprises <= MAX_SURPRISES or repeats or folded in COMMON_WALKS


def _is_common(folded: str) -> bool:
    """Tell common words with digits and signs around or between them, also written like p@ssw0rd."""
    core = folded.strip(string.digits + string.punctuation + " ")
    letters = "".join(character for character in core if character.isalpha())
    lookalike = "".join(character for character in core.translate(LOOKS) if character.isalpha())
    return any(_made_of_common_words(text, MAX_COMMON_WORDS_IN_A_ROW) for text in (letters, lookalike))


def _made_of_common_words(text: str, words_left: int) -> bool:
    if not text or words_left == 0:
        return False
    return text in COMMON_WORDS or any(
        text[:end] in COMMON_WORDS and _made_of_common_words(text[end:], words_left - 1) for end in range(3, len(text))
    )
