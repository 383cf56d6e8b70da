"""SAML 2.0 as login.gov.pl speaks it: what we sign and send, and how what comes is read. Knows no database.

Formats as seen in answers of its integration environment; signatures are ECDSA over P-256 with SHA-256 and exclusive
canonicalization throughout.
"""
