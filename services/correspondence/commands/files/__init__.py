"""Files of strangers: what they are, whether they are harmless, where they are kept, and the virus scanner."""
