"""The composition root: the only place that builds identity's objects."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from libs.chassis.auth import TokenSigner, TokenVerifier
from libs.chassis.event_store import EventStore, utc_now
from libs.chassis.http import create_app
from libs.chassis.outbox import Relay
from libs.chassis.own_events import OwnEvents
from libs.chassis.panel import PanelParts, Section, Table, mount
from libs.chassis.projection import ProjectionRunner
from libs.chassis.runtime import CommandError, Parts, now_and_then, open_database
from libs.events.decoding import read_data
from libs.events.names import ACCOUNTS
from services.identity import api
from services.identity.commands.passwords import PasswordPool
from services.identity.commands.restoring import Following
from services.identity.commands.sessions import forget_old
from services.identity.commands.tools import Tools
from services.identity.consumer import LeaseProjector
from services.identity.read_models import audit, people
from services.identity.settings import MissingKeyError, Settings

NAME: Final = "identity"
FOLDER: Final = Path(__file__).parent
SOURCE: Final = f"iok/{NAME}"
FORGET_SECONDS: Final = 600.0
PANEL_HOURS: Final = 24


async def make_tools(settings: Settings) -> Tools:
    """Build what deeds work with; the caller closes the database.

    Raises:
        CommandError: the key of the letters is not set.
        UnnamedDatabaseError: no database is named.
    """
    try:
        key = settings.letter_key_bytes()
    except MissingKeyError as error:
        raise CommandError(str(error)) from error
    database = await open_database(settings, f"iok-{NAME}")
    return Tools(database, EventStore(SOURCE, read_data, utc_now), PasswordPool(), key, utc_now)


async def build(settings: Settings) -> Parts:
    """Build the service.

    Raises:
        CommandError: a key is not set.
        UnnamedDatabaseError: no database is named.
    """
    try:
        signer = TokenSigner(settings.signing_seed())
    except MissingKeyError as error:
        raise CommandError(str(error)) from error
    tools = await make_tools(settings)
    projector = LeaseProjector(settings.company_sources)

    own = OwnEvents(tools.database, settings.kafka, tools.store.source, (ACCOUNTS,), read_data, Following())

    async def close() -> None:
        tools.passwords.close()

    return Parts(
        app=make_app(settings, tools, signer, projector),
        port=settings.port,
        host=settings.bind_host,
        database=tools.database,
        relay=Relay(settings.database_url.get_secret_value(), settings.kafka, NAME),
        runners=[ProjectionRunner(tools.database, settings.kafka, f"iok-{NAME}", projector)],
        periodic={"forget": now_and_then(FORGET_SECONDS, partial(forget_old, tools)), "own-events": own.watch},
        own_events=own,
        close=close,
    )


def make_app(settings: Settings, tools: Tools, signer: TokenSigner, projector: LeaseProjector) -> FastAPI:
    """Build the HTTP door with its panel."""

    async def database_answers() -> str | None:
        async with tools.database.connection() as connection:
            await people.answers(connection)
        return None

    app = create_app(NAME, ready={"database": database_answers})
    app.state.tools = tools
    app.state.signer = signer
    app.state.verifier = TokenVerifier(settings.token_public_keys or (signer.public_key,), NAME)
    app.include_router(api.router)
    sections = [_doings(tools)]
    mount(app, PanelParts(NAME, settings, database=tools.database, projector=projector, sections=sections))
    return app


def _doings(tools: Tools) -> Section:
    """Show on the panel what people did lately, in numbers."""

    async def read() -> Table:
        async with tools.database.connection() as connection:
            counted = await audit.counts(connection, tools.clock() - timedelta(hours=PANEL_HOURS))
            known = await people.count(connection)
        rows = [("osoby w bazie", str(known)), *((WORDS[action], str(counted.get(action, 0))) for action in WORDS)]
        return Table(("co", "ile"), rows)

    return Section("Konta i logowanie", read, f"Zdarzenia z ostatnich {PANEL_HOURS} godzin.")


WORDS: Final[dict[audit.Action, str]] = {
    audit.Action.SIGNED_IN: "udane logowania",
    audit.Action.SIGN_IN_REFUSED: "odmowy logowania",
    audit.Action.PASSWORD_CHANGED: "zmiany hasła",
    audit.Action.LETTER_ISSUED: "wydane listy z hasłem",
    audit.Action.SIGNED_OUT: "wylogowania",
}
