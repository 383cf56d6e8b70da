"""HTTP at the socket: a request's head has a limit, however it comes."""

import asyncio

import pytest
import uvicorn
from uvicorn.server import ServerState

from libs.chassis.http import create_app
from libs.chassis.http.protocol import MAX_HEAD_BYTES, LimitedProtocol

PIECE = b"x" * 1000


async def answer_to(*pieces: bytes) -> bytes:
    """The first line of what a server says to these bytes, sent piece by piece."""
    config = uvicorn.Config(create_app("test"), log_config=None, lifespan="off")
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: LimitedProtocol(config, ServerState(), {}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        line = await reader.readline()
        writer.close()
    return line


async def test_a_request_is_answered() -> None:
    assert (
        await answer_to(b"GET /healthz HTTP/1.1\r\nhost: a\r\nx-long: ", PIECE, b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\n"
    )


@pytest.mark.parametrize("begin", [b"GET /healthz HTTP/1.1\r\nx-long: ", b"GET /"])
async def test_a_head_that_does_not_end_is_refused(begin: bytes) -> None:
    pieces = [PIECE] * (MAX_HEAD_BYTES // len(PIECE) + 1)

    assert await answer_to(begin, *pieces) == b"HTTP/1.1 400 Bad Request\r\n"
