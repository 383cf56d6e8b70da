"""Python's cyclic garbage collection, kept out of loops that make millions of short-lived objects."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

OBJECTS_BEFORE_A_LOOK: Final = 100_000  # Python's default is some hundreds: a batch of records makes a hundred thousand


def collect_seldom() -> None:
    """For a process that reads records for as long as it lives: what exists now is left alone, the rest seen seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BEFORE_A_LOOK)


@contextmanager
def collected_by_hand() -> Iterator[None]:
    """Switch the collector off, and leave what exists now alone: it cost the reading of records up to a third.

    Whoever stays in here for long calls `gc.collect()` now and then, at a place of its choosing. What is garbage now is
    found afterwards: to look for it first would cost short work a tenth of its time.
    """
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
