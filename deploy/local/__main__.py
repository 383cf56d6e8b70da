"""`python -m deploy.local [demo|up|down|status|stop SERVICE|start SERVICE]`: the whole system on this machine."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from deploy.local import report
from deploy.local.health import wait_for_services
from deploy.local.lock import StackLock
from deploy.local.places import ROOT, Places
from deploy.local.processes import API_PROCESS, PROCESSES, processes_of
from deploy.local.progress import Progress, StackError
from deploy.local.stack import Stack
from deploy.local.supervision import Supervisor
from libs.chassis import logs

UP_SECONDS = 1200.0
PAUSE_SECONDS = 0.1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(BaseException):
    """Somebody asked the launcher to stop; like KeyboardInterrupt it passes every handler of errors."""


def demo(places: Places, *, background: bool) -> int:
    """Run everything in the foreground until a signal comes; returns the exit code."""
    logs.configure("local-stack", "launcher", "WARNING")
    progress, code = Progress(), 0
    stack = Stack(places, progress)
    try:
        for number in STOP_SIGNALS:
            signal.signal(number, _stop)
        print(report.welcome(stack.start(), places, background=background), flush=True)
        stack.keep()
    except StoppedError:
        print(flush=True)
    except StackError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        code = 1
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        stack.stop()
    return code


def _stop(*_: object) -> None:
    raise StoppedError


def up(places: Places) -> int:
    """Start the same in the background; return when all is ready."""
    places.make()
    if StackLock(places).taken:
        print(f"it runs already ({places.var})")
        return 0
    log = places.log / "stack.log"
    with log.open("wb") as out:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "demo", "--background"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return _follow(launcher, places)
    except KeyboardInterrupt:
        launcher.terminate()
        return launcher.wait() or 1


def _follow(launcher: "subprocess.Popen[bytes]", places: Places) -> int:
    """Show what the launcher says until the stack is ready (0) or the launcher has ended (its exit code)."""
    until = time.monotonic() + UP_SECONDS
    with (places.log / "stack.log").open(encoding="utf-8", errors="replace") as said:
        while time.monotonic() < until:
            code, ready = launcher.poll(), places.run_file.exists()
            time.sleep(PAUSE_SECONDS)
            print(said.read(), end="", flush=True)
            if code is not None:
                return code or 1
            if ready:
                return 0
    launcher.terminate()
    print(f"not ready after {UP_SECONDS:.0f} s: stopped again", file=sys.stderr)
    return 1


def down(places: Places) -> int:
    """Stop what runs, in order; return when it has stopped."""
    lock = StackLock(places)
    if not places.run.exists() or not lock.taken:
        print(f"nothing runs here ({places.var})")
        return 0
    print("stopping ...", flush=True)
    if lock.end_holders():
        print("stopped")
        return 0
    print(f"it does not stop; processes: {lock.holders()}", file=sys.stderr)
    return 1


def turn(places: Places, command: str, names: Sequence[str]) -> int:
    """Stop services and leave them stopped, or start them again and wait until they are ready."""
    chosen = [process for name in names for process in processes_of(name)]
    if not chosen or not places.run_file.exists():
        told = "nothing runs here: `make up`" if chosen else f"name services or processes: {', '.join(PROCESSES)}"
        print(told, file=sys.stderr)
        return 2
    supervisor = Supervisor(places)
    if command == "stop":
        supervisor.halt(*chosen)
        return 0
    supervisor.launch(*chosen)
    services = json.loads(places.run_file.read_text(encoding="utf-8"))["services"]
    urls = {name: row["url"] for name, row in services.items() if API_PROCESS[name] in chosen}
    wait_for_services(urls, Progress(), lambda: True, places.log)
    return 0


def status(places: Places) -> int:
    """Say how everything is; the exit code is 0 when all is ready."""
    ready, told = report.status(places)
    print(told)
    return 0 if ready else 1


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("command", nargs="?", default="demo", choices=("demo", "up", "down", "status", "stop", "start"))
    parser.add_argument("names", nargs="*", metavar="SERVICE", help="what to stop or start; a service or one process")
    parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    places = Places.from_environment()
    if options.command == "demo":
        return demo(places, background=options.background)
    if options.command in {"stop", "start"}:
        return turn(places, options.command, options.names)
    return {"up": up, "down": down, "status": status}[options.command](places)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads that wait for a server or a download must not delay the end
