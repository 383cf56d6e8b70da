"""Korespondencja: the matters of a person, their letters and files, a reply."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from services.gateway.clients.doors import Correspondence
from services.gateway.clients.matter_models import Matters
from services.gateway.clients.transport import AwayError, NotFoundError, RefusedError
from services.gateway.web.forms import KEY_FIELD, fields_of, new_key
from services.gateway.web.history import CURSOR
from services.gateway.web.language import Language
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import NO_ERRORS, FormErrors, Site
from services.gateway.web.uploads import DEED_FIELD, NO_DRAFTS, Drafts, Uploads
from services.gateway.web.visits import Missing, Visitor, in_flight, missing, part

MATTERS_SHOWN = 20
FILES_FIELD = "files"


class Letters:
    """`/korespondencja` and its matters; a new one is raised in `new_letters`."""

    def __init__(self, site: Site, correspondence: Correspondence, uploads: Uploads) -> None:
        self._site = site
        self._correspondence = correspondence
        self._uploads = uploads

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        let_in = self._site.reception.signed_in
        matter = "/korespondencja/sprawa/{matter_id}"
        return [
            PageRoute("/korespondencja", let_in(self._list)),
            PageRoute(matter, let_in(self._matter)),
            PageRoute(matter, let_in(self._reply), methods=["POST"]),
            PageRoute(f"{matter}/wyslano", let_in(self._sent)),
            PageRoute(f"{matter}/plik/{{attachment_id}}", let_in(self._file)),
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

    async def _matter(self, request: Request, visitor: Visitor) -> Response:
        return await self._thread(request, visitor, {}, (NO_ERRORS, 200))

    async def _thread(
        self,
        request: Request,
        visitor: Visitor,
        given: dict[str, str],
        failed: tuple[FormErrors, int],
        drafts: Drafts = NO_DRAFTS,
    ) -> Response:
        """A matter with its letters and the form of a reply, with what was written so far."""
        errors, status = failed
        matter_id = request.path_params["matter_id"]
        asked = self._correspondence.matter(visitor.session, matter_id, visitor.seconds_left())
        matter = await part(self._site.language.text("sprawa"), asked)
        gone = isinstance(matter, Missing)
        context = {
            "matter": None if gone else matter,
            "matter_id": matter_id,
            "fields": {"text": given.get("text", "")},
            "drafts": drafts,
            "key": given.get(KEY_FIELD) or new_key(),
            "errors": errors,
            "sent": "wyslano" in request.query_params,
        }
        return self._site.page(request, "matter.html", context, status=503 if gone else status, missing=missing(matter))

    async def _reply(self, request: Request, visitor: Visitor) -> Response:
        form = await fields_of(request)
        drafts = await self._uploads.of_form(request, visitor, form)
        visitor = visitor.with_a_new_second()
        if form.get(DEED_FIELD) or drafts.faults:
            return await self._thread(request, visitor, form, (file_errors(drafts), 200), drafts)
        matter_id, text = request.path_params["matter_id"], form.get("text", "")
        if not text.strip() and not drafts.items:
            errors = FormErrors({"text": self._site.language.text("Napisz wiadomość.")})
            return await self._thread(request, visitor, form, (errors, 200))
        letter = {"text": text, "attachment_ids": drafts.ids}
        try:
            await in_flight(
                lambda: self._correspondence.write(visitor.session, matter_id, letter, form.get(KEY_FIELD, "")),
                is_in_flight,
            )
        except (AwayError, RefusedError) as error:
            return await self._thread(
                request, visitor.with_a_new_second(), form, said(self._site.language, error), drafts
            )
        return RedirectResponse(f"/korespondencja/sprawa/{matter_id}?wyslano=1", 303)

    async def _sent(self, request: Request, visitor: Visitor) -> Response:
        asked = self._correspondence.matter(visitor.session, request.path_params["matter_id"], visitor.seconds_left())
        matter = await part(self._site.language.text("sprawa"), asked)
        shown = None if isinstance(matter, Missing) else matter
        return self._site.page(request, "matter-sent.html", {"matter": shown}, missing=missing(matter))

    async def _file(self, request: Request, visitor: Visitor) -> Response:
        named = request.path_params
        try:
            file = await self._correspondence.attachment(visitor.session, named["matter_id"], named["attachment_id"])
        except RefusedError as error:  # the virus scanner has not said yet whether it is clean
            raise NotFoundError from error
        return StreamingResponse(file.pieces, headers=file.headers)


def file_errors(drafts: Drafts) -> FormErrors:
    """Why files were not taken, at the field of files."""
    return FormErrors({FILES_FIELD: " ".join(drafts.faults)}) if drafts.faults else NO_ERRORS


def said(language: Language, error: AwayError | RefusedError) -> tuple[FormErrors, int]:
    """What to say when a letter could not be sent, and the status; text and files stay in the form."""
    if isinstance(error, AwayError):
        return FormErrors(
            {}, language.text("Nie udało się wysłać. Treść jest zachowana, spróbuj ponownie za chwilę.")
        ), 503
    if error.fields:
        named = {FILES_FIELD if name == "attachments" else name: message for name, message in error.fields.items()}
        return FormErrors(named), 200
    detail = error.answer.problem().get("detail")
    return FormErrors({}, str(detail) if detail else language.text("Nie udało się wysłać. Sprawdź treść.")), 200


def is_in_flight(error: Exception) -> bool:
    """Whether the same command is being carried out by another click."""
    return isinstance(error, RefusedError) and error.answer.status == 409 and error.answer.retry_after is not None
