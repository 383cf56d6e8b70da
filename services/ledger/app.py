"""The composition root: the only place that builds the ledger's objects."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from libs.chassis.event_store import EventStore, utc_now
from libs.chassis.outbox import Relay
from libs.chassis.own_events import KeysAlone, OwnEvents
from libs.chassis.postgres import Database
from libs.chassis.projection import ProjectionRunner
from libs.chassis.runtime import Parts, open_database, opened
from libs.events.decoding import read_data
from libs.events.envelope import new_event_id
from libs.events.topics import CHARGES, LEASES, SEALS
from services.ledger.commands.announcing import SOURCE, Announcer
from services.ledger.commands.restoring import key_of
from services.ledger.commands.sealing import Sealer
from services.ledger.consumer.apart import RebuildApart
from services.ledger.consumer.live import LiveProjection
from services.ledger.consumer.projector import BookProjector
from services.ledger.consumer.rebuild import Rebuild
from services.ledger.consumer.verify import Verifier
from services.ledger.domain import Rebuilt, Tell
from services.ledger.settings import NAME, Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

FOLDER: Final = Path(__file__).parent


def event_store() -> EventStore:
    """The store of the ledger's own events."""
    return EventStore(SOURCE, read_data)


def announcer() -> Announcer:
    """What tells balances."""
    return Announcer(utc_now, new_event_id)


def projector(settings: Settings) -> BookProjector:
    """What feeds books."""
    return BookProjector(settings.company_sources, announcer())


def sealer(database: Database) -> Sealer:
    """What seals the live book."""
    return Sealer(database, event_store())


def rebuild(settings: Settings, database: Database) -> Rebuild:
    """What builds books."""
    return Rebuild(database, settings.kafka, projector(settings), announcer())


def rebuild_apart(settings: Settings) -> RebuildApart:
    """What builds books beside an API."""

    async def build_one(tell: Tell, by_operator: bool) -> Rebuilt:  # as RebuildApart calls it
        async with opened(settings, f"iok-{NAME}-rebuild") as database:
            return await rebuild(settings, database).run(tell, by_operator=by_operator)

    return RebuildApart(build_one)


def verifier(settings: Settings, database: Database) -> Verifier:
    """What proves the live book."""
    return Verifier(database, settings.kafka, settings.company_sources)


async def build(settings: Settings) -> Parts:
    """Build every part of the service; nothing is asked of the outside world yet."""
    database = await open_database(settings, f"iok-{NAME}")
    feeding = projector(settings)
    own = own_events(settings, database)
    return Parts(
        app=lambda: _app(settings, database, feeding),
        port=settings.port,
        host=settings.bind_host,
        database=database,
        relay=Relay(settings.database_url.get_secret_value(), settings.kafka, NAME),
        runners=[_live_projection(settings, database, feeding)],
        periodic={"seal": sealer(database).run, "own-events": own.watch},
        own_events=own,
    )


def own_events(settings: Settings, database: Database) -> OwnEvents:
    """What holds Kafka against the ledger's store, and restores it."""
    return OwnEvents(database, settings.kafka, SOURCE, (LEASES, CHARGES, SEALS), read_data, KeysAlone(key_of))


def _live_projection(settings: Settings, database: Database, feeding: BookProjector) -> LiveProjection:
    return LiveProjection(
        database,
        settings.kafka,
        rebuild(settings, database),
        lambda: ProjectionRunner(database, settings.kafka, f"iok-{NAME}", feeding).run,
    )


def _app(settings: Settings, database: Database, feeding: BookProjector) -> "FastAPI":
    from services.ledger.api.site import new_app  # noqa: PLC0415  # relay and projector start sooner without HTTP

    return new_app(settings, database, feeding, rebuild_apart(settings), sealer(database))
