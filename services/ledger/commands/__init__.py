"""What the ledger does: load a stream, decide, append events and outbox in one transaction; and what it announces."""
