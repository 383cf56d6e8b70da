"""Tenants' routes, called by the gateway with a token of this service. Staff get 404 here: their door is the inbox."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from libs.chassis.auth import Principal, principal_of
from libs.chassis.http import IdempotencyKey, not_found
from libs.chassis.postgres import Connection
from services.correspondence.api.wire import (
    DEFAULT_LIMIT,
    ID,
    Behind,
    Door,
    Json,
    Limit,
    MatterId,
    Typed,
    moment,
    next_cursor,
    once,
    overview,
    thread,
    written,
)
from services.correspondence.commands import Author, Opening
from services.correspondence.domain import AuthorRole, MatterState, one_line
from services.correspondence.read_models import matter_types, matters
from services.correspondence.read_models import thread as threads

IdText = Annotated[str, Field(pattern=f"^{ID.pattern}$")]


class NewMatter(BaseModel):
    """A matter to raise. Lengths are checked by the domain, which says in Polish what is wrong."""

    model_config = ConfigDict(strict=True, extra="forbid")

    lease_id: IdText | None = None
    matter_type_id: IdText
    title: Typed = ""
    text: Typed = ""


class NewMessage(BaseModel):
    """A letter to add to a matter."""

    model_config = ConfigDict(strict=True, extra="forbid")

    text: Typed = ""


async def tenant_of(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
    """FastAPI dependency: the tenant who asks.

    Raises:
        Problem: 401 without a valid token, 404 for staff.
    """
    if principal.is_staff:
        raise not_found()
    return principal


Tenant = Annotated[Principal, Depends(tenant_of)]
Key = Annotated[str, Depends(IdempotencyKey)]


def router(door: Door) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    _add_reads(routes, door)
    _add_writes(routes, door)
    return routes


def _add_reads(routes: APIRouter, door: Door) -> None:
    @routes.get("/matter-types")
    async def list_matter_types(_: Annotated[Principal, Depends(principal_of)]) -> dict[str, Any]:
        """List the kinds of matter that can be raised, in the order to show."""
        async with door.database.connection() as connection:
            kinds = await matter_types.offered(connection)
        names = ("matter_type_id", "name", "description")
        return {"items": [{name: getattr(kind, name) for name in names} for kind in kinds]}

    @routes.get("/matters")
    async def list_matters(tenant: Tenant, behind: Behind, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
        """List the account's own matters, the latest activity first."""
        async with door.database.connection() as connection:
            page = await matters.of_account(connection, tenant.account_id, behind, limit)
        items = [overview(matter, AuthorRole.TENANT) for matter in page]
        return {"items": items, "next_cursor": next_cursor(page, limit)}

    @routes.get("/matters/{matter_id}")
    async def read_matter(tenant: Tenant, matter_id: MatterId) -> Json:
        """Give a matter with its letters, and note that the tenant has seen them."""
        async with door.database.transaction() as tx:
            matter = await matters.one_of_account(tx, tenant.account_id, matter_id)
            if matter is None:
                raise not_found()
            messages = await threads.of_matter(tx, matter)
            await matters.mark_read(tx, matter, AuthorRole.TENANT)
        return thread(matter, messages, AuthorRole.TENANT)


def _add_writes(routes: APIRouter, door: Door) -> None:
    @routes.post("/matters", status_code=201)
    async def open_matter(tenant: Tenant, body: NewMatter, key: Key) -> JSONResponse:
        """Raise a matter with its first letter."""
        if body.lease_id is not None:
            tenant.require_lease(body.lease_id)
        opening = Opening(tenant.account_id, body.lease_id, body.matter_type_id, body.title, body.text)

        async def act(tx: Connection) -> Json:
            opened = await door.correspondence.open(tx, opening)
            return {
                "matter_id": opened.matter_id,
                "number": opened.number,
                "matter_type_id": body.matter_type_id,
                "lease_id": body.lease_id,
                "status": MatterState.OPEN.value,
                "opened_at": moment(opened.opened_at),
                "message_id": opened.message_id,
            }

        status, answer = await once(door, f"{tenant.account_id} POST /matters", key, body.model_dump(), act)
        # The title is not kept with the answer: it comes from the body, which is the same in a repetition.
        return JSONResponse({**answer, "title": one_line(body.title)}, status)

    @routes.post("/matters/{matter_id}/messages", status_code=201)
    async def write_message(tenant: Tenant, matter_id: MatterId, body: NewMessage, key: Key) -> JSONResponse:
        """Add a letter to the tenant's own matter; a closed one is opened again by it."""
        author = Author(tenant.account_id, AuthorRole.TENANT)

        async def act(tx: Connection) -> Json:
            return written(matter_id, await door.correspondence.write(tx, matter_id, author, body.text))

        scope = f"{tenant.account_id} POST /matters/{matter_id}/messages"
        status, answer = await once(door, scope, key, body.model_dump(), act)
        return JSONResponse(answer, status)
