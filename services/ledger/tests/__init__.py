"""Tests of the ledger, room by room."""
