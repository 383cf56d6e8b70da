"""The rebuild of the book as a page of the panel: what it does, a button, how far it is, and what came of it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from libs.chassis.http import Problem
from libs.chassis.panel import Panel, PanelSession, StaffForm, see_other
from libs.chassis.postgres import Database
from services.ledger.api.rebuilds import Rebuilding
from services.ledger.domain import RebuildRefusal
from services.ledger.read_models import books

PAGE: Final = "/panel/rebuild"
NOT_SURE: Final = "Zaznacz, że wiesz, co zrobi przebudowa."
UNDER_WAY: Final = ("filling", "building")

# What a rebuild says it is doing, by the word it begins with.
DOINGS: Final[Mapping[str, str]] = {
    "filling": "wczytywanie zdarzeń z Kafki",
    "indexing": "zakładanie indeksów",
    "booking": "księgowanie zdarzeń, które mogły się powtórzyć",
    "reading": "doczytywanie najnowszych zdarzeń",
    "comparing": "porównywanie z bieżącą księgą",
    "switching": "przełączanie na nową księgę",
}
# Why a rebuild was refused; what it says itself stands beside it.
REFUSALS: Final[Mapping[RebuildRefusal, str]] = {
    RebuildRefusal.ANOTHER_RUNS: "Trwa już inna przebudowa, uruchomiona gdzie indziej. Poczekaj, aż się skończy.",
    RebuildRefusal.NO_KAFKA: "Kafka nie odpowiada albo nie ma w niej tematów. Spróbuj, gdy będzie działać.",
    RebuildRefusal.TOO_FAST: "Zdarzenia przychodzą szybciej, niż da się je doczytać. Spróbuj przy mniejszym ruchu.",
    RebuildRefusal.REPUBLISH: "W Kafce brakuje zdarzeń, które ma bieżąca księga. Trzeba je ponownie opublikować.",
    RebuildRefusal.OTHER_SEAL: "Z Kafki powstała inna księga niż ostatnia zapieczętowana. Trzeba wyjaśnić dlaczego.",
    RebuildRefusal.GONE: "Nową księgę ktoś w tym czasie usunął albo już na nią przełączył.",
}
UNTOUCHED: Final = "Bieżąca księga jest nietknięta."
BROKEN: Final = "Przerwał ją błąd. Niżej widać, która księga jest bieżąca. Uruchomiona ponownie, idzie dalej."


def doing(text: str) -> str:
    """What a rebuild is doing, in Polish; of a deed without words, its own."""
    return DOINGS.get(text.partition(" ")[0], text)


def refusal(code: RebuildRefusal | None) -> str:
    """Why a rebuild went wrong, what to do and what is certain, in Polish; None: it was not refused, it broke."""
    return BROKEN if code is None else f"{REFUSALS[code]} {UNTOUCHED}"


def router(rebuilding: Rebuilding, database: Database, panel: Panel) -> APIRouter:
    """The pages at /panel/rebuild: every member of the staff may look, an operator may start one."""
    routes = APIRouter(prefix=PAGE)

    async def told() -> dict[str, Any]:
        async with database.connection() as connection:
            known = await books.listed(connection)
        return {
            "told": rebuilding.told(),
            "live": next((book for book in known if book.state == "live"), None),
            "unfinished": next((book for book in known if book.state in UNDER_WAY), None),
            "doing": doing,
            "refusal": refusal,
        }

    async def page(session: PanelSession, mistake: str = "", status: int = 200) -> HTMLResponse:
        return panel.render("ledger/rebuild.html", session, status=status, mistake=mistake, **await told())

    @routes.get("")
    async def show(session: Annotated[PanelSession, Depends(panel.staff)]) -> HTMLResponse:
        """Show the page."""
        return await page(session)

    @routes.get("/live")
    async def live(request: Request) -> Response:
        """Give the moving part alone; 401 when the session is over."""
        session = await panel.session(request)
        if session is None:
            return Response(status_code=401)
        return panel.render("ledger/rebuild-live.html", session, **await told())

    @routes.post("")
    async def start(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> Response:
        """Start a rebuild, once the operator has said that they know what it does."""
        session, fields = form
        session.principal.require_role("operator")
        if not fields.get("sure"):
            return await page(session, NOT_SURE, status=422)
        try:
            rebuilding.start(session.principal.account_id)
        except Problem as problem:
            return await page(session, problem.detail or problem.title, status=problem.status)
        return see_other(PAGE)

    return routes
