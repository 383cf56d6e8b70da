"""The HTTP door: sessions and the tokens they are exchanged for; signing in through login.gov.pl."""
