"""`/ops`: the panel's figures and decisions as JSON, for an operator's session token."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from libs.chassis.auth import Principal, StaffGate, token_of
from libs.chassis.http.problems import Problem, not_found
from libs.chassis.logs import logger
from libs.chassis.panel.bulk import MAX_AT_ONCE, Outcome, discard_chosen, replay_chosen, replay_outcome, replay_waiting
from libs.chassis.panel.desk import Desk
from libs.chassis.panel.figures import Figures
from libs.chassis.projection import (
    MAX_REASON_CHARACTERS,
    MIN_REASON_CHARACTERS,
    AlreadyDecidedError,
    DeskRecord,
    NotOnDeskError,
)

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_ID = 2**63 - 1
MAX_SEARCH_CHARACTERS = 200
MAX_SET_ASIDE_REASON_CHARACTERS = 100

RecordId = Annotated[int, Path(ge=1, le=MAX_ID)]
State = Literal["set_aside", "booked", "discarded"]

# Neither a quote nor a backslash, which could search through more of a payload than its correlation id, nor U+0000.
Search = Annotated[str, Query(max_length=MAX_SEARCH_CHARACTERS, pattern=r'^[^"\\\x00]*$')]
Ids = Annotated[list[Annotated[int, Field(ge=1, le=MAX_ID)]], Field(min_length=1, max_length=MAX_AT_ONCE)]
Reason = Annotated[
    str, Field(min_length=MIN_REASON_CHARACTERS, max_length=MAX_REASON_CHARACTERS, pattern=r"^[^\x00]*$")
]


class Discard(BaseModel):
    """Why a record is never to be taken."""

    model_config = ConfigDict(strict=True, extra="forbid", str_strip_whitespace=True)

    reason: Reason


class DiscardChosen(Discard):
    """Which records are never to be taken, and why."""

    ids: Ids


class ReplayMany(BaseModel):
    """Which records to replay: chosen ones, or up to `limit` open ones, of one `reason` or of any."""

    model_config = ConfigDict(strict=True, extra="forbid")

    ids: Ids | None = None
    reason: Annotated[str, Field(max_length=MAX_SET_ASIDE_REASON_CHARACTERS, pattern=r"^[^\x00]*$")] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_AT_ONCE)] | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if (self.ids is None) == (self.limit is None) or (self.ids is not None and self.reason is not None):
            raise ValueError("give either ids, or a limit with or without a reason")
        return self


def operator_of(gate: StaffGate) -> Callable[..., Awaitable[Principal]]:
    """Make the FastAPI dependency that lets operators pass: by the opaque token of their session.

    It raises Problem: 401 without a staff member's session, 403 for another staff role, 503 while identity is away.
    """

    async def operator(token: Annotated[str, Depends(token_of)]) -> Principal:
        principal = await gate.principal(token)
        principal.require_role("operator")
        return principal

    return operator


async def replay(desk: Desk, record_id: int, operator: str) -> Outcome:
    """Try a record again and tell its state now, with the reason if it was refused.

    Raises:
        Problem: 404 for an unknown record, 409 for one that was decided already.
    """
    with _answered():
        outcome = replay_outcome(record_id, await desk.replay(record_id, operator))
    logger(__name__).info("set-aside record replayed", record=record_id, operator=operator, state=outcome.state)
    return outcome


async def dry_run(desk: Desk, record_id: int) -> dict[str, Any]:
    """Tell what a replay would give, `{id, would_be: booked | set_aside, reason?, detail?}`; nothing is changed.

    Raises:
        Problem: 404 for an unknown record, 409 for one that was decided already.
    """
    with _answered():
        refused = await desk.dry_run(record_id)
    if refused is None:
        return {"id": record_id, "would_be": "booked"}
    return {"id": record_id, "would_be": "set_aside", "reason": refused.reason, "detail": refused.detail}


async def discard(desk: Desk, record_id: int, operator: str, reason: str) -> Outcome:
    """Decide that a record is never taken, and tell its state now.

    Raises:
        Problem: 404 for an unknown record, 409 for one that was decided already.
    """
    with _answered():
        await desk.discard(record_id, operator, reason)
    logger(__name__).info("set-aside record discarded", record=record_id, operator=operator)
    return Outcome(record_id, "discarded")


@contextmanager
def _answered() -> Iterator[None]:
    """Turn what the desk cannot do into the answers of the interface."""
    try:
        yield
    except NotOnDeskError as error:
        raise not_found() from error
    except AlreadyDecidedError as error:
        raise Problem(409, "Nie można podjąć tej decyzji", detail=str(error)) from error


def listed(record: DeskRecord) -> dict[str, Any]:
    """Give a record as `/ops/dead-letters` lists it."""
    names = ("id", "topic", "partition", "offset", "key", "reason", "state")
    return {**{name: getattr(record, name) for name in names}, "at": record.at.isoformat().replace("+00:00", "Z")}


async def page_of(
    desk: Desk | None, cursor: int | None, state: str | None, limit: int, search: str | None = None
) -> dict[str, Any]:
    """Give a page of records, newest first, and the cursor of the next one."""
    found = None if desk is None else await desk.page(before_id=cursor, state=state, limit=limit, search=search)
    records = found or []
    following = str(records[-1].id) if len(records) == limit else None
    return {"items": [listed(record) for record in records], "next_cursor": following}


def router(figures: Figures, desk: Desk | None, gate: StaffGate) -> APIRouter:
    """Make the routes; `desk` None (a service without a database) lists nothing and knows no record."""
    routes = APIRouter(prefix="/ops")
    operator = operator_of(gate)

    def existing() -> Desk:
        if desk is None:
            raise not_found()
        return desk

    @routes.get("/status", dependencies=[Depends(operator)])
    async def status() -> dict[str, Any]:
        """Tell lag, outbox and set-aside records."""
        return (await figures.status()).body()

    @routes.get("/dead-letters", dependencies=[Depends(operator)])
    async def dead_letters(
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
        state: State | None = None,
        search: Search = "",
    ) -> dict[str, Any]:
        """List set-aside records, newest first; `search` is a key or a correlation id."""
        return await page_of(desk, cursor, state, limit, search or None)

    _add_decisions(routes, existing, operator)
    return routes


def _add_decisions(
    routes: APIRouter, existing: Callable[[], Desk], operator: Callable[..., Awaitable[Principal]]
) -> None:
    @routes.post("/dead-letters/replay")
    async def replay_many(body: ReplayMany, principal: Annotated[Principal, Depends(operator)]) -> dict[str, Any]:
        """Try chosen records again, or open ones up to a limit, each in a transaction of its own."""
        if body.ids is not None:
            return (await replay_chosen(existing(), body.ids, principal.account_id)).body()
        return (await replay_waiting(existing(), body.reason, body.limit or 1, principal.account_id)).body()

    @routes.post("/dead-letters/discard")
    async def discard_many(body: DiscardChosen, principal: Annotated[Principal, Depends(operator)]) -> dict[str, Any]:
        """Decide that chosen records are never to be taken."""
        return (await discard_chosen(existing(), body.ids, principal.account_id, body.reason)).body()

    @routes.post("/dead-letters/{record_id}/dry-run", dependencies=[Depends(operator)])
    async def dry_run_one(record_id: RecordId) -> dict[str, Any]:
        """Tell what a replay would give, and change nothing."""
        return await dry_run(existing(), record_id)

    @routes.post("/dead-letters/{record_id}/replay")
    async def replay_one(record_id: RecordId, principal: Annotated[Principal, Depends(operator)]) -> dict[str, Any]:
        """Try a record again."""
        return (await replay(existing(), record_id, principal.account_id)).body()

    @routes.post("/dead-letters/{record_id}/discard")
    async def discard_one(
        record_id: RecordId, body: Discard, principal: Annotated[Principal, Depends(operator)]
    ) -> dict[str, Any]:
        """Decide that a record is never to be taken."""
        return (await discard(existing(), record_id, principal.account_id, body.reason)).body()
