"""The HTTP door of Profil Zaufany: begin, the artifact that came, finish. Every refusal is the same answer."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from libs.chassis.http import Problem, not_found
from services.identity.api.sessions import ToolsOf
from services.identity.commands.trusted_profile.begin import begin, take_artifact
from services.identity.commands.trusted_profile.finish import finish
from services.identity.commands.trusted_profile.node import Node, NodeAwayError
from services.identity.domain.trusted_profile.refusals import RefusedError


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class BeginBody(_Body):
    """`back` is handed out again when the sign-in ends well; `client_ip` as at `POST /sessions`."""

    back: Annotated[str, Field(max_length=2_000)] = "/"
    client_ip: Annotated[str, Field(max_length=64)] = ""


class BegunAnswer(BaseModel):
    """A form that the browser sends by POST to `url`, and a secret for a cookie of its own."""

    url: str
    fields: dict[str, str]
    browser_secret: str


class ArtifactBody(_Body):
    """What login.gov.pl sent the browser back with."""

    artifact: Annotated[str, Field(max_length=4_000)] = ""
    relay_state: Annotated[str, Field(max_length=256)] = ""


class FinishBody(_Body):
    """Which sign-in is finished, and the secret of the browser that began it."""

    relay_state: Annotated[str, Field(max_length=256)]
    browser_secret: Annotated[str, Field(max_length=256)] = ""


class FinishedAnswer(BaseModel):
    """A session just begun."""

    token: str
    expires_at: datetime
    account_id: str
    back: str


def refused() -> Problem:
    """The one answer to every sign-in that fails, whatever the reason."""
    return Problem(401, "Nie udało się zalogować Profilem Zaufanym")


async def node_of(request: Request) -> Node:
    """FastAPI dependency: login.gov.pl, where there is one.

    Raises:
        Problem: 404 while none is configured.
    """
    node: Node | None = request.app.state.node
    if node is None:
        raise not_found()
    return node


NodeOf = Annotated[Node, Depends(node_of)]
router = APIRouter(prefix="/trusted-profile")


@router.post("/requests", status_code=201)
async def begin_sign_in(body: BeginBody, tools: ToolsOf, node: NodeOf) -> BegunAnswer:
    """Begin to sign somebody in."""
    try:
        begun = await begin(tools, node, body.back, body.client_ip)
    except RefusedError:
        raise _away("60") from None
    return BegunAnswer(url=begun.url, fields=begun.fields, browser_secret=begun.browser_secret)


@router.post("/artifacts", status_code=204)
async def keep_artifact(body: ArtifactBody, tools: ToolsOf, _: NodeOf) -> Response:
    """Keep an artifact until the browser that began comes for it."""
    try:
        await take_artifact(tools, body.artifact, body.relay_state)
    except RefusedError:
        raise refused() from None
    return Response(status_code=204)


@router.post("/sessions", status_code=201)
async def finish_sign_in(body: FinishBody, tools: ToolsOf, node: NodeOf) -> FinishedAnswer:
    """Begin a session for whom login.gov.pl vouches."""
    try:
        finished = await finish(tools, node, body.relay_state, body.browser_secret)
    except RefusedError:
        raise refused() from None
    except NodeAwayError as away:
        raise _away("5") from away
    signed_in = finished.signed_in
    return FinishedAnswer(
        token=signed_in.token, expires_at=signed_in.expires_at, account_id=signed_in.account_id, back=finished.back
    )


def _away(retry_seconds: str) -> Problem:
    return Problem(503, "Logowanie Profilem Zaufanym chwilowo nie działa", headers={"Retry-After": retry_seconds})
