"""A rebuild apart from whoever asks for it: beside an API in one loop, its batches would hold answers up."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from services.ledger.domain import Rebuilt, Tell

Build = Callable[[Tell, bool], Coroutine[Any, Any, Rebuilt]]


class RebuildApart:
    """Builds books in a thread with a loop of its own. `build` opens its own connections, for they belong to a loop."""

    def __init__(self, build: Build) -> None:
        """Keep what builds a book; it is told whether an operator asks."""
        self._build = build

    async def run(self, tell: Tell, *, by_operator: bool) -> Rebuilt:
        """Build a book and switch to it; `tell` is called in the other thread. Raises whatever `build` does."""
        return await asyncio.to_thread(self._in_a_loop, tell, by_operator=by_operator)

    def _in_a_loop(self, tell: Tell, *, by_operator: bool) -> Rebuilt:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(self._build(tell, by_operator))
