"""Static files: what the front-end build made, served under an address that changes with it.

All are read once into memory but films, of which players ask for pieces.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from services.gateway.web.routing import PageRoute

BUILD_FOLDER = Path(__file__).resolve().parents[1] / "static" / "build"
CURRENT = "current"  # this file names the folder of the newest build
FOR_EVER = "public, max-age=31536000, immutable"  # one year: the address changes whenever a file does
COMPRESSIBLE = {".css", ".js", ".svg", ".txt", ".vtt"}
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mp4": "video/mp4",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
FILMS = {".mp4"}


class NotBuiltError(RuntimeError):
    """The front-end build has not run yet."""


@dataclass(frozen=True)
class Asset:
    """One file, ready to be sent: plain (a film by its path), and gzipped where that pays."""

    plain: bytes | Path
    gzipped: bytes | None
    content_type: str


class Assets:
    """The files of the newest build."""

    def __init__(self, stamp: str, files: dict[str, Asset]) -> None:
        self._stamp = stamp
        self._files = files

    @classmethod
    def load(cls, folder: Path = BUILD_FOLDER) -> "Assets":
        """Read the newest build in a folder of builds.

        Raises:
            NotBuiltError: there is none; the message says what to run.
        """
        if not (folder / CURRENT).exists():
            raise NotBuiltError("The portal's styles and scripts are missing. Run: python -m services.gateway.build")
        stamp = (folder / CURRENT).read_text(encoding="ascii")
        return cls(stamp, {file.name: _asset(file) for file in (folder / stamp).iterdir()})

    def address(self, name: str) -> str:
        """The path of a file.

        Raises:
            KeyError: the build made no such file.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self._stamp}/{name}"

    def route(self) -> PageRoute:
        """The route that serves the files; a file of an older build is answered by its newest version."""
        return PageRoute("/static/{stamp}/{name}", self._serve, methods=["GET"], name="static")

    async def _serve(self, request: Request) -> Response:
        asset = self._files.get(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        current = request.path_params["stamp"] == self._stamp
        headers = {"Cache-Control": FOR_EVER if current else "no-cache", "Vary": "Accept-Encoding"}
        if isinstance(asset.plain, Path):
            return FileResponse(asset.plain, media_type=asset.content_type, headers=headers)
        if asset.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                asset.gzipped, media_type=asset.content_type, headers=headers | {"Content-Encoding": "gzip"}
            )
        return Response(asset.plain, media_type=asset.content_type, headers=headers)


def _asset(file: Path) -> Asset:
    if file.suffix in FILMS:
        return Asset(file, None, CONTENT_TYPES[file.suffix])
    plain = file.read_bytes()
    gzipped = gzip.compress(plain, compresslevel=9, mtime=0) if file.suffix in COMPRESSIBLE else None
    return Asset(plain, gzipped, CONTENT_TYPES.get(file.suffix, "application/octet-stream"))
