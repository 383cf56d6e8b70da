"""login.gov.pl over HTTP: a document posted, a document back, within a deadline and a size."""

from typing import Final

import aiohttp

from libs.chassis import logs
from services.identity.commands.saml.xml import MAX_BYTES
from services.identity.commands.trusted_profile.node import NodeAwayError

ASK_SECONDS: Final = 8.0  # of one question, with connecting
CONNECTIONS: Final = 20
HEADERS: Final = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
ANSWERS: Final = frozenset({200, 500})  # a SOAP fault comes with 500

log = logs.logger(__name__)


def open_http() -> aiohttp.ClientSession:
    """Open a client that keeps its connections; the caller closes it."""
    timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=timeout)


class LoginGovPl:
    """Asks login.gov.pl."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def ask(self, url: str, document: bytes) -> bytes:
        """Post a SOAP document; gives what comes back, one byte over the limit at most.

        Raises:
            NodeAwayError: no answer in time, or none that could be a message.
        """
        try:
            async with self._http.post(url, data=document, headers=HEADERS, allow_redirects=False) as answer:
                if answer.status not in ANSWERS:
                    raise NodeAwayError(f"status {answer.status}")
                return await _bounded(answer.content)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            log.warning("login.gov.pl does not answer", error=type(error).__name__)
            raise NodeAwayError(type(error).__name__) from error


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    read = bytearray()
    async for piece in content.iter_any():
        read += piece
        if len(read) > MAX_BYTES:
            break
    return bytes(read[: MAX_BYTES + 1])
