"""`/ops`: the panel's figures and decisions as JSON, for an operator's session token."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from libs.chassis.auth import Principal, StaffGate, token_of
from libs.chassis.http.problems import Problem, not_found
from libs.chassis.logs import logger
from libs.chassis.panel.desk import Desk
from libs.chassis.panel.figures import Figures
from libs.chassis.projection import AlreadyDecidedError, DeskRecord, NotOnDeskError

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_ID = 2**63 - 1
MAX_REASON_CHARACTERS = 500

RecordId = Annotated[int, Path(ge=1, le=MAX_ID)]
State = Literal["set_aside", "booked", "discarded"]


class Discard(BaseModel):
    """Why a record is never to be taken."""

    model_config = ConfigDict(strict=True, extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON_CHARACTERS)]


def operator_of(gate: StaffGate) -> Callable[..., Awaitable[Principal]]:
    """Make the FastAPI dependency that lets operators pass: by the opaque token of their session.

    It raises Problem: 401 without a staff member's session, 403 for another staff role, 503 while identity is away.
    """

    async def operator(token: Annotated[str, Depends(token_of)]) -> Principal:
        principal = await gate.principal(token)
        principal.require_role("operator")
        return principal

    return operator


async def replay(desk: Desk, record_id: int, operator: str) -> dict[str, Any]:
    """Try a record again and tell its state now, with the reason if it was refused.

    Raises:
        Problem: 404 for an unknown record, 409 for one that was decided already.
    """
    try:
        refused = await desk.replay(record_id, operator)
    except NotOnDeskError as error:
        raise not_found() from error
    except AlreadyDecidedError as error:
        raise decided(error) from error
    if refused is not None:
        return {"id": record_id, "state": "set_aside", "reason": refused.reason, "detail": refused.detail}
    logger(__name__).info("set-aside record replayed", record=record_id, operator=operator)
    return {"id": record_id, "state": "booked"}


async def discard(desk: Desk, record_id: int, operator: str, reason: str) -> dict[str, Any]:
    """Decide that a record is never taken, and tell its state now.

    Raises:
        Problem: 404 for an unknown record, 409 for one that was decided already.
    """
    try:
        await desk.discard(record_id, operator, reason)
    except NotOnDeskError as error:
        raise not_found() from error
    except AlreadyDecidedError as error:
        raise decided(error) from error
    logger(__name__).info("set-aside record discarded", record=record_id, operator=operator)
    return {"id": record_id, "state": "discarded"}


def decided(error: AlreadyDecidedError) -> Problem:
    """Answer that nothing more can be done about a record."""
    return Problem(409, "Nie można podjąć tej decyzji", detail=str(error))


def listed(record: DeskRecord) -> dict[str, Any]:
    """Give a record as `/ops/dead-letters` lists it."""
    names = ("id", "topic", "partition", "offset", "key", "reason", "state")
    return {**{name: getattr(record, name) for name in names}, "at": record.at.isoformat().replace("+00:00", "Z")}


async def page_of(desk: Desk | None, cursor: int | None, state: str | None, limit: int) -> dict[str, Any]:
    """Give a page of records, newest first, and the cursor of the next one."""
    records = [] if desk is None else await desk.page(before_id=cursor, state=state, limit=limit)
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
    ) -> dict[str, Any]:
        """List set-aside records, newest first."""
        return await page_of(desk, cursor, state, limit)

    @routes.post("/dead-letters/{record_id}/replay")
    async def replay_one(record_id: RecordId, principal: Annotated[Principal, Depends(operator)]) -> dict[str, Any]:
        """Try a record again."""
        return await replay(existing(), record_id, principal.account_id)

    @routes.post("/dead-letters/{record_id}/discard")
    async def discard_one(
        record_id: RecordId, body: Discard, principal: Annotated[Principal, Depends(operator)]
    ) -> dict[str, Any]:
        """Decide that a record is never to be taken."""
        return await discard(existing(), record_id, principal.account_id, body.reason)

    return routes
