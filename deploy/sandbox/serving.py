"""What every stand-in does alike as a web site: its templates, what a request may weigh, the headers of an answer."""

import argparse
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

MAX_BODY_BYTES = 64 * 1024  # a request of either protocol is under 6 KB

CallNext = Callable[[Request], Awaitable[Response]]


def templates(folder: Path) -> Environment:
    """Return the templates of a folder."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def add_limits(app: FastAPI, way_back: str, *, scripts: bool = False) -> None:
    """Refuse bodies that are too large, and let pages load their own files alone.

    `way_back`: where a form may lead besides the stand-in itself; the browser checks a redirect after a form too.
    """
    back = urlsplit(way_back)
    script_source = "; script-src 'self'" if scripts else ""
    policy = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {back.scheme}://{back.netloc}{script_source}"
    )

    @app.middleware("http")
    async def guard(request: Request, call_next: CallNext) -> Response:
        length = request.headers.get("content-length", "0" if request.method == "GET" else "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return PlainTextResponse("body too large or of unknown length", 413)
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        if not request.url.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        return response


def serve(module: str, about: str | None, app: Callable[[], FastAPI], port: int, log_level: str) -> None:
    """Serve a stand-in until it is told to stop, where the command line says. No access log: addresses name payers."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=port, help="port (default: %(default)s)")
    options = parser.parse_args()
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run(app(), host=options.host, port=options.port, log_config=None, access_log=False)
