"""What identity does, a file per deed: load, decide, append events and what stands beside them, one transaction."""
