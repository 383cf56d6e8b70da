"""A sign-in under way: begun in one browser, good for one answer, for a short while."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError

REQUEST_SECONDS: Final = 15 * 60  # so long somebody may look for their phone at login.gov.pl
REMEMBER_SECONDS: Final = 24 * 60 * 60  # so long a repeated answer is told from an unknown one
SECRET_BYTES: Final = 32
MAX_BEGUN_PER_ADDRESS: Final = 30  # under way at once from one client's address, which a household may share
MAX_BEGUN: Final = 10_000  # under way at once in all
ARTIFACT: Final = re.compile(r"[A-Za-z0-9+/]{8,1000}={0,2}")  # base64; 44 bytes by SAML 2.0, bindings 3.6.4


@dataclass(frozen=True, slots=True)
class Request:
    """What is remembered of a sign-in under way; secrets only as their SHA-256."""

    request_id: str
    browser_sha256: bytes
    begun_at: datetime
    artifact: str | None = None
    used: bool = False

    def take_artifact(self, artifact: str, now: datetime) -> None:
        """Pass when an artifact may be kept for this request: one, in time, of its form.

        Raises:
            RefusedError: otherwise.
        """
        if not ARTIFACT.fullmatch(artifact):
            raise RefusedError(Refusal.ARTIFACT_MALFORMED)
        if self.used or self.artifact is not None:
            raise RefusedError(Refusal.REQUEST_USED)
        self._in_time(now)

    def use(self, browser_secret: str, now: datetime) -> str:
        """Give the artifact to the browser that began, once.

        Raises:
            RefusedError: another browser, too late, again, or nothing came from login.gov.pl.
        """
        if not hmac.compare_digest(secret_hash(browser_secret), self.browser_sha256):
            raise RefusedError(Refusal.OTHER_BROWSER)
        if self.used:
            raise RefusedError(Refusal.REQUEST_USED)
        self._in_time(now)
        if self.artifact is None:
            raise RefusedError(Refusal.NO_ARTIFACT)
        return self.artifact

    def _in_time(self, now: datetime) -> None:
        if now - self.begun_at >= timedelta(seconds=REQUEST_SECONDS):
            raise RefusedError(Refusal.REQUEST_EXPIRED)


def secret_hash(secret: str) -> bytes:
    """Give the hash under which a browser's secret or a relay state is kept."""
    return hashlib.sha256(secret.encode()).digest()
