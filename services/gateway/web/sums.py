"""Sums of money as people type them."""

import re

SUM = re.compile(r"(?P<zlote>\d{1,9})(?:[.,](?P<grosze>\d{1,2}))?(?: ?zł)?", re.IGNORECASE)
BLANKS = str.maketrans("", "", " \u00a0\u202f")


def grosze_of(text: str) -> int | None:
    """`1 234,56`, `1234.5` or `50 zł` in grosze; None for anything else, and for nothing at all."""
    found = SUM.fullmatch(text.strip().translate(BLANKS))
    if found is None:
        return None
    return int(found["zlote"]) * 100 + int((found["grosze"] or "").ljust(2, "0")) or None
