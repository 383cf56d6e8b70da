"""The virus scanner's protocol, against a stand-in for clamd written from its manual alone."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from services.correspondence.commands.files.scanner import Clamd, ScannerAwayError, open_scanner

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MOST_BYTES = 300_000


class FakeClamd:
    """Answers INSTREAM as clamd(8) says: chunks of a length in network order, ended by a chunk of none."""

    def __init__(self) -> None:
        self.received = b""
        self.silent = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        self.received = b""
        while size := struct.unpack("!I", await reader.readexactly(4))[0]:
            self.received += await reader.readexactly(size)
            if len(self.received) > MOST_BYTES:
                writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                writer.close()
                return
        if not self.silent:
            writer.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in self.received else b"stream: OK\0")
        writer.close()


@pytest.fixture
def clamd() -> FakeClamd:
    return FakeClamd()


@pytest.fixture
async def scanner(clamd: FakeClamd) -> AsyncIterator[Clamd]:
    server = await asyncio.start_server(clamd.serve, "127.0.0.1", 0)
    async with server:
        yield Clamd(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def test_a_clean_file_is_clean_and_arrives_whole(scanner: Clamd, clamd: FakeClamd) -> None:
    content = bytes(range(256)) * 1_000
    assert await scanner.is_clean(content)
    assert clamd.received == content


async def test_a_virus_is_found(scanner: Clamd) -> None:
    assert not await scanner.is_clean(EICAR)


async def test_what_the_scanner_cannot_say_is_not_clean(scanner: Clamd, clamd: FakeClamd) -> None:
    with pytest.raises(ScannerAwayError):
        await scanner.is_clean(b"0" * (MOST_BYTES + 1))
    clamd.silent = True
    with pytest.raises(ScannerAwayError):
        await scanner.is_clean(b"a")
    with pytest.raises(ScannerAwayError):
        await Clamd("unix:///nowhere/clamd.ctl").is_clean(b"a")


def test_a_scanner_is_asked_only_when_it_is_configured() -> None:
    assert open_scanner("") is None
    with pytest.raises(ValueError, match="clamd is at"):
        open_scanner("http://clamd")
