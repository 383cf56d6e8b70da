"""The HTTP doors: tenants' routes and files, the staff's inbox as JSON and as pages of the panel, kinds of matter."""

from services.correspondence.api import attachments, inbox, pages, shelf, tenant, type_pages
from services.correspondence.api.wire import Door

__all__ = ["Door", "attachments", "inbox", "pages", "shelf", "tenant", "type_pages"]
