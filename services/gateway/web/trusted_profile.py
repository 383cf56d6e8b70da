"""Signing in by Profil Zaufany: to login.gov.pl with a form, back with an artifact, and one page for every refusal.

login.gov.pl sends people back by a POST from its own site, with which a browser sends no cookie of ours. So the
artifact is only handed on; the GET that follows is ours, and must bring the cookie that the browser got when it began.
"""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libs.chassis import logs
from services.gateway.clients.identity import Identity
from services.gateway.clients.transport import AwayError, RefusedError
from services.gateway.web.forms import fields_of, local_path
from services.gateway.web.routing import PageRoute
from services.gateway.web.signing import Asked, Signing
from services.gateway.web.site import FormErrors, Site, origin

BEGIN = "/profil-zaufany"
CONSUMER = "/profil-zaufany/acs"  # registered at login.gov.pl
RETURN = "/profil-zaufany/powrot"
REFUSED = "/profil-zaufany/odmowa"
COOKIE_SECONDS = 15 * 60  # as long as identity waits for an answer

log = logs.logger(__name__)


class TrustedProfile:
    """`/profil-zaufany` and what lies below; no route while login.gov.pl is not configured."""

    def __init__(self, site: Site, identity: Identity, signing: Signing) -> None:
        self._site = site
        self._identity = identity
        self._signing = signing
        self._cookie = f"{site.reception.cookie}-pz"

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        if not self._site.trusted_profile_origin:
            return []
        return [
            PageRoute(BEGIN, self._begin, methods=["POST"]),
            *(PageRoute(path, self._again) for path in (BEGIN, CONSUMER)),
            PageRoute(CONSUMER, self._come_back, methods=["POST"]),
            PageRoute(RETURN, self._finish),
            PageRoute(REFUSED, self._refused),
        ]

    async def _begin(self, request: Request) -> Response:
        """Give the browser the form for login.gov.pl, and a secret to bring back."""
        self._site.reception.check_origin(request)
        back = local_path((await fields_of(request)).get("back", "/"))
        address = request.client.host if request.client else ""
        try:
            begun = await self._identity.begin_trusted_profile(back, address)
        except (AwayError, RefusedError):
            return self._away(request, back)
        if origin(begun.url) != self._site.trusted_profile_origin:
            log.error("identity leads to another address than login.gov.pl's")
            return self._away(request, back)
        answer = self._site.page(request, "trusted-profile.html", {"url": begun.url, "fields": begun.fields})
        answer.set_cookie(
            self._cookie,
            begun.browser_secret,
            max_age=COOKIE_SECONDS,
            secure=self._site.reception.secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def _come_back(self, request: Request) -> Response:
        """Hand the artifact on. Nothing here proves who asks: the page that follows does."""
        form = await fields_of(request)
        relay_state = form.get("RelayState", "")
        try:
            await self._identity.keep_artifact(form.get("SAMLart", ""), relay_state)
        except RefusedError:
            return RedirectResponse(REFUSED, 303)
        except AwayError:
            return self._away(request)
        return RedirectResponse(f"{RETURN}?{urlencode({'stan': relay_state})}", 303)

    async def _finish(self, request: Request) -> Response:
        secret, relay_state = request.cookies.get(self._cookie, ""), request.query_params.get("stan", "")
        try:
            finished = await self._identity.finish_trusted_profile(relay_state, secret)
        except RefusedError:
            return RedirectResponse(REFUSED, 303)
        except AwayError:
            return self._away(request)
        answer = RedirectResponse(local_path(finished.back), 303)
        self._site.reception.enter(answer, finished.token)
        answer.delete_cookie(self._cookie, secure=self._site.reception.secure, httponly=True, samesite="lax")
        return answer

    async def _again(self, _: Request) -> Response:
        """Who reloads a page that came by POST, or changes its look, begins again."""
        return RedirectResponse("/zaloguj", 303)

    async def _refused(self, request: Request) -> Response:
        return self._site.page(request, "trusted-profile-refused.html")

    def _away(self, request: Request, back: str = "/") -> Response:
        say = self._site.language.text
        whole = say("Logowanie Profilem Zaufanym chwilowo nie działa. Zaloguj się hasłem albo spróbuj za chwilę.")
        return self._signing.page(request, Asked(back), FormErrors({}, whole), 503)
