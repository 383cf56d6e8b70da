"""Argon2id off the event loop: a bounded number at work, a bounded number waiting, and the same work for every guess.

Figures: architecture.md rule 8 (19 MiB, t=2, p=1: the first choice of the OWASP password storage cheat sheet), some
26 ms of a core.
"""

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from services.identity.domain.passwords import MAX_CHARACTERS, prepared

MEMORY_KIB: Final = 19 * 1024
ITERATIONS: Final = 2
LANES: Final = 1
AT_WORK: Final = 2  # threads, each on a core and 19 MiB
PLACES: Final = 64  # at work or waiting: some 0.8 s of work for two cores


class PasswordsBusyError(Exception):
    """All places are taken: come back in a second."""


class PasswordPool:
    """Hashes and checks passwords."""

    def __init__(self, at_work: int = AT_WORK, places: int = PLACES) -> None:
        self._hasher = PasswordHasher(time_cost=ITERATIONS, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
        self._threads = ThreadPoolExecutor(at_work, thread_name_prefix="argon2")
        self._places = places
        self._taken = 0
        self._nobodys = self._hasher.hash(secrets.token_hex(32))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places for a piece of work that will hash or check.

        Raises:
            PasswordsBusyError: all are taken.
        """
        if self._taken >= self._places:
            raise PasswordsBusyError
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def hash(self, password: str) -> str:
        """Hash a password for keeping."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, prepared(password))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Tell whether a password is the one kept; with nothing kept it takes as long and says no."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, kept, password)

    def _verify(self, kept: str | None, password: str) -> bool:
        typed = prepared(password)[: MAX_CHARACTERS + 1]  # nothing longer is ever kept
        try:
            return self._hasher.verify(kept or self._nobodys, typed) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)
