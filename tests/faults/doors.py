"""Doors between the services and their servers: `python -m tests.faults.doors kafka=21192:21092 postgres=…`.

Each door forwards a port to another. Orders come as JSON lines on standard input, each answered by a line:
`{"door": "kafka", "client": "ledger-relay", "kind": "cut", "seconds": 0}`; an empty client means everybody.

open    bytes pass
slow    each piece waits `seconds`
stall   nothing passes; what was sent arrives after the door is opened, as over a network that sends again
cut     nothing passes, and is lost; when the door is opened its connections end, as after a long cut
refuse  connections end, and no new one is let in

A client is known by the process that owns the other end of its connection. Toxiproxy does the like, but no registry
that the project installs from has it (a Go toolchain would have to build it), and it knows no clients behind one port,
while all of Kafka's clients come to the one address that the broker tells them.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvloop

PIECE_BYTES = 64 * 1024
HOST = "127.0.0.1"
HELD = ("stall", "cut")


@dataclass(frozen=True)
class Order:
    """What a door does; `seconds` only where it is slow."""

    kind: str = "open"
    seconds: float = 0.0


class Rules:
    """The orders in force, by door and client; a client's own order stands above everybody's."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], Order] = {}
        self.changed = asyncio.Event()

    def give(self, door: str, client: str, order: Order) -> None:
        """Put an order in force and wake all who wait; an open door has none."""
        if order.kind == "open":
            self._orders.pop((door, client), None)
        else:
            self._orders[door, client] = order
        self.changed.set()
        self.changed = asyncio.Event()

    def of(self, door: str, client: str) -> Order:
        """The order for a client at a door."""
        return self._orders.get((door, client)) or self._orders.get((door, "")) or Order()


class Passage:
    """One connection through a door."""

    def __init__(self, rules: Rules, door: str, client: str) -> None:
        self._rules = rules
        self._door = door
        self._client = client
        self._writers: list[asyncio.StreamWriter] = []
        self._lost = False

    @property
    def order(self) -> Order:
        """What holds for this connection now."""
        return self._rules.of(self._door, self._client)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        """Carry bytes both ways until one side ends, or the door's order ends it."""
        self._writers.append(writer)
        try:
            with suppress(OSError):  # an end that breaks off ends the connection, as on any network
                await self._carry(reader, writer, port)
        finally:
            for each in self._writers:
                each.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        await self._until(lambda: self.order.kind not in HELD)
        if self.order.kind == "refuse":
            return
        far_reader, far_writer = await asyncio.open_connection(HOST, port)
        self._writers.append(far_writer)
        ways = [self._one_way(reader, far_writer), self._one_way(far_reader, writer), self._broken()]
        tasks = [asyncio.create_task(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE_BYTES):
            await self._until(lambda: self.order.kind != "stall")
            order = self.order
            if order.kind == "cut":
                self._lost = True
                continue
            if order.kind == "slow":
                await asyncio.sleep(order.seconds)
            writer.write(piece)
            await writer.drain()
        await self._until(lambda: self.order.kind not in HELD)  # the other side does not hear of the end before
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _broken(self) -> None:
        """Return when the connection must end: refused, or open again after bytes were lost."""
        await self._until(lambda: self.order.kind == "refuse" or (self._lost and self.order.kind != "cut"))

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            await self._rules.changed.wait()


def client_of(peer_port: int) -> str:
    """The name of the process that owns the connection's other end, as `deploy.local` names it; empty for others."""
    inode = _inode_of(peer_port)
    if not inode:
        return ""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (name := _service_of(folder)) and _holds(folder, inode):
            return name
    return ""


def _inode_of(port: int) -> str:
    wanted = f"0100007F:{port:04X}"
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        columns = line.split()
        if columns[1] == wanted:
            return columns[9]
    return ""


def _service_of(folder: Path) -> str:
    """`services.ledger relay` is `ledger-relay`, `services.payments` is `payments`."""
    try:
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    for at, word in enumerate(words):
        if word.startswith("services."):
            role = words[at + 1] if at + 1 < len(words) else ""
            return "-".join(filter(None, (word.removeprefix("services."), role)))
    return ""


def _holds(folder: Path, inode: str) -> bool:
    wanted = f"socket:[{inode}]"
    try:
        return any(_link(file) == wanted for file in (folder / "fd").iterdir())
    except OSError:
        return False


def _link(file: Path) -> str:
    try:
        return os.readlink(file)  # noqa: PTH115 - a socket's link leads to no path
    except OSError:
        return ""


async def open_door(rules: Rules, name: str, port: int, target: int) -> asyncio.Server:
    """Forward `port` to `target` under the rules."""

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = await asyncio.to_thread(client_of, writer.get_extra_info("peername")[1])
        await Passage(rules, name, client).carry(reader, writer, target)

    return await asyncio.start_server(come, HOST, port)


def say(what: dict[str, object]) -> None:
    """Answer whoever gives orders."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def main(doors: list[str]) -> None:
    """Open the doors, then obey until standard input ends."""
    rules = Rules()
    servers = []
    for door in doors:
        name, ports = door.split("=")
        port, target = ports.split(":")
        servers.append(await open_door(rules, name, int(port), int(target)))
    say({"open": len(servers)})
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        told = json.loads(line)
        rules.give(told["door"], told["client"], Order(told["kind"], told["seconds"]))
        say({"done": told["kind"]})


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
