"""Payments: online payments through Autopay, from the tenant's "Zapłać" to the fact that the money came."""
