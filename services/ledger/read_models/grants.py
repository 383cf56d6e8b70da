"""The only key to a tenant's rows: queries take a grant, and a grant is made where the caller's token was checked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeaseGrant:
    """Leave to read one lease. Made by the API from a checked token, and by operators' commands."""

    lease_id: str


class NotHereError(Exception):
    """What was asked for does not exist on this lease; answered like another tenant's."""
