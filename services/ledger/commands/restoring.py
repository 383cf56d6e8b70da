"""Restoring the ledger's own events from Kafka: their business keys. The book comes from Kafka anyway."""

from libs.events.envelope import EventData
from libs.events.ledger import ChargeCorrected, ChargeIssued, LeaseSigned
from services.ledger.commands.import_charges import charge_key, correction_key
from services.ledger.commands.import_leases import KEY


def key_of(event: EventData) -> str | None:
    """The business key of an event on its lease; seals and changes of a lease have none."""
    match event:
        case LeaseSigned():
            return KEY
        case ChargeIssued():
            return charge_key(event.charge_id)
        case ChargeCorrected():
            return correction_key(event.correction_id)
        case _:
            return None
