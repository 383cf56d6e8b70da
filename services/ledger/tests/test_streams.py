"""Stream versions show gaps and versions taken twice, and decide nothing."""

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain import StreamHead, VersionNote


def test_versions_in_their_order_leave_no_gap() -> None:
    head = StreamHead()
    for version in (1, 2, 3):
        head, note = head.note(version)
        assert note is VersionNote.NEXT
    assert head == StreamHead(3)


def test_a_version_ahead_leaves_a_gap_that_late_ones_fill() -> None:
    head, note = StreamHead(1).note(5)
    assert (head, note) == (StreamHead(5, ((2, 4),)), VersionNote.AHEAD)
    head, note = head.note(3)
    assert (head, note) == (StreamHead(5, ((2, 2), (4, 4))), VersionNote.LATE)
    for version in (2, 4):
        head, _ = head.note(version)
    assert head == StreamHead(5)


def test_a_version_that_came_before_is_taken() -> None:
    head = StreamHead(3, ((2, 2),))
    assert head.note(3) == (head, VersionNote.TAKEN)
    assert head.note(1) == (head, VersionNote.TAKEN)


@given(st.permutations(range(1, 9)))
def test_all_versions_in_any_order_end_without_a_gap(versions: list[int]) -> None:
    head = StreamHead()
    for version in versions:
        head, note = head.note(version)
        assert note is not VersionNote.TAKEN
    assert head == StreamHead(8)
