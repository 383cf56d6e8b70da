"""Routes of pages, measured under their own names like those of the API."""

from starlette.routing import Match, Route
from starlette.types import Scope


class PageRoute(Route):
    """A route that leaves itself in the request's scope, where metrics look for its path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as every route, and say which one it was."""
        match, child_scope = super().matches(scope)
        if match is not Match.NONE:
            child_scope["route"] = self
        return match, child_scope
