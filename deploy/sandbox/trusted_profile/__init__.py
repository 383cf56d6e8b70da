"""login.gov.pl played from its own side: sign-in, artifacts, signed and encrypted answers, forged ones."""
