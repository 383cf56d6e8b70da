"""Kinds of matter on the panel: the list, the form of a version, its history, and how its document looks."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from libs.chassis.event_store import decided_again, utc_now
from libs.chassis.http import ID_PATTERN, Problem, not_found
from libs.chassis.panel import Panel, PanelSession, StaffForm, see_other
from services.correspondence.api.attachments import disposition
from services.correspondence.api.pages import REFUSALS, allowed, staff_of
from services.correspondence.api.shelf import people_of
from services.correspondence.api.wire import Door, said_in_http
from services.correspondence.commands.matters import today
from services.correspondence.domain import matter_types as domain
from services.correspondence.domain.attachments import FileKind
from services.correspondence.domain.faults import FieldFault
from services.correspondence.domain.matter_types import (
    MAX_FIELDS,
    PLACEHOLDERS,
    Audience,
    Field,
    FieldKind,
    Form,
    MatterType,
    Version,
)
from services.correspondence.read_models import matter_types

EMPTY_ROWS: Final = 3  # of the form, for fields to be added
AUDIENCE_WORDS: Final = {
    Audience.EVERYONE: "wszyscy",
    Audience.DWELLING: "najemcy mieszkań",
    Audience.COMMERCIAL: "najemcy lokali użytkowych",
}
KIND_WORDS: Final = {
    FieldKind.TEXT: "krótki tekst",
    FieldKind.LONG_TEXT: "dłuższy tekst",
    FieldKind.NUMBER: "liczba",
    FieldKind.WHOLE: "liczba całkowita",
    FieldKind.DATE: "data",
    FieldKind.CHOICE: "wybór z listy",
    FieldKind.YES: "potwierdzenie (tak)",
}
SAMPLE_FACTS: Final = {name: f"[{words}]" for name, words in PLACEHOLDERS.items()}
NOT_A_NUMBER: Final = "Podaj liczbę."
NOT_A_DATE: Final = "Podaj datę albo zostaw puste."

TypeId = Annotated[str, Path(pattern=ID_PATTERN)]


@dataclass(frozen=True, slots=True)
class Shown:
    """A version in the form: what was typed or is kept, and what is wrong with it, by field."""

    version: Version
    faults: Mapping[str, str]
    status: int = 200


def router(door: Door, panel: Panel) -> APIRouter:
    """Return the pages below /panel/matter-types."""
    routes = APIRouter(prefix="/panel/matter-types")
    _add_pages(routes, door, panel)
    _add_forms(routes, door, panel)
    return routes


def _add_pages(routes: APIRouter, door: Door, panel: Panel) -> None:
    staff = staff_of(panel)
    Staff = Annotated[PanelSession, Depends(staff)]  # noqa: N806  # a type

    @routes.get("")
    async def list_page(session: Staff, saved: bool = False) -> HTMLResponse:
        """Show every kind with its latest version, whether it is offered today, and that one was just saved."""
        async with door.database.connection() as connection:
            versions = await matter_types.every_version(connection)
        latest = {one.matter_type_id: one for one in versions}
        offered = {one.matter_type_id: one.number for one in domain.offered(versions, today(utc_now()))}
        kinds = sorted(latest.values(), key=lambda one: (one.content.place, one.content.name))
        return panel.render(
            "correspondence/types.html", session, kinds=kinds, offered=offered, audiences=AUDIENCE_WORDS, saved=saved
        )

    @routes.get("/new")
    async def new_page(session: Staff) -> HTMLResponse:
        """Show the empty form of a new kind."""
        empty = Version("", 0, MatterType(name="", summary="", form=Form(title="")))
        return await _form_page(door, panel, session, Shown(empty, {}))

    @routes.get("/{matter_type_id}")
    async def edit_page(session: Staff, matter_type_id: TypeId) -> HTMLResponse:
        """Show the latest version in the form of the next one."""
        async with door.database.connection() as connection:
            history = await matter_types.history(connection, matter_type_id)
        if not history:
            raise not_found()
        return await _form_page(door, panel, session, Shown(history[0].version, {}))

    @routes.get("/{matter_type_id}/{number}.pdf", dependencies=[Depends(staff)])
    async def preview(matter_type_id: TypeId, number: int) -> Response:
        """Give the document of a version, with what will be filled in named in brackets."""
        async with door.database.connection() as connection:
            history = await matter_types.history(connection, matter_type_id)
        version = next((one.version for one in history if one.version.number == number), None)
        if version is None:
            raise not_found()
        with said_in_http():
            document = door.correspondence.document(version, SAMPLE_FACTS)
        headers = {"Content-Disposition": disposition(f"{matter_type_id}-{number}.pdf")}
        return Response(door.printer.pdf(document), media_type=FileKind.PDF.value, headers=headers)


def _add_forms(routes: APIRouter, door: Door, panel: Panel) -> None:
    @routes.post("")
    async def define(form: Annotated[StaffForm, Depends(panel.staff_form)]) -> Response:
        """Define the next version, or a new kind."""
        session, typed = allowed(form[0]), form[1]
        version, faults = _typed(typed)
        before = Version(version.matter_type_id, version.number - 1, version.content)
        if faults:
            wrong = {one.field: one.message for one in faults}
            return await _form_page(door, panel, session, Shown(before, wrong, 422))
        try:
            await _define(door, version, session.principal.account_id)
        except Problem as problem:
            if problem.status not in REFUSALS:
                raise
            found = {fault["field"]: fault["message"] for fault in problem.errors}
            shown = Shown(before, found or {"name": problem.detail or problem.title}, problem.status)
            return await _form_page(door, panel, session, shown)
        return see_other("/panel/matter-types?saved=true")


async def _define(door: Door, version: Version, account_id: str) -> None:
    async def attempt() -> None:
        async with door.database.transaction() as tx:
            await door.matter_types.define(tx, version, account_id)

    with said_in_http():
        await decided_again(attempt)


async def _form_page(door: Door, panel: Panel, session: PanelSession, shown: Shown) -> HTMLResponse:
    version = shown.version
    async with door.database.connection() as connection:
        history = await matter_types.history(connection, version.matter_type_id)
    people = await people_of(door, panel, session, [one.defined_by for one in history])
    form = version.content.form
    rows: list[Field | None] = [*(form.fields if form else ())]
    return panel.render(
        "correspondence/type.html",
        session,
        status=shown.status,
        version=version,
        content=version.content,
        rows=[*rows, *[None] * min(EMPTY_ROWS, MAX_FIELDS - len(rows))],
        faults=shown.faults,
        history=history,
        people=people,
        audiences=AUDIENCE_WORDS,
        kinds=KIND_WORDS,
        placeholders=PLACEHOLDERS,
        is_new=version.number == 0,
    )


def _typed(fields: Mapping[str, str]) -> tuple[Version, list[FieldFault]]:
    """Read the form; what cannot be read as a number or a day is a fault, all else the domain checks."""
    faults: list[FieldFault] = []

    def number(name: str, otherwise: int) -> int:
        text = fields.get(name, "").strip()
        if not re.fullmatch(r"[0-9]{1,4}", text):
            faults.append(FieldFault(name, NOT_A_NUMBER))
            return otherwise
        return int(text)

    def day(name: str) -> date | None:
        text = fields.get(name, "").strip()
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            faults.append(FieldFault(name, NOT_A_DATE))
            return None

    try:
        content = MatterType(
            name=fields.get("name", ""),
            summary=fields.get("summary", ""),
            guidance=fields.get("guidance", ""),
            audience=cast("Audience", fields.get("audience", "")),
            answer_days=number("answer_days", 14),
            place=number("place", 100),
            active_from=day("active_from"),
            active_to=day("active_to"),
            form=_typed_form(fields),
        )
    except ValidationError as error:
        raise Problem(422, "Nieprawidłowe dane") from error
    return Version(fields.get("matter_type_id", "").strip(), number("version", 0) + 1, content), faults


def _typed_form(fields: Mapping[str, str]) -> Form | None:
    if "has_form" not in fields:
        return None
    rows = [_typed_field(fields, n) for n in range(MAX_FIELDS) if fields.get(f"label-{n}", "").strip()]
    return Form(
        title=fields.get("form_title", ""),
        online="online" in fields,
        opening=fields.get("form_opening", ""),
        fields=tuple(rows),
        closing=fields.get("form_closing", ""),
    )


def _typed_field(fields: Mapping[str, str], n: int) -> Field:
    label = fields[f"label-{n}"]
    choices = tuple(one.strip() for one in fields.get(f"choices-{n}", "").split(";") if one.strip())
    return Field(
        name=fields.get(f"name-{n}") or _name_of(label, n),
        label=label,
        kind=cast("FieldKind", fields.get(f"kind-{n}", "text")),
        required=f"required-{n}" in fields,
        hint=fields.get(f"hint-{n}", ""),
        choices=choices,
    )


def _name_of(label: str, n: int) -> str:
    """Make the key of a new field of its label: `Od kiedy?` is `od-kiedy-4`."""
    plain = unicodedata.normalize("NFKD", label.lower().replace("ł", "l")).encode("ascii", "ignore").decode()
    return f"{re.sub(r'[^a-z0-9]+', '-', plain).strip('-')[:30] or 'pole'}-{n}"
