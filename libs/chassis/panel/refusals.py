"""What cannot be shown or done is told in a page of the panel: a browser gets no JSON to read."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import WebSocketRequestValidationError
from fastapi.responses import Response

from libs.chassis.http.problems import Problem
from libs.chassis.panel.frame import Panel
from libs.chassis.panel.staff import PanelSession

PAGES: Final = "/panel"
REFUSED: Final = 400  # and every status above
NOT_UNDERSTOOD: Final = "Adres albo formularz zawiera coś, czego panel nie rozumie."

Handler = Callable[[Request, Any], Awaitable[Response]]


def tell_in_pages(app: FastAPI, panel: Panel) -> None:
    """Put the panel's pages before the problem details that the app's handlers answer with, below /panel alone."""
    handlers: dict[Any, Any] = app.exception_handlers
    for kind, handler in handlers.items():
        if kind is not WebSocketRequestValidationError:
            handlers[kind] = _in_a_page(panel, handler)


def _in_a_page(panel: Panel, handler: Handler) -> Handler:
    async def answer(request: Request, error: Any) -> Response:
        said = await handler(request, error)
        if said.status_code < REFUSED or not request.url.path.startswith(PAGES):
            return said
        problem = json.loads(bytes(said.body))
        page = panel.render(
            "panel/message.html",
            await _session(panel, request),
            status=said.status_code,
            title=problem["title"],
            detail=problem.get("detail") or (NOT_UNDERSTOOD if problem.get("errors") else ""),
        )
        kept = ("retry-after", "allow")
        page.headers.update({name: said.headers[name] for name in kept if name in said.headers})
        return page

    return answer


async def _session(panel: Panel, request: Request) -> PanelSession | None:
    """Who is there; nobody when that cannot be told now."""
    try:
        return await panel.session(request)
    except Problem:
        return None
