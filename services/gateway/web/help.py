"""Pomoc: the guide in steps, the accessibility declaration, and what we do with people's data. Open to everybody."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.clients.transport import AwayError, NotFoundError
from services.gateway.web import guide
from services.gateway.web.routing import PageRoute
from services.gateway.web.site import Site

PATHS = {"help": "/pomoc", "declaration": "/deklaracja-dostepnosci", "privacy": "/prywatnosc"}


class Help:
    """`/pomoc`, `/pomoc/{topic}`, `/deklaracja-dostepnosci` and `/prywatnosc`."""

    def __init__(self, site: Site) -> None:
        """Keep what makes pages."""
        self._site = site

    def routes(self) -> list[PageRoute]:
        """The routes of this deed."""
        return [
            PageRoute(PATHS["help"], self._guide),
            PageRoute(f"{PATHS['help']}/{{topic}}", self._topic),
            PageRoute(PATHS["declaration"], self._plain("declaration.html")),
            PageRoute(PATHS["privacy"], self._plain("privacy.html")),
        ]

    def _plain(self, template: str) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            return await self._page(request, template, {})

        return show

    async def _guide(self, request: Request) -> Response:
        film = {"film": guide.FILM, "captions": guide.CAPTIONS, "poster": guide.POSTER}
        size = {"width": guide.PICTURE_WIDTH, "height": guide.PICTURE_HEIGHT}
        topics = guide.topics(self._site.language.text)
        return await self._page(request, "help.html", {"topics": topics, **film, **size})

    async def _topic(self, request: Request) -> Response:
        topics = guide.topics(self._site.language.text)
        place = next((n for n, topic in enumerate(topics) if topic.slug == request.path_params["topic"]), None)
        if place is None:
            raise NotFoundError
        context = {
            "topic": topics[place],
            "following": topics[place + 1] if place + 1 < len(topics) else None,
            "width": guide.PICTURE_WIDTH,
            "height": guide.PICTURE_HEIGHT,
        }
        return await self._page(request, "help-topic.html", context)

    async def _page(self, request: Request, template: str, context: Mapping[str, object]) -> Response:
        with suppress(AwayError):  # these pages do without knowing who asks
            await self._site.reception.welcome(request)
        return self._site.page(request, template, {"public_url": self._site.reception.public_url, **context})
