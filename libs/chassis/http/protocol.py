"""HTTP/1.1 as the services speak it: uvicorn's protocol on the parser in C, with the limit that parser lacks."""

import asyncio
from collections.abc import Iterable
from typing import Any, TypeAlias

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024  # a request line, its headers and its trailers
FRAMING_BYTES = 32  # at most, of what stands around a request line or a chunk and is not handed over
GATHERED_BYTES = 64 * 1024  # an answer's pieces up to here leave together; more of them leave at once


Piece: TypeAlias = "bytes | bytearray | memoryview[Any]"


class _Gathering(asyncio.Transport):
    """A transport that sends what is written in one turn of the event loop in one piece: an answer's head and body.

    Each piece of its own would cost a call of the kernel here, and wake the reader twice.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._pieces: list[Piece] = []
        self._bytes = 0

    def write(self, data: Piece) -> None:
        """Keep it until the turn ends."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)
        self._bytes += len(data)
        if self._bytes > GATHERED_BYTES:
            self._flush()

    def writelines(self, list_of_data: Iterable[Piece]) -> None:
        """Keep them all."""
        for data in list_of_data:
            self.write(data)

    def close(self) -> None:
        """Close once all is sent."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether it is."""
        return self._transport.is_closing()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def pause_reading(self) -> None:
        """Take nothing in."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take in again."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport knows of its socket."""
        return self._transport.get_extra_info(name, default)

    def _flush(self) -> None:
        if self._pieces and not self._transport.is_closing():
            self._transport.write(b"".join(self._pieces))
        self._pieces, self._bytes = [], 0


class HeadTooLongError(Exception):
    """A request line with its headers, or with its trailers, is longer than is read."""


class LimitedProtocol(HttpToolsProtocol):
    """Answers 400 to a head that is too long or does not come to its end, instead of keeping all of it in memory.

    What the parser hands over is counted as it comes. What it keeps, because a header or trailer has not ended yet, is
    what came since it handed something over. Trailers count as part of the head, and are dropped.
    """

    _head_bytes = 0
    _in_head = True
    _kept_bytes = 0
    _handed_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Answer through a transport that gathers."""
        super().connection_made(_Gathering(transport))

    def data_received(self, data: bytes) -> None:
        """Take the next piece."""
        self._handed_bytes = 0
        super().data_received(data)
        before = 0 if self._handed_bytes else self._kept_bytes
        self._kept_bytes = max(0, before + len(data) - self._handed_bytes)
        if self._kept_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's head is too long.")

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head_bytes, self._in_head = 0, True
        self._handed_bytes += FRAMING_BYTES
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or after the head a trailer."""
        self._count(len(name) + len(value) + len(b": \r\n"))
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head has come to its end."""
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body: those who read it bound it."""
        self._handed_bytes += len(body) + FRAMING_BYTES
        super().on_body(body)

    def _count(self, size: int) -> None:
        """Count a part of the head; what is raised here the parser takes for a request that is not HTTP."""
        self._handed_bytes += size
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise HeadTooLongError
