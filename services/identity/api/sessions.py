"""Sessions, and the tokens that a session is exchanged for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask

from libs.chassis.auth import Principal, TokenSigner, token_of, unauthorized
from libs.chassis.http import Problem
from services.identity.commands.change_password import Change, PasswordRefusedError, change_password
from services.identity.commands.passwords import PasswordsBusyError
from services.identity.commands.sessions import Holder, SessionOverError, end_session, use_session
from services.identity.commands.sign_in import Attempt, SignInRefusedError, sign_in
from services.identity.commands.tools import Tools
from services.identity.commands.trusted_profile.leaving import tell_login_gov_pl
from services.identity.commands.trusted_profile.node import Node
from services.identity.domain.sessions import MAX_TOKEN_CHARACTERS
from services.identity.read_models import directory

Audience = Literal["identity", "ledger", "payments", "correspondence", "gateway"]

LOOKING_ROLES: Final = ("clerk", "operator")  # who may know names


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class SignInBody(_Body):
    """What somebody typed; `client_ip` is the address of their browser or app, as the gateway saw it."""

    login: Annotated[str, Field(max_length=256)]
    password: Annotated[str, Field(max_length=1024)]
    client_ip: Annotated[str, Field(max_length=64)] = ""


class SessionAnswer(BaseModel):
    """A session just begun; until the password is changed it is for nothing else."""

    token: str
    expires_at: datetime
    account_id: str
    must_change_password: bool
    roles: list[str]


class TokensBody(_Body):
    """The services for which tokens are wanted."""

    audiences: Annotated[list[Audience], Field(min_length=1, max_length=5)]


class TokensAnswer(BaseModel):
    """Tokens of a minute, one for each service, and who holds the session; `leases` maps lease ids to roles in them."""

    tokens: dict[str, str]
    account_id: str
    display_name: str
    login: str
    roles: list[str]
    leases: dict[str, str]
    must_change_password: bool
    expires_at: datetime


class PasswordBody(_Body):
    """The current password may be left out by who has just signed in with a letter's."""

    current_password: Annotated[str, Field(max_length=1024)] | None = None
    new_password: Annotated[str, Field(max_length=1024)]


class RenewedAnswer(BaseModel):
    """The session that goes on after a change of password; every other is over."""

    token: str
    expires_at: datetime


class DirectoryBody(_Body):
    """The accounts whose names are wanted."""

    account_ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)]


class Colleague(BaseModel):
    """A member of the staff who takes care of matters."""

    account_id: str
    name: str


class DirectoryAnswer(BaseModel):
    """Names by account, and the staff who take care of matters."""

    names: dict[str, str]
    staff: list[Colleague]


async def session_token(token: Annotated[str, Depends(token_of)]) -> str:
    """FastAPI dependency: an opaque session token.

    Asynchronous, as the next two: FastAPI would give a plain function a thread per request.

    Raises:
        Problem: 401 without one, or with something that cannot be one.
    """
    if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        raise unauthorized()
    return token


def refused() -> Problem:
    """The one answer to every sign-in that fails, whatever the reason."""
    return Problem(
        401,
        "Nie udało się zalogować",
        detail="Sprawdź login i hasło. Hasło z listu działa tylko raz i przez ograniczony czas. "
        "Po kilku nieudanych próbach odczekaj kilka minut albo poproś nas o nowy list.",
    )


def busy() -> Problem:
    """The answer while too many sign in at once."""
    return Problem(
        503,
        "Teraz loguje się wiele osób",
        detail="Spróbuj ponownie za chwilę.",
        headers={"Retry-After": "2"},
    )


SessionToken = Annotated[str, Depends(session_token)]


async def tools_of(request: Request) -> Tools:
    """FastAPI dependency: what the composition root built."""
    tools: Tools = request.app.state.tools
    return tools


async def signer_of(request: Request) -> TokenSigner:
    """FastAPI dependency: the signer of tokens."""
    signer: TokenSigner = request.app.state.signer
    return signer


ToolsOf = Annotated[Tools, Depends(tools_of)]
router = APIRouter()


@router.post("/sessions", status_code=201)
async def begin(body: SignInBody, tools: ToolsOf) -> SessionAnswer:
    """Sign in."""
    try:
        signed_in = await sign_in(tools, Attempt(body.login, body.password, body.client_ip))
    except SignInRefusedError:
        raise refused() from None
    except PasswordsBusyError as full:
        raise busy() from full
    return SessionAnswer(
        token=signed_in.token,
        expires_at=signed_in.expires_at,
        account_id=signed_in.account_id,
        must_change_password=signed_in.must_change_password,
        roles=list(signed_in.roles),
    )


@router.delete("/sessions", status_code=204)
async def end(request: Request, token: SessionToken, tools: ToolsOf) -> Response:
    """Sign out; a session that is over already is no error. Login.gov.pl hears of it after the answer."""
    ended = await end_session(tools, token)
    node: Node | None = request.app.state.node
    telling = None
    if ended is not None and ended.sealed_sign_in is not None and node is not None:
        telling = BackgroundTask(tell_login_gov_pl, tools, node, ended.sealed_sign_in)
    return Response(status_code=204, background=telling)


@router.post("/sessions/tokens")
async def exchange(
    body: TokensBody, token: SessionToken, tools: ToolsOf, signer: Annotated[TokenSigner, Depends(signer_of)]
) -> TokensAnswer:
    """Exchange a session for tokens of single services; while the password must be changed, only for this one's."""
    return _tokens(await held(tools, token), body.audiences, signer)


async def held(tools: Tools, token: str) -> Holder:
    """Use a session. Raises Problem 401 when it is over."""
    try:
        return await use_session(tools, token)
    except SessionOverError as over:
        raise unauthorized() from over


async def looking(tools: Tools, token: str) -> Principal:
    """Let clerks and operators look people up: names are personal data.

    Raises:
        Problem: 401 when the session is over, 403 for anybody else.
    """
    holder = await held(tools, token)
    principal = Principal(holder.session.account_id, frozenset(holder.roles))
    principal.require_role(*LOOKING_ROLES)
    return principal


def _tokens(holder: Holder, audiences: Sequence[Audience], signer: TokenSigner) -> TokensAnswer:
    session = holder.session
    name = session.display_name if holder.roles else ""
    principal = Principal(session.account_id, frozenset(holder.roles), holder.leases, name)
    return TokensAnswer(
        tokens={audience: signer.issue(audience, principal) for audience in holder.granted(audiences)},
        account_id=session.account_id,
        display_name=session.display_name,
        login=session.login,
        roles=list(holder.roles),
        leases=holder.leases,
        must_change_password=session.must_change_password,
        expires_at=holder.expires_at,
    )


@router.post("/sessions/password")
async def change(body: PasswordBody, token: SessionToken, tools: ToolsOf) -> RenewedAnswer:
    """Change the password; this session goes on under the token answered, every other is over."""
    try:
        renewed = await change_password(tools, token, Change(body.current_password, body.new_password))
    except SessionOverError as over:
        raise unauthorized() from over
    except PasswordRefusedError as wrong:
        errors = [{"field": wrong.field, "message": message} for message in wrong.messages]
        raise Problem(422, "Nie zmieniliśmy hasła", errors=errors) from wrong
    except PasswordsBusyError as full:
        raise busy() from full
    return RenewedAnswer(token=renewed.token, expires_at=renewed.expires_at)


@router.post("/directory")
async def look_up(body: DirectoryBody, token: SessionToken, tools: ToolsOf) -> DirectoryAnswer:
    """Give names to clerks and operators; to anybody else there is no such place."""
    await looking(tools, token)
    async with tools.database.connection() as connection:
        names = await directory.names(connection, body.account_ids)
        staff = await directory.staff(connection)
    return DirectoryAnswer(
        names=names, staff=[Colleague(account_id=account_id, name=name) for account_id, name in staff.items()]
    )
