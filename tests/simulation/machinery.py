"""The parts a seed's world is run with; a planted bug replaces one of them."""

from dataclasses import dataclass

from tests.simulation.event_store import EventStore
from tests.simulation.ledger_api import Clients, Query
from tests.simulation.payments_api import PaymentsDoor
from tests.simulation.projector import Projector
from tests.simulation.relay import Relay


@dataclass(frozen=True, slots=True)
class Machinery:
    """Which class plays which part."""

    store: type[EventStore] = EventStore
    clients: type[Clients] = Clients
    payments: type[PaymentsDoor] = PaymentsDoor
    relay: type[Relay] = Relay
    projector: type[Projector] = Projector
    query: type[Query] = Query


SOUND = Machinery()
