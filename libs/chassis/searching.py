"""What people type into a box to find something: words, in any order, with or without Polish letters."""

from typing import Final

MAX_SEARCH_CHARACTERS: Final = 100
MAX_WORDS: Final = 8


def patterns(text: str) -> list[str] | None:
    """Give a LIKE pattern for each word, to be compared by SQL's `folded`; None: nothing is looked for."""
    words = text.replace("\x00", "").split()[:MAX_WORDS]
    return [f"%{_literal(word)}%" for word in words] or None


def _literal(word: str) -> str:
    """Let the signs that LIKE knows stand for themselves."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
