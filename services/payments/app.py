"""The composition root: the only place that builds this service's objects."""

from functools import partial
from pathlib import Path

from libs.chassis.auth import TokenVerifier
from libs.chassis.event_store import EventStore
from libs.chassis.http import create_app
from libs.chassis.http.idempotency import FORGET_PERIOD_SECONDS, forget_old_answers
from libs.chassis.outbox import Relay
from libs.chassis.own_events import OwnEvents
from libs.chassis.panel import Link, PanelParts, mount
from libs.chassis.postgres import Database
from libs.chassis.projection import ProjectionRunner
from libs.chassis.runtime import Parts, now_and_then, open_database
from libs.events.decoding import read_data
from libs.events.reasons import REASON_WORDS
from libs.events.topics import PAYMENTS, TRANSFERS
from services.payments.api import Door, autopay, reviews, statements, tenant, transfers
from services.payments.api.staff import MoneyDoor
from services.payments.clients.autopay import AutopayClient
from services.payments.commands.expiry import PaymentExpirer
from services.payments.commands.notifications import NotificationTaker
from services.payments.commands.restoring import Following
from services.payments.commands.reviews import ReviewDesk
from services.payments.commands.start import PaymentStarter
from services.payments.commands.statements import StatementImporter, StatementRules
from services.payments.commands.status_queries import StatusAsker
from services.payments.commands.transfers import TransferDesk
from services.payments.consumer import FOREIGN_LEASE, LeaseProjector
from services.payments.domain.autopay import Merchant
from services.payments.domain.bank_profiles import BadProfilesError, Reading, read_profiles
from services.payments.domain.settlement import Rules
from services.payments.settings import Settings

NAME = "payments"
FOLDER = Path(__file__).parent


def event_store() -> EventStore:
    """The store of this service's events."""
    return EventStore(f"iok/{NAME}", read_data)


def merchant_of(settings: Settings) -> Merchant:
    """Who we are at Autopay."""
    return Merchant(settings.autopay_service_id, settings.autopay_key.get_secret_value(), settings.autopay_hash)


def statement_rules(settings: Settings) -> StatementRules:
    """How bank statements are read here.

    Raises:
        BadProfilesError, OSError: the file of profiles cannot be read, or a setting names a profile it does not hold.
    """
    profiles = read_profiles((settings.bank_profiles or FOLDER / "bank_profiles.toml").read_text(encoding="utf-8"))
    unknown = set(settings.our_accounts.values()) - {"", *profiles}
    if unknown:
        raise BadProfilesError(f"IOK_PAYMENTS_OUR_ACCOUNTS names profiles that there are not: {', '.join(unknown)}")
    rules = Rules.of(settings.settlement_sender, settings.settlement_paid_day, settings.settlement_accounts)
    return StatementRules(Reading(profiles, settings.our_accounts), settings.virtual_prefix, rules)


def new_door(settings: Settings, database: Database, autopay: AutopayClient) -> Door:
    """What the HTTP doors are built with."""
    store = event_store()
    return Door(
        database,
        PaymentStarter(database, store, settings.limit_grosze),
        NotificationTaker(database, store),
        merchant_of(settings),
        settings.autopay_url.rstrip("/") + "/payment",
        autopay.channels,
    )


def new_money_door(settings: Settings, database: Database) -> MoneyDoor:
    """What the panel's pages about bank statements and transfers are built with."""
    store, rules = event_store(), statement_rules(settings)
    importer = StatementImporter(database, store, rules)
    return MoneyDoor(database, importer, TransferDesk(database, store), rules.reading.profiles)


async def build(settings: Settings) -> Parts:
    """Build every part of the service; nothing is asked of the outside world yet."""
    database = await open_database(settings, f"iok-{NAME}")
    client = AutopayClient(settings.autopay_url, merchant_of(settings))
    door, money = new_door(settings, database, client), new_money_door(settings, database)
    projector = LeaseProjector(settings.company_sources)
    limits = {autopay.PATH: autopay.BODY_LIMIT_BYTES, statements.PAGE: statements.BODY_LIMIT_BYTES}
    app = create_app(NAME, ready={"database": database.answers}, body_limits_bytes=limits)
    app.state.verifier = TokenVerifier(settings.token_public_keys, NAME)
    app.include_router(tenant.router(door))  # first: routes are tried in order, for every request
    app.include_router(autopay.router(door))
    parts = PanelParts(
        NAME,
        settings,
        database,
        projector,
        sections=[reviews.section(door), transfers.section(money)],
        links=[
            Link(transfers.PAGE, "Przelewy do wyjaśnienia"),
            Link(statements.PAGE, "Wyciągi bankowe"),
            Link(statements.SETTLEMENTS_PAGE, "Rozliczenia Autopay"),
            Link(reviews.PAGE, "Płatności do wyjaśnienia"),
        ],
        templates=FOLDER / "templates",
        reasons={**REASON_WORDS, FOREIGN_LEASE: "umowa należy do innego systemu"},
    )
    panel = mount(app, parts)
    desk = ReviewDesk(database, event_store())
    store = event_store()
    topics = (PAYMENTS, TRANSFERS)
    own = OwnEvents(database, settings.kafka, store.source, topics, read_data, Following(store))
    for router in (reviews.router(door, desk, panel), transfers.router(money, panel), statements.router(money, panel)):
        app.include_router(router, include_in_schema=False)
    return Parts(
        app=lambda: app,
        port=settings.port,
        host=settings.bind_host,
        database=database,
        relay=Relay(settings.database_url.get_secret_value(), settings.kafka, NAME),
        runners=[ProjectionRunner(database, settings.kafka, f"iok-{NAME}", projector)],
        own_events=own,
        periodic={
            "own-events": own.watch,
            "expire-payments": PaymentExpirer(database, event_store()).run,
            "ask-for-states": StatusAsker(database, door.taker, (client, merchant_of(settings))).run,
            "forget-old-answers": now_and_then(FORGET_PERIOD_SECONDS, partial(forget_old_answers, database)),
        },
        close=client.close,
    )
