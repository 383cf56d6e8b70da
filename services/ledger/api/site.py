"""The ledger's HTTP side: tenants' reads, operators' actions, the panel."""

from pathlib import Path

from fastapi import FastAPI

from libs.chassis.auth import TokenVerifier
from libs.chassis.http import create_app
from libs.chassis.panel import Link, PanelParts, mount
from libs.chassis.postgres import Database
from libs.chassis.projection import Projector
from services.ledger.api import lease_pages, rebuild_page, rebuilds, sections, tenant
from services.ledger.read_models import books
from services.ledger.settings import NAME, Settings

TEMPLATES = Path(__file__).parents[1] / "templates"


def new_app(
    settings: Settings, database: Database, projector: Projector, rebuild: rebuilds.Rebuilder, sealer: rebuilds.Seals
) -> FastAPI:
    """Everything that is served."""
    app = create_app(NAME, ready={"book": lambda: _has_a_book(database)})
    app.state.verifier = TokenVerifier(settings.token_public_keys, NAME)
    app.include_router(tenant.router(database))  # first: routes are tried in order, for every request
    parts = PanelParts(
        NAME,
        settings,
        database,
        projector,
        sections=sections.of(database),
        links=[Link(lease_pages.PAGE, "Umowy i salda"), Link(rebuild_page.PAGE, "Przebudowa księgi")],
        templates=TEMPLATES,
        reasons=sections.REASONS,
    )
    panel = mount(app, parts)
    rebuilding = rebuilds.Rebuilding(rebuild, sealer)
    app.include_router(rebuilds.router(rebuilding, panel.gate))
    for pages in (rebuild_page.router(rebuilding, database, panel), lease_pages.router(database, panel)):
        app.include_router(pages, include_in_schema=False)
    return app


async def _has_a_book(database: Database) -> str | None:
    async with database.connection() as connection:
        if await books.live_or_none(connection) is None:
            return "there is no live book yet: it is being built, or the projector has never run"
    return None
