"""The network between the services and their servers, as the campaign orders it about (see `doors`)."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
FIRST_PORT = 27_000
LAST_PORT = 31_900


class Network:
    """A process of doors for Kafka and PostgreSQL, and the environment that makes a stack use them."""

    def __init__(self) -> None:
        ports = free_ports(4)
        self._kafka, self._kafka_door, self._postgres, self._postgres_door = ports
        doors = (f"kafka={self._kafka_door}:{self._kafka}", f"postgres={self._postgres_door}:{self._postgres}")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.doors", *doors],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._answer()

    def environment(self) -> dict[str, str]:
        """For the launcher of the stack."""
        return {
            "IOK_KAFKA_PORT": str(self._kafka),
            "IOK_KAFKA_DOOR_PORT": str(self._kafka_door),
            "IOK_POSTGRES_PORT": str(self._postgres),
            "IOK_POSTGRES_DOOR_PORT": str(self._postgres_door),
        }

    def order(self, door: str, kind: str, client: str = "", seconds: float = 0.0) -> None:
        """Give an order and wait until it is in force; `client` is a process of the stack, or empty for all."""
        assert self._process.stdin is not None
        told = {"door": door, "client": client, "kind": kind, "seconds": seconds}
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        self._answer()

    def close(self) -> None:
        """End the doors; the stack must have stopped."""
        self._process.terminate()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self) -> None:
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise ConnectionError("the doors have ended")


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, below those from which outgoing connections are taken."""
    found: list[int] = []
    for port in range(FIRST_PORT + (id(found) // 64) % 2_000, LAST_PORT):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free ports")
