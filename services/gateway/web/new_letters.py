"""A new matter: what kind it is, its guidance and forms to download, the form filled in here, files, sending."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from services.gateway.clients.doors import Correspondence, Ledger
from services.gateway.clients.facts import facts_of
from services.gateway.clients.matter_models import MatterType, MatterTypes
from services.gateway.clients.models import LeaseRow, LeaseRows
from services.gateway.clients.transport import READ_SECONDS, AwayError, NotFoundError, RefusedError
from services.gateway.web.forms import KEY_FIELD, fields_of, new_key
from services.gateway.web.letters import file_errors, is_in_flight, said
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import NO_ERRORS, FormErrors, Site
from services.gateway.web.uploads import DEED_FIELD, NO_DRAFTS, Drafts, Uploads
from services.gateway.web.visits import Missing, Visitor, in_flight, missing, part

WRITTEN = ("title", "text", "lease_id")
GENERAL = "general"
EVERYONE = "everyone"
BY_HAND = "pismo"  # of the query `sposob`: with a document filled in elsewhere
FIELD_PREFIX = "fields."
FILE_TYPES = ("pdf", "docx")


@dataclass(frozen=True)
class Writing:
    """What was written so far, its files, and what is wrong with it."""

    given: dict[str, str]
    drafts: Drafts = NO_DRAFTS
    errors: FormErrors = NO_ERRORS
    status: int = 200


class NewLetters:
    """`/korespondencja/nowa` and what lies below it."""

    def __init__(self, site: Site, correspondence: Correspondence, ledger: Ledger, uploads: Uploads) -> None:
        self._site = site
        self._correspondence = correspondence
        self._ledger = ledger
        self._uploads = uploads

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        kind = "/korespondencja/nowa/{matter_type_id}"
        return [
            PageRoute("/korespondencja/nowa", let_in(self._types)),
            PageRoute(kind, let_in(self._new)),
            PageRoute(kind, let_in(self._open), methods=["POST"]),
            PageRoute(f"{kind}/wzor.{{file_type}}", let_in(self._form_file)),
        ]

    async def _types(self, request: Request, visitor: Visitor) -> Response:
        types, leases = await self._known(visitor, self._site.language.text("rodzaje spraw"))
        shown = types.items if isinstance(types, MatterTypes) else []
        fitting = [one for one in shown if _rows_for(one, leases) or one.audience == EVERYONE]
        status = 503 if isinstance(types, Missing) else 200
        return self._site.page(request, "matter-types.html", {"types": fitting}, status=status, missing=missing(types))

    async def _known(self, visitor: Visitor, what: str = "") -> tuple[MatterTypes | Missing, LeaseRows | Missing]:
        session, seconds = visitor.session, visitor.seconds_left()
        types, leases = await asyncio.gather(
            part(what, self._correspondence.matter_types(session, seconds)),
            part("", self._ledger.leases(session, seconds)),
        )
        return types, leases

    async def _new(self, request: Request, visitor: Visitor) -> Response:
        return await self._page(request, visitor, Writing({}))

    async def _page(self, request: Request, visitor: Visitor, writing: Writing) -> Response:
        """The form of a new matter, with what was written so far. It is shown even while the services are away."""
        types, leases = await self._known(visitor)
        kind, given = self._kind(types, request.path_params["matter_type_id"]), writing.given
        rows = _rows_for(kind, leases)
        here = _filled_in_here(kind, request)
        context = {
            "type": kind,
            "here": here,
            "questions_asked": kind.form.fields if kind.form and here else [],
            "lease_choices": [{"value": row.lease_id, "text": f"{row.address} ({row.number})"} for row in rows],
            "fields": self._fields(kind, given) | _lease_given(given, visitor, rows),
            "drafts": writing.drafts,
            "key": given.get(KEY_FIELD) or new_key(),
            "errors": writing.errors,
        }
        return self._site.page(request, "matter-new.html", context, status=writing.status)

    def _fields(self, kind: MatterType, given: dict[str, str]) -> dict[str, str]:
        title = "" if kind.matter_type_id == GENERAL else kind.name
        kept = {name: value for name, value in given.items() if name.startswith(FIELD_PREFIX)}
        return {"title": given.get("title", title), "text": given.get("text", ""), "lease_id": ""} | kept

    def _kind(self, types: MatterTypes | Missing, matter_type_id: str) -> MatterType:
        if isinstance(types, Missing):
            name = self._site.language.text("Dodaj korespondencję")
            return MatterType(matter_type_id=matter_type_id, name=name)
        found = next((one for one in types.items if one.matter_type_id == matter_type_id), None)
        if found is None:
            raise NotFoundError
        return found

    async def _open(self, request: Request, visitor: Visitor) -> Response:
        form = await fields_of(request)
        drafts = await self._uploads.of_form(request, visitor, form)
        visitor = visitor.with_a_new_second()
        if form.get(DEED_FIELD) or drafts.faults:
            return await self._page(request, visitor, Writing(form, drafts, file_errors(drafts)))
        try:
            kind = self._kind(await self._types_now(visitor), request.path_params["matter_type_id"])
            if empty := self._empty(form, drafts, here=_filled_in_here(kind, request)):
                return await self._page(request, visitor, Writing(form, drafts, FormErrors(empty)))
            letter = await self._letter(kind, form, drafts, request, visitor)
            matter = await in_flight(
                lambda: self._correspondence.open(visitor.session, letter, form.get(KEY_FIELD, "")), is_in_flight
            )
        except (AwayError, RefusedError) as error:
            failed = Writing(form, drafts, *said(self._site.language, error))
            return await self._page(request, visitor.with_a_new_second(), failed)
        return RedirectResponse(f"/korespondencja/sprawa/{matter.matter_id}/wyslano", 303)

    async def _types_now(self, visitor: Visitor) -> MatterTypes:
        return await self._correspondence.matter_types(visitor.session, READ_SECONDS)

    def _empty(self, form: dict[str, str], drafts: Drafts, *, here: bool) -> dict[str, str]:
        """What has to be written and is not; the service checks all the rest."""
        say = self._site.language.text
        empty = {} if form.get("title", "").strip() else {"title": say("Podaj temat.")}
        if not form.get("text", "").strip() and not drafts.items and not here:
            empty["text"] = say("Napisz, o co chodzi, albo dołącz plik.")
        return empty

    async def _letter(
        self, kind: MatterType, form: dict[str, str], drafts: Drafts, request: Request, visitor: Visitor
    ) -> dict[str, object]:
        letter: dict[str, object] = {"matter_type_id": kind.matter_type_id}
        letter |= {name: form[name] for name in WRITTEN if form.get(name)}
        if drafts.ids:
            letter["attachment_ids"] = drafts.ids
        if _filled_in_here(kind, request):
            answers = {name: value for name, value in form.items() if name.startswith(FIELD_PREFIX)}
            letter["fields"] = {name.removeprefix(FIELD_PREFIX): value for name, value in answers.items()}
            lease_id = form.get("lease_id") or None
            letter["facts"] = await facts_of(visitor.session, self._ledger, lease_id, READ_SECONDS)
        return letter

    async def _form_file(self, request: Request, visitor: Visitor) -> Response:
        """A form to be filled in by hand or in a word processor, with what is known of the tenant in it."""
        file_type = request.path_params["file_type"]
        if file_type not in FILE_TYPES:
            raise NotFoundError
        lease_id = request.query_params.get("lokal") or visitor.lease_id
        facts = await facts_of(visitor.session, self._ledger, lease_id, READ_SECONDS)
        kind = request.path_params["matter_type_id"]
        try:
            file = await self._correspondence.form(visitor.session, kind, file_type, facts)
        except RefusedError as error:  # an id that can be none
            raise NotFoundError from error
        return StreamingResponse(file.pieces, headers=file.headers)


def _filled_in_here(kind: MatterType, request: Request) -> bool:
    online = kind.form is not None and kind.form.online and bool(kind.form.fields)
    return online and request.query_params.get("sposob") != BY_HAND


def _rows_for(kind: MatterType, leases: LeaseRows | Missing) -> list[LeaseRow]:
    """The person's leases that a kind of matter is for."""
    rows = leases.items if isinstance(leases, LeaseRows) else []
    return [row for row in rows if kind.audience in (EVERYONE, row.kind)]


def _lease_given(given: dict[str, str], visitor: Visitor, rows: list[LeaseRow]) -> dict[str, str]:
    if given.get("lease_id"):
        return {"lease_id": given["lease_id"]}
    fitting = [row.lease_id for row in rows]
    return {"lease_id": visitor.lease_id if visitor.lease_id in fitting else next(iter(fitting), "")}
