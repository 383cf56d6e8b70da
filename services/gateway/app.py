"""The composition root: the only place that builds the gateway's objects."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from fastapi import FastAPI
from pydantic import Field, model_validator

from libs.chassis import panel
from libs.chassis.http import create_app
from libs.chassis.runtime import CommandError, Parts, Service
from libs.chassis.settings import LOCAL_HOST, ServiceSettings
from services.gateway.api.routes import PREFIX, add_api
from services.gateway.clients import transport
from services.gateway.clients.doors import Correspondence, Ledger, Payments
from services.gateway.clients.identity import Identity
from services.gateway.clients.sessions import Sessions
from services.gateway.web.assets import NotBuiltError
from services.gateway.web.pages import Doors, add_pages
from services.gateway.web.site import Company, FrontEnd, Site
from services.gateway.web.visits import Reception

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class GatewaySettings(ServiceSettings):
    """What the gateway reads from the environment, beside what every service does."""

    port: int = Field(default=8000, ge=0, le=65535)
    ledger_url: str = f"http://{LOCAL_HOST}:8102"
    payments_url: str = f"http://{LOCAL_HOST}:8103"
    correspondence_url: str = f"http://{LOCAL_HOST}:8104"
    autopay_url: str = f"http://{LOCAL_HOST}:8201"
    company_name: str = "Towarzystwo Budownictwa Społecznego"
    company_contact: str = ""

    @model_validator(mode="after")
    def _https_beyond_this_machine(self) -> "GatewaySettings":
        """A session cookie crosses a network only under https."""
        address = urlsplit(self.public_url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ValueError("IOK_PUBLIC_URL is no address of a web site")
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise ValueError("IOK_PUBLIC_URL must be https: plain http is for this machine alone (loopback)")
        return self

    def services(self) -> Mapping[str, str]:
        """The addresses of the services asked."""
        return {
            "identity": self.identity_url,
            "ledger": self.ledger_url,
            "payments": self.payments_url,
            "correspondence": self.correspondence_url,
        }


def make_app(settings: GatewaySettings, http: aiohttp.ClientSession, front_end: FrontEnd) -> FastAPI:
    """The gateway's app over an open HTTP client and the built front end."""
    doors = {name: transport.Service(name, url, http) for name, url in settings.services().items()}
    identity, ledger = Identity(doors["identity"]), Ledger(doors["ledger"])
    payments, correspondence = Payments(doors["payments"]), Correspondence(doors["correspondence"])
    sessions = Sessions(identity)
    app = create_app("gateway", openapi_url=f"{PREFIX}/openapi.json")
    panel.mount(app, panel.PanelParts("gateway", settings))
    add_api(app, sessions, (identity, ledger, payments, correspondence))
    company = Company(settings.company_name, settings.company_contact)
    site = Site(Reception(sessions, settings.public_url), front_end, settings.autopay_url, company)
    add_pages(app, site, Doors(identity, ledger, payments, correspondence))
    return app


async def build(settings: GatewaySettings) -> Parts:
    """Everything a gateway process runs.

    Raises:
        CommandError: the front end was not built.
    """
    try:
        front_end = FrontEnd.load()
    except NotBuiltError as error:
        raise CommandError(str(error)) from error
    http = transport.open_http()
    return Parts(make_app(settings, http, front_end), settings.port, settings.bind_host, close=http.close)


SERVICE = Service("gateway", GatewaySettings, build, Path(__file__).parent)
