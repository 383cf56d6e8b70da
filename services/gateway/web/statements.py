"""A year of the account as a PDF: „Zestawienie opłat i wpłat”."""

import asyncio
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.clients.doors import Ledger
from services.gateway.clients.models import Lease, Statement
from services.gateway.clients.transport import READ_SECONDS, NotFoundError, RefusedError
from services.gateway.web.company import Company
from services.gateway.web.documents import Documents, download
from services.gateway.web.history import YEAR
from services.gateway.web.language import WARSAW, Language, account_number
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.visits import Visitor

CHARGED = frozenset({"charge", "correction", "interest"})


class Statements:
    """`/umowa/{lease_id}/zestawienie/{year}.pdf`."""

    def __init__(self, site: Site, ledger: Ledger, documents: Documents) -> None:
        self._site = site
        self._ledger = ledger
        self._documents = documents

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        made = self._site.reception.signed_in(self._made)
        return [PageRoute("/umowa/{lease_id}/zestawienie/{year}.pdf", made)]

    async def _made(self, request: Request, visitor: Visitor) -> Response:
        year = request.path_params["year"]
        if not YEAR.fullmatch(year):
            raise NotFoundError
        session, lease_id = visitor.session, visitor.lease()
        try:
            lease, statement = await asyncio.gather(
                self._ledger.lease(session, lease_id, READ_SECONDS),
                self._ledger.statement(session, lease_id, int(year), READ_SECONDS),
            )
        except RefusedError:  # longer than a document may be: the file for spreadsheets has no limit
            return RedirectResponse(f"/umowa/{lease_id}/historia.csv?rok={year}", 303)
        about = (lease, statement, session.display_name)
        given = statement_words(self._site.company, self._site.language, about)
        return download(await self._documents.pdf("statement.typ", given), f"zestawienie-{year}.pdf")


def statement_words(company: Company, language: Language, about: tuple[Lease, Statement, str]) -> dict[str, Any]:
    """The words and figures of the document. `about`: the lease, its year, the tenant's name."""
    lease, statement, name = about
    say, money = language.text, language.signed_money
    made_on = language.day(datetime.now(WARSAW).date())
    return {
        "language": language.code,
        "title": say("Zestawienie opłat i wpłat za %(year)s rok") % {"year": statement.year},
        "company": company.name,
        "made": say("Stan na %(day)s") % {"day": made_on},
        "facts": [
            [say("Najemca"), name],
            [say("Umowa"), lease.number],
            [say("Lokal"), lease.premises.address],
            [say("Rachunek do wpłat"), account_number(lease.bank_account)],
        ],
        "sums_label": say("Podsumowanie roku"),
        "sums": [
            [say("Saldo na początek roku"), language.saldo(statement.opening_grosze)],
            [say("Naliczono"), money(statement.charged_grosze)],
            [say("Wpłacono"), money(statement.paid_grosze)],
            [say("Saldo na koniec okresu"), language.saldo(statement.closing_grosze)],
        ],
        "lines_label": say("Pozycje"),
        "columns": [say("Data"), say("Opis"), say("Naliczono"), say("Wpłacono"), say("Saldo")],
        "lines": [
            [
                line.booked_on.strftime("%d.%m.%Y"),
                line.title,
                money(line.amount_grosze) if line.kind in CHARGED else "",
                "" if line.kind in CHARGED else money(-line.amount_grosze),
                money(line.balance_after_grosze),
            ]
            for line in statement.items
        ],
        "none": say("W tym roku nie było żadnych opłat ani wpłat."),
        "note": say("Saldo bez minusa jest do zapłaty, z minusem jest nadpłatą."),
        "page": say("Strona"),
    }
