"""HTTP doors: one app shape for every service, problem details for every error, idempotent commands."""

from libs.chassis.http.app import create_app
from libs.chassis.http.idempotency import IdempotencyKey, Slot, idempotent, key_conflicts
from libs.chassis.http.problems import Problem, not_found

__all__ = ["IdempotencyKey", "Problem", "Slot", "create_app", "idempotent", "key_conflicts", "not_found"]
