"""Free ports on this machine, so that several copies of the system run side by side.

A port is taken by its number's lock file as well as by trying it: two copies that start at the same moment would
both find it free. Other ports than the default lie in steps of 100 above it and below the range from which the
system takes the local ports of outgoing connections: those may be in use at the moment when a killed server wants
its own back.
"""

import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from deploy.local.places import write_private
from deploy.local.progress import StackError

HOST = "127.0.0.1"
STEP = 100
HIGHEST = 32_000


class Ports:
    """Ports claimed for one stack, as long as this process lives; `environment` may name some.

    `memory` is a file that keeps them: the next start takes the same again where they are free, so that bookmarks hold.
    """

    def __init__(self, environment: Mapping[str, str] = MappingProxyType({}), memory: Path | None = None) -> None:
        self._environment = environment
        self._memory = memory
        self._last: dict[str, int] = {}
        if memory is not None and memory.exists():
            self._last = json.loads(memory.read_text(encoding="utf-8"))
        self._folder = Path(tempfile.gettempdir()) / f"iok-ports-{os.getuid()}"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._folder.is_symlink() or self._folder.stat().st_uid != os.getuid():
            raise StackError(
                f"{self._folder} belongs to somebody else; remove it, or set TMPDIR to a folder of your own"
            )
        self._claims: list[int] = []

    def claim(self, name: str, default: int, variable: str = "") -> int:
        """A free port for `name`: the one that the environment's `variable` names, else one from the default on.

        Raises:
            StackError: the port asked for is taken, or none is free.
        """
        asked = self._environment.get(variable, "")
        if asked:
            if not asked.isdecimal() or not self._take(int(asked)):
                raise StackError(
                    f"{variable}={asked}: that port cannot be had for {name}; free it, or name another one"
                )
            return int(asked)
        candidates: tuple[int, ...] = (self._last.get(name, default), *range(default, HIGHEST, STEP))
        for port in candidates:
            if self._take(port):
                self._remember(name, port)
                return port
        raise StackError(f"no free port found for {name} from {default} on in steps of {STEP}; stop other copies")

    def _remember(self, name: str, port: int) -> None:
        if self._memory is not None:
            self._last[name] = port
            write_private(self._memory, json.dumps(self._last))

    def _take(self, port: int) -> bool:
        lock = os.open(self._folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        if not is_free(port):
            os.close(lock)
            return False
        self._claims.append(lock)
        return True


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether somebody listens on that port of the loopback address."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
