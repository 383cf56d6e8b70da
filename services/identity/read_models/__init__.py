"""What identity knows, a file per table or pair of tables: how it is written, and every query on it."""
