"""What this service asks of others: Autopay's web services."""
