"""Restoring the events of accounts from Kafka: their keys, and the accounts that stand in step with them."""

from collections.abc import Callable

from libs.chassis.postgres import Connection
from libs.events.envelope import Envelope, EventData
from libs.events.identity import PersonRegistered
from services.identity.commands.import_people import REGISTERED_KEY
from services.identity.domain.accounts import Event
from services.identity.read_models import accounts


class Following:
    """What identity adds to its restored events. People, logins and passwords: only a backup has them."""

    @property
    def key_of(self) -> Callable[[EventData], str | None]:
        """Gives the business key of an event on its account."""
        return lambda event: REGISTERED_KEY if isinstance(event, PersonRegistered) else None

    async def follow(self, tx: Connection, envelope: Envelope, event: EventData) -> None:
        """Follow in the account's rows, where the backup has the account."""
        if isinstance(event, Event) and await accounts.is_here(tx, envelope.subject):
            await accounts.project(tx, [event])
