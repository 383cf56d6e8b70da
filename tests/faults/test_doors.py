"""A door lets through, slows, stalls, cuts and refuses; what is cut is lost, what is stalled arrives later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.faults.doors import Order, Rules, open_door

SOON_SECONDS = 0.05
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(100):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def through(rules: Rules) -> AsyncIterator[Ends]:
    """A connection through a door called `it` to a server that says everything back."""
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        target = server.sockets[0].getsockname()[1]
        door = await open_door(rules, "it", 0, target)
        reader, writer = await asyncio.open_connection("127.0.0.1", door.sockets[0].getsockname()[1])
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            door.close()


async def said(ends: Ends, piece: bytes) -> bytes:
    """What comes back at once; b"..." when nothing does."""
    ends[1].write(piece)
    try:
        return await asyncio.wait_for(ends[0].read(100), SOON_SECONDS)
    except TimeoutError:
        return b"..."


async def test_an_open_door_lets_bytes_through() -> None:
    async with through(Rules()) as ends:
        assert await asyncio.wait_for(_answered(ends), 5) == b"hello"


async def _answered(ends: Ends) -> bytes:
    ends[1].write(b"hello")
    return await ends[0].read(100)


async def test_what_is_stalled_arrives_when_the_door_is_opened() -> None:
    rules = Rules()
    async with through(rules) as ends:
        await _answered(ends)
        rules.give("it", "", Order("stall"))
        assert await said(ends, b"later") == b"..."
        rules.give("it", "", Order())
        assert await asyncio.wait_for(ends[0].read(100), 5) == b"later"


async def test_what_is_cut_is_lost_and_the_connection_ends_when_the_door_is_opened() -> None:
    rules = Rules()
    async with through(rules) as ends:
        await _answered(ends)
        rules.give("it", "", Order("cut"))
        assert await said(ends, b"lost") == b"..."
        rules.give("it", "", Order())
        with suppress(ConnectionError):
            assert await asyncio.wait_for(ends[0].read(100), 5) == b""


async def test_a_refusing_door_ends_connections() -> None:
    rules = Rules()
    async with through(rules) as ends:
        await _answered(ends)
        rules.give("it", "", Order("refuse"))
        with suppress(ConnectionError):
            assert await asyncio.wait_for(ends[0].read(100), 5) == b""


@pytest.mark.parametrize("client", ["payments", "gateway"])
async def test_a_clients_own_order_stands_above_everybodys(client: str) -> None:
    rules = Rules()
    rules.give("kafka", "", Order("slow", 1.0))
    rules.give("kafka", "payments", Order("cut"))
    assert rules.of("kafka", client).kind == {"payments": "cut", "gateway": "slow"}[client]
    rules.give("kafka", "", Order())
    assert rules.of("kafka", "gateway").kind == "open"
