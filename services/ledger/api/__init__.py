"""The HTTP door: requests become queries of the caller's own leases, or a rebuild."""
