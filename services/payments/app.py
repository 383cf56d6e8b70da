"""The composition root: the only place that builds this service's objects."""

import asyncio
from contextlib import suppress
from pathlib import Path

from libs.chassis.auth import TokenVerifier
from libs.chassis.event_store import EventStore
from libs.chassis.http import create_app
from libs.chassis.http.idempotency import forget_old_answers
from libs.chassis.logs import logger
from libs.chassis.outbox import Relay
from libs.chassis.panel import Link, PanelParts, mount
from libs.chassis.postgres import UNAVAILABLE, Database
from libs.chassis.projection import ProjectionRunner
from libs.chassis.runtime import Parts
from libs.events.decoding import read_data
from services.payments.api import Door, autopay, reviews, tenant
from services.payments.commands.expiry import PaymentExpirer
from services.payments.commands.notifications import NotificationTaker
from services.payments.commands.start import PaymentStarter
from services.payments.consumer import LeaseProjector
from services.payments.domain.autopay import Merchant
from services.payments.settings import Settings

NAME = "payments"
FOLDER = Path(__file__).parent
HOUSEKEEPING_SECONDS = 3600.0


def event_store() -> EventStore:
    """The store of this service's events."""
    return EventStore(f"iok/{NAME}", read_data)


async def open_database(settings: Settings, purpose: str = "") -> Database:
    """The service's database; `purpose` names the connection to its operators."""
    return await Database.open(
        settings.database_url.get_secret_value(),
        max_connections=settings.database_pool_connections,
        application=f"iok-{NAME}{purpose}",
    )


def merchant_of(settings: Settings) -> Merchant:
    """Who we are at Autopay."""
    return Merchant(settings.autopay_service_id, settings.autopay_key.get_secret_value(), settings.autopay_hash)


def new_door(settings: Settings, database: Database) -> Door:
    """What the HTTP doors are built with."""
    store = event_store()
    return Door(
        database,
        PaymentStarter(store, settings.limit_grosze),
        NotificationTaker(database, store),
        merchant_of(settings),
        settings.autopay_url.rstrip("/") + "/payment",
    )


async def build(settings: Settings) -> Parts:
    """Build every part of the service; nothing is asked of the outside world yet."""
    database = await open_database(settings)
    door = new_door(settings, database)
    projector = LeaseProjector(settings.company_sources)
    limits = {autopay.PATH: autopay.BODY_LIMIT_BYTES}
    app = create_app(NAME, ready={"database": lambda: _answers(database)}, body_limits_bytes=limits)
    app.state.verifier = TokenVerifier(settings.token_public_keys, NAME)
    parts = PanelParts(
        NAME,
        settings,
        database,
        projector,
        sections=[reviews.section(door)],
        links=[Link(reviews.PAGE, "Płatności do wyjaśnienia")],
        templates=FOLDER / "templates",
    )
    panel = mount(app, parts)
    app.include_router(tenant.router(door))
    app.include_router(autopay.router(door))
    app.include_router(reviews.router(door, panel), include_in_schema=False)
    return Parts(
        app=app,
        port=settings.port,
        host=settings.bind_host,
        database=database,
        relay=Relay(settings.database_url.get_secret_value(), settings.kafka, NAME),
        runners=[ProjectionRunner(database, settings.kafka, f"iok-{NAME}", projector)],
        periodic={
            "expire-payments": PaymentExpirer(database, event_store()).run,
            "forget-old-answers": lambda stop: _forget_old_answers(database, stop),
        },
    )


async def _answers(database: Database) -> str | None:
    async with database.connection() as connection:
        await connection.fetchval("select 1")
    return None


async def _forget_old_answers(database: Database, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await forget_old_answers(database)
        except UNAVAILABLE as error:
            logger(__name__).warning("old answers not forgotten yet", error=repr(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), HOUSEKEEPING_SECONDS)
