"""A program of the stack: what to run, where, as whom, and how to stop it."""

import os
import pwd
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from deploy.local.progress import StackError

LOG_END_BYTES = 3000


def ended(name: str, log: Path) -> str:
    """What to say of a program that ended while others waited for it."""
    said = log.read_bytes()[-LOG_END_BYTES:].decode(errors="replace") if log.exists() else ""
    return f"{name} ended while it was starting; the end of its log {log}:\n{said}"


class AccountArguments(TypedDict, total=False):
    """What `subprocess` wants to hear about the account a program runs under."""

    user: int
    group: int
    extra_groups: list[int]


def account_arguments(user: str | None) -> AccountArguments:
    """The arguments that run a program under that account, with its own group alone; none for our own account."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@dataclass(frozen=True)
class Program:
    """How one process is run, by the supervisor or, in tests, directly."""

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 15

    def spawn(self, log: Path) -> "subprocess.Popen[bytes]":
        """Start it as a child of this process, writing to `log`."""
        with log.open("ab") as out:
            return subprocess.Popen(
                self.command,
                cwd=self.directory,
                env=os.environ | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **account_arguments(self.user),
            )

    def check(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        """Raise StackError with the end of its log when the program has ended."""
        if process.poll() is not None:
            raise StackError(ended(self.name, log))

    def stop(self, process: "subprocess.Popen[bytes]") -> None:
        """Ask it to stop and wait; kill it when it takes too long."""
        if process.poll() is None:
            process.send_signal(self.stop_signal)
        try:
            process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
