"""HTTP doors: one app shape for every service, problem details for every error, idempotent commands."""

from libs.chassis.http.app import create_app
from libs.chassis.http.cursors import ID, ID_PATTERN, Cursor, aware_moment, cursor_of, read_cursor
from libs.chassis.http.idempotency import IdempotencyKey, Slot, idempotent, key_conflicts
from libs.chassis.http.problems import Problem, not_found

__all__ = [
    "ID",
    "ID_PATTERN",
    "Cursor",
    "IdempotencyKey",
    "Problem",
    "Slot",
    "aware_moment",
    "create_app",
    "cursor_of",
    "idempotent",
    "key_conflicts",
    "not_found",
    "read_cursor",
]
