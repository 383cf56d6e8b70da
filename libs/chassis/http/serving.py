"""Serving HTTP by uvicorn until told to stop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from libs.chassis.http.protocol import LimitedProtocol

KEEP_ALIVE_SECONDS = 75  # longer than the gateway keeps its connections, so that it never writes into a closing one
BACKLOG_CONNECTIONS = 512


class _Server(uvicorn.Server):
    """uvicorn, with signals left to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the roles of a process stop together."""
        yield


async def serve(app: FastAPI, host: str, port: int, stop: asyncio.Event, grace_seconds: int) -> None:
    """Serve until told to stop; returns before that when the port cannot be had.

    What is being answered then has `grace_seconds` to end.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=LimitedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,
        backlog=BACKLOG_CONNECTIONS,
    )
    server = _Server(config)
    stopping = asyncio.create_task(_then(stop, lambda: setattr(server, "should_exit", True)))
    try:
        await server.serve()
    finally:
        stopping.cancel()


async def _then(stop: asyncio.Event, act: Callable[[], None]) -> None:
    await stop.wait()
    act()
