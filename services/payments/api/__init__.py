"""The HTTP doors: tenants' routes, Autopay's, and the pages of the panel."""

from services.payments.api import autopay, reviews, statements, tenant, transfers
from services.payments.api.wire import Door

__all__ = ["Door", "autopay", "reviews", "statements", "tenant", "transfers"]
