"""The composition root: the only place that builds the gateway's objects."""

from pathlib import Path

import aiohttp
from fastapi import FastAPI

from libs.chassis import panel
from libs.chassis.http import create_app
from libs.chassis.runtime import CommandError, Parts
from services.gateway.api.parameters import PREFIX
from services.gateway.api.routes import add_api
from services.gateway.clients import transport
from services.gateway.clients.doors import Correspondence, Ledger, Payments
from services.gateway.clients.identity import Identity
from services.gateway.clients.sessions import Sessions
from services.gateway.settings import Settings
from services.gateway.web.assets import NotBuiltError
from services.gateway.web.company import Accessibility, Company
from services.gateway.web.fee import PayerFee
from services.gateway.web.pages import Doors, add_pages
from services.gateway.web.site import FrontEnd, Site
from services.gateway.web.visits import Reception

NAME = "gateway"
FOLDER = Path(__file__).parent
MIB = 1024 * 1024
BODY_LIMITS_BYTES = {  # files of 10 MiB: a letter's on the pages, one at a time by the API
    "/korespondencja": 101 * MIB,
    f"{PREFIX}/attachments": 11 * MIB,
}


def make_app(settings: Settings, http: aiohttp.ClientSession, front_end: FrontEnd) -> FastAPI:
    """The gateway's app over an open HTTP client and the built front end."""
    doors = {name: transport.Service(name, url, http) for name, url in settings.services().items()}
    identity, ledger = Identity(doors["identity"]), Ledger(doors["ledger"])
    payments, correspondence = Payments(doors["payments"]), Correspondence(doors["correspondence"])
    sessions = Sessions(identity)
    app = create_app(NAME, openapi_url=f"{PREFIX}/openapi.json", body_limits_bytes=BODY_LIMITS_BYTES)
    panel.mount(app, panel.PanelParts(NAME, settings))
    add_api(app, sessions, (identity, ledger, payments, correspondence))
    reception = Reception(sessions, settings.public_url)
    site = Site(reception, front_end, settings.autopay_url, company_of(settings), settings.trusted_profile_urls())
    fee = PayerFee(settings.payer_fee_grosze, settings.payer_fee_percent)
    add_pages(app, site, Doors(identity, ledger, payments, correspondence, fee))
    return app


def company_of(settings: Settings) -> Company:
    """What the pages say of the company, as the environment tells it."""
    declared = Accessibility(
        status=settings.accessibility_status,
        gaps=settings.accessibility_gaps,
        person=settings.accessibility_person,
        building=settings.accessibility_building,
        published_on=settings.accessibility_published_on,
        updated_on=settings.accessibility_updated_on,
        prepared_on=settings.accessibility_prepared_on,
        reviewed_on=settings.accessibility_reviewed_on,
    )
    return Company(
        name=settings.company_name,
        contact=settings.company_contact,
        email=settings.company_email,
        phone=settings.company_phone,
        privacy_officer=settings.company_privacy_officer,
        transfer_name=settings.company_transfer_name,
        nip=settings.company_nip,
        accessibility=declared,
    )


async def build(settings: Settings) -> Parts:
    """Everything a gateway process runs.

    Raises:
        CommandError: the front end was not built.
    """
    try:
        front_end = FrontEnd.load()
    except NotBuiltError as error:
        raise CommandError(str(error)) from error
    http = transport.open_http()
    return Parts(lambda: make_app(settings, http, front_end), settings.port, settings.bind_host, close=http.close)
