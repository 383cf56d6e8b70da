"""The staff's inbox as JSON, for clerks and operators: by a token of this service, or by the token of their session."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from libs.chassis.auth import Principal, StaffGate, holder_of, token_of
from libs.chassis.event_store import decided_again, utc_now
from libs.chassis.http import ID, ID_PATTERN, Cursor, IdempotencyKey, Problem, cursor_of, not_found, read_cursor
from libs.chassis.logs import logger
from libs.chassis.postgres import Connection
from libs.chassis.searching import MAX_SEARCH_CHARACTERS
from services.correspondence.api.attachments import file_answer
from services.correspondence.api.wire import (
    DEFAULT_LIMIT,
    Door,
    Json,
    Limit,
    MatterId,
    Typed,
    next_cursor,
    once,
    overview,
    place_of,
    said_in_http,
    thread,
    written,
)
from services.correspondence.commands.matters import Correspondence, Writing, today
from services.correspondence.domain.attachments import MAX_FILES
from services.correspondence.domain.matters import AuthorRole, MatterState
from services.correspondence.read_models import attachments, inbox, matters
from services.correspondence.read_models import thread as threads
from services.correspondence.read_models.inbox import FIRST_DUE, NO_DEADLINE, NOBODY, DuePlace, Meant, Wanted
from services.correspondence.read_models.matters import Place

INBOX_ROLES: Final = ("clerk", "operator")
Order = Literal["activity", "deadline"]
NO_COLLEAGUE: Final = "Wybierz osobę z listy. Gdy usługa kont nie odpowiada, sprawę możesz tylko przejąć."
DOTS_OF_A_JWT: Final = 2  # an opaque session token has none


Seen = Annotated[int, Field(ge=0)] | None


class Reply(BaseModel):
    """A letter of the company; `asks`: it waits for an answer, `close` closes the matter with it.

    `seen`: how many letters whoever closes knew of; None: all.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    text: Typed = ""
    attachment_ids: list[str] = Field(default_factory=list, max_length=MAX_FILES)
    asks: bool = False
    close: bool = False
    seen: Seen = None

    def writing(self) -> Writing:
        """Return the letter as a command takes it."""
        return Writing(self.text, self.attachment_ids, self.asks and not self.close, self.close, self.seen)


class Closing(BaseModel):
    """How many letters whoever closes a matter knew of; None: all."""

    model_config = ConfigDict(strict=True, extra="forbid")

    seen: Seen = None


class Assignment(BaseModel):
    """Who shall take care of a matter; None: whoever asks."""

    model_config = ConfigDict(strict=True, extra="forbid")

    assignee_id: Annotated[str, Field(pattern=ID_PATTERN)] | None = None


class Deadline(BaseModel):
    """Until when the company means to answer."""

    model_config = ConfigDict(extra="forbid")

    due_on: date


@dataclass(frozen=True, slots=True)
class Filter:
    """Which matters of the inbox to list.

    `assignee` may be `me` or `nobody`, `late`: those that wait after their deadline, `search`: words, each part of
    number or subject, or the id of the lease or of the account; `lease`: of it alone, another page leads here.
    """

    status: MatterState | None = None
    assignee: str | None = None
    late: bool = False
    kind: str | None = None
    search: str = ""
    order: Order = "activity"
    lease: str = ""

    async def wanted(self, tx: Connection, account_id: str, meant: Meant | None = None) -> Wanted:
        """Return the same as the read model takes it, for the member of the staff who asks."""
        states = [self.status] if self.status else list(MatterState)
        if self.late:
            states = [state for state in states if state is MatterState.OPEN]
        assignee = {"me": account_id, "nobody": NOBODY}.get(self.assignee or "", self.assignee)
        due_before = today(utc_now()) if self.late else None
        lease_id = self.lease or None
        found = await inbox.find(tx, meant or Meant(self.search), lease_id)
        return Wanted(states, assignee, due_before, lease_id, self.kind, found)

    def same_shelf(self, other: "Filter") -> bool:
        """Tell whether both list the same of what is looked for, in whatever order."""
        return (self.status, self.assignee, self.late) == (other.status, other.assignee, other.late)

    def query(self) -> dict[str, str]:
        """Return the parameters that bring the same list again."""
        late = "true" if self.late else None
        order = self.order if self.order == "deadline" else None
        given = {
            "status": self.status,
            "assignee": self.assignee,
            "late": late,
            "kind": self.kind,
            "search": self.search,
            "order": order,
            "lease": self.lease,
        }
        return {name: str(value) for name, value in given.items() if value}


def chosen_of(value: object) -> object:
    """A select of a form that was left alone sends an empty text."""
    return value or None


Id = Annotated[str | None, Query(pattern=f"^(?:{ID.pattern})?$")]


async def filter_of(
    status: Annotated[MatterState | None, BeforeValidator(chosen_of)] = None,
    assignee: Id = None,
    late: bool = False,
    kind: Id = None,
    search: Annotated[str, Query(max_length=MAX_SEARCH_CHARACTERS)] = "",
    order: Order = "activity",
) -> Filter:
    """FastAPI dependency: which matters to list, the latest activity or the nearest deadline first."""
    return Filter(status, assignee or None, late, kind or None, search.replace("\x00", "").strip(), order)


FilterOf = Annotated[Filter, Depends(filter_of)]


async def behind_of(chosen: FilterOf, cursor: Cursor = None) -> Place | DuePlace:
    """FastAPI dependency: where the inbox goes on; without a cursor, its top.

    Raises:
        Problem: 422 for a cursor that no list of this order has given out.
    """
    if chosen.order == "deadline":
        return read_cursor(cursor, lambda day, matter_id: DuePlace(date.fromisoformat(day), matter_id)) or FIRST_DUE
    return await place_of(cursor)


BehindOf = Annotated[Place | DuePlace, Depends(behind_of)]


def following(page: Sequence[matters.Overview], limit: int, chosen: Filter) -> str | None:
    """Return the cursor of the page after this one, in the order chosen; None when this one is not full."""
    if len(page) < limit or chosen.order == "activity":
        return next_cursor(page, limit)
    return cursor_of(page[-1].due_on or NO_DEADLINE, page[-1].matter_id)


async def assignee_of(door: Door, token: str, asker_id: str, asked: str | None) -> str:
    """Return who shall take care of a matter: whoever asks, or a colleague whom identity knows.

    Raises:
        Problem: 422 for anybody else; for everybody else while identity is away, or the token is none of a session.
    """
    if not asked or asked == asker_id:
        return asker_id
    people = await door.directory.ask(token, ())
    if asked not in {one.account_id for one in people.staff}:
        raise Problem(422, "Popraw osobę", errors=[{"field": "assignee_id", "message": NO_COLLEAGUE}])
    return asked


def staff_of(gate: StaffGate) -> Callable[..., Awaitable[Principal]]:
    """Make the FastAPI dependency that lets clerks and operators pass.

    It raises Problem: 401 without a valid token, 404 for tenants, 403 for other staff, 503 while identity is away.
    """

    async def staff(request: Request, token: Annotated[str, Depends(token_of)]) -> Principal:
        if token.count(".") == DOTS_OF_A_JWT:
            principal = holder_of(request, token)
        else:
            principal = await gate.principal(token)
        principal.require_role(*INBOX_ROLES)
        return principal

    return staff


async def opened_thread(door: Door, matter_id: str) -> tuple[matters.Overview, list[threads.Message]]:
    """Return any matter with its letters, and note that the staff has seen them.

    Raises:
        Problem: 404 when there is no such matter.
    """
    async with door.database.transaction() as tx:
        matter = await matters.one_for_staff(tx, matter_id)
        if matter is None:
            raise not_found()
        messages = await threads.of_matter(tx, matter)
        await matters.mark_read(tx, matter, AuthorRole.STAFF)
    return matter, messages


async def send_reply(door: Door, account_id: str, matter_id: str, reply: Reply, key: str) -> tuple[int, Json]:
    """Send the company's letter once per key, and close the matter when asked to.

    Raises:
        Problem: 404, 409 or 422, as `once`.
    """

    async def act(tx: Connection) -> Json:
        sent = await door.correspondence.reply(tx, matter_id, account_id, reply.writing())
        return written(matter_id, sent)

    scope = f"{account_id} POST /inbox/{matter_id}/messages"
    return await once(door, scope, key, reply.model_dump(), act)


Act = Callable[[Correspondence, Connection], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Change:
    """A command that changes nothing when it is repeated: `deed`, as the log calls it, of which matter, by whom."""

    deed: str
    matter_id: str
    account_id: str
    act: Act


async def change(door: Door, wanted: Change) -> None:
    """Carry out a command, and log who changed a matter: its events do not tell.

    Raises:
        Problem: 404 when there is no such matter, 409 when it cannot be.
    """

    async def attempt() -> bool:
        async with door.database.transaction() as tx:
            return await wanted.act(door.correspondence, tx)

    with said_in_http():
        changed = await decided_again(attempt)
    if changed:
        who = {"matter_id": wanted.matter_id, "account_id": wanted.account_id}
        logger(__name__).info("matter changed", deed=wanted.deed, **who)


def router(door: Door, gate: StaffGate) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/inbox")
    staff = staff_of(gate)
    Staff = Annotated[Principal, Depends(staff)]  # noqa: N806  # a type

    @routes.get("")
    async def list_inbox(
        principal: Staff, chosen: FilterOf, behind: BehindOf, limit: Limit = DEFAULT_LIMIT
    ) -> dict[str, Any]:
        """List every account's matters; `complete`: the words looked for mean no others."""
        async with door.database.connection() as connection:
            wanted = await chosen.wanted(connection, principal.account_id)
            page = await inbox.page(connection, wanted, behind, limit)
        items = [overview(matter, AuthorRole.STAFF) for matter in page]
        return {"items": items, "next_cursor": following(page, limit, chosen), "complete": not wanted.cut}

    @routes.get("/{matter_id}", dependencies=[Depends(staff)])
    async def read_matter(matter_id: MatterId) -> Json:
        """Give a matter with its letters."""
        matter, messages = await opened_thread(door, matter_id)
        return thread(matter, messages, AuthorRole.STAFF)

    @routes.post("/{matter_id}/messages", status_code=201)
    async def reply(
        matter_id: MatterId,
        body: Reply,
        principal: Annotated[Principal, Depends(staff)],
        key: Annotated[str, Depends(IdempotencyKey)],
    ) -> JSONResponse:
        """Reply on behalf of the company."""
        status, answer = await send_reply(door, principal.account_id, matter_id, body, key)
        return JSONResponse(answer, status)

    @routes.get("/{matter_id}/attachments/{attachment_id}", dependencies=[Depends(staff)])
    async def download(matter_id: MatterId, attachment_id: str) -> Response:
        """Give a file of a matter."""
        async with door.database.connection() as connection:
            found = await attachments.one_of_matter(connection, matter_id, attachment_id)
        return await file_answer(door, found)

    _add_changes(routes, door, staff)
    return routes


def _add_changes(routes: APIRouter, door: Door, staff: Callable[..., Awaitable[Principal]]) -> None:
    Staff = Annotated[Principal, Depends(staff)]  # noqa: N806  # a type

    async def changed(deed: str, matter_id: str, principal: Principal, act: Act) -> None:
        await change(door, Change(deed, matter_id, principal.account_id, act))

    @routes.post("/{matter_id}/close")
    async def close(matter_id: MatterId, principal: Staff, body: Closing | None = None) -> Json:
        """Close a matter, unless a letter has come that whoever closes it has not seen."""
        seen = body.seen if body else None
        await changed("close", matter_id, principal, lambda letters, tx: letters.close(tx, matter_id, seen))
        return {"matter_id": matter_id, "status": MatterState.CLOSED.value}

    @routes.post("/{matter_id}/reopen")
    async def reopen(matter_id: MatterId, principal: Staff) -> Json:
        """Go on with a closed matter."""
        await changed("reopen", matter_id, principal, lambda letters, tx: letters.reopen(tx, matter_id))
        return {"matter_id": matter_id}

    @routes.post("/{matter_id}/assignee")
    async def assign(
        matter_id: MatterId, body: Assignment, principal: Staff, token: Annotated[str, Depends(token_of)]
    ) -> Json:
        """Take care of a matter, or give it to somebody."""
        assignee_id = await assignee_of(door, token, principal.account_id, body.assignee_id)
        await changed("assign", matter_id, principal, lambda letters, tx: letters.assign(tx, matter_id, assignee_id))
        return {"matter_id": matter_id, "assignee_id": assignee_id}

    @routes.post("/{matter_id}/deadline")
    async def set_deadline(matter_id: MatterId, body: Deadline, principal: Staff) -> Json:
        """Set until when the company means to answer."""
        due_on = body.due_on
        await changed("deadline", matter_id, principal, lambda letters, tx: letters.set_deadline(tx, matter_id, due_on))
        return {"matter_id": matter_id, "due_on": due_on.isoformat()}
