"""Tenants' routes, called by the gateway with a token of this service. Staff get 404 here: their door is the inbox."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from libs.chassis.auth import Principal, principal_of
from libs.chassis.event_store import utc_now
from libs.chassis.http import ID_PATTERN, IdempotencyKey, not_found
from libs.chassis.postgres import Connection
from services.correspondence.api.attachments import disposition
from services.correspondence.api.wire import (
    DEFAULT_LIMIT,
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
    said_in_http,
    thread,
    written,
)
from services.correspondence.commands.documents import DOCX, PDF, docx
from services.correspondence.commands.matters import Author, Opening, Writing, today
from services.correspondence.domain import matter_types as kinds
from services.correspondence.domain.attachments import MAX_FILES, FileKind
from services.correspondence.domain.faults import one_line
from services.correspondence.domain.matter_types import MAX_FIELDS, PLACEHOLDERS, Version
from services.correspondence.domain.matters import AuthorRole, MatterState
from services.correspondence.read_models import matter_types, matters
from services.correspondence.read_models import thread as threads

MEDIA_TYPES: Final = {PDF: FileKind.PDF.value, DOCX: FileKind.DOCX.value}
IdText = Annotated[str, Field(pattern=ID_PATTERN)]


Facts = Annotated[dict[IdText, Typed], Field(max_length=len(PLACEHOLDERS))]


class NewMatter(BaseModel):
    """A matter to raise. Lengths are checked by the domain, which says in Polish what is wrong.

    `fields`: the form filled in on line; `facts`: what the gateway knows of the tenant and the lease, for the form.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    lease_id: IdText | None = None
    matter_type_id: IdText
    title: Typed = ""
    text: Typed = ""
    fields: dict[IdText, Typed] | None = Field(default=None, max_length=MAX_FIELDS)
    facts: Facts = Field(default_factory=dict)
    attachment_ids: list[IdText] = Field(default_factory=list, max_length=MAX_FILES)


class NewMessage(BaseModel):
    """A letter to add to a matter."""

    model_config = ConfigDict(strict=True, extra="forbid")

    text: Typed = ""
    attachment_ids: list[IdText] = Field(default_factory=list, max_length=MAX_FILES)


class WantedForm(BaseModel):
    """A form to download, with what the gateway knows of the tenant and the lease."""

    model_config = ConfigDict(strict=True, extra="forbid")

    facts: Facts = Field(default_factory=dict)


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


def matter_type(version: Version) -> Json:
    """Return a kind of matter as tenants see it."""
    content = version.content
    form = content.form
    asked = [one.model_dump(mode="json") for one in form.fields] if form else []
    return {
        "matter_type_id": version.matter_type_id,
        "version": version.number,
        "name": content.name,
        "description": content.summary,
        "guidance": content.guidance,
        "audience": content.audience.value,
        "answer_days": content.answer_days,
        "form": {"title": form.title, "online": form.online, "fields": asked} if form else None,
    }


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
            versions = await matter_types.every_version(connection)
        return {"items": [matter_type(one) for one in kinds.offered(versions, today(utc_now()))]}

    @routes.post("/matter-types/{matter_type_id}/form.{file_type}")
    async def form(
        _: Tenant,
        matter_type_id: Annotated[str, Path(pattern=ID_PATTERN)],
        file_type: Literal["pdf", "docx"],
        body: WantedForm,
    ) -> Response:
        """Give the form of a kind of matter, to be filled in by hand or in a word processor."""
        try:
            async with door.database.connection() as connection:
                kind = await matter_types.in_force(connection, matter_type_id, today(utc_now()))
        except kinds.UnknownMatterTypeError as error:
            raise not_found() from error
        with said_in_http():
            document = door.correspondence.document(kind, body.facts)
        content = door.printer.pdf(document) if file_type == PDF else docx(document)
        headers = {"Content-Disposition": disposition(f"{document.title}.{file_type}")}
        return Response(content, media_type=MEDIA_TYPES[file_type], headers=headers)

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
        opening = Opening(
            tenant.account_id,
            body.lease_id,
            body.matter_type_id,
            body.title,
            body.text,
            body.fields,
            body.facts,
            body.attachment_ids,
        )

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
            writing = Writing(body.text, body.attachment_ids)
            return written(matter_id, await door.correspondence.write(tx, matter_id, author, writing))

        scope = f"{tenant.account_id} POST /matters/{matter_id}/messages"
        status, answer = await once(door, scope, key, body.model_dump(), act)
        return JSONResponse(answer, status)
