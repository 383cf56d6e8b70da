"""Logical names of the topics: what envelopes, digests and offsets say, whatever prefix a broker adds."""

from typing import Final

LEASES: Final = "iok.leases"
CHARGES: Final = "iok.charges"
PAYMENTS: Final = "iok.payments"
TRANSFERS: Final = "iok.transfers"
ACCOUNTS: Final = "iok.accounts"
CORRESPONDENCE: Final = "iok.correspondence"
BALANCES: Final = "iok.balances"
SEALS: Final = "iok.seals"

# The one key (and subject) of the topic of seals: all seals are one stream.
SEALS_KEY: Final = "book"


def dead_letters(service: str) -> str:
    """Return the name of the topic where `service` (such as `ledger`) copies the records it set aside."""
    return f"iok.{service}.dead-letters"
