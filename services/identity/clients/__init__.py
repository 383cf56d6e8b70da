"""What identity asks outside the house."""
