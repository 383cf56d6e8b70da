"""Faults on the running system, with an oracle of their own."""
