"""The whole system on one machine: what is prepared, started and stopped, in which order.

Preparing (jars, an empty log, an empty database cluster, the portal's pages) goes on at once; then the supervisor
starts the servers, and while they come up their topics, users, databases and schemas are made; then the services;
then the demo company is loaded. After that the launcher only watches.
"""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from deploy.local import servers
from deploy.local.environment import DEFAULT_PORTS, SANDBOXES, SERVICES, Surroundings
from deploy.local.health import wait_for_services
from deploy.local.keeper import Keeper
from deploy.local.lock import StackLock, end_leftovers
from deploy.local.places import ROOT, Places
from deploy.local.ports import Ports
from deploy.local.processes import programs
from deploy.local.program import Program, ended
from deploy.local.progress import Progress, StackError
from deploy.local.run_file import RunFile
from deploy.local.secret_store import SecretStore
from deploy.local.supervision import Supervisor

PAGES_SECONDS = 600
LOAD_SECONDS = 900
AT_ONCE = 3
SAID_CHARACTERS = 1500
OWN_CLOCK = re.compile(r"^\[ *[0-9.]+ s\] ")  # what a program of ours puts before its lines, as we do


class Stack:
    """One stack, from its first claim of a port to its end."""

    def __init__(self, places: Places, progress: Progress) -> None:
        self._places = places
        self._progress = progress
        self._lock = StackLock(places)
        self._supervisor = Supervisor(places)
        self._programs: list[Program] = []
        self._run_file = RunFile(places)
        self._running: list[subprocess.Popen[str]] = []

    def start(self) -> Mapping[str, Any]:
        """Start everything and load the demo company; returns what the run file says.

        Raises:
            StackError: something cannot be had or does not start; what was started is still to be stopped.
        """
        self._places.make()
        if not self._lock.take():
            raise StackError(f"this copy of the system runs already ({self._places.var}): `make down` stops it")
        self._lock.tell(launcher=os.getpid())
        if stray := end_leftovers(self._places):
            self._progress.say(f"ended {len(stray)} processes of a stack whose supervisor had been killed")
        self._run_file.remove()
        surroundings, embedded = self._surroundings()
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            pages = pool.submit(self._build_pages)
            self._prepare(surroundings, embedded, pool)
            self._supervise()
            self._start_servers(surroundings, embedded, pool)
            pages.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        self._start_services(surroundings)
        self._run_file.begin(surroundings, self._supervisor.pids())
        self._load_demo()
        return self._run_file.publish()

    def keep(self) -> None:
        """Keep the run file true, for ever; start the supervisor again when it is killed itself."""
        while True:
            Keeper(self._supervisor, self._run_file.update).watch()
            self._progress.say("the supervisor was killed: starting it and everything again")
            end_leftovers(self._places)
            self._supervise()
            self._supervisor.launch(*(program.name for program in self._programs))

    def stop(self) -> None:
        """Stop everything in order: what is being prepared, entrances, services, servers."""
        if not self._lock.held:
            return
        with self._progress.step("stopping", "stopped"):
            self._run_file.remove()
            for child in self._running:
                child.terminate()
            self._supervisor.stop()

    def _surroundings(self) -> tuple[Surroundings, servers.EmbeddedServers]:
        environment = dict(os.environ)
        ports, secrets = Ports(environment, self._places.var / "ports.json"), SecretStore(self._places.secrets)
        embedded = servers.choose(self._places, secrets, ports, environment)
        claimed = {name: ports.claim(name, port, f"IOK_{name.upper()}_PORT") for name, port in DEFAULT_PORTS.items()}
        for name, (port, port_variable, real) in SANDBOXES.items():
            if not environment.get(real):
                claimed[name] = ports.claim(name, port, port_variable)
        access = embedded.postgres.access if embedded.postgres else None
        users = servers.kafka_users(embedded.kafka, environment)
        return Surroundings(self._places, secrets, claimed, users, access, environment), embedded

    def _prepare(self, surroundings: Surroundings, embedded: servers.EmbeddedServers, pool: ThreadPoolExecutor) -> None:
        """Make what the programs need before they start, and say what is to be run."""
        with self._progress.step("Kafka and PostgreSQL: preparing", "Kafka and PostgreSQL: prepared"):
            found = [pool.submit(servers.prepared, node, self._places) for node in (embedded.kafka, embedded.postgres)]
            surroundings.write()
            self._programs = [program for future in found for program in future.result()] + programs(surroundings)

    def _supervise(self) -> None:
        self._supervisor.start(self._programs, (self._lock.descriptor,))
        child = self._supervisor.process
        self._lock.tell(launcher=os.getpid(), supervisor=child.pid if child else 0)

    def _start_servers(
        self, surroundings: Surroundings, embedded: servers.EmbeddedServers, pool: ThreadPoolExecutor
    ) -> None:
        waiting: list[Future[None]] = []
        with self._progress.step("Kafka and PostgreSQL: starting", "topics, users, databases and schemas: ready"):
            self._supervisor.launch(*(name for name in ("postgres", "kafka") if self._has(name)))
            waiting.append(pool.submit(servers.make_postgres_ready, surroundings, lambda: self._check("postgres")))
            waiting.append(
                pool.submit(servers.make_kafka_ready, surroundings, embedded.kafka, lambda: self._check("kafka"))
            )
            for future in waiting:
                future.result()

    def _start_services(self, surroundings: Surroundings) -> None:
        names = [program.name for program in self._programs if program.name not in ("kafka", "postgres")]
        with self._progress.step(f"{len(names)} processes: starting", "services: ready"):
            self._supervisor.launch(*names)
            urls = {service: surroundings.url(service) for service in SERVICES}
            wait_for_services(urls, self._progress, lambda: self._supervisor.alive, self._places.log)

    def _has(self, name: str) -> bool:
        return any(program.name == name for program in self._programs)

    def _check(self, name: str) -> None:
        """Raise when a program of ours has died while it starts first (afterwards it is started again)."""
        if self._has(name) and name not in self._supervisor.pids():
            raise StackError(ended(name, self._places.log / f"{name}.log"))

    def _build_pages(self) -> None:
        began = time.monotonic()
        self._run("the portal's pages cannot be built", ("services.gateway.build",), PAGES_SECONDS)
        self._progress.say(f"portal's pages: built ({time.monotonic() - began:.1f} s)")

    def _load_demo(self) -> None:
        with self._progress.step("demo company: loading", "demo company: loaded"):
            self._run("the demo company cannot be loaded", ("deploy.demo", "load"), LOAD_SECONDS, aloud=True)

    def _run(self, failure: str, arguments: tuple[str, ...], seconds: int, *, aloud: bool = False) -> None:
        """Run a module of ours to its end, with its output in a log, and `aloud` also on the terminal.

        Raises:
            StackError: it fails; the end of what it said is told.
        """
        log = self._places.log / f"{arguments[0]}.log"
        child = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=os.environ | {"IOK_VAR": str(self._places.var), **self._run_file.environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._running.append(child)
        limit = threading.Timer(seconds, child.kill)
        limit.start()
        with log.open("w", encoding="utf-8") as out:
            for line in child.stdout or ():
                out.write(line)
                if aloud:
                    self._progress.say(f"  {OWN_CLOCK.sub('', line.rstrip())}")
        limit.cancel()
        if child.wait():
            said = log.read_text(encoding="utf-8", errors="replace").strip()[-SAID_CHARACTERS:]
            raise StackError(f"{failure} (whole output: {log}):\n{said}")
