"""What the ledger's domain refuses, by name."""


class LedgerError(Exception):
    """Base of every refusal of the domain; its text is for the operator."""


class LeaseSignedOtherwiseError(LedgerError):
    """The lease was signed already, on other terms."""


class LeaseNotSignedError(LedgerError):
    """There is no such lease."""


class LeaseEndsTooSoonError(LedgerError):
    """A lease cannot end before it starts."""


class LeaseEndedOtherwiseError(LedgerError):
    """The lease ended already, on another day."""


class ChargeIssuedOtherwiseError(LedgerError):
    """The charge was issued already, with another content."""


class ChargeCorrectedOtherwiseError(LedgerError):
    """The correction was made already, with another content."""


class ChargeNotIssuedError(LedgerError):
    """There is no such charge to correct."""


class NothingToChargeError(LedgerError):
    """A charge must be of at least one grosz, a correction of at least one either way."""


class UnbalancedError(LedgerError):
    """Postings that do not sum to zero: nothing of their batch is booked."""
