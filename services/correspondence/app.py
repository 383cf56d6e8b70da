"""The composition root: the only place that builds this service's objects."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from libs.chassis.auth import TokenVerifier
from libs.chassis.event_store import DuplicateKeyError, EventStore, WrongExpectedVersionError, utc_now
from libs.chassis.http import create_app
from libs.chassis.http.idempotency import FORGET_PERIOD_SECONDS, forget_old_answers
from libs.chassis.logs import logger
from libs.chassis.outbox import Relay
from libs.chassis.own_events import KeysAlone, OwnEvents
from libs.chassis.panel import Link, PanelParts, Section, Table, mount, wording
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Database
from libs.chassis.runtime import Parts, now_and_then, open_database
from libs.events.correspondence import MatterTypeDefined
from libs.events.decoding import read_data
from libs.events.envelope import EventData, new_event_id
from libs.events.names import CORRESPONDENCE
from services.correspondence.api import Door, attachments, inbox, pages, shelf, tenant, type_pages
from services.correspondence.api.directory import Directory
from services.correspondence.commands.documents import DocumentPrinter
from services.correspondence.commands.files.scanner import open_scanner
from services.correspondence.commands.files.storage import open_storage
from services.correspondence.commands.matter_types import FIRST_DEFINITION, MatterTypes
from services.correspondence.commands.matters import Chance, Correspondence, today
from services.correspondence.commands.uploads import Uploads
from services.correspondence.domain.attachments import MAX_FILE_BYTES, MAX_FILES
from services.correspondence.read_models import matters
from services.correspondence.settings import Settings

NAME: Final = "correspondence"
FOLDER: Final = Path(__file__).parent
SCAN_PERIOD_SECONDS: Final = 10.0  # how soon a file leaves quarantine once the scanner is back
MULTIPART_BYTES: Final = 256 * 1024  # of a form beside its files
BODY_LIMITS_BYTES: Final = {
    "/attachments": 2 * MAX_FILE_BYTES,  # the route itself says in Polish what is too large
    "/panel/inbox": MAX_FILES * MAX_FILE_BYTES + MULTIPART_BYTES,
}
RETRY_SECONDS: Final = 1.0  # until the database can be asked whether the kinds of matter are defined

# Two processes define the kinds of matter at once, or the database is away: look again a little later.
LOOK_AGAIN = (WrongExpectedVersionError, DuplicateKeyError, *CONFLICT, *UNAVAILABLE)


def make_door(settings: Settings, database: Database, now: Callable[[], datetime] = utc_now) -> Door:
    """Return the commands with the real clock, ids and chance; tests bring a clock of their own."""
    store = EventStore(source=f"iok/{NAME}", parse=read_data, clock=now)
    storage = open_storage(
        settings.files_address,
        key_id=settings.files_s3_key_id,
        key=settings.files_s3_key.get_secret_value(),
        endpoint=settings.files_s3_endpoint,
        region=settings.files_s3_region,
    )
    uploads = Uploads(database, storage, open_scanner(settings.clamd_url))
    printer = DocumentPrinter()
    chance = Chance(now, new_event_id, secrets.token_bytes)
    correspondence = Correspondence(store, chance, printer, uploads, settings.company_name)
    return Door(database, correspondence, MatterTypes(store), uploads, printer, Directory(settings.identity_url))


async def build(settings: Settings) -> Parts:
    """Build every part of the service; nothing is asked of the outside world yet."""
    database = await open_database(settings, f"iok-{NAME}")
    door = make_door(settings, database)
    app = create_app(
        NAME, lifespan=_lifespan(door), ready={"database": database.answers}, body_limits_bytes=BODY_LIMITS_BYTES
    )
    app.state.door = door
    app.state.verifier = TokenVerifier(settings.token_public_keys, NAME)
    for router in (tenant.router(door), attachments.router(door)):  # first: routes are tried in order
        app.include_router(router)
    panel = mount(
        app,
        PanelParts(
            NAME,
            settings,
            database,
            sections=[_waiting(database)],
            links=[Link(shelf.HOME, "Korespondencja"), Link("/panel/matter-types", "Rodzaje spraw")],
            templates=FOLDER / "templates",
        ),
    )
    app.include_router(inbox.router(door, panel.gate))
    for router in (pages.router(door, panel), type_pages.router(door, panel)):
        app.include_router(router, include_in_schema=False)
    own = OwnEvents(database, settings.kafka, f"iok/{NAME}", (CORRESPONDENCE,), read_data, KeysAlone(_key_of))
    return Parts(
        app=lambda: app,
        port=settings.port,
        host=settings.bind_host,
        database=database,
        relay=Relay(settings.database_url.get_secret_value(), settings.kafka, NAME),
        own_events=own,
        periodic={
            "own-events": own.watch,
            "forget-old-answers": now_and_then(FORGET_PERIOD_SECONDS, partial(forget_old_answers, database)),
            "forget-old-drafts": now_and_then(FORGET_PERIOD_SECONDS, door.uploads.forget_old_drafts),
            "scan-quarantine": now_and_then(SCAN_PERIOD_SECONDS, door.uploads.scan_quarantine),
        },
    )


def _key_of(event: EventData) -> str | None:
    """The business key of an event; lists and threads are made again by `rebuild`."""
    first = isinstance(event, MatterTypeDefined) and event.version in (None, 1)
    return FIRST_DEFINITION if first else None


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
                added = await door.matter_types.define_first(tx)
        except LOOK_AGAIN as error:
            logger(__name__).warning("kinds of matter not defined yet, trying again", error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            logger(__name__).info("kinds of matter are defined", added=added)
            return


def _waiting(database: Database) -> Section:
    async def read() -> Table:
        async with database.connection() as connection:
            waiting = await matters.waiting(connection, today(utc_now()))
        oldest = "brak" if waiting.oldest is None else wording.moment(waiting.oldest)
        counts = [wording.number(count) for count in (waiting.matters, waiting.late, waiting.unassigned)]
        return Table(("Czeka na odpowiedź", "Po terminie", "Bez opiekuna", "Najdawniejsza od"), [(*counts, oldest)])

    return Section("Sprawy", read)
