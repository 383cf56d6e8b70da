"""The rules of identity, pure: no I/O, no clock, no randomness of their own; a file per subject."""
