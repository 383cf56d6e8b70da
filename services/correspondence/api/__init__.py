"""The HTTP doors: tenants' routes, the staff's inbox as JSON, and the staff's inbox as pages of the panel."""

from services.correspondence.api import inbox, pages, tenant
from services.correspondence.api.wire import Door

__all__ = ["Door", "inbox", "pages", "tenant"]
