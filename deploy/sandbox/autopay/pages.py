"""Words and figures of the stand-in's pages."""

from datetime import UTC, datetime

from deploy.sandbox.autopay.protocol import WARSAW, Status
from deploy.sandbox.autopay.store import Transaction

NO_BREAK = "\u00a0"

WORDS = {
    Status.STARTED: "w trakcie wyboru",
    Status.PENDING: "oczekuje",
    Status.SUCCESS: "opłacona",
    Status.FAILURE: "nieudana",
}


def zloty(amount_grosze: int) -> str:
    """Money as people in Poland read it: ``123456`` is ``1 234,56 zł``, with spaces that do not break."""
    whole = f"{amount_grosze // 100:,}".replace(",", NO_BREAK)
    return f"{whole},{amount_grosze % 100:02d}{NO_BREAK}zł"


def moment(seconds: float) -> str:
    """Seconds since the epoch as Warsaw date and time."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(WARSAW).strftime("%d.%m.%Y %H:%M:%S")


def status_words(status: str) -> str:
    """Return a status in Polish."""
    return WORDS[Status(status)]


def continue_path(transaction: Transaction) -> str:
    """Return the path of a transaction's own page."""
    return f"/payment/continue/{transaction.remote_id}/{transaction.continue_key}"
