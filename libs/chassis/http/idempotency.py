"""Commands that may be sent twice: the first answer is kept with the effect, in one transaction, and given again."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

import msgspec
from fastapi import Header

from libs.chassis.http.problems import Problem
from libs.chassis.once import InFlightError, KeyUse, OtherRequestError, StoredAnswer
from libs.chassis.postgres import Connection, Database

KEPT_DAYS = 30
FORGET_PERIOD_SECONDS = 3_600.0
MAX_KEY_CHARACTERS = 200

# One command at a time per scope and key; a lock that cannot be had at once means: in flight. It ends with the command.
TRY_LOCK = "select pg_try_advisory_xact_lock(hashtextextended($1 || chr(31) || $2, 0))"
FIND = "select request_sha256, status, answer from idempotency_keys where scope = $1 and key = $2"
STORE = "insert into idempotency_keys (scope, key, request_sha256, status, answer) values ($1, $2, $3, $4, $5)"
FORGET_OLD = "delete from idempotency_keys where created_at < now() - make_interval(days => $1)"


class Slot:
    """One use of a key: either there is an answer to `replay`, or the command runs in `tx` and stores its own."""

    def __init__(self, tx: Connection, use: KeyUse, replay: StoredAnswer | None) -> None:
        self.tx = tx
        self.replay = replay
        self._use = use

    async def store(self, status: int, body: object) -> None:
        """Keep the answer; it commits together with the command's effect."""
        use = self._use
        await self.tx.execute(STORE, use.scope, use.key, use.request_sha256, status, msgspec.json.encode(body))


async def idempotency_key(idempotency_key: Annotated[str | None, Header(max_length=1000)] = None) -> str:
    """FastAPI dependency: the Idempotency-Key header.

    Raises:
        Problem: 400 when it is missing or unusable.
    """
    if not idempotency_key or len(idempotency_key) > MAX_KEY_CHARACTERS or not idempotency_key.isascii():
        raise Problem(
            400,
            "Brak nagłówka Idempotency-Key",
            detail=f"Wyślij Idempotency-Key: od 1 do {MAX_KEY_CHARACTERS} znaków ASCII, inny dla każdego polecenia.",
        )
    return idempotency_key


IdempotencyKey = idempotency_key


@asynccontextmanager
async def idempotent(database: Database, scope: str, key: str, request: object) -> AsyncIterator[Slot]:
    """Run a command under its key, in one transaction that the block may use as `slot.tx`.

    `scope` names the account and the route; `request` is the JSON-ready body.

    Raises:
        Problem: 409 while the same key is in flight, or when it was used for another body.
    """
    use = KeyUse.of(scope, key, request)
    async with database.transaction() as tx:
        with key_conflicts():
            if not await tx.fetchval(TRY_LOCK, scope, key):
                raise InFlightError
            row = await tx.fetchrow(FIND, scope, key)
            replay = None if row is None else use.replay(row)
        yield Slot(tx, use, replay)


@contextmanager
def key_conflicts() -> Iterator[None]:
    """Say in HTTP that a key cannot be used now or at all.

    Raises:
        Problem: 409 while the same key is in flight, or when it was used for another body.
    """
    try:
        yield
    except InFlightError as error:
        raise Problem(
            409, "Polecenie jest w toku", detail="Powtórz za chwilę.", headers={"Retry-After": "1"}
        ) from error
    except OtherRequestError as error:
        raise Problem(409, "Idempotency-Key użyty do innego polecenia", detail="Użyj nowego klucza.") from error


async def forget_old_answers(database: Database) -> None:
    """Drop answers older than 30 days."""
    async with database.transaction() as tx:
        await tx.execute(FORGET_OLD, KEPT_DAYS)
