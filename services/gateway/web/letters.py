"""Korespondencja: the matters of a person, their letters, a new matter, a reply."""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.clients.doors import Correspondence, Ledger
from services.gateway.clients.models import LeaseRows, Matters, MatterType, MatterTypes
from services.gateway.clients.transport import AwayError, NotFoundError, RefusedError
from services.gateway.web.forms import KEY_FIELD, fields_of, new_key
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import NO_ERRORS, FormErrors, Site
from services.gateway.web.visits import Missing, Visitor, in_flight, missing, part

MATTERS_SHOWN = 20
CURSOR = re.compile(r"[A-Za-z0-9._~=-]{1,1000}")
WRITTEN = ("title", "text", "lease_id")


class Letters:
    """`/korespondencja` and what lies below it."""

    def __init__(self, site: Site, correspondence: Correspondence, ledger: Ledger) -> None:
        self._site = site
        self._correspondence = correspondence
        self._ledger = ledger

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        return [
            PageRoute("/korespondencja", let_in(self._list)),
            PageRoute("/korespondencja/nowa", let_in(self._types)),
            PageRoute("/korespondencja/nowa/{matter_type_id}", let_in(self._new)),
            PageRoute("/korespondencja/nowa/{matter_type_id}", let_in(self._open), methods=["POST"]),
            PageRoute("/korespondencja/sprawa/{matter_id}", let_in(self._matter)),
            PageRoute("/korespondencja/sprawa/{matter_id}", let_in(self._reply), methods=["POST"]),
            PageRoute("/korespondencja/sprawa/{matter_id}/wyslano", let_in(self._sent)),
        ]

    async def _list(self, request: Request, visitor: Visitor) -> Response:
        cursor = request.query_params.get("od")
        if cursor is not None and not CURSOR.fullmatch(cursor):
            raise NotFoundError
        asked = self._correspondence.matters(visitor.session, cursor, MATTERS_SHOWN, visitor.seconds_left())
        try:
            matters = await part(self._site.language.text("korespondencja"), asked)
        except RefusedError as error:  # a cursor that is none of the service's
            raise NotFoundError from error
        shown = matters if isinstance(matters, Matters) else None
        context = {"matters": shown.items if shown else None, "next_cursor": shown.next_cursor if shown else None}
        status = 200 if shown else 503
        return self._site.page(request, "matters.html", context, status=status, missing=missing(matters))

    async def _types(self, request: Request, visitor: Visitor) -> Response:
        asked = self._correspondence.matter_types(visitor.session, visitor.seconds_left())
        types = await part(self._site.language.text("rodzaje spraw"), asked)
        shown = types.items if isinstance(types, MatterTypes) else []
        status = 503 if isinstance(types, Missing) else 200
        return self._site.page(request, "matter-types.html", {"types": shown}, status=status, missing=missing(types))

    async def _new(self, request: Request, visitor: Visitor) -> Response:
        return await self._new_form(request, visitor, {}, NO_ERRORS)

    async def _new_form(
        self, request: Request, visitor: Visitor, given: dict[str, str], errors: FormErrors, status: int = 200
    ) -> Response:
        """The form of a new matter, with what was written so far. It is shown even while the services are away."""
        session, seconds = visitor.session, visitor.seconds_left()
        types, leases = await asyncio.gather(
            part("", self._correspondence.matter_types(session, seconds)),
            part("", self._ledger.leases(session, seconds)),
        )
        rows = leases.items if isinstance(leases, LeaseRows) else []
        context = {
            "type": self._type(types, request.path_params["matter_type_id"]),
            "lease_choices": [{"value": row.lease_id, "text": f"{row.address} ({row.number})"} for row in rows],
            "fields": {name: given.get(name, "") for name in WRITTEN} | _lease_given(given, visitor),
            "key": given.get(KEY_FIELD) or new_key(),
            "errors": errors,
        }
        return self._site.page(request, "matter-new.html", context, status=status)

    def _type(self, types: MatterTypes | Missing, matter_type_id: str) -> MatterType:
        if isinstance(types, Missing):
            name = self._site.language.text("Dodaj korespondencję")
            return MatterType(matter_type_id=matter_type_id, name=name)
        found = next((one for one in types.items if one.matter_type_id == matter_type_id), None)
        if found is None:
            raise NotFoundError
        return found

    async def _open(self, request: Request, visitor: Visitor) -> Response:
        say = self._site.language.text
        form = await fields_of(request)
        asked = {"title": say("Podaj temat."), "text": say("Napisz, o co chodzi.")}
        if empty := {name: message for name, message in asked.items() if not form.get(name, "").strip()}:
            return await self._new_form(request, visitor, form, FormErrors(empty))
        fields = {"matter_type_id": request.path_params["matter_type_id"]}
        fields |= {name: form[name] for name in WRITTEN if form.get(name)}
        try:
            matter = await in_flight(
                lambda: self._correspondence.open(visitor.session, fields, form.get(KEY_FIELD, "")), _is_in_flight
            )
        except (AwayError, RefusedError) as error:
            errors, status = self._failed(error)
            return await self._new_form(request, visitor, form, errors, status)
        return RedirectResponse(f"/korespondencja/sprawa/{matter.matter_id}/wyslano", 303)

    def _failed(self, error: AwayError | RefusedError) -> tuple[FormErrors, int]:
        """What to say when a letter could not be sent; its text stays in the form."""
        say = self._site.language.text
        if isinstance(error, AwayError):
            return FormErrors({}, say("Nie udało się wysłać. Treść jest zachowana, spróbuj ponownie za chwilę.")), 503
        if error.fields:
            return FormErrors(error.fields), 200
        detail = error.answer.problem().get("detail")
        return FormErrors({}, str(detail) if detail else say("Nie udało się wysłać. Sprawdź treść.")), 200

    async def _matter(self, request: Request, visitor: Visitor) -> Response:
        return await self._thread(request, visitor, {}, NO_ERRORS)

    async def _thread(
        self, request: Request, visitor: Visitor, given: dict[str, str], errors: FormErrors, status: int = 200
    ) -> Response:
        matter_id = request.path_params["matter_id"]
        asked = self._correspondence.matter(visitor.session, matter_id, visitor.seconds_left())
        matter = await part(self._site.language.text("sprawa"), asked)
        gone = isinstance(matter, Missing)
        context = {
            "matter": None if gone else matter,
            "matter_id": matter_id,
            "fields": {"text": given.get("text", "")},
            "key": given.get(KEY_FIELD) or new_key(),
            "errors": errors,
            "sent": "wyslano" in request.query_params,
        }
        return self._site.page(request, "matter.html", context, status=503 if gone else status, missing=missing(matter))

    async def _reply(self, request: Request, visitor: Visitor) -> Response:
        form = await fields_of(request)
        matter_id, text = request.path_params["matter_id"], form.get("text", "")
        if not text.strip():
            errors = FormErrors({"text": self._site.language.text("Napisz wiadomość.")})
            return await self._thread(request, visitor, form, errors)
        try:
            await in_flight(
                lambda: self._correspondence.write(visitor.session, matter_id, text, form.get(KEY_FIELD, "")),
                _is_in_flight,
            )
        except (AwayError, RefusedError) as error:
            errors, status = self._failed(error)
            return await self._thread(request, visitor, form, errors, status)
        return RedirectResponse(f"/korespondencja/sprawa/{matter_id}?wyslano=1", 303)

    async def _sent(self, request: Request, visitor: Visitor) -> Response:
        asked = self._correspondence.matter(visitor.session, request.path_params["matter_id"], visitor.seconds_left())
        matter = await part(self._site.language.text("sprawa"), asked)
        shown = None if isinstance(matter, Missing) else matter
        return self._site.page(request, "matter-sent.html", {"matter": shown}, missing=missing(matter))


def _lease_given(given: dict[str, str], visitor: Visitor) -> dict[str, str]:
    return {} if given.get("lease_id") else {"lease_id": visitor.lease_id or ""}


def _is_in_flight(error: Exception) -> bool:
    return isinstance(error, RefusedError) and error.answer.status == 409 and error.answer.retry_after is not None
