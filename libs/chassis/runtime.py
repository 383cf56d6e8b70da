"""Running a service: roles as one process or several, operators' commands, an orderly end."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar

import uvloop
from confluent_kafka import KafkaException
from pydantic import ValidationError

from libs.chassis import logs, own_events, telling
from libs.chassis.faults import FaultRecorder
from libs.chassis.kafka import MissingTopicError
from libs.chassis.outbox import Relay, republish
from libs.chassis.own_events import OwnEvents
from libs.chassis.pausing import pause
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Database, UnnamedDatabaseError, migrate
from libs.chassis.projection import ProjectionRunner
from libs.chassis.settings import ServiceSettings, StoringSettings, load

if TYPE_CHECKING:
    from fastapi import FastAPI

ROLES = ("api", "relay", "projector")
GRACE_SECONDS = 10

Task = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


class Runner(Protocol):
    """What feeds a projection until told to stop: a `ProjectionRunner`, or a service's own around one."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until told to stop."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service's composition root has built. A part that a service does not have is left out."""

    app: "Callable[[], FastAPI]"
    """Makes the HTTP side; called by the role that serves it. What only HTTP needs is best loaded there: a relay or a
    projector alone starts half a second sooner without."""
    port: int
    host: str
    database: Database | None = None
    relay: Relay | None = None
    runners: Sequence[Runner] = ()
    periodic: Mapping[str, Task] = field(default_factory=dict)
    """Background work that runs beside the relay, by name."""
    own_events: OwnEvents | None = None
    """What holds Kafka against the store before anything is published."""
    close: Callable[[], Awaitable[None]] | None = None


class CommandError(Exception):
    """An operator's command cannot be carried out; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Command(Generic[SettingsT]):
    """An operator's command: `run(settings, arguments)` returns the exit code."""

    name: str
    help: str
    run: Callable[[SettingsT, argparse.Namespace], Awaitable[int]]
    arguments: Callable[[argparse.ArgumentParser], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Service(Generic[SettingsT]):
    """A service: its name, settings, composition root, folder (with schema.sql) and operators' commands."""

    name: str
    settings: type[SettingsT]
    build: Callable[[SettingsT], Awaitable[Parts]]
    folder: Path
    commands: Sequence[Command[SettingsT]] = ()
    reads_again: bool = False
    """Whether its projection may begin again with a topic that was made again: it knows what it has seen."""
    roles: Sequence[str] = ROLES
    """The roles that its processes may have; those that `build` makes no part for are left out."""


async def open_database(settings: StoringSettings, application: str) -> Database:
    """A service's database; `application` names its connections to who looks after the server.

    Raises:
        UnnamedDatabaseError: its address is not set; `main` tells it in a sentence.
    """
    return await Database.open(
        settings.database_url.get_secret_value(),
        max_connections=settings.database_pool_connections,
        application=application,
    )


@asynccontextmanager
async def opened(settings: StoringSettings, application: str) -> AsyncIterator[Database]:
    """The same for an operator's command: closed at its end."""
    database = await open_database(settings, application)
    try:
        yield database
    finally:
        await database.close()


def now_and_then(period_seconds: float, work: Callable[[], Awaitable[object]]) -> Task:
    """Make a task that works at once and then every period; a database that is away is asked again at the next one."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await work()
            except (*UNAVAILABLE, *CONFLICT) as error:
                task = asyncio.current_task()
                logs.logger(__name__).warning("put off", task=task and task.get_name(), error=repr(error))
            await pause(stop, period_seconds)

    return run


def _tasks(parts: Parts, roles: Sequence[str], *, sound: bool) -> dict[str, Task]:
    """The tasks of the roles asked for, by name; `sound`: the store is known to lack none of its own events."""
    tasks: dict[str, Task] = {}
    if "api" in roles:
        tasks["api"] = partial(_serve, parts)
    if "relay" in roles and parts.relay is not None:
        tasks |= {"relay": parts.relay.run if sound else _relay(parts.relay, parts.own_events), **parts.periodic}
    if "projector" in roles:
        tasks |= {f"projector-{n}": runner.run for n, runner in enumerate(parts.runners)}
    return tasks


async def _serve(parts: Parts, stop: asyncio.Event) -> None:
    from libs.chassis.http.serving import serve  # noqa: PLC0415  # see Parts.app

    await serve(parts.app(), parts.host, parts.port, stop, GRACE_SECONDS)
    if not stop.is_set():
        raise CommandError(f"the HTTP server ended: is port {parts.port} taken?")


def _relay(relay: Relay, own_events: OwnEvents | None) -> Task:
    return relay.run if own_events is None else partial(own_events.relay_when_true, relay.run)


async def run_roles(service: Service[SettingsT], settings: SettingsT, roles: Sequence[str]) -> int:
    """Run roles until SIGTERM or SIGINT; when one of them dies, all end and the supervisor starts them again."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    parts = await service.build(settings)
    sound = parts.own_events is not None and await parts.own_events.first_look()
    tasks = _tasks(parts, roles, sound=sound)
    if not tasks:
        raise CommandError(f"{service.name} has no role {' or '.join(roles)}")
    if parts.database is not None:
        recorder = FaultRecorder(parts.database, "+".join(roles))
        logging.getLogger().addHandler(recorder)
        tasks["faults"] = recorder.run
    logs.logger(__name__).info("started", tasks=sorted(tasks), port=parts.port)
    running = [asyncio.create_task(task(stop), name=name) for name, task in tasks.items()]
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([*running, waiting], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.wait(running, timeout=GRACE_SECONDS)
    failed = [task for task in done if task is not waiting and task.exception() is not None]
    for task in failed:
        logs.logger(__name__).error("a role ended", role=task.get_name(), exc_info=task.exception())
    if parts.close is not None:
        await parts.close()
    if parts.database is not None:
        await parts.database.close()
    return 1 if failed else 0


async def _migrate(service: Service[SettingsT], settings: SettingsT) -> int:
    if not isinstance(settings, StoringSettings):
        raise CommandError(f"{service.name} holds no data")
    dsn = settings.owner_database_url.get_secret_value()
    if not dsn:
        raise CommandError(f"set IOK_{service.name.upper()}_OWNER_DATABASE_URL to the database owner's address")
    applied = await migrate(dsn, service.name, service.folder)
    print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")  # noqa: T201  # an operator's command
    return 0


async def _republish(service: Service[SettingsT], settings: SettingsT) -> int:
    if not isinstance(settings, StoringSettings):
        raise CommandError(f"{service.name} holds no data")
    total = 0
    async with opened(settings, f"iok-{service.name}-republish") as database:
        async for total in republish(database):
            telling.progress(f"queued {total} events")
    telling.progress.end()
    print(f"queued {total} events again; the relay publishes them")  # noqa: T201  # an operator's command
    return 0


async def _read_again(service: Service[SettingsT], settings: SettingsT) -> int:
    """Begin again with topics that were deleted and made again, in projections that know what they have seen."""
    parts = await service.build(settings)
    try:
        counts = [await runner.read_again() for runner in parts.runners if isinstance(runner, ProjectionRunner)]
    except (MissingTopicError, KafkaException) as error:
        raise CommandError(f"Kafka does not tell the topics' ids: {error}") from error
    finally:
        if parts.database is not None:
            await parts.database.close()
    print(f"{sum(counts)} partitions are read from their beginning")  # noqa: T201  # an operator's command
    return 0


async def _restore(service: Service[SettingsT], settings: SettingsT) -> int:
    """Bring back own events that Kafka holds and the database lacks."""
    parts = await service.build(settings)
    if parts.own_events is None or parts.database is None:
        raise CommandError(f"{service.name} has no events of its own")
    try:
        done = await parts.own_events.restore(lambda read, of: telling.progress(f"{read} of {of} records read"))
    except own_events.AWAY as error:
        raise CommandError(f"{telling.why_away(error)}; run it again, it goes on") from error
    finally:
        await parts.database.close()
    for conflict in done.conflicts:
        telling.say(f"CONFLICT: {conflict}")
    telling.progress.end()
    print(f"{done.restored} events brought back, {done.read} records read")  # noqa: T201  # an operator's command
    return 1 if done.conflicts else 0


def _storing_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", service: Service[Any]) -> None:
    """What a service with a database and events of its own can do beside serving HTTP."""
    for role in service.roles:
        verbs.add_parser(role, help=f"run the {role} alone")
    verbs.add_parser("migrate", help="apply the database schema as its owner")
    if "republish" not in {command.name for command in service.commands}:
        verbs.add_parser("republish", help="publish all own events again; readers drop what they have seen")
    verbs.add_parser("restore-from-kafka", help="bring back own events that Kafka holds and the database lacks")
    if service.reads_again:
        verbs.add_parser("read-again", help="read topics that were made again from their beginning")


def _parser(service: Service[Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{service.name}", description=f"The {service.name} service."
    )
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND")
    verbs.add_parser("all", help="run every role in this process (the default)")
    if issubclass(service.settings, StoringSettings):
        _storing_verbs(verbs, service)
    for command in service.commands:
        command.arguments(verbs.add_parser(command.name, help=command.help, description=command.help))
    return parser


async def _carry_out(service: Service[SettingsT], settings: SettingsT, arguments: argparse.Namespace) -> int:
    verb = arguments.verb or "all"
    for command in service.commands:
        if command.name == verb:
            return await command.run(settings, arguments)
    if verb == "migrate":
        return await _migrate(service, settings)
    if verb == "republish":
        return await _republish(service, settings)
    if verb == "restore-from-kafka":
        return await _restore(service, settings)
    if verb == "read-again":
        return await _read_again(service, settings)
    return await run_roles(service, settings, service.roles if verb == "all" else (verb,))


def main(service: Service[Any], argv: Sequence[str] | None = None) -> int:
    """Entry point of `python -m services.<name>`; returns the exit code."""
    arguments = _parser(service).parse_args(argv)
    try:
        settings = load(service.settings, service.name)
    except ValidationError as error:
        print(f"settings of {service.name} are wrong:\n{error}", file=sys.stderr)  # noqa: T201
        return 2
    logs.configure(service.name, arguments.verb or "all", settings.log_level)
    try:
        # Not closed: that would wait for threads of Kafka's libraries, which sleep on when the clock was set back.
        return asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_carry_out(service, settings, arguments))
    except (CommandError, UnnamedDatabaseError) as error:
        print(f"{service.name}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except (*UNAVAILABLE, KafkaException, MissingTopicError) as error:
        print(f"{service.name}: {telling.why_away(error)}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130


def run(service: Service[Any]) -> NoReturn:
    """Do what the command line says, and end; threads of Kafka's libraries are not waited for, all is committed."""
    code = main(service)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
