"""Ledger: leases, charges and the book, a function of the events of four topics."""
