"""Mechanism that two services use. No business word; it knows the envelope, never a concrete event."""
