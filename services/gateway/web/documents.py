"""Documents as PDF/UA-1 (ADR 7), set by templates that hold no word: words and figures are given to them."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import typst
from starlette.responses import Response

from services.gateway.clients.transport import AwayError

FOLDER = Path(__file__).resolve().parents[1] / "templates" / "documents"
STANDARD: Final = "ua-1"
AT_ONCE = 2  # a year takes some tenths of a second of a core; the others wait for their turn
TURN_SECONDS = 5.0


class Documents:
    """Writes PDF documents, a few at once."""

    def __init__(self) -> None:
        self._fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def pdf(self, template: str, given: dict[str, Any]) -> bytes:
        """A document of this template.

        Raises:
            AwayError: too many were asked for at once.
        """
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise AwayError("documents") from error
        try:
            return await asyncio.to_thread(self._written, FOLDER / template, given)
        finally:
            self._turns.release()

    def _written(self, template: Path, given: dict[str, Any]) -> bytes:
        written = typst.compile(
            template,
            format="pdf",
            pdf_standards=[STANDARD],
            font_paths=self._fonts,
            sys_inputs={"given": json.dumps(given, ensure_ascii=False)},
        )
        if not isinstance(written, bytes):
            raise TypeError("typst gave no single document")
        return written


def download(pdf: bytes, name: str) -> Response:
    """A PDF to be kept under this name."""
    return Response(
        pdf, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type="application/pdf"
    )
