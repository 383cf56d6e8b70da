"""The composition root: the only place that builds this service's objects."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from libs.chassis.auth import TokenVerifier
from libs.chassis.event_store import DuplicateKeyError, EventStore, WrongExpectedVersionError, utc_now
from libs.chassis.http import create_app
from libs.chassis.http.idempotency import forget_old_answers
from libs.chassis.logs import logger
from libs.chassis.outbox import Relay
from libs.chassis.panel import Link, PanelParts, Section, Table, mount, wording
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Database
from libs.chassis.runtime import Parts
from libs.chassis.settings import StoringSettings
from libs.events.decoding import read_data
from libs.events.envelope import new_event_id
from services.correspondence.api import Door, inbox, pages, tenant
from services.correspondence.commands import Chance, Correspondence
from services.correspondence.read_models import matters

NAME: Final = "correspondence"
FOLDER: Final = Path(__file__).parent
RETRY_SECONDS: Final = 1.0  # until the database can be asked whether the kinds of matter are defined
HOUSEKEEPING_SECONDS: Final = 3600.0

# Two processes define the kinds of matter at once, or the database is away: look again a little later.
LOOK_AGAIN = (WrongExpectedVersionError, DuplicateKeyError, *CONFLICT, *UNAVAILABLE)


class Settings(StoringSettings):
    """What correspondence reads from the environment."""

    port: int = 8104


def commands(now: Callable[[], datetime] = utc_now) -> Correspondence:
    """Return the commands with the real clock, ids and chance; tests bring a clock of their own."""
    return Correspondence(
        EventStore(source=f"iok/{NAME}", parse=read_data, clock=now), Chance(now, new_event_id, secrets.token_bytes)
    )


async def build(settings: Settings) -> Parts:
    """Build every part of the service; nothing is asked of the outside world yet."""
    dsn = settings.database_url.get_secret_value()
    database = await Database.open(dsn, max_connections=settings.database_pool_connections, application=f"iok-{NAME}")
    door = Door(database, commands())
    app = create_app(NAME, lifespan=_lifespan(door), ready={"database": lambda: _answers(database)})
    app.state.door = door
    app.state.verifier = TokenVerifier(settings.token_public_keys, NAME)
    panel = mount(
        app,
        PanelParts(
            NAME,
            settings,
            database,
            sections=[_waiting(database)],
            links=[Link("/panel/inbox", "Korespondencja")],
            templates=FOLDER / "templates",
        ),
    )
    app.include_router(tenant.router(door))
    app.include_router(inbox.router(door, panel.gate))
    app.include_router(pages.router(door, panel), include_in_schema=False)
    return Parts(
        app=app,
        port=settings.port,
        host=settings.bind_host,
        database=database,
        relay=Relay(dsn, settings.kafka, NAME),
        periodic={"forget-old-answers": lambda stop: _forget_old_answers(database, stop)},
    )


def _lifespan(door: Door) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        defining = asyncio.create_task(define_first_types(door))
        yield
        defining.cancel()

    return lifespan


async def define_first_types(door: Door) -> None:
    """Define the kinds of matter that the company begins with, as soon as the database answers."""
    while True:
        try:
            async with door.database.transaction() as tx:
                added = await door.correspondence.define_first_types(tx)
        except LOOK_AGAIN as error:
            logger(__name__).warning("kinds of matter not defined yet, trying again", error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            logger(__name__).info("kinds of matter are defined", added=added)
            return


async def _answers(database: Database) -> str | None:
    async with database.connection() as connection:
        await connection.fetchval("select 1")
    return None


def _waiting(database: Database) -> Section:
    async def read() -> Table:
        async with database.connection() as connection:
            waiting = await matters.waiting(connection)
        oldest = "brak" if waiting.oldest is None else wording.moment(waiting.oldest)
        return Table(("Czeka na odpowiedź", "Najdawniejsza od"), [(wording.number(waiting.matters), oldest)])

    return Section("Sprawy", read)


async def _forget_old_answers(database: Database, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await forget_old_answers(database)
        except UNAVAILABLE as error:
            logger(__name__).warning("old answers not forgotten yet", error=repr(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), HOUSEKEEPING_SECONDS)
