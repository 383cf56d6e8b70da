"""Profil Zaufany: when somebody whom login.gov.pl vouches for may come in, and why not. Pure."""
