"""What can be asked: payments, the leases they are for, and what waits for an operator."""
