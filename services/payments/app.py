"""The composition root: the only place that builds this service's objects."""

from functools import partial
from pathlib import Path

from libs.chassis.auth import TokenVerifier
from libs.chassis.event_store import EventStore
from libs.chassis.http import create_app
from libs.chassis.http.idempotency import FORGET_PERIOD_SECONDS, forget_old_answers
from libs.chassis.outbox import Relay
from libs.chassis.panel import Link, PanelParts, mount
from libs.chassis.postgres import Database
from libs.chassis.projection import ProjectionRunner
from libs.chassis.runtime import Parts, now_and_then, open_database
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


def event_store() -> EventStore:
    """The store of this service's events."""
    return EventStore(f"iok/{NAME}", read_data)


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
    database = await open_database(settings, f"iok-{NAME}")
    door = new_door(settings, database)
    projector = LeaseProjector(settings.company_sources)
    limits = {autopay.PATH: autopay.BODY_LIMIT_BYTES}
    app = create_app(NAME, ready={"database": database.answers}, body_limits_bytes=limits)
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
            "forget-old-answers": now_and_then(FORGET_PERIOD_SECONDS, partial(forget_old_answers, database)),
        },
    )
