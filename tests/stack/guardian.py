"""Holds the servers of one run of the tests: `python -m tests.stack.guardian HOME`.

Writes `servers.json` or `failed` below HOME, then waits for the lock `run.lock` there, which the run keeps as long
as it lives; when it gets the lock, it stops the servers and removes HOME.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from deploy.local import postgres
from deploy.local.kafka import KafkaAccess
from deploy.local.places import write_private
from deploy.local.postgres import PostgresAccess
from deploy.local.progress import StackError
from tests.stack import containers, embedded
from tests.stack.servers import Servers

SERVERS_FILE = "servers.json"
FAILED_FILE = "failed"
LOCK_FILE = "run.lock"


def postgres_of_environment() -> PostgresAccess | None:
    """The PostgreSQL that the environment names, if it names one."""
    dsn = os.environ.get("IOK_TEST_DATABASE_URL", "")
    return PostgresAccess.of_dsn(dsn) if dsn else None


def start(home: Path, ends: ExitStack) -> Servers:
    """Start what the environment does not give.

    Raises:
        StackError: a server does not start.
    """
    kafka, server = KafkaAccess.of_environment(os.environ), postgres_of_environment()
    if os.environ.get("IOK_TEST_STACK") == "docker":
        kafka = kafka or containers.start_kafka(ends)
        server = server or containers.start_postgres(ends)
        asyncio.run(postgres.wait_ready(server))
    elif kafka is None and server is None:
        kafka, server = embedded.start_both(home, ends)
    else:
        kafka = kafka or embedded.start_kafka(home, ends)
        server = server or embedded.start_postgres(home, ends)
    return Servers(kafka, server)


def main(home: Path) -> int:
    """Start, wait for the end of the run, stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as ends:
        ends.callback(shutil.rmtree, home, ignore_errors=True)
        try:
            start(home, ends).write(home / SERVERS_FILE)
        except StackError as error:
            write_private(home / FAILED_FILE, str(error))
        with (home / LOCK_FILE).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
