"""Cursors of lists by time: where a page ended, as an opaque text for addresses."""

import base64
import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Final, TypeAlias, TypeVar

from fastapi import Query

from libs.chassis.http.problems import Problem

MAX_CURSOR_CHARACTERS: Final = 300
ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")  # as libs.events.fields.Id
ID_PATTERN: Final = f"^{ID.pattern}$"

PlaceT = TypeVar("PlaceT")

Cursor: TypeAlias = Annotated[str | None, Query(max_length=MAX_CURSOR_CHARACTERS)]


def cursor_of(first: date, row_id: str) -> str:
    """Return the cursor behind a row of a list by time: its day or its moment (aware), and its id."""
    return base64.urlsafe_b64encode(json.dumps([first.isoformat(), row_id]).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, read: Callable[[str, str], PlaceT]) -> PlaceT | None:
    """Return the place that a cursor stands for, `read` from its two parts; None without a cursor.

    `read` may raise ValueError for what is no day or moment.

    Raises:
        Problem: 422 for a cursor that no list has given out.
    """
    if not cursor:
        return None
    try:
        return read(*_parts(cursor))
    except (ValueError, TypeError) as error:
        wrong = {"field": "query.cursor", "message": "Nieznane miejsce na liście. Zacznij od początku."}
        raise Problem(422, "Nieprawidłowe dane", errors=[wrong]) from error


def _parts(cursor: str) -> tuple[str, str]:
    first, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    if not ID.fullmatch(row_id):
        raise ValueError("not an id")
    return first, row_id


def aware_moment(text: str) -> datetime:
    """Read a moment of a cursor.

    Raises:
        ValueError: it is none, or names no zone.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a moment without a zone")
    return at
