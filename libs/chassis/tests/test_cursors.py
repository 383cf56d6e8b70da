"""A cursor brings a list back to its place; a text that no list has given out is refused."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest

from libs.chassis.http import Problem, aware_moment, cursor_of, read_cursor
from libs.chassis.http.cursors import MAX_CURSOR_CHARACTERS

WARSAW = timezone(timedelta(hours=2))


def place_of(cursor: str) -> tuple[datetime, str] | None:
    return read_cursor(cursor, lambda at, row_id: (aware_moment(at), row_id))


@pytest.mark.parametrize("at", [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 12, 30, 5, 7, tzinfo=WARSAW)])
@pytest.mark.parametrize("row_id", ["a", "x" * 64])
def test_a_cursor_stands_for_the_place_it_was_made_of(at: datetime, row_id: str) -> None:
    cursor = cursor_of(at, row_id)
    assert place_of(cursor) == (at, row_id)
    assert len(cursor) <= MAX_CURSOR_CHARACTERS


NONE = (
    *(b"\xff", b"{}", b"[]"),
    b'["2026-01-01T00:00:00Z"]',
    b'["2026-01-01","m"]',
    b'[1,"m"]',
    b'["2026-01-01T00:00:00Z",1]',
    b'["2026-01-01T00:00:00Z","a b"]',
    b'["2026-01-01T00:00:00Z","m\\u0000"]',
    b'["2026-01-01T00:00:00Z","m","n"]',
)


@pytest.mark.parametrize("cursor", [*(base64.urlsafe_b64encode(one).decode() for one in NONE), "!", "x", "żółw"])
def test_a_text_that_no_list_has_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        place_of(cursor)
    assert (refused.value.status, refused.value.errors[0]["field"]) == (422, "query.cursor")
