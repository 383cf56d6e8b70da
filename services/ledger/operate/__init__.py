"""Operators' commands: parse, call, tell. Progress goes to standard error, figures to standard output."""

from services.ledger.operate.book import BOOK_COMMANDS
from services.ledger.operate.leases_and_charges import LEASE_AND_CHARGE_COMMANDS

COMMANDS = (*LEASE_AND_CHARGE_COMMANDS, *BOOK_COMMANDS)
