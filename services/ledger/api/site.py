"""The ledger's HTTP side: tenants' reads, operators' actions, the panel."""

from fastapi import FastAPI

from libs.chassis.auth import TokenVerifier
from libs.chassis.http import create_app
from libs.chassis.panel import PanelParts, mount
from libs.chassis.postgres import Database
from libs.chassis.projection import Projector
from services.ledger.api import rebuilds, sections, tenant
from services.ledger.read_models import books
from services.ledger.settings import Settings

NAME = "ledger"


def new_app(
    settings: Settings, database: Database, projector: Projector, rebuild: rebuilds.Rebuilder, sealer: rebuilds.Seals
) -> FastAPI:
    """Everything that is served."""
    app = create_app(NAME, ready={"book": lambda: _has_a_book(database)})
    app.state.verifier = TokenVerifier(settings.token_public_keys, NAME)
    panel = mount(app, PanelParts(NAME, settings, database, projector, sections=sections.of(database)))
    app.include_router(tenant.router(database))
    app.include_router(rebuilds.router(rebuild, sealer, panel.gate))
    return app


async def _has_a_book(database: Database) -> str | None:
    async with database.connection() as connection:
        if await books.live_or_none(connection) is None:
            return "there is no live book yet: it is being built, or the projector has never run"
    return None
