"""The staff's inbox as JSON, for clerks and operators: by a token of this service, or by the token of their session."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from libs.chassis.auth import Principal, StaffGate, principal_of, token_of
from libs.chassis.event_store import decided_again
from libs.chassis.http import IdempotencyKey, not_found
from libs.chassis.postgres import Connection
from services.correspondence.api.wire import (
    DEFAULT_LIMIT,
    Behind,
    Door,
    Json,
    Limit,
    MatterId,
    Typed,
    next_cursor,
    once,
    overview,
    said_in_http,
    thread,
    written,
)
from services.correspondence.domain import AuthorRole, MatterState
from services.correspondence.read_models import matters
from services.correspondence.read_models import thread as threads

INBOX_ROLES: Final = ("clerk", "operator")
DOTS_OF_A_JWT: Final = 2  # an opaque session token has none


class Reply(BaseModel):
    """A letter of the company; `close` closes the matter with it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    text: Typed = ""
    close: bool = False


def staff_of(gate: StaffGate) -> Callable[..., Awaitable[Principal]]:
    """Make the FastAPI dependency that lets clerks and operators pass.

    It raises Problem: 401 without a valid token, 404 for tenants, 403 for other staff, 503 while identity is away.
    """

    async def staff(request: Request, token: Annotated[str, Depends(token_of)]) -> Principal:
        if token.count(".") == DOTS_OF_A_JWT:
            principal = await principal_of(request, token)
        else:
            principal = await gate.principal(token)
        principal.require_role(*INBOX_ROLES)
        return principal

    return staff


def states(status: MatterState | None) -> list[MatterState]:
    """Return the states to list: the one asked for, or every one."""
    return list(MatterState) if status is None else [status]


async def opened_thread(door: Door, matter_id: str) -> tuple[matters.Overview, list[threads.Message]]:
    """Return any matter with its letters, and note that the staff has seen them.

    Raises:
        Problem: 404 when there is no such matter.
    """
    async with door.database.transaction() as tx:
        matter = await matters.one_for_staff(tx, matter_id)
        if matter is None:
            raise not_found()
        messages = await threads.of_matter(tx, matter)
        await matters.mark_read(tx, matter, AuthorRole.STAFF)
    return matter, messages


async def send_reply(door: Door, account_id: str, matter_id: str, reply: Reply, key: str) -> tuple[int, Json]:
    """Send the company's letter once per key, and close the matter when asked to.

    Raises:
        Problem: 404, 409 or 422, as `once`.
    """

    async def act(tx: Connection) -> Json:
        sent = await door.correspondence.reply(tx, matter_id, account_id, reply.text, close=reply.close)
        return written(matter_id, sent)

    scope = f"{account_id} POST /inbox/{matter_id}/messages"
    return await once(door, scope, key, reply.model_dump(), act)


async def close_matter(door: Door, matter_id: str) -> None:
    """Close a matter; closing it again changes nothing.

    Raises:
        Problem: 404 when there is no such matter.
    """

    async def attempt() -> None:
        async with door.database.transaction() as tx:
            await door.correspondence.close(tx, matter_id)

    with said_in_http():
        await decided_again(attempt)


def router(door: Door, gate: StaffGate) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/inbox")
    staff = staff_of(gate)

    @routes.get("", dependencies=[Depends(staff)])
    async def list_inbox(
        behind: Behind, status: MatterState | None = None, limit: Limit = DEFAULT_LIMIT
    ) -> dict[str, Any]:
        """List every account's matters, the latest activity first."""
        async with door.database.connection() as connection:
            page = await matters.inbox(connection, states(status), behind, limit)
        items = [overview(matter, AuthorRole.STAFF) for matter in page]
        return {"items": items, "next_cursor": next_cursor(page, limit)}

    @routes.get("/{matter_id}", dependencies=[Depends(staff)])
    async def read_matter(matter_id: MatterId) -> Json:
        """Give a matter with its letters."""
        matter, messages = await opened_thread(door, matter_id)
        return thread(matter, messages, AuthorRole.STAFF)

    @routes.post("/{matter_id}/messages", status_code=201)
    async def reply(
        matter_id: MatterId,
        body: Reply,
        principal: Annotated[Principal, Depends(staff)],
        key: Annotated[str, Depends(IdempotencyKey)],
    ) -> JSONResponse:
        """Reply on behalf of the company."""
        status, answer = await send_reply(door, principal.account_id, matter_id, body, key)
        return JSONResponse(answer, status)

    @routes.post("/{matter_id}/close", dependencies=[Depends(staff)])
    async def close(matter_id: MatterId) -> Json:
        """Close a matter."""
        await close_matter(door, matter_id)
        return {"matter_id": matter_id, "status": MatterState.CLOSED.value}

    return routes
