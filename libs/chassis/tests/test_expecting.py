"""A reader tells a gap in Kafka's log from records that it gave up."""

import pytest

from libs.chassis.projection.expecting import Expecting

HERE, THERE = ("iok.charges", 3), ("iok.charges", 4)


@pytest.fixture
def expecting() -> Expecting[tuple[str, int]]:
    found: Expecting[tuple[str, int]] = Expecting()
    found.seek(HERE, 90)
    return found


def test_only_the_next_batch_fits(expecting: Expecting[tuple[str, int]]) -> None:
    assert [expecting.fits(HERE, first) for first in (89, 91, 90)] == [False, False, True]
    expecting.advance(HERE, 90, 100)
    assert [expecting.fits(HERE, first) for first in (90, 100)] == [False, True]


def test_a_later_batch_fetched_before_a_rebalance_does_not_fit_although_the_place_was_just_sought(
    expecting: Expecting[tuple[str, int]],
) -> None:
    expecting.believe_gap(HERE)
    expecting.leave(HERE)
    expecting.seek(HERE, 90)
    assert not expecting.fits(HERE, 100)


def test_a_gap_is_believed_once_and_only_ahead(expecting: Expecting[tuple[str, int]]) -> None:
    expecting.believe_gap(HERE)
    assert expecting.fits(HERE, 92)
    assert not expecting.fits(HERE, 92)
    expecting.believe_gap(HERE)
    assert not expecting.fits(HERE, 89)


def test_a_partition_that_was_left_expects_nothing_and_believes_nothing(expecting: Expecting[tuple[str, int]]) -> None:
    expecting.leave(HERE)
    expecting.believe_gap(HERE)
    assert expecting.next_of(HERE) is None
    assert expecting.all() == {}


def test_a_batch_that_ends_after_the_partition_was_sought_elsewhere_moves_nothing(
    expecting: Expecting[tuple[str, int]],
) -> None:
    expecting.seek(HERE, 40)
    expecting.advance(HERE, 90, 100)
    expecting.seek(THERE, 7)
    assert expecting.all() == {HERE: 40, THERE: 7}
