"""Bank statements on the panel: a file is sent in and its report read; Autopay's settlements with their differences."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from libs.chassis.http import not_found
from libs.chassis.logs import logger
from libs.chassis.panel import Panel, PanelSession, StaffForm, see_other
from services.payments.api.staff import (
    ROWS,
    After,
    MoneyDoor,
    following,
    place_of,
    require_decider,
    today,
    words,
)
from services.payments.commands.statements import File
from services.payments.domain.report import FIGURES
from services.payments.domain.settlement import MAX_DAYS
from services.payments.domain.statement import MAX_FILE_BYTES, StatementRefusedError, WrongProfileError
from services.payments.read_models import settlements, statements
from services.payments.read_models.transfers import Place

PAGE = "/panel/statements"
SETTLEMENTS_PAGE = "/panel/settlements"
BODY_LIMIT_BYTES = MAX_FILE_BYTES + 64 * 1024  # the file and the form around it
MAX_ID = 2**63 - 1

Before = Annotated[int | None, Query(ge=1, le=MAX_ID)]
FileId = Annotated[int, Path(ge=1, le=MAX_ID)]


class _Pages:
    """The pages below /panel/statements and /panel/settlements."""

    def __init__(self, door: MoneyDoor, panel: Panel) -> None:
        self._door = door
        self._panel = panel

    async def files(
        self, session: PanelSession, before: int | None, refusal: StatementRefusedError | None = None
    ) -> Response:
        """The form for a file, and the files taken."""
        async with self._door.database.connection() as connection:
            found = await statements.files(connection, before, ROWS)
        return self._panel.render(
            "payments/statements.html",
            session,
            status=200 if refusal is None else 422,
            files=found,
            profiles=self._door.profiles,
            refusal=refusal,
            names_profile=isinstance(refusal, WrongProfileError),
            following=found[-1].id if len(found) == ROWS else None,
            **words(),
        )

    async def report(self, session: PanelSession, file_id: int, *, known: bool) -> Response:
        """What came of a file."""
        async with self._door.database.connection() as connection:
            found = await statements.file(connection, file_id)
        if found is None:
            raise not_found()
        names = await self._panel.names.of([found.imported_by])
        return self._panel.render(
            "payments/statement.html", session, file=found, names=names, figures=FIGURES, known=known, **words()
        )

    async def take(self, request: Request, form: StaffForm) -> Response:
        """Take a file; one that is refused is told why, and nothing of it is kept."""
        session, fields = form
        who = require_decider(session)
        sent = (await request.form()).get("file")
        if not isinstance(sent, UploadFile) or not sent.filename:
            return await self.files(session, None, StatementRefusedError("wybierz plik z wyciągiem"))
        try:
            file = File(sent.filename, await sent.read(), who.account_id)
            report = await self._door.importer.take(file, fields.get("profile") or None)
        except StatementRefusedError as refusal:
            logger(__name__).warning("statement refused", reason=str(refusal), account_id=who.account_id)
            return await self.files(session, None, refusal)
        logger(__name__).info("statement taken", file_id=report.file_id, account_id=who.account_id)
        return see_other(f"{PAGE}/{report.file_id}{'?known=true' if report.known_file else ''}")

    async def settlements(self, session: PanelSession, after: Place | None) -> Response:
        """Autopay's settlements, and what it has collected and not paid out yet."""
        since = today() - timedelta(days=MAX_DAYS)
        async with self._door.database.connection() as connection:
            found = await settlements.page(connection, after, ROWS)
            waiting = await settlements.waiting(connection, since)
        return self._panel.render(
            "payments/settlements.html",
            session,
            settlements=found,
            waiting=waiting,
            days=MAX_DAYS,
            following=following(found),
            **words(),
        )


def router(door: MoneyDoor, panel: Panel) -> APIRouter:
    """The pages below /panel/statements and /panel/settlements."""
    routes, pages = APIRouter(), _Pages(door, panel)
    staff, form = Depends(panel.staff), Depends(panel.staff_form)

    @routes.get(PAGE)
    async def files(session: Annotated[PanelSession, staff], cursor: Before = None) -> Response:
        """The files taken."""
        return await pages.files(session, cursor)

    @routes.post(PAGE)
    async def take(request: Request, sent: Annotated[StaffForm, form]) -> Response:
        """Take a file."""
        return await pages.take(request, sent)

    @routes.get(f"{PAGE}/{{file_id}}")
    async def file(session: Annotated[PanelSession, staff], file_id: FileId, known: bool = False) -> Response:
        """The report of a file."""
        return await pages.report(session, file_id, known=known)

    @routes.get(SETTLEMENTS_PAGE)
    async def settled(session: Annotated[PanelSession, staff], cursor: After = None) -> Response:
        """Autopay's settlements."""
        return await pages.settlements(session, place_of(cursor))

    return routes
