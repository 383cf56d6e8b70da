"""Patience that ends, for tests that wait by asking."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 40.0
PAUSE_SECONDS = 0.1

AnswerT = TypeVar("AnswerT")


def until(ask: Callable[[], AnswerT], what: str) -> AnswerT:
    """Ask until the answer is true-like, and return it.

    Raises:
        AssertionError: it was not within the time; `what` is told.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while not (answer := ask()):
        assert time.monotonic() < end, f"{what} did not come within {PATIENCE_SECONDS} s"
        time.sleep(PAUSE_SECONDS)
    return answer
