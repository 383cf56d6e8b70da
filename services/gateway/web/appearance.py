"""Text size and contrast: two switches in the header of every page, kept in a cookie, working without JavaScript."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.web.forms import fields_of, local_path
from services.gateway.web.routing import PageRoute

COOKIE = "iok-appearance"
YEAR_SECONDS = 365 * 24 * 3600
TEXT_SIZES = ("100", "125", "150")  # per cent
CONTRASTS = ("ordinary", "black-on-yellow", "yellow-on-black")


@dataclass(frozen=True)
class Appearance:
    """How a person wants to see the pages."""

    text: str = TEXT_SIZES[0]
    contrast: str = CONTRASTS[0]


def appearance_of(request: Request) -> Appearance:
    """What the cookie asks for; anything strange in it is the ordinary look."""
    text, _, contrast = request.cookies.get(COOKIE, "").partition(".")
    return _with(Appearance(), text, contrast)


def _with(appearance: Appearance, text: str, contrast: str) -> Appearance:
    return replace(
        appearance,
        text=text if text in TEXT_SIZES else appearance.text,
        contrast=contrast if contrast in CONTRASTS else appearance.contrast,
    )


def route(*, secure: bool) -> PageRoute:
    """`POST /wyglad`: set one of the two and go back to the page."""

    async def switch(request: Request) -> Response:
        form = await fields_of(request)
        wanted = _with(appearance_of(request), form.get("text", ""), form.get("contrast", ""))
        answer = RedirectResponse(local_path(form.get("back", "")), 303)
        value = f"{wanted.text}.{wanted.contrast}"
        answer.set_cookie(COOKIE, value, max_age=YEAR_SECONDS, secure=secure, httponly=True, samesite="lax")
        return answer

    return PageRoute("/wyglad", switch, methods=["POST"], name="appearance")
