"""Autopay's web services, played by the tests on a free port: what they answer is set, what they were asked is kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class AutopayServer:
    """The stand-in. `documents`: order id -> what transactionStatus answers; without one it answers 500."""

    url: str = ""
    documents: dict[str, bytes] = field(default_factory=dict)
    listed: Any = None
    asked: list[dict[str, str]] = field(default_factory=list)

    async def status(self, request: web.Request) -> web.Response:
        """Answer a question about an order."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        document = self.documents.get(form["OrderID"])
        return web.Response(status=500) if document is None else web.Response(body=document, content_type="text/xml")

    async def channels(self, request: web.Request) -> web.Response:
        """Answer a question for the channels."""
        self.asked.append(await request.json())
        return web.Response(status=503) if self.listed is None else web.json_response(self.listed)


@asynccontextmanager
async def autopay_server() -> AsyncIterator[AutopayServer]:
    """Serve for a while."""
    server = AutopayServer()
    app = web.Application()
    app.add_routes([web.post("/webapi/transactionStatus", server.status), web.post("/gatewayList/v3", server.channels)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


def channel(number: int = 509, **fields: Any) -> dict[str, Any]:
    """A channel as the list has it."""
    limits = {"currency": "PLN", "minAmount": 1.5, "maxAmount": "1000.00"}
    row = {"gatewayID": number, "name": "BLIK", "groupType": "BLIK", "state": "OK", "availableFor": "BOTH"}
    return {**row, "order": 1, "currencies": [limits], **fields}


def listing(*channels: dict[str, Any]) -> dict[str, Any]:
    """A list of channels."""
    return {"result": "OK", "errorStatus": None, "gatewayGroups": [], "gatewayList": list(channels)}
