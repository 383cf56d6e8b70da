"""Paying by a transfer: the account, the sum and the title to copy, the QR code for a bank's app, a slip to print."""

import asyncio
import re
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.clients.doors import Ledger
from services.gateway.clients.models import Balance, Lease
from services.gateway.clients.transport import READ_SECONDS, NotFoundError
from services.gateway.web import zbp
from services.gateway.web.company import Company
from services.gateway.web.documents import Documents, download
from services.gateway.web.language import Language, account_number
from services.gateway.web.months import MONTH
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.start import lease_context
from services.gateway.web.visits import Missing, Visitor, missing, part

SUM = re.compile(r"[1-9]\d{0,10}")


class TransferPage:
    """`/umowa/{lease_id}/przelew` and `/przelew.pdf`, for what is due today, a month, or what else is asked for."""

    def __init__(self, site: Site, ledger: Ledger, documents: Documents) -> None:
        self._site = site
        self._ledger = ledger
        self._documents = documents

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        return [
            PageRoute("/umowa/{lease_id}/przelew", let_in(self._page)),
            PageRoute("/umowa/{lease_id}/przelew.pdf", let_in(self._slip)),
        ]

    async def _page(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        month, grosze = _wanted(request)
        session, lease_id, seconds = visitor.session, visitor.lease(), visitor.seconds_left()
        leases, lease, balance = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, seconds)),
            part(say("umowa i lokal"), self._ledger.lease(session, lease_id, seconds)),
            part(say("saldo i terminy płatności"), self._ledger.balance(session, lease_id, seconds)),
        )
        context: dict[str, object] = {"transfer": None}
        if isinstance(lease, Lease):
            owed = balance if isinstance(balance, Balance) else None
            transfer = transfer_of(self._site.company, self._site.language, lease, month, _sum(grosze, owed))
            query = "&".join([f"kwota={transfer.amount_grosze}", *([f"miesiac={month}"] if month else [])])
            drawing = Markup(zbp.drawing(transfer))  # noqa: S704  # drawn by us, of lines alone
            context = {"transfer": transfer, "drawing": drawing, "query": query}
        return self._site.page(
            request,
            "transfer.html",
            context | lease_context(leases, visitor, "/przelew"),
            status=503 if isinstance(lease, Missing) else 200,
            missing=missing(leases, lease, balance),
        )

    async def _slip(self, request: Request, visitor: Visitor) -> Response:
        month, grosze = _wanted(request)
        session, lease_id = visitor.session, visitor.lease()
        lease, balance = await asyncio.gather(
            self._ledger.lease(session, lease_id, READ_SECONDS), self._ledger.balance(session, lease_id, READ_SECONDS)
        )
        company, language = self._site.company, self._site.language
        transfer = transfer_of(company, language, lease, month, _sum(grosze, balance))
        given = slip_words(company, language, transfer, f"{session.display_name}, {lease.premises.address}")
        return download(await self._documents.pdf("slip.typ", given), "blankiet.pdf")


def transfer_of(company: Company, language: Language, lease: Lease, month: str | None, grosze: int) -> zbp.Transfer:
    """The transfer that pays a sum on a lease; 0 grosze: the payer writes it."""
    title = language.transfer_title(lease.number, month)
    return zbp.Transfer(lease.bank_account, company.transfer_name or company.name, title, grosze, company.nip)


def slip_words(company: Company, language: Language, transfer: zbp.Transfer, payer: str) -> dict[str, Any]:
    """The words and figures of the slip. `payer`: name and address."""
    say = language.text
    filled = say("Wypełni przelew za Ciebie.") if transfer.amount_grosze else say("Kwotę wpisz samodzielnie.")
    return {
        "language": language.code,
        "title": say("Polecenie przelewu lub wpłata gotówkowa"),
        "company": company.name,
        "parts": [say("Odcinek dla wpłacającego"), say("Odcinek dla banku")],
        "facts": [
            [say("Odbiorca"), transfer.recipient],
            [say("Rachunek odbiorcy"), account_number(transfer.account)],
            [say("Kwota"), language.money(transfer.amount_grosze) if transfer.amount_grosze else ""],
            [say("Zleceniodawca"), payer],
            [say("Tytuł przelewu"), transfer.title],
        ],
        "stamp": say("Data, podpis, stempel"),
        "drawing": zbp.drawing(transfer),
        "drawing_says": say("Kod QR przelewu dla aplikacji banku"),
        "hint": f"{say('Zeskanuj kod w aplikacji swojego banku.')} {filled}",
    }


def _wanted(request: Request) -> tuple[str | None, int | None]:
    """The month and the sum in grosze that the address names.

    Raises:
        NotFoundError: nothing that a page of ours links to.
    """
    month, grosze = request.query_params.get("miesiac"), request.query_params.get("kwota")
    if (month is not None and not MONTH.fullmatch(month)) or (grosze is not None and not SUM.fullmatch(grosze)):
        raise NotFoundError
    return month, None if grosze is None else int(grosze)


def _sum(grosze: int | None, balance: Balance | None) -> int:
    """What was asked for, else what is due today, else what is due next; 0: nothing, the payer writes it."""
    if grosze is not None or balance is None:
        return grosze or 0
    return balance.due_today_grosze or (balance.next_due.amount_grosze if balance.next_due else 0)
