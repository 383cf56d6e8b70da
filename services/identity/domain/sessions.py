"""Sessions: an opaque token of 256 bits, kept as its SHA-256; over after 15 idle minutes or 12 hours in all."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

IDLE_SECONDS: Final = 15 * 60
ABSOLUTE_SECONDS: Final = 12 * 60 * 60
TOUCH_SECONDS: Final = 10  # a session's use is written down at most this often
TOKEN_BYTES: Final = 32
MAX_TOKEN_CHARACTERS: Final = 128


@dataclass(frozen=True, slots=True)
class Span:
    """When a session began and when it was last used."""

    started_at: datetime
    last_used_at: datetime

    @property
    def expires_at(self) -> datetime:
        """The moment it is over unless used before."""
        idle = self.last_used_at + timedelta(seconds=IDLE_SECONDS)
        return min(idle, self.started_at + timedelta(seconds=ABSOLUTE_SECONDS))

    def alive(self, now: datetime) -> bool:
        """Tell whether it may be used at `now`."""
        return now < self.expires_at

    def used(self, now: datetime) -> "Span":
        """Give the session as used at `now`; a clock that went back changes nothing."""
        return Span(self.started_at, max(self.last_used_at, now))

    def worth_writing(self, now: datetime) -> bool:
        """Tell whether its use at `now` must be written down: seldom enough to spare the database."""
        return now - self.last_used_at >= timedelta(seconds=TOUCH_SECONDS)


def token_hash(token: str) -> bytes:
    """Give the hash under which a session is kept: whoever reads the table can use no session."""
    return hashlib.sha256(token.encode()).digest()
