"""The stand-in for correspondence, its files; and how every stand-in says no."""

from typing import Any
from urllib.parse import unquote

from aiohttp import web

from services.gateway.tests import company


def problem(status: int, title: str, **more: Any) -> web.Response:
    """Problem details (RFC 9457); `retry`: with Retry-After."""
    retry = {"Retry-After": "1"} if more.pop("retry", False) else {}
    body = {"type": "about:blank", "title": title, "status": status, **more}
    return web.json_response(body, status=status, content_type="application/problem+json", headers=retry)


def files(kept: dict[str, dict[str, Any]]) -> list[web.RouteDef]:
    """Files: a draft whose name says `bad` is refused."""

    async def upload(request: web.Request) -> web.Response:
        name = unquote(request.headers["X-File-Name"])
        if "bad" in name:
            return problem(422, "Nie przyjęto pliku", errors=[{"field": "attachments", "message": "PDF ma skrypt."}])
        content = await request.read()
        attachment_id = request.headers["Idempotency-Key"][:16]
        draft = {"attachment_id": attachment_id, "name": name, "media_type": "application/pdf", "status": "ready"}
        kept[attachment_id] = {**draft, "size_bytes": len(content), "content": content}
        return web.json_response({**draft, "size_bytes": len(content)}, status=201)

    async def drafts(request: web.Request) -> web.Response:
        found = [kept[one] for one in request.query.getall("id") if one in kept]
        return web.json_response({"items": [{k: v for k, v in one.items() if k != "content"} for one in found]})

    async def remove(request: web.Request) -> web.Response:
        found = kept.pop(request.match_info["attachment_id"], None)
        return problem(404, "Nie znaleziono") if found is None else web.Response(status=204)

    async def one(request: web.Request) -> web.Response:
        found = kept.get(request.match_info["attachment_id"])
        if found is None:
            return problem(404, "Nie znaleziono")
        named = {"Content-Disposition": "attachment; filename*=UTF-8''umowa.pdf"}
        return web.Response(body=found["content"], content_type="application/pdf", headers=named)

    async def form(request: web.Request) -> web.Response:
        if request.match_info["matter_type_id"] not in {one["matter_type_id"] for one in company.MATTER_TYPES}:
            return problem(422, "Nieprawidłowe dane")
        return web.Response(body=await request.read(), content_type="application/pdf")

    return [
        web.post("/attachments", upload),
        web.get("/attachments", drafts),
        web.delete("/attachments/{attachment_id}", remove),
        web.get("/matters/{matter_id}/attachments/{attachment_id}", one),
        web.post("/matter-types/{matter_type_id}/form.{file_type}", form),
    ]
