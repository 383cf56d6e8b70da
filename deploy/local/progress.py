"""What the person at the terminal sees: each step as it starts and ends, with the seconds since the beginning."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class StackError(Exception):
    """The stack cannot go on; the message says what is wrong and what to do about it."""


class Progress:
    """Prints steps as lines; several threads may tell theirs at once."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._began = time.monotonic()
        self._lock = threading.Lock()

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """Print one line."""
        with self._lock:
            print(f"[{self.seconds:5.1f} s] {text}", file=self._out, flush=True)

    @contextmanager
    def step(self, doing: str, done: str) -> Iterator[None]:
        """Say what is being done, and when the block ends well, that it is done and how long it took."""
        self.say(f"{doing} ...")
        began = time.monotonic()
        yield
        self.say(f"{done} ({time.monotonic() - began:.1f} s)")


class Silent(Progress):
    """Tells nobody anything: for the servers of the tests."""

    def say(self, text: str) -> None:
        """Print nothing."""
