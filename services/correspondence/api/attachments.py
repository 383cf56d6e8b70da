"""Files: taken as drafts of an account, given back to it, and given with the matter they went with."""

from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response

from libs.chassis.auth import Principal, principal_of
from libs.chassis.http import ID, IdempotencyKey, Problem, not_found
from services.correspondence.api.wire import Door, Json, MatterId, attachment, said_in_http
from services.correspondence.commands.files.storage import LostFileError
from services.correspondence.domain.attachments import MAX_FILE_BYTES, MAX_FILES, too_large
from services.correspondence.read_models import attachments, matters
from services.correspondence.read_models.attachments import Attachment

MAX_NAME_BYTES = 1_000
STILL_CHECKED = "Ten plik czeka na sprawdzenie przez program antywirusowy. Spróbuj za chwilę."


async def uploader(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
    """FastAPI dependency: the tenant who asks; 404 for staff, whose door is the panel."""
    if principal.is_staff:
        raise not_found()
    return principal


Tenant = Annotated[Principal, Depends(uploader)]


async def whole_file(request: Request) -> bytes:
    """FastAPI dependency: the body, given up as soon as it is longer than a file may be.

    Raises:
        Problem: 422, saying how large a file may be.
    """
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_FILE_BYTES:
            with said_in_http():
                raise too_large()
        pieces.append(piece)
    return b"".join(pieces)


def router(door: Door) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    _add_drafts(routes, door)

    @routes.get("/matters/{matter_id}/attachments/{attachment_id}")
    async def download(tenant: Tenant, matter_id: MatterId, attachment_id: str) -> Response:
        """Give a file of the tenant's own matter."""
        async with door.database.connection() as connection:
            matter = await matters.one_of_account(connection, tenant.account_id, matter_id)
            found = await attachments.one_of_matter(connection, matter_id, attachment_id) if matter else None
        return await file_answer(door, found)

    return routes


def _add_drafts(routes: APIRouter, door: Door) -> None:
    @routes.post("/attachments", status_code=201)
    async def upload(
        tenant: Tenant,
        content: Annotated[bytes, Depends(whole_file)],
        key: Annotated[str, Depends(IdempotencyKey)],
        x_file_name: Annotated[str, Header(max_length=MAX_NAME_BYTES)] = "",
    ) -> JSONResponse:
        """Take a file (the body; its name, percent-encoded, in X-File-Name) as a draft, for a day."""
        with said_in_http():
            taken = await door.uploads.take(tenant.account_id, key, unquote(x_file_name), content)
        return JSONResponse(attachment(taken), 201)

    @routes.get("/attachments")
    async def drafts(tenant: Tenant, id: Annotated[list[str], Query(max_length=MAX_FILES)]) -> Json:  # noqa: A002  # the name in the address
        """Give what is known of the account's own drafts of these ids; the others are left out."""
        wanted = [one for one in id if ID.fullmatch(one)]
        async with door.database.transaction() as tx:
            found = await attachments.drafts(tx, tenant.account_id, wanted)
        return {"items": [attachment(one) for one in found]}

    @routes.delete("/attachments/{attachment_id}", status_code=204)
    async def remove(tenant: Tenant, attachment_id: str) -> Response:
        """Throw away a draft."""
        if not await door.uploads.remove(tenant.account_id, attachment_id):
            raise not_found()
        return Response(status_code=204)


async def file_answer(door: Door, found: Attachment | None) -> Response:
    """Answer with a file that was looked up for the one who asks.

    Raises:
        Problem: 404 when there is none, 409 while it is not known to be clean.
    """
    if found is None:
        raise not_found()
    try:
        content = await door.uploads.content(found)
    except LostFileError as error:
        raise Problem(409, "Pliku nie można teraz otworzyć", detail=STILL_CHECKED) from error
    return Response(content, media_type=found.media_type, headers={"Content-Disposition": disposition(found.name)})


def disposition(name: str) -> str:
    """Return the header that has a file saved under its name, never shown as a page of ours (RFC 6266)."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
