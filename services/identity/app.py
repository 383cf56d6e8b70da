"""The composition root: the only place that builds identity's objects."""

from collections.abc import Mapping
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
from libs.chassis.panel import Link, PanelParts, Section, Table, mount
from libs.chassis.projection import ProjectionRunner
from libs.chassis.runtime import CommandError, Parts, now_and_then, open_database
from libs.events.decoding import read_data
from libs.events.names import ACCOUNTS
from libs.events.reasons import REASON_WORDS
from services.identity.api import lookup, sessions, trusted_profile
from services.identity.clients.login_gov_pl import LoginGovPl, open_http
from services.identity.commands.passwords import PasswordPool
from services.identity.commands.restoring import Following
from services.identity.commands.saml.keys import BadKeyError, Keys, read_certificates, read_pair
from services.identity.commands.saml.messages import Party
from services.identity.commands.sessions import forget_old
from services.identity.commands.tools import Tools
from services.identity.commands.trusted_profile.node import Ask, Node
from services.identity.consumer import CONTRADICTORY, LeaseProjector
from services.identity.domain.leases import FOREIGN_LEASE
from services.identity.read_models import audit, people
from services.identity.settings import MissingKeyError, Settings, pem_bytes

NAME: Final = "identity"
FOLDER: Final = Path(__file__).parent
SOURCE: Final = f"iok/{NAME}"
FORGET_SECONDS: Final = 600.0
PANEL_HOURS: Final = 24
TRUSTED_PROFILE: Final = "IOK_TRUSTED_PROFILE"
CONSUMER_PATH: Final = "/profil-zaufany/acs"  # of the gateway


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

    http = open_http()

    async def close() -> None:
        tools.passwords.close()
        await http.close()

    node = make_node(settings, LoginGovPl(http).ask)
    return Parts(
        app=lambda: make_app(settings, tools, signer, projector, node=node),
        port=settings.port,
        host=settings.bind_host,
        database=tools.database,
        relay=Relay(settings.database_url.get_secret_value(), settings.kafka, NAME),
        runners=[ProjectionRunner(tools.database, settings.kafka, f"iok-{NAME}", projector)],
        periodic={"forget": now_and_then(FORGET_SECONDS, partial(forget_old, tools)), "own-events": own.watch},
        own_events=own,
        close=close,
    )


def make_node(settings: Settings, ask: Ask) -> Node | None:
    """What is needed to sign people in through login.gov.pl; None while it is not configured.

    Raises:
        CommandError: it is, but our id or a key is missing or cannot be used.
    """
    if not settings.trusted_profile_url:
        return None
    if not settings.trusted_profile_issuer:
        raise CommandError("IOK_TRUSTED_PROFILE_ISSUER is missing: our id at login.gov.pl")
    try:
        return Node(_party(settings), _keys(settings), ask)
    except (MissingKeyError, BadKeyError) as error:
        raise CommandError(str(error)) from error


def _party(settings: Settings) -> Party:
    url = settings.trusted_profile_url.rstrip("/")
    return Party(
        issuer=settings.trusted_profile_issuer,
        provider_name=settings.trusted_profile_provider_name or settings.company_name,
        sp_type=settings.trusted_profile_sp_type,
        level=settings.trusted_profile_level,
        idp_issuer=settings.trusted_profile_idp_issuer,
        consumer_url=settings.public_url.rstrip("/") + CONSUMER_PATH,
        sign_in_url=f"{url}/login/SingleSignOnService",
        artifact_url=f"{url}/login-services/idpArtifactResolutionService",
        logout_url=f"{url}/login-services/singleLogoutService",
    )


def _keys(settings: Settings) -> Keys:
    def pem(name: str, written: str) -> bytes:
        return pem_bytes(f"{TRUSTED_PROFILE}_{name}", written)

    signing = read_pair(
        f"{TRUSTED_PROFILE}_SIGNING",
        pem("SIGNING_KEY", settings.trusted_profile_signing_key.get_secret_value()),
        pem("SIGNING_CERTIFICATE", settings.trusted_profile_signing_certificate),
    )
    encryption = read_pair(
        f"{TRUSTED_PROFILE}_ENCRYPTION",
        pem("ENCRYPTION_KEY", settings.trusted_profile_encryption_key.get_secret_value()),
        pem("ENCRYPTION_CERTIFICATE", settings.trusted_profile_encryption_certificate),
    )
    known = pem("IDP_CERTIFICATES", settings.trusted_profile_idp_certificates)
    return Keys(*signing, *encryption, read_certificates(f"{TRUSTED_PROFILE}_IDP_CERTIFICATES", known))


def make_app(
    settings: Settings, tools: Tools, signer: TokenSigner, projector: LeaseProjector, *, node: Node | None = None
) -> FastAPI:
    """Build the HTTP door with its panel."""

    async def database_answers() -> str | None:
        async with tools.database.connection() as connection:
            await people.answers(connection)
        return None

    app = create_app(NAME, ready={"database": database_answers})
    app.state.tools = tools
    app.state.signer = signer
    app.state.node = node
    app.state.verifier = TokenVerifier(settings.token_public_keys or (signer.public_key,), NAME)
    app.include_router(sessions.router)
    app.include_router(trusted_profile.router)
    app.include_router(lookup.router)
    panel = mount(
        app,
        PanelParts(
            NAME,
            settings,
            database=tools.database,
            projector=projector,
            sections=[_doings(tools)],
            links=[Link(lookup.PAGE, "Najemcy i umowy")],
            templates=FOLDER / "templates",
            reasons=REASONS,
        ),
    )
    app.include_router(lookup.pages(tools, panel), include_in_schema=False)
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


REASONS: Final[Mapping[str, str]] = {
    **REASON_WORDS,
    CONTRADICTORY: "zdarzenie o tym samym identyfikatorze było już, z inną treścią",
    FOREIGN_LEASE: "umowa należy do innego systemu",
}
WORDS: Final[dict[audit.Action, str]] = {
    audit.Action.SIGNED_IN: "udane logowania",
    audit.Action.SIGN_IN_REFUSED: "odmowy logowania",
    audit.Action.TRUSTED_PROFILE_REFUSED: "odmowy logowania Profilem Zaufanym",
    audit.Action.PASSWORD_CHANGED: "zmiany hasła",
    audit.Action.LETTER_ISSUED: "wydane listy z hasłem",
    audit.Action.SIGNED_OUT: "wylogowania",
}
