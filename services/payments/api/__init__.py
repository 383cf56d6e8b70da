"""The HTTP doors: tenants' routes, Autopay's, and the operators' list of what wants looking at."""

from services.payments.api import autopay, reviews, tenant
from services.payments.api.wire import Door

__all__ = ["Door", "autopay", "reviews", "tenant"]
