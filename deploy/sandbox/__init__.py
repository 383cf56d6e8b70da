"""Stand-ins for outside systems: they speak their protocols from the other side and share no code with the services."""
