"""All pages together, ready to be added to an app."""

from dataclasses import dataclass

from fastapi import FastAPI

from services.gateway.clients.doors import Correspondence, Ledger, Payments
from services.gateway.clients.identity import Identity
from services.gateway.web import appearance
from services.gateway.web.documents import Documents
from services.gateway.web.errors import ErrorPages
from services.gateway.web.fee import PayerFee
from services.gateway.web.finance import Finance
from services.gateway.web.help import Help
from services.gateway.web.history import History
from services.gateway.web.letters import Letters
from services.gateway.web.months import Months
from services.gateway.web.new_letters import NewLetters
from services.gateway.web.online import OnlinePayments
from services.gateway.web.paying import Paying
from services.gateway.web.premises import PremisesPage
from services.gateway.web.signing import Signing
from services.gateway.web.site import Site
from services.gateway.web.start import Start
from services.gateway.web.statements import Statements
from services.gateway.web.transfer import TransferPage
from services.gateway.web.trusted_profile import TrustedProfile
from services.gateway.web.uploads import Uploads


@dataclass(frozen=True)
class Doors:
    """The services that pages ask, and what Autopay charges the payer."""

    identity: Identity
    ledger: Ledger
    payments: Payments
    correspondence: Correspondence
    fee: PayerFee


def add_pages(app: FastAPI, site: Site, doors: Doors) -> None:
    """Add every page and the pages for errors; the app's other doors keep their own answers."""
    uploads = Uploads(doors.correspondence, site.language)
    signing = Signing(site, doors.identity)
    documents = Documents()
    deeds = (
        signing,
        TrustedProfile(site, doors.identity, signing),
        Start(site, doors.ledger, doors.payments, doors.correspondence),
        Finance(site, doors.ledger, doors.payments),
        History(site, doors.ledger),
        Months(site, doors.ledger),
        Statements(site, doors.ledger, documents),
        TransferPage(site, doors.ledger, documents),
        Paying(site, doors.ledger, doors.payments, doors.fee),
        OnlinePayments(site, doors.ledger, doors.payments),
        PremisesPage(site, doors.ledger),
        NewLetters(site, doors.correspondence, doors.ledger, uploads),
        Letters(site, doors.correspondence, uploads),
        Help(site),
    )
    pages = [route for deed in deeds for route in deed.routes()]
    # Before the app's other doors: most requests are for these.
    app.router.routes[:0] = [site.assets.route(), appearance.route(secure=site.reception.secure), *pages]
    ErrorPages(site, signing).install(app)
