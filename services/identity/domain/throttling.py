"""Throttling of sign-in: a few attempts are free, then each must wait twice as long as the one before, up to a bound.

Attempts are counted before the password is looked at, so that a hundred at once are counted like a hundred in a row.
The bound keeps anybody from locking a tenant out for long by failing on purpose (NIST SP 800-63B, 5.2.2).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Policy:
    """How many attempts are free, and how the waiting grows; all times in seconds."""

    free_attempts: int
    first_wait_seconds: int
    longest_wait_seconds: int
    forget_after_seconds: int


PER_LOGIN: Final = Policy(free_attempts=5, first_wait_seconds=2, longest_wait_seconds=900, forget_after_seconds=86_400)
PER_ADDRESS: Final = Policy(
    free_attempts=30, first_wait_seconds=2, longest_wait_seconds=900, forget_after_seconds=3_600
)
LOCK_TOLD_AT: Final = 10  # failures on one account after which `SignInLocked` is told, once per series


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is remembered of one login or one client address: attempts without a success, and until when to wait."""

    count: int = 0
    last_at: datetime | None = None
    blocked_until: datetime | None = None


def attempt(policy: Policy, attempts: Attempts, now: datetime) -> Attempts | None:
    """Count one more attempt, or refuse it (None) while waiting; a refused attempt makes the waiting no longer."""
    if attempts.blocked_until is not None and now < attempts.blocked_until:
        return None
    forgotten = attempts.last_at is None or now - attempts.last_at >= timedelta(seconds=policy.forget_after_seconds)
    count = 1 if forgotten else attempts.count + 1
    wait = _wait_seconds(policy, count)
    return Attempts(count, now, now + timedelta(seconds=wait) if wait else None)


def _wait_seconds(policy: Policy, count: int) -> int:
    doublings = count - policy.free_attempts
    if doublings < 0:
        return 0
    bounded = min(doublings, policy.longest_wait_seconds.bit_length())
    return min(policy.first_wait_seconds << bounded, policy.longest_wait_seconds)


def taken_back(attempts: Attempts) -> Attempts:
    """Take one attempt back after it succeeded, for a client address that others share."""
    return Attempts(max(attempts.count - 1, 0), attempts.last_at, None)
