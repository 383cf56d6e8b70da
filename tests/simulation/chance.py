"""Chance, all of it drawn from a seed."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """One stream of chance; two of different `purpose` do not disturb each other."""

    __slots__ = ("_random", "roll")

    def __init__(self, seed: int, purpose: str) -> None:
        self._random = random.Random(f"{seed}/{purpose}")
        self.roll = self._random.random

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens now."""
        return probability > 0 and self.roll() < probability

    def below(self, limit: int) -> int:
        """A number from 0 up to but without `limit`."""
        return int(self.roll() * limit)

    def between(self, least: int, most: int) -> int:
        """A number, both ends included."""
        return least + int(self.roll() * (most - least + 1))

    def one_of(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[int(self.roll() * len(choices))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The same in another order."""
        copied = list(items)
        self._random.shuffle(copied)
        return copied

    def uuid(self) -> str:
        """A UUID."""
        text = f"{self._random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-7{text[13:16]}-a{text[17:20]}-{text[20:]}"
