"""What people type into a box to find something: words, in any order, with or without Polish letters."""

from typing import Final

MAX_SEARCH_CHARACTERS: Final = 100
MAX_WORDS: Final = 8


def words_of(text: str) -> list[str]:
    """Give the words that are looked for, at most `MAX_WORDS`, each once; to be compared by SQL's `folded`."""
    return list(dict.fromkeys(text.replace("\x00", "").split()))[:MAX_WORDS]


def patterns(text: str) -> list[str] | None:
    """Give a LIKE pattern for each word, to be compared by SQL's `folded`; None: nothing is looked for."""
    return [f"%{_literal(word)}%" for word in words_of(text)] or None


def _literal(word: str) -> str:
    """Let the signs that LIKE knows stand for themselves."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
