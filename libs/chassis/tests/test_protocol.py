"""HTTP at the socket: a request's head has a limit, however it comes."""

import asyncio
import re

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from libs.chassis.http import create_app
from libs.chassis.http.protocol import MAX_HEAD_BYTES, LimitedProtocol

PIECE = b"x" * 1000


async def answer_to(*pieces: bytes) -> bytes:
    """The first line of what a server says to these bytes, sent piece by piece."""
    return (await whole_answer_to(create_app("test"), *pieces)).partition(b"\n")[0] + b"\n"


async def whole_answer_to(app: ASGIApp, *pieces: bytes) -> bytes:
    """All that a server says until it closes or the answer has as many bytes as it tells."""
    config = uvicorn.Config(app, log_config=None, lifespan="off")
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: LimitedProtocol(config, ServerState(), {}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        said = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"content-length: (\d+)", said):
            said += await reader.readexactly(int(length[1]))
        writer.close()
    return said


async def test_an_answer_of_many_pieces_comes_whole_and_in_order() -> None:
    pieces = [str(n % 10).encode() * 10_000 for n in range(50)]

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"500000")]})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    answer = await whole_answer_to(app, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")

    assert answer.partition(b"\r\n\r\n")[2] == b"".join(pieces)


async def test_a_request_is_answered() -> None:
    assert (
        await answer_to(b"GET /healthz HTTP/1.1\r\nhost: a\r\nx-long: ", PIECE, b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\n"
    )


@pytest.mark.parametrize("begin", [b"GET /healthz HTTP/1.1\r\nx-long: ", b"GET /"])
async def test_a_head_that_does_not_end_is_refused(begin: bytes) -> None:
    pieces = [PIECE] * (MAX_HEAD_BYTES // len(PIECE) + 1)

    assert await answer_to(begin, *pieces) == b"HTTP/1.1 400 Bad Request\r\n"


HEAD = b"GET /healthz HTTP/1.1\r\nhost: a\r\n"
CHUNKED = b"POST /healthz HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD + b"x-long: " + PIECE * 200 + b"\r\n\r\n"],
        [HEAD + b"x-some: y\r\n" * 20_000 + b"\r\n"],
        [CHUNKED, b"x-long: ", *[PIECE] * 66],
        [CHUNKED, *[b"x-some: " + PIECE + b"\r\n"] * 66],
    ],
    ids=["one long header at once", "many headers at once", "a trailer without end", "trailers without end"],
)
async def test_a_head_too_long_is_refused_and_the_connection_closed_however_it_comes(pieces: list[bytes]) -> None:
    async def app(_: Scope, receive: Receive, __: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    assert (await whole_answer_to(app, *pieces)).startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_trailers_of_a_usual_length_are_no_headers() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        told = str(sorted(name.decode() for name, _ in scope["headers"])).encode()
        head = [(b"content-length", str(len(told)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": told})

    answer = await whole_answer_to(app, CHUNKED + b"authorization: mine\r\n\r\n")

    assert answer.endswith(b"['host', 'transfer-encoding']")
