"""The history: by year and kind, as a file, as a statement, and one line of it with the account to pay to."""

import asyncio
import re
from urllib.parse import urlencode

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.clients.doors import Ledger
from services.gateway.clients.models import ChargeLine, Entry, EntryExplanation, Turnover
from services.gateway.clients.transport import NotFoundError, RefusedError
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site
from services.gateway.web.start import lease_context
from services.gateway.web.visits import Missing, Visitor, missing, part

HISTORY_ROWS = 20
CURSOR = re.compile(r"[A-Za-z0-9._~=-]{1,1000}")
YEAR = re.compile(r"(19|[2-8][0-9])[0-9]{2}")
LINES = TypeAdapter(list[ChargeLine])
FILE_SECONDS = 3.0  # until the file of the history begins to come
KINDS = {"oplaty": "charges", "wplaty": "payments"}  # as addresses name them: as the ledger does


class History:
    """`/umowa/{lease_id}/historia`, `/historia.csv` and `/historia/{entry_id}`."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self._site = site
        self._ledger = ledger

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        return [
            PageRoute("/umowa/{lease_id}/historia", let_in(self._history)),
            PageRoute("/umowa/{lease_id}/historia.csv", let_in(self._history_file)),
            PageRoute("/umowa/{lease_id}/historia/{entry_id}", let_in(self._entry)),
        ]

    async def _history(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        wanted = _wanted(request)
        session, lease_id, seconds = visitor.session, visitor.lease(), visitor.seconds_left()
        fragment = "hx-request" in request.headers
        try:
            leases, entries, turnover = await asyncio.gather(
                part(say("umowy"), self._ledger.leases(session, seconds)),
                part(say("historia opłat i wpłat"), self._ledger.entries(session, lease_id, _query(wanted), seconds)),
                part(say("wybór roku"), self._ledger.turnover(session, lease_id, seconds)),
            )
        except RefusedError as error:  # a cursor that is none of the ledger's
            raise NotFoundError from error
        gone = isinstance(entries, Missing)
        context = {
            "entries": None if gone else entries,
            "year": wanted.get("rok"),
            "kind": wanted.get("rodzaj"),
            "chosen": urlencode({name: value for name, value in wanted.items() if name != "od"}),
            "years": _years(turnover) if isinstance(turnover, Turnover) else [],
        }
        return self._site.page(
            request,
            "parts/entries.html" if fragment and not gone else "history.html",
            context | lease_context(leases, visitor, "/historia"),
            status=503 if gone else 200,
            missing=missing(leases, entries, turnover),
        )

    async def _history_file(self, request: Request, visitor: Visitor) -> Response:
        year = _wanted(request).get("rok")
        file = await self._ledger.history_file(
            visitor.session, visitor.lease(), None if year is None else int(year), FILE_SECONDS
        )
        return StreamingResponse(file.pieces, headers=file.headers)

    async def _entry(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        session, lease_id, seconds = visitor.session, visitor.lease(), visitor.seconds_left()
        entry_id = request.path_params["entry_id"]
        leases, entry = await asyncio.gather(
            part(say("umowy"), self._ledger.leases(session, seconds)),
            part(say("pozycja historii"), self._ledger.entry(session, lease_id, entry_id, seconds)),
        )
        gone = isinstance(entry, Missing)
        context = {
            "entry": None if gone else entry,
            "lines": [] if isinstance(entry, Missing) else _lines(entry),
            "explanation": None if isinstance(entry, Missing) else _explanation(entry),
        }
        return self._site.page(
            request,
            "entry.html",
            context | lease_context(leases, visitor, "/historia"),
            status=503 if gone else 200,
            missing=missing(leases, entry),
        )


def _wanted(request: Request) -> dict[str, str]:
    """What the address asks for: `od` (a cursor), `rok`, `rodzaj`.

    Raises:
        NotFoundError: nothing that a page of ours links to.
    """
    wanted = {name: request.query_params[name] for name in ("rok", "rodzaj", "od") if request.query_params.get(name)}
    good = CURSOR.fullmatch(wanted.get("od", "x")) and YEAR.fullmatch(wanted.get("rok", "2000"))
    if not good or wanted.get("rodzaj", "oplaty") not in KINDS:
        raise NotFoundError
    return wanted


def _query(wanted: dict[str, str]) -> dict[str, str]:
    query = {"limit": str(HISTORY_ROWS)}
    query |= {theirs: wanted[ours] for ours, theirs in (("od", "cursor"), ("rok", "year")) if ours in wanted}
    return query | ({"kind": KINDS[wanted["rodzaj"]]} if "rodzaj" in wanted else {})


def _years(turnover: Turnover) -> list[str]:
    """The years in which anything was booked, newest first."""
    return list(dict.fromkeys(row.month[:4] for row in turnover.items))


def _lines(entry: Entry) -> list[ChargeLine]:
    """The lines of a charge or correction; none when its details carry none."""
    try:
        return LINES.validate_python(entry.details.get("lines", []))
    except ValidationError:
        return []


def _explanation(entry: Entry) -> EntryExplanation | None:
    """What the entry paid or was paid by; none when its details do not tell."""
    try:
        return EntryExplanation.model_validate(entry.details.get("explanation"))
    except ValidationError:
        return None
