"""Pages for what goes wrong: what happened and what to do, in plain words. Other doors get problem details."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from libs.chassis import logs
from libs.chassis.http.app import TooLargeError
from services.gateway.clients.identity import SessionOverError
from services.gateway.clients.transport import AwayError, NotFoundError
from services.gateway.web.forms import BadFormError, fields_of
from services.gateway.web.signing import Signing
from services.gateway.web.site import Site
from services.gateway.web.visits import PASSWORD_PATH, ForbiddenError, SignInNeededError

# Everything else on this host is a page.
OTHER_DOORS = ("/api/", "/ops/", "/panel", "/autopay/itn", "/healthz", "/readyz", "/metrics", "/static/")

STATUSES = {BadFormError: 400, ForbiddenError: 403, NotFoundError: 404, TooLargeError: 413, AwayError: 503}

Handler = Callable[[Request, Exception], Awaitable[Response] | Response]

log = logs.logger(__name__)


class ErrorPages:
    """Answers a failed request by a page."""

    def __init__(self, site: Site, signing: Signing) -> None:
        self._site = site
        self._signing = signing

    def install(self, app: FastAPI) -> None:
        """Put the pages before the app's own handlers, for requests of pages only."""
        for kind, handler in list(app.exception_handlers.items()):
            app.add_exception_handler(kind, self._or_page(handler))
        for kind in (ForbiddenError, SignInNeededError, BadFormError):
            app.add_exception_handler(kind, self._answer)

    def _or_page(self, handler: Handler) -> Handler:
        async def either(request: Request, error: Exception) -> Response:
            if not request.url.path.startswith(OTHER_DOORS):
                return await self._answer(request, error)
            answer = handler(request, error)
            return answer if isinstance(answer, Response) else await answer

        return either

    async def _answer(self, request: Request, error: Exception) -> Response:
        if isinstance(error, SignInNeededError | SessionOverError):
            return await self._signing.needed(request)
        status = _status(error)
        if status >= 500 and not isinstance(error, AwayError):
            log.error("page failed", path=request.url.path, exc_info=error)
        unsent = await fields_of(request) if status == 503 and self._may_be_sent_again(request) else {}
        return self._page(request, status, unsent)

    def _may_be_sent_again(self, request: Request) -> bool:
        """Whether a form can be offered again as it was; a password is typed again."""
        return request.method == "POST" and request.url.path not in {"/zaloguj", PASSWORD_PATH}

    def _page(self, request: Request, status: int, unsent: dict[str, str]) -> Response:
        say = self._site.language.text
        texts = {
            400: (say("Nie rozumiemy tego formularza"), say("Wróć na poprzednią stronę i wyślij go jeszcze raz.")),
            403: (
                say("Ten formularz stracił ważność"),
                say("Wróć na poprzednią stronę, odśwież ją i wyślij formularz jeszcze raz. Niczego nie zmieniliśmy."),
            ),
            404: (
                say("Nie ma takiej strony"),
                say("Adres może być niepełny albo ta strona nie jest dostępna dla Twojego konta."),
            ),
            413: (
                say("Wiadomość jest za duża"),
                say("Wróć na poprzednią stronę i skróć treść albo dołącz mniejsze pliki, najwyżej 10 MB każdy."),
            ),
            503: (
                say("Chwilowo niedostępne"),
                say("Ta część serwisu teraz nie odpowiada. Twoje dane są bezpieczne. Spróbuj ponownie za chwilę."),
            ),
        }
        defect = (
            say("Coś poszło nie tak po naszej stronie"),
            say("Zapisaliśmy ten błąd. Spróbuj ponownie za chwilę, a jeśli się powtórzy, napisz do nas."),
        )
        heading, advice = texts.get(status, defect)
        context = {"heading": heading, "advice": advice, "unsent": unsent}
        return self._site.page(request, "error.html", context, status=status)


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return 404 if error.status_code == 405 else error.status_code
    for kinds, status in STATUSES.items():
        if isinstance(error, kinds):
            return status
    return int(getattr(error, "status", 500))
