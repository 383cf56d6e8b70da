"""What the routes of the API have in common: who asks, the key of a command, the page of a list."""

import json
from typing import Annotated

from fastapi import Depends, Query

from libs.chassis.http import IdempotencyKey
from services.gateway.api.bodies import Body
from services.gateway.api.entering import session_of
from services.gateway.clients.sessions import Session

PREFIX = "/api/v1"
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR_CHARACTERS = 1_000

Asking = Annotated[Session, Depends(session_of)]
Key = Annotated[str, Depends(IdempotencyKey)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR_CHARACTERS)]


def page_query(limit: int, cursor: str | None) -> dict[str, str]:
    """The query of a page of a list."""
    return {"limit": str(limit)} | ({"cursor": cursor} if cursor is not None else {})


def as_bytes(body: Body) -> bytes:
    """What was checked is what is sent."""
    return json.dumps(body.model_dump(exclude_none=True), ensure_ascii=False).encode()
