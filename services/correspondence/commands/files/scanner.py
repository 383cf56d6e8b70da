"""The virus scanner: clamd, asked by its INSTREAM command (clamd(8)). What it cannot say is not clean."""

import asyncio
import struct
from typing import Final, Protocol
from urllib.parse import urlsplit

PIECE_BYTES: Final = 64 * 1024
TIMEOUT_SECONDS: Final = 20.0
COMMAND: Final = b"zINSTREAM\0"
CLEAN: Final = b"stream: OK"
FOUND: Final = b" FOUND"
MAX_ANSWER_BYTES: Final = 1_000


class ScannerAwayError(Exception):
    """The scanner did not say whether a file is clean."""


class Scanner(Protocol):
    """Says whether a file is clean."""

    async def is_clean(self, content: bytes) -> bool:
        """Tell whether nothing harmful was found.

        Raises:
            ScannerAwayError: nobody can tell now.
        """


class Clamd:
    """clamd at `tcp://host:port` or `unix:///path`."""

    def __init__(self, address: str) -> None:
        self._address = urlsplit(address)
        if self._address.scheme not in ("tcp", "unix"):
            raise ValueError("clamd is at tcp://host:port or unix:///path")

    async def is_clean(self, content: bytes) -> bool:
        """Tell whether clamd found nothing."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = (await self._ask(content)).rstrip(b"\0\n ")
        except (OSError, TimeoutError, EOFError, asyncio.IncompleteReadError) as error:
            raise ScannerAwayError(repr(error)) from error
        if answer == CLEAN:
            return True
        if answer.endswith(FOUND):
            return False
        raise ScannerAwayError(answer.decode("latin-1"))

    async def _ask(self, content: bytes) -> bytes:
        reader, writer = await self._open()
        try:
            writer.write(COMMAND)
            for start in range(0, len(content), PIECE_BYTES):
                piece = content[start : start + PIECE_BYTES]
                writer.write(struct.pack("!I", len(piece)) + piece)
                await writer.drain()
            writer.write(struct.pack("!I", 0))
            await writer.drain()
            return await reader.read(MAX_ANSWER_BYTES)
        finally:
            writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.scheme == "unix":
            return await asyncio.open_unix_connection(self._address.path)
        return await asyncio.open_connection(self._address.hostname, self._address.port)


def open_scanner(address: str) -> Scanner | None:
    """Give the scanner of an address, or None when none is configured."""
    return Clamd(address) if address else None
