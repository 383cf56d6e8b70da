"""What the deeds of Profil Zaufany work with: who we are at login.gov.pl, the keys, and how to ask it."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter

from libs.chassis.postgres import Connection
from services.identity.commands.saml.keys import Keys
from services.identity.commands.saml.messages import Party
from services.identity.commands.tools import Tools
from services.identity.domain.trusted_profile.refusals import RefusedError
from services.identity.read_models import audit
from services.identity.read_models.audit import Action

REFUSALS: Final = Counter(
    "iok_identity_trusted_profile_refusals_total", "Sign-ins by Profil Zaufany refused, by reason.", ("reason",)
)
Ask = Callable[[str, bytes], Awaitable[bytes]]


class NodeAwayError(Exception):
    """login.gov.pl does not answer, or not by a message."""


@dataclass(frozen=True, slots=True)
class Node:
    """login.gov.pl as we know it; `ask` posts a document to an address of it and gives what comes back."""

    party: Party
    keys: Keys
    ask: Ask


def new_id() -> str:
    """Draw a message's id: an XML name, so it cannot begin with a digit."""
    return f"ID-{uuid.uuid4()}"


async def note_refusal(tools: Tools, tx: Connection, refused: RefusedError) -> None:
    """Write a refusal into the audit log, with its reason and the account it would have opened."""
    REFUSALS.labels(refused.reason.value).inc()
    await audit.note(tx, tools.clock(), Action.TRUSTED_PROFILE_REFUSED, refused.account_id, refused.reason.value)
