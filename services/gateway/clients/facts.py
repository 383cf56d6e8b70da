"""What is known of a tenant and a lease, in the words in which a form may name it."""

from services.gateway.clients.doors import Ledger
from services.gateway.clients.models import Lease
from services.gateway.clients.sessions import Session
from services.gateway.clients.transport import AwayError, NotFoundError

SORTED = "segregowane"
UNSORTED = "niesegregowane"
DIGITS_OF_ACCOUNT = 26


async def facts_of(session: Session, ledger: Ledger, lease_id: str | None, seconds: float) -> dict[str, str]:
    """The facts for a form; without the ledger, or about no lease, the name alone: the rest is filled in by hand."""
    facts = {"najemca": session.display_name}
    if lease_id is None or lease_id not in session.leases:
        return facts
    try:
        return facts | _of_lease(await ledger.lease(session, lease_id, seconds))
    except (AwayError, NotFoundError):
        return facts


def _of_lease(lease: Lease) -> dict[str, str]:
    return {
        "numer_umowy": lease.number,
        "adres": lease.premises.address,
        "powierzchnia": lease.premises.usable_area_m2.replace(".", ","),
        "osoby": str(lease.persons),
        "segregacja": SORTED if lease.waste_segregated else UNSORTED,
        "rachunek": _grouped(lease.bank_account),
    }


def _grouped(account: str) -> str:
    """An account number in groups: two digits, then four and four."""
    digits = account.removeprefix("PL").replace(" ", "")
    if len(digits) != DIGITS_OF_ACCOUNT:
        return account
    return " ".join([digits[:2], *(digits[start : start + 4] for start in range(2, DIGITS_OF_ACCOUNT, 4))])
