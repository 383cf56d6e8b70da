"""Staff look up a lease by a name, an address or a number: on the panel, and for other services' panels."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from libs.chassis.http import ID, ID_PATTERN, Problem
from libs.chassis.logs import logger
from libs.chassis.panel import Panel, PanelSession, StaffForm
from libs.chassis.searching import MAX_SEARCH_CHARACTERS
from services.identity.api.sessions import LOOKING_ROLES, SessionToken, ToolsOf, looking
from services.identity.commands.tools import Tools
from services.identity.read_models import lookup

ROWS: Final = 50
PAGE: Final = "/panel/leases"
ROLE_WORDS: Final[Mapping[str, str]] = {"tenant": "najemca", "co_tenant": "współnajemca"}

LeaseId = Annotated[str | None, Query(pattern=ID_PATTERN)]


class SearchBody(BaseModel):
    """The words looked for."""

    text: Annotated[str, Field(max_length=MAX_SEARCH_CHARACTERS)]


class MeantAnswer(BaseModel):
    """Accounts and leases, each with those of the words that may mean it.

    `complete`: there is no other, of however few words.
    """

    accounts: Mapping[str, Sequence[str]]
    leases: Mapping[str, Sequence[str]]
    complete: bool


router = APIRouter()


@router.post("/directory/search")
async def search(body: SearchBody, token: SessionToken, tools: ToolsOf) -> MeantAnswer:
    """Tell clerks and operators whom and what words mean; to anybody else there is no such place.

    That somebody looked is logged, not for whom.
    """
    principal = await looking(tools, token)
    async with tools.database.connection() as connection:
        found = await lookup.meant(connection, body.text)
    count = len(found.accounts) + len(found.leases)
    logger(__name__).info("accounts and leases looked up", account_id=principal.account_id, found=count)
    return MeantAnswer(accounts=found.accounts, leases=found.leases, complete=found.complete)


def named(session: PanelSession) -> PanelSession:
    """Let named clerks and operators pass, as the directory does: names are personal data.

    Raises:
        Problem: 403 for other staff and for a break-glass session.
    """
    if session.break_glass:
        raise Problem(403, "Brak uprawnień", detail="Dane osób wymagają zalogowania się własnym kontem.")
    session.principal.require_role(*LOOKING_ROLES)
    return session


def pages(tools: Tools, panel: Panel) -> APIRouter:
    """Make the page at /panel/leases."""
    routes = APIRouter(prefix=PAGE)

    async def shown(session: PanelSession, wanted: lookup.Wanted) -> HTMLResponse:
        """Show a page of leases with their parties; that somebody looked is logged, not for whom."""
        async with tools.database.connection() as connection:
            found = await lookup.page(connection, wanted, ROWS) if wanted.anything else []
        if wanted.anything:
            logger(__name__).info("leases looked up", account_id=session.principal.account_id, found=len(found))
        return panel.render(
            "identity/leases.html",
            session,
            leases=found,
            text=wanted.text or wanted.lease_id or "",
            most=MAX_SEARCH_CHARACTERS,
            after=found[-1].lease_id if len(found) == ROWS else None,
            roles=ROLE_WORDS,
        )

    @routes.get("")
    async def one(session: Annotated[PanelSession, Depends(panel.staff)], lease: LeaseId = None) -> HTMLResponse:
        """Show the empty form, or a lease that another panel leads to."""
        return await shown(named(session), lookup.Wanted(lease_id=lease))

    @routes.post("")
    async def search(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> HTMLResponse:
        """Look for what was typed: by a form, so that no name is left in an address."""
        session, fields = named(form[0]), form[1]
        text = " ".join(fields.get("search", "").replace("\x00", "").split())[:MAX_SEARCH_CHARACTERS]
        after = fields.get("after", "")
        return await shown(session, lookup.Wanted(text, after=after if ID.fullmatch(after) else ""))

    return routes
