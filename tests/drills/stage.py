"""The stage of a drill: operators' commands on a running system, what destroys it, and what is printed of each step."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from confluent_kafka.admin import AdminClient

from deploy.local import kafka_access, postgres_access
from deploy.local.kafka import KafkaAccess
from deploy.local.postgres import PostgresAccess, binaries
from deploy.local.postgres_access import owner_role, service_role
from tests.drills.traffic import Traffic
from tests.running.system import RunningSystem

STORING = ("ledger", "identity", "payments", "correspondence")  # the ledger first: its book knows of all the others
COMMAND_SECONDS = 300
SETTLE_SECONDS = 60.0
PAUSE_SECONDS = 0.3
ANSWER_SECONDS = 10.0
SAID_CHARACTERS = 1_500


class DrillFailedError(AssertionError):
    """The system did not come back as promised."""


@dataclass
class Stage:
    """One drill on one running system."""

    running: RunningSystem
    traffic: Traffic
    backups: Path
    began: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Print a line with the seconds since the beginning."""
        print(f"[{time.monotonic() - self.began:6.1f} s] {text}", flush=True)  # noqa: T201  # a drill tells what it does

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Tell a step and how long it took."""
        self.say(doing)
        before = time.monotonic()
        yield
        self.say(f"    done in {time.monotonic() - before:.1f} s")

    def check(self, held: object, what: str) -> None:
        """Tell what was proven.

        Raises:
            DrillFailedError: it does not hold.
        """
        if not held:
            raise DrillFailedError(what)
        self.say(f"    holds: {what}")

    def operator(self, service: str, *arguments: str) -> str:
        """Run `python -m services.<service> …` as an operator does; returns what it printed.

        Raises:
            DrillFailedError: it exits non-zero.
        """
        self.say(f"    $ python -m services.{service} {' '.join(each[:60] for each in arguments)}")
        return self._run(sys.executable, "-m", f"services.{service}", *arguments)

    def figures(self, service: str, *arguments: str) -> dict[str, Any]:
        """The same with `--json`."""
        told: dict[str, Any] = json.loads(self.operator(service, *arguments, "--json"))
        return told

    def local(self, *arguments: str) -> str:
        """Run `python -m deploy.local …`."""
        self.say(f"    $ python -m deploy.local {' '.join(arguments)}")
        return self._run(sys.executable, "-m", "deploy.local", *arguments)

    def _run(self, *words: str) -> str:
        done = self.running.program(*words, seconds=COMMAND_SECONDS)
        if done.returncode:
            raise DrillFailedError(f"{' '.join(words[1:4])} failed: {(done.stdout + done.stderr)[-SAID_CHARACTERS:]}")
        return done.stdout

    def backup(self, service: str) -> None:
        """Make a backup of a service's database by pg_dump."""
        file = self.backups / f"{service}.dump"
        self.say(f"    $ pg_dump --format=custom --file={file.name} $IOK_{service.upper()}_OWNER_DATABASE_URL")
        dsn = self._owner_dsn(service)
        self._run(str(binaries() / "pg_dump"), "--format=custom", f"--file={file}", dsn)

    def restore(self, service: str) -> None:
        """Bring a backup into a fresh, empty database by pg_restore."""
        file = self.backups / f"{service}.dump"
        self.say(f"    $ pg_restore --single-transaction --dbname=$IOK_{service.upper()}_OWNER_… {file.name}")
        dsn = self._owner_dsn(service)
        self._run(str(binaries() / "pg_restore"), "--single-transaction", f"--dbname={dsn}", str(file))

    def lose_database(self, *services: str) -> None:
        """Drop databases with all they hold and make them anew, empty, as an administrator would."""
        asyncio.run(self._lose_databases(services))

    async def _lose_databases(self, services: tuple[str, ...]) -> None:
        access = PostgresAccess.of_dsn(self.running.run["postgres_admin"]["ledger"])
        admin = await asyncpg.connect(access.dsn())
        try:
            for service in services:
                await postgres_access.run(admin, postgres_access.DROP_DATABASE, service_role(service))
                await postgres_access.run(
                    admin, postgres_access.CREATE_DATABASE, service_role(service), owner_role(service)
                )
                await postgres_access.admit(admin, service_role(service), service)
                await postgres_access.close_schema(access, service_role(service), service)
        finally:
            await admin.close()

    def lose_kafka(self) -> None:
        """Delete every topic with all it holds and make them anew, empty, under other ids."""
        access = KafkaAccess(**self.running.run["kafka"])
        admin, names = AdminClient(access.client_settings()), {spec.name for spec in kafka_access.all_topics()}
        for deleted in admin.delete_topics(list(names), operation_timeout=SETTLE_SECONDS).values():
            deleted.result()
        self._until(lambda: not names & admin.list_topics(timeout=ANSWER_SECONDS).topics.keys(), "Kafka forgets topics")
        kafka_access.ensure_topics(access)

    def records(self, topic: str) -> list[dict[str, Any]]:
        """Every event that lies in a topic now."""
        return asyncio.run(self.running.events(topic))

    def settled(self) -> None:
        """Wait until every outbox is empty and every projection has read to the end."""
        self._until(lambda: all(self._backlog(each, lag=True) == 0 for each in STORING), "everything read to the end")

    def published(self) -> None:
        """Wait until every outbox is empty, whatever has been read."""
        self._until(lambda: all(self._backlog(each, lag=False) == 0 for each in STORING), "every outbox empty")

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + SETTLE_SECONDS
        while not holds():
            if time.monotonic() > until:
                raise DrillFailedError(f"not within {SETTLE_SECONDS:.0f} s: {what}")
            time.sleep(PAUSE_SECONDS)

    def _backlog(self, service: str, *, lag: bool) -> int | None:
        """How much waits in the outbox, and with `lag` how much is not read yet; None while the service cannot tell."""
        try:
            with self.running.signed_in("operator") as operator:
                headers = {"Authorization": operator.headers["Authorization"]}
                answer = httpx.get(f"{self.running.url(service)}/ops/status", headers=headers, timeout=ANSWER_SECONDS)
        except (httpx.HTTPError, AssertionError):
            return None
        if answer.status_code != 200:
            return None
        told = answer.json()
        lags = [each["lag"] for each in told["partitions"]] if lag else []
        return None if None in lags else int(told["outbox"]["backlog"] + sum(lags))

    def _owner_dsn(self, service: str) -> str:
        text = (self.running.var / "run" / f"{service}.env").read_text(encoding="utf-8")
        wanted = f"IOK_{service.upper()}_OWNER_DATABASE_URL="
        return next(line.removeprefix(wanted) for line in text.splitlines() if line.startswith(wanted))
