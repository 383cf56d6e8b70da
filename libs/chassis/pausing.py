"""Waiting between two tries or two rounds, and not a moment longer than until told to stop."""

import asyncio
from contextlib import suppress
from typing import Final

BACKOFF_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


def backoff(failures: int) -> float:
    """Give the seconds to wait after so many failures in a row and one more: short at first, two at most."""
    return BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so many seconds, or until told to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
