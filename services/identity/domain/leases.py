"""Who may see a lease: its parties as the lease's own events tell them.

A lease belongs to the source of the first LeaseSigned read; another source's events of it are set aside. An ended lease
keeps its parties; a party that a change leaves out is removed.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal, assert_never

from libs.events.ledger import LeaseChanged, LeaseEnded, LeaseSigned

PartyRole = Literal["tenant", "co_tenant"]
Event = LeaseSigned | LeaseChanged | LeaseEnded
FOREIGN_LEASE: Final = "lease_of_another_source"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as identity needs it; nobody sees it until it is signed. `version`: where its source counts."""

    lease_id: str
    source: str | None = None
    signed: bool = False
    number: str = ""
    address: str = ""
    parties: dict[str, PartyRole] = field(default_factory=dict)
    version: int | None = None
    changed: bool = False
    ended_on: date | None = None


def belongs_to(lease: Lease, source: str) -> bool:
    """Tell whether an event of a source may count for a lease: nobody has signed it yet, or this source has."""
    return not lease.signed or lease.source == source


def evolve(lease: Lease, event: Event, source: str, version: int | None) -> Lease:
    """Give the lease after an event of a source it belongs to; a state that comes late is no news.

    Late is a smaller `version` (the event's place in its stream, where the source counts), or a signing after a change.
    """
    known = lease if lease.source == source else Lease(lease.lease_id, source)
    match event:
        case LeaseSigned() | LeaseChanged():
            signing = isinstance(event, LeaseSigned)
            known = replace(known, signed=known.signed or signing)
            if _late(known, version, signing=signing):
                return known
            return replace(
                known,
                number=event.number,
                address=event.premises.address,
                parties={party.person_id: party.role for party in event.parties},
                version=version,
                changed=known.changed or not signing,
            )
        case LeaseEnded():
            return replace(known, ended_on=event.ended_on)
        case _:
            assert_never(event)


def _late(lease: Lease, version: int | None, *, signing: bool) -> bool:
    if lease.version is not None and version is not None:
        return version < lease.version
    return signing and lease.changed
