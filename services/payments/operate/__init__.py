"""Operators' commands: parse, call, tell. Progress goes to standard error, figures to standard output."""

from services.payments.operate.payments import IMPORT_PAYMENTS
from services.payments.operate.statements import IMPORT_STATEMENT

COMMANDS = (IMPORT_PAYMENTS, IMPORT_STATEMENT)
