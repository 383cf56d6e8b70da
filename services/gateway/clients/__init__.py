"""The other services as the gateway sees them: their doors, deadlines, tokens, the shapes of answers."""
