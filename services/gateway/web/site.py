"""What every page has in common: templates, the frame, the security policy of the answer."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.gateway.clients.sessions import Session
from services.gateway.web.appearance import CONTRASTS, TEXT_SIZES, Appearance, appearance_of
from services.gateway.web.assets import Assets
from services.gateway.web.company import Company
from services.gateway.web.forms import form_token
from services.gateway.web.language import Language, account_number, plain_sum
from services.gateway.web.visits import LEASE_COOKIE, Reception, Visitor

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
COMPONENTS = "govuk_frontend_jinja"
NONCE_BYTES = 16
RETRY_SECONDS = 2
PAGE_HEADERS = {"Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()"}
HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


@dataclass(frozen=True)
class FormErrors:
    """What is wrong with a form: sentences by field, and one about the whole."""

    fields: dict[str, str]
    whole: str | None = None

    def __bool__(self) -> bool:
        return bool(self.fields or self.whole)

    def items(self) -> list[dict[str, str]]:
        """The lines of the error summary, each leading to its field."""
        whole = [{"text": self.whole}] if self.whole else []
        return whole + [{"text": message, "href": f"#{name}"} for name, message in self.fields.items()]


NO_ERRORS = FormErrors({})


class Page:
    """What a template may ask about the page it makes."""

    def __init__(self, request: Request, session: Session | None, lease_id: str | None, nonce: str) -> None:
        self.path = request.url.path
        self.back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.session = session
        self.lease_id = lease_id
        self.nonce = nonce
        self.appearance: Appearance = appearance_of(request)
        self.text_sizes = TEXT_SIZES
        self.contrasts = CONTRASTS

    def token(self) -> str:
        """The token of this page's forms; empty while nobody is signed in."""
        return form_token(self.session.token) if self.session else ""


@dataclass(frozen=True)
class FrontEnd:
    """What the pages are made of: built files, a language, templates."""

    assets: Assets
    language: Language
    templates: Environment

    @classmethod
    def load(cls) -> "FrontEnd":
        """Read all of it.

        Raises:
            NotBuiltError: the front-end build has not run.
        """
        assets, language = Assets.load(), Language("pl")
        return cls(assets, language, _environment(language, assets))


class Site:
    """Makes pages."""

    def __init__(
        self,
        reception: Reception,
        front_end: FrontEnd,
        autopay_url: str,
        company: Company,
        trusted_profile_urls: Sequence[str] = (),
    ) -> None:
        """Keep what pages are made of; of `trusted_profile_urls` the first is login.gov.pl, if there is any."""
        self.reception = reception
        self.assets = front_end.assets
        self.language = front_end.language
        self.autopay_origin = origin(autopay_url)
        self.company = company
        login_gov_pl = [origin(url) for url in trusted_profile_urls]
        self.trusted_profile_origin = login_gov_pl[0] if login_gov_pl else ""
        self._content_policy = _content_policy([self.autopay_origin, *login_gov_pl], secure=reception.secure)
        self._headers = PAGE_HEADERS | (HTTPS_HEADERS if reception.secure else {})
        self._environment = front_end.templates

    def page(
        self,
        request: Request,
        template: str,
        context: Mapping[str, object] | None = None,
        *,
        status: int = 200,
        missing: Sequence[str] = (),
    ) -> HTMLResponse:
        """A page, or the fragment of one for the script that asked for it.

        `missing` names the parts that could not be had; a page with a failed form carries `errors` in its context.
        """
        visitor: Visitor | None = getattr(request.state, "visitor", None)
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        session = visitor.session if visitor else None
        page = Page(request, session, visitor.lease_id if visitor else None, nonce)
        values = {"page": page, "company": self.company, "missing": list(missing), "errors": NO_ERRORS}
        html = self._environment.get_template(template).render(values | dict(context or {}))
        answer = HTMLResponse(html, status)
        answer.headers.update(self._headers)
        answer.headers["Content-Security-Policy"] = self._content_policy.replace("{nonce}", nonce)
        if status == 503:
            answer.headers["Retry-After"] = str(RETRY_SECONDS)
        if visitor is not None and "lease_id" in request.path_params:
            answer.set_cookie(
                LEASE_COOKIE, visitor.lease(), secure=self.reception.secure, httponly=True, samesite="lax"
            )
        return answer


def _content_policy(form_origins: Sequence[str], *, secure: bool) -> str:
    """What a page may load and where its forms may lead; `{nonce}` is filled in for each answer."""
    rules = [
        "default-src 'none'",
        "script-src 'self' 'nonce-{nonce}'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        # A form to login.gov.pl, or one answered by a redirect to Autopay, is blocked without the host's name.
        f"form-action 'self' {' '.join(form_origins)}",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types htmx",
    ]
    return "; ".join([*rules, "upgrade-insecure-requests"] if secure else rules)


def _environment(language: Language, assets: Assets) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PrefixLoader({COMPONENTS: PackageLoader(COMPONENTS)})]),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        language.translations.gettext, language.translations.ngettext, newstyle=True
    )
    environment.globals["as_choices"] = _as_choices
    environment.globals |= {"asset": assets.address, "field": _field, "htmx": _htmx, "lang": language.code}
    environment.globals["error_word"] = language.text("Błąd")
    environment.filters |= {
        "money": language.money,
        "signed_money": language.signed_money,
        "number": language.number,
        "price": language.price,
        "file_size": language.file_size,
        "day": language.day,
        "month": language.month,
        "short_month": language.short_month,
        "moment": language.moment,
        "transfer_title": language.transfer_title,
        "plain_sum": plain_sum,
        "account": account_number,
    }
    return environment


@pass_context
def _field(context: Context, name: str, label: str, hint: str | None = None) -> dict[str, object]:
    """What every field of a form has: its name, label, hint, and its error if there is one."""
    field: dict[str, object] = {"id": name, "name": name, "label": {"text": label, "classes": "govuk-label--s"}}
    if hint:
        field["hint"] = {"text": hint}
    if error := context["errors"].fields.get(name):
        field["errorMessage"] = {"text": error, "visuallyHiddenText": context["error_word"]}
    return field


def _as_choices(texts: Sequence[str]) -> list[dict[str, str]]:
    """The items of radio buttons whose values are what they say."""
    return [{"value": text, "text": text} for text in texts]


@pass_context
def _htmx(context: Context, **attributes: str) -> Markup:
    """The attributes by which a script may fetch a fragment, signed with the page's nonce; nothing without a script."""
    given = {"nonce": context["page"].nonce} | attributes
    return Markup(" ").join(
        Markup('data-hx-{}="{}"').format(name.replace("_", "-"), value) for name, value in given.items()
    )


def origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
