"""The supervisor: supervisord, which restarts whatever dies, set up and asked from here.

Every program counts as running at once and is started again for ever: supervisord's own growing pauses would keep a
service away long after the server that it needs is back. It looks for dead children once a second, so that a
program which cannot start tries no more often than that; the keeper makes it look at once when a program dies that
had been running well.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.places import PRIVATE, ROOT, Places, write_private
from deploy.local.processes import STOP_GROUPS
from deploy.local.program import Program
from deploy.local.progress import StackError

START_SECONDS = 15.0
PAUSE_SECONDS = 0.05
STOP_SECONDS = 75.0  # what the slowest group of programs may take, and some more
LONGEST_SOCKET = 100  # bytes of a socket's path; Linux takes 107
GROUP_RANK = 100

HEAD = """\
[supervisord]
nodaemon=true
silent=true
identifier=iok
logfile={log}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={run}/supervisord.pid
childlogdir={log}
{user}
[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

PROGRAM = """
[program:{name}]
command={command}
directory={directory}
{user}
autostart=false
autorestart=true
startsecs=0
startretries=1000000
stopsignal={signal}
stopwaitsecs={seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile={log}/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=2
"""

GROUP = """
[group:{name}]
programs={programs}
priority={priority}
"""


class Supervisor:
    """One supervisord, a child of this process, and the programs it looks after."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._socket = _socket(places)
        self._settings = places.run / "supervisord.conf"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, programs: Iterable[Program], inherited: tuple[int, ...] = ()) -> None:
        """Start supervisord with these programs, none of them running yet; it inherits these file descriptors.

        Raises:
            StackError: it does not answer.
        """
        by_name = {program.name: program for program in programs}
        write_private(self._settings, _settings(self._places, self._socket, by_name))
        with (self._places.log / "supervisord.out").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._settings)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=inherited,
            )
        self._wait_for_answer()

    @property
    def alive(self) -> bool:
        """Whether supervisord itself lives."""
        return self.process is not None and self.process.poll() is None

    def launch(self, *names: str) -> None:
        """Start these programs, which are not running.

        Raises:
            StackError: one cannot even be started.
        """
        server = self._server()
        for name in names:
            try:
                server.supervisor.startProcess(f"{_group(name)}:{name}", False)
            except Fault as fault:
                raise StackError(f"{name} cannot be started: {fault.faultString}; see {self._places.log}") from fault

    def halt(self, *names: str) -> None:
        """Stop these programs, and leave them stopped until they are launched again.

        Raises:
            StackError: one cannot be stopped.
        """
        server = self._server()
        for name in names:
            try:
                server.supervisor.stopProcess(f"{_group(name)}:{name}", True)
            except Fault as fault:
                raise StackError(f"{name} cannot be stopped: {fault.faultString}") from fault

    def pids(self) -> dict[str, int]:
        """The process number of every program that runs at this moment.

        Raises:
            ConnectionError: supervisord does not answer, or is stopping.
        """
        try:
            answer: Any = self._server().supervisor.getAllProcessInfo()
        except (OSError, Fault, HTTPException) as error:
            raise ConnectionError(f"the supervisor does not answer: {error}") from error
        return {info["name"]: info["pid"] for info in answer if info["pid"]}

    def stop(self) -> None:
        """Stop every program, group by group, and supervisord itself."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._socket.parent != self._places.run:
            shutil.rmtree(self._socket.parent, ignore_errors=True)

    def _server(self) -> ServerProxy:
        return ServerProxy("http://localhost", transport=SupervisorTransport(None, None, f"unix://{self._socket}"))

    def _wait_for_answer(self) -> None:
        until = time.monotonic() + START_SECONDS
        while self.alive and time.monotonic() < until:
            try:
                self.pids()
            except ConnectionError:
                time.sleep(PAUSE_SECONDS)
            else:
                return
        raise StackError(f"the supervisor does not start; see {self._places.log}/supervisord.out")


def _group(name: str) -> str:
    return next(group for group, names in STOP_GROUPS.items() if name in names)


def _socket(places: Places) -> Path:
    """Where supervisord listens: among the other running things, or in a folder of ours when that path is too long."""
    wanted = places.run / "supervisor.sock"
    if len(os.fsencode(wanted)) <= LONGEST_SOCKET:
        return wanted
    name = hashlib.sha256(os.fsencode(places.var)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"iok-{os.getuid()}-{name}"
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise StackError(f"{folder} belongs to somebody else; remove it, or set TMPDIR to a folder of your own")
    return folder / "supervisor.sock"


def _settings(places: Places, socket: Path, programs: Mapping[str, Program]) -> str:
    """Supervisord's settings file. It expands %, so every % of ours is doubled."""
    user = "user=root\n" if os.geteuid() == 0 else ""
    parts = [HEAD.format(log=_plain(places.log), run=_plain(places.run), socket=_plain(socket), user=user)]
    for name, program in programs.items():
        parts.append(
            PROGRAM.format(
                name=name,
                command=_plain(_command(program)),
                directory=_plain(program.directory),
                user=f"user={program.user}" if program.user else "",
                signal=program.stop_signal.name.removeprefix("SIG"),
                seconds=program.stop_seconds,
                log=_plain(places.log),
            )
        )
    for rank, (group, names) in enumerate(STOP_GROUPS.items(), start=1):
        present = [name for name in names if name in programs]
        if present:
            parts.append(GROUP.format(name=group, programs=",".join(present), priority=rank * GROUP_RANK))
    return "".join(parts)


def _plain(value: object) -> str:
    return str(value).replace("%", "%%")


def _command(program: Program) -> str:
    """The command with its environment before it: supervisord's own setting for that knows no escapes."""
    variables = (f"{name}={value}" for name, value in program.environment.items())
    return shlex.join(("env", *variables, *program.command))
