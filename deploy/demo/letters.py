"""Reads a printed letter as its recipient does: the one-time password is the thing in five groups of four."""

import re
from pathlib import Path
from typing import Final

from pypdf import PdfReader

from deploy.demo.places import DemoError

ONE_TIME_PASSWORD: Final = re.compile(r"\b[A-Z0-9]{4}(?:-[A-Z0-9]{4}){4}\b")


def one_time_password(letter: Path) -> str:
    """Find the one-time password in a letter.

    Raises:
        DemoError: there is none, or there are several different ones.
    """
    text = "\n".join(page.extract_text() for page in PdfReader(letter).pages)
    found = set(ONE_TIME_PASSWORD.findall(text))
    if len(found) != 1:
        raise DemoError(f"{letter} shows {len(found)} passwords instead of one")
    return str(found.pop())
