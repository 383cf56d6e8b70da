"""What may be done: each loads a stream, decides, and appends events, outbox and read models in one transaction."""
