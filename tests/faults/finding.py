"""Reads what is there when all has settled: the API as the tenant, the book's tables as the superuser, Kafka's topics.

No code of services or libs: SQL of its own on the stored entries, JSON of its own out of the records.
"""

import asyncio
import json
import time
from typing import Any

import asyncpg
import httpx

from tests.faults.client import Client
from tests.faults.history import Entry, Found, History, LogRecord

TOPICS = ("iok.charges", "iok.payments", "iok.correspondence")
KNOWN_NAMES = ("payment_id", "remote_id", "message_id")
SETTLE_SECONDS = 120.0
LOOK_SECONDS = 0.3
PAGE = 200
AT_ONCE = 12

# Every entry of the campaign's leases, in every book that has not been dropped. (No code of the ledger's is used here.)
ENTRIES = """
select book, lease_id, version, id::text as id, type, amount_grosze, topic, partition, "offset", source,
       data ->> 'remote_id' as remote_id
from book_entries where lease_id = any($1::text[])
"""
LIVE_BOOK = "select book from books where state = 'live'"


async def settled(client: Client) -> dict[str, dict[str, Any]]:
    """Wait until every outbox is empty and everybody has read to the end; service -> its last /ops/status.

    Raises:
        TimeoutError: that does not come about.
    """
    token = await client.sign_in("operator")
    until = time.monotonic() + SETTLE_SECONDS
    quiet = 0
    while True:
        told = {
            name: await _status(client, name, token) for name in ("identity", "ledger", "payments", "correspondence")
        }
        quiet = quiet + 1 if all(at and _is_quiet(at) for at in told.values()) else 0
        if quiet == 2:  # what was between outbox and reader at the first look is not at the second
            return {name: at for name, at in told.items() if at}
        if time.monotonic() > until:
            raise TimeoutError(f"not settled after {SETTLE_SECONDS:.0f} s: {json.dumps(told)[:1500]}")
        await asyncio.sleep(LOOK_SECONDS)


async def _status(client: Client, service: str, token: str) -> dict[str, Any] | None:
    answer = await client.ask("status", "GET", "/ops/status", base=client.system.url(service), token=token)
    return dict(answer.body) if answer.status == 200 else None


def _is_quiet(status: dict[str, Any]) -> bool:
    lags = [at["lag"] for at in status["partitions"]]
    return status["outbox"]["backlog"] == 0 and all(lag == 0 for lag in lags)


async def find(client: Client, history: History, leases: list[str], matters: list[str]) -> Found:
    """Everything the oracle wants to see."""
    found = Found()
    await _books(client, found, leases)
    await asyncio.gather(_balances(client, found, leases), _payments(client, found, history))
    for matter_id in matters:
        told = await client.until(200, "find", "GET", f"/api/v1/matters/{matter_id}")
        found.letters |= {str(message["message_id"]) for message in (told.body["messages"] if told else ())}
    for topic in TOPICS:
        for record in await client.system.records(topic):
            found.log += _read(topic, record.partition, record.offset, record.value)
    found.set_aside = {place for row_id, place in (await on_desk(client)).items() if row_id not in history.aside_before}
    return found


async def on_desk(client: Client) -> dict[int, tuple[str, int, int]]:
    """Every record on the ledger's desk: its id there and its place."""
    return await asyncio.to_thread(_on_desk, client, await client.sign_in("operator"))


async def _books(client: Client, found: Found, leases: list[str]) -> None:
    connection = await asyncpg.connect(client.system.run["postgres_admin"]["ledger"])
    try:
        found.live_book = int(await connection.fetchval(LIVE_BOOK))
        for row in await connection.fetch(ENTRIES, leases):
            names = (row["topic"], row["partition"], row["offset"], row["source"])
            booked = row["remote_id"] or row["id"]
            found.entries.append(
                Entry(row["book"], row["lease_id"], row["version"], booked, row["amount_grosze"], *names)
            )
    finally:
        await connection.close()


async def _balances(client: Client, found: Found, leases: list[str]) -> None:
    for lease_id in leases:
        told = await client.until(200, "find", "GET", f"/api/v1/leases/{lease_id}/balance")
        if told is not None:
            found.balances[lease_id] = int(told.body["balance_grosze"])


async def _payments(client: Client, found: Found, history: History) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def look(payment_id: str) -> None:
        async with turn:
            for _ in range(20):
                told = await client.ask("find", "GET", f"/api/v1/payments/{payment_id}")
                if told.status in (200, 404):
                    break
                await asyncio.sleep(LOOK_SECONDS)
            if told.status == 200:
                found.payments.add(payment_id)

    await asyncio.gather(*(look(start.payment_id) for start in history.starts.values() if start.payment_id))


def _read(topic: str, partition: int, offset: int, value: bytes | None) -> list[LogRecord]:
    """The record as the oracle sees it; what is no event of ours is none."""
    try:
        told = json.loads(value or b"")
        data = told["data"]
        names = tuple(str(data[name]) for name in KNOWN_NAMES if name in data)
        version = told.get("streamversion")
        ids = (str(told["id"]), str(told["type"]), str(told["source"]), str(told["subject"]))
        return [LogRecord(topic, partition, offset, *ids, version if isinstance(version, int) else None, names)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def _on_desk(client: Client, token: str) -> dict[int, tuple[str, int, int]]:
    places: dict[int, tuple[str, int, int]] = {}
    cursor: str | None = ""
    headers = {"Authorization": f"Bearer {token}"}
    while cursor is not None:
        parameters = {"limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
        url = f"{client.system.url('ledger')}/ops/dead-letters"
        page = httpx.get(url, params=parameters, headers=headers, timeout=30).raise_for_status().json()
        places |= {item["id"]: (item["topic"], item["partition"], item["offset"]) for item in page["items"]}
        cursor = page["next_cursor"]
    return places
