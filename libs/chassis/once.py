"""A command under an Idempotency-Key that appends one event: key, event, outbox row and answer in a single statement.

Most commands run in a transaction of several statements (`libs.chassis.http.idempotent`). One that many wait for may
ask one question, decide, and write everything by one statement that calls `append_once` (schema.sql): round trips are
what a command costs most (ADR 22).
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from libs.chassis.event_store import BEHIND, Recording, StoreBehindError, WrongExpectedVersionError, append_conflicts
from libs.chassis.metrics import EVENTS_APPENDED
from libs.chassis.postgres import Connection, Row

DONE: Final = "done"
IN_FLIGHT: Final = "in_flight"
BEHIND_KAFKA: Final = "behind"


class InFlightError(Exception):
    """The same command is being carried out just now."""


class OtherRequestError(Exception):
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer given before, or to be kept: an HTTP status and a JSON-ready body."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One use of an Idempotency-Key; `scope` names the account and the route."""

    scope: str
    key: str
    request_sha256: bytes

    @classmethod
    def of(cls, scope: str, key: str, request: object) -> "KeyUse":
        """The use of a key for a JSON-ready request."""
        return cls(scope, key, hashlib.sha256(msgspec.json.encode(request, order="sorted")).digest())

    def replay(self, kept: Row) -> StoredAnswer | None:
        """The answer by columns of `idempotency_keys`; None when they are null: the key was never used.

        Raises:
            OtherRequestError: it was used for another request.
        """
        if kept["answer"] is None:
            return None
        if bytes(kept["request_sha256"]) != self.request_sha256:
            raise OtherRequestError
        return StoredAnswer(kept["status"], msgspec.json.decode(kept["answer"]))


async def append_once(
    connection: Connection, statement: str, use: KeyUse, recording: Recording, answer: StoredAnswer, *more: object
) -> None:
    """Run a statement that calls `append_once` with its first twelve parameters, and gives what that tells.

    `more` are its further parameters: of what it writes when the command is `done`.

    Raises:
        InFlightError: the same key is at work elsewhere.
        WrongExpectedVersionError: the stream moved on, or the command was answered meanwhile; look again.
        DuplicateKeyError: the business key is taken.
        StoreBehindError: nothing is appended yet.
    """
    with append_conflicts():
        outcome = await connection.fetchval(
            statement,
            use.scope,
            use.key,
            use.request_sha256,
            answer.status,
            msgspec.json.encode(answer.body),
            recording.topic,
            recording.envelope.subject,
            recording.envelope.streamversion,
            recording.envelope.id,
            recording.envelope.type,
            recording.key,
            recording.body,
            *more,
        )
    if outcome == IN_FLIGHT:
        raise InFlightError
    if outcome == BEHIND_KAFKA:
        raise StoreBehindError(BEHIND)
    if outcome != DONE:
        raise WrongExpectedVersionError("the same command was carried out meanwhile")
    EVENTS_APPENDED.labels(recording.envelope.type).inc()
