"""The API's routes of correspondence: kinds of matter and their forms, matters, letters, files."""

import json
from typing import Annotated, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Header, Query, Request, Response

from services.gateway.api.answers import command, handed_on, read, streamed
from services.gateway.api.bodies import ID_PATTERN, OpenMatter, WriteMessage, documented
from services.gateway.api.entering import TenantRoute
from services.gateway.api.parameters import DEFAULT_LIMIT, PREFIX, Asking, Cursor, Key, Limit, as_bytes, page_query
from services.gateway.clients import matter_models
from services.gateway.clients.doors import BYTES, Correspondence, Ledger, ask_as
from services.gateway.clients.facts import facts_of
from services.gateway.clients.transport import COMMAND_SECONDS, READ_SECONDS, UPLOAD_SECONDS, Call, path

MAX_NAME_CHARACTERS = 1_000


def correspondence_routes(correspondence: Correspondence, ledger: Ledger) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=PREFIX, tags=["correspondence"], route_class=TenantRoute, responses=documented(404))
    _add_kinds(router, correspondence, ledger)
    _add_matters(router, correspondence, ledger)
    _add_files(router, correspondence)
    return router


def _add_kinds(router: APIRouter, correspondence: Correspondence, ledger: Ledger) -> None:
    @router.get("/matter-types", responses={200: {"model": matter_models.MatterTypes}})
    async def matter_types(session: Asking) -> Response:
        """The kinds of matters that can be raised."""
        return await read(session, correspondence.service, "/matter-types")

    @router.get("/matter-types/{matter_type_id}/form.{file_type}", response_class=Response)
    async def form(
        session: Asking,
        matter_type_id: str,
        file_type: Literal["pdf", "docx"],
        lease_id: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    ) -> Response:
        """The form of a kind, to be filled in elsewhere; with the tenant's and the lease's data in it."""
        facts = await facts_of(session, ledger, lease_id, READ_SECONDS)
        return streamed(await correspondence.form(session, matter_type_id, file_type, facts))


def _add_matters(router: APIRouter, correspondence: Correspondence, ledger: Ledger) -> None:
    service = correspondence.service

    @router.get("/matters", responses={200: {"model": matter_models.Matters}})
    async def matters(session: Asking, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
        """The matters of the person who asks."""
        return await read(session, service, "/matters", page_query(limit, cursor))

    @router.post("/matters", status_code=201, responses=documented(400, 404, 409, created=matter_models.Matter))
    async def open_matter(session: Asking, key: Key, body: OpenMatter) -> Response:
        """Raise a matter."""
        fields = body.model_dump(exclude_none=True)
        if body.fields is not None:
            fields["facts"] = await facts_of(session, ledger, body.lease_id, READ_SECONDS)
        return await command(session, service, "/matters", json.dumps(fields, ensure_ascii=False).encode(), key)

    @router.get("/matters/{matter_id}", responses={200: {"model": matter_models.Matter}})
    async def matter(session: Asking, matter_id: str) -> Response:
        """A matter with its letters."""
        return await read(session, service, path("matters", matter_id))

    @router.post(
        "/matters/{matter_id}/messages",
        status_code=201,
        responses=documented(400, 404, 409, created=matter_models.Written),
    )
    async def write(session: Asking, matter_id: str, key: Key, body: WriteMessage) -> Response:
        """Write in a matter."""
        return await command(session, service, path("matters", matter_id, "messages"), as_bytes(body), key)


def _add_files(router: APIRouter, correspondence: Correspondence) -> None:
    service = correspondence.service

    @router.post("/attachments", status_code=201, responses=documented(400, created=matter_models.Attachment))
    async def upload(
        request: Request,
        session: Asking,
        key: Key,
        x_file_name: Annotated[str, Header(max_length=MAX_NAME_CHARACTERS)] = "",
    ) -> Response:
        """Give a file (the body; its name, percent-encoded, in X-File-Name) as a draft, kept for a day."""
        content, name = await request.body(), unquote(x_file_name)
        call = Call("POST", "/attachments", body=content, content_type=BYTES, idempotency_key=key, file_name=name)
        return handed_on(await ask_as(session, service, call, UPLOAD_SECONDS))

    @router.delete("/attachments/{attachment_id}", status_code=204)
    async def remove(session: Asking, attachment_id: str) -> Response:
        """Throw a draft away."""
        call = Call("DELETE", path("attachments", attachment_id))
        return handed_on(await ask_as(session, service, call, COMMAND_SECONDS))

    @router.get("/matters/{matter_id}/attachments/{attachment_id}", response_class=Response)
    async def attachment(session: Asking, matter_id: str, attachment_id: str) -> Response:
        """A file of a matter."""
        return streamed(await correspondence.attachment(session, matter_id, attachment_id))
