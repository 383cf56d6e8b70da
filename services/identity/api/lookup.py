"""Staff look up a lease by a name, an address or a number: on the panel, and for other services' panels."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from libs.chassis.auth import Principal, unauthorized
from libs.chassis.http import Problem
from libs.chassis.logs import logger
from libs.chassis.panel import Panel, PanelSession
from libs.chassis.searching import MAX_SEARCH_CHARACTERS
from services.identity.api.sessions import SessionToken, ToolsOf
from services.identity.commands.sessions import SessionOverError, use_session
from services.identity.commands.tools import Tools
from services.identity.read_models import lookup

ROWS: Final = 50
PAGE: Final = "/panel/leases"
MAX_PLACE_CHARACTERS: Final = 500
ROLE_WORDS: Final[Mapping[str, str]] = {"tenant": "najemca", "co_tenant": "współnajemca"}

Search = Annotated[str, Query(max_length=MAX_SEARCH_CHARACTERS)]
Place = Annotated[str, Query(max_length=MAX_PLACE_CHARACTERS)]


class SearchBody(BaseModel):
    """The words looked for."""

    text: Annotated[str, Field(max_length=MAX_SEARCH_CHARACTERS)]


class MeantAnswer(BaseModel):
    """Accounts and leases that the words may mean; `complete`: there are no more."""

    account_ids: list[str]
    lease_ids: list[str]
    complete: bool


router = APIRouter()


@router.post("/directory/search")
async def search(body: SearchBody, token: SessionToken, tools: ToolsOf) -> MeantAnswer:
    """Tell clerks and operators whom and what words mean; to anybody else there is no such place."""
    try:
        holder = await use_session(tools, token)
    except SessionOverError as over:
        raise unauthorized() from over
    Principal(holder.session.account_id, frozenset(holder.roles)).require_role("clerk", "operator")
    async with tools.database.connection() as connection:
        found = await lookup.meant(connection, body.text)
    return MeantAnswer(account_ids=found.account_ids, lease_ids=found.lease_ids, complete=found.complete)


def pages(tools: Tools, panel: Panel) -> APIRouter:
    """Make the page at /panel/leases."""
    routes = APIRouter(prefix=PAGE)

    async def named(session: Annotated[PanelSession, Depends(panel.staff)]) -> PanelSession:
        if session.break_glass:
            raise Problem(403, "Brak uprawnień", detail="Dane osób wymagają zalogowania się własnym kontem.")
        return session

    @routes.get("")
    async def listed(
        session: Annotated[PanelSession, Depends(named)], search: Search = "", address: Place = "", after: Place = ""
    ) -> HTMLResponse:
        """Show a page of leases with their parties; that somebody looked is logged, not for whom."""
        text = " ".join(part.replace("\x00", "") for part in search.split())
        behind = (address.replace("\x00", ""), after.replace("\x00", ""))
        async with tools.database.connection() as connection:
            found = await lookup.page(connection, text, behind, ROWS) if text else []
        if text:
            logger(__name__).info("leases looked up", account_id=session.principal.account_id, found=len(found))
        more = None
        if len(found) == ROWS:
            more = urlencode({"search": text, "address": found[-1].address, "after": found[-1].lease_id})
        return panel.render(
            "identity/leases.html",
            session,
            leases=found,
            text=text,
            most=MAX_SEARCH_CHARACTERS,
            more=more,
            roles=ROLE_WORDS,
        )

    return routes
