"""Signing in and out, and the password that must be changed at the first sign-in.

A form that was sent when the session was over is carried through the sign-in, so that nothing written is lost.
"""

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libs.chassis import logs
from services.gateway.clients.identity import Identity, Opened, SessionOverError
from services.gateway.clients.transport import AwayError, RefusedError
from services.gateway.web.forms import TOKEN_FIELD, fields_of, is_same_site, local_path
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import NO_ERRORS, FormErrors, Site
from services.gateway.web.visits import PAGE_SECONDS, PASSWORD_PATH, Visitor

CARRIED_CHARACTERS = 60_000
MAX_LOGIN_CHARACTERS = 200
MAX_PASSWORD_CHARACTERS = 1_000

log = logs.logger(__name__)


@dataclass(frozen=True)
class Asked:
    """What a sign-in is for: where to go then, a form carried along, and the login typed."""

    back: str = "/"
    carried: str = ""
    login: str = ""


class Signing:
    """`/zaloguj`, `/wyloguj` and `/haslo`."""

    def __init__(self, site: Site, identity: Identity) -> None:
        self._site = site
        self._identity = identity

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        return [
            PageRoute("/zaloguj", self._show),
            PageRoute("/zaloguj", self._sign_in, methods=["POST"]),
            PageRoute("/wyloguj", self._sign_out, methods=["POST"]),
            PageRoute(PASSWORD_PATH, let_in(self._show_password)),
            PageRoute(PASSWORD_PATH, let_in(self._change_password), methods=["POST"]),
        ]

    async def needed(self, request: Request) -> Response:
        """The answer to somebody who is not signed in: the way to the sign-in page and back."""
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if request.method != "POST" or not is_same_site(request, self._site.reception.public_url):
            return RedirectResponse("/zaloguj" if wanted == "/" else f"/zaloguj?{urlencode({'back': wanted})}", 303)
        fields = {name: value for name, value in (await fields_of(request)).items() if name != TOKEN_FIELD}
        return self.page(request, Asked(wanted, json.dumps(fields, ensure_ascii=False)), status=401)

    def page(self, request: Request, asked: Asked, errors: FormErrors = NO_ERRORS, status: int = 200) -> Response:
        """The sign-in page."""
        signed_out = request.method == "GET" and "wylogowano" in request.query_params
        context = {
            **vars(asked),
            "back": local_path(asked.back),
            "signed_out": signed_out,
            "errors": errors,
            "trusted_profile": bool(self._site.trusted_profile_origin),
        }
        return self._site.page(request, "sign-in.html", context, status=status)

    async def _show(self, request: Request) -> Response:
        back = request.query_params.get("back", "/")
        if await self._site.reception.session(request) is not None:
            return RedirectResponse(local_path(back), 303)
        return self.page(request, Asked(back))

    async def _sign_in(self, request: Request) -> Response:
        say = self._site.language.text
        self._site.reception.check_origin(request)
        form = await fields_of(request)
        login, password = form.get("login", "").strip(), form.get("password", "")
        asked = Asked(form.get("back", "/"), form.get("carried", ""), login)
        needed = {"login": (login, say("Podaj login.")), "password": (password, say("Podaj hasło."))}
        if empty := {name: message for name, (value, message) in needed.items() if not value}:
            return self.page(request, asked, FormErrors(empty))
        # The same to everybody, whatever is wrong. Identity's bounds: 5 tries are free, then one waits 2 s to 900 s.
        neutral = say(
            "Login lub hasło się nie zgadza. Po pięciu nieudanych próbach trzeba odczekać przed następną: "
            "najpierw kilka sekund, potem coraz dłużej, najwyżej 15 minut."
        )
        if len(login) > MAX_LOGIN_CHARACTERS or len(password) > MAX_PASSWORD_CHARACTERS:
            return self.page(request, asked, FormErrors({}, neutral))
        try:
            opened = await self._identity.sign_in(login, password, request.client.host if request.client else "")
        except RefusedError:
            return self.page(request, asked, FormErrors({}, neutral))
        except AwayError:
            whole = FormErrors({}, say("Logowanie chwilowo nie działa. Spróbuj ponownie za chwilę."))
            return self.page(request, asked, whole, 503)
        answer = await self._after_sign_in(request, opened, asked.back, asked.carried)
        self._site.reception.enter(answer, opened.token)
        return answer

    async def _after_sign_in(self, request: Request, opened: Opened, back: str, carried: str) -> Response:
        if opened.must_change_password:
            return RedirectResponse(PASSWORD_PATH, 303)
        fields = _carried(carried)
        if not fields:
            return RedirectResponse(local_path(back), 303)
        session = await self._site.reception.sessions.of(opened.token, PAGE_SECONDS, reading=True)
        request.state.visitor = Visitor(session, 0.0, None)
        context = {"action": local_path(back), "fields": fields, "shown": fields.get("text", "")}
        return self._site.page(request, "resume.html", context)

    async def _sign_out(self, request: Request) -> Response:
        """Sign out. A session that identity could not be told of is over here all the same."""
        token = self._site.reception.token_of(request)
        if token is not None:
            await self._site.reception.check_form(request, token)
            try:
                await self._site.reception.sessions.end(token)
            except (AwayError, SessionOverError):
                log.warning("identity did not hear of a sign-out")
        answer = RedirectResponse("/zaloguj?wylogowano=1", 303)
        self._site.reception.leave(answer)
        return answer

    async def _show_password(self, request: Request, _: Visitor) -> Response:
        return self._site.page(request, "password.html")

    async def _change_password(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        form = await fields_of(request)
        current, new = form.get("current_password", ""), form.get("new_password", "")
        asked = {
            "current_password": (current or visitor.session.must_change_password, say("Podaj dotychczasowe hasło.")),
            "new_password": (new, say("Podaj nowe hasło.")),
            "repeated": (new == form.get("repeated", ""), say("Oba nowe hasła muszą być takie same.")),
        }
        if wrong := {name: message for name, (good, message) in asked.items() if not good}:
            return self._site.page(request, "password.html", {"errors": FormErrors(wrong)})
        try:
            token = await self._identity.change_password(visitor.session.token, current or None, new)
        except RefusedError as error:
            errors = FormErrors(error.fields) if error.fields else FormErrors({}, error.answer.problem().get("detail"))
            return self._site.page(request, "password.html", {"errors": errors})
        except AwayError:
            whole = FormErrors({}, say("Nie udało się zmienić hasła. Spróbuj ponownie za chwilę."))
            return self._site.page(request, "password.html", {"errors": whole}, status=503)
        self._site.reception.sessions.forget(visitor.session.token)
        answer = RedirectResponse("/?haslo=zmienione", 303)
        self._site.reception.enter(answer, token)
        return answer


def _carried(text: str) -> dict[str, str]:
    """The fields of a form carried through the sign-in; nothing when they are not what we carried."""
    try:
        read = json.loads(text[:CARRIED_CHARACTERS]) if text else {}
    except ValueError:
        return {}
    if not isinstance(read, dict):
        return {}
    return {name: value for name, value in read.items() if isinstance(value, str)}
