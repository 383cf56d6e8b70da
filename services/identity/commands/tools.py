"""What every deed works with, and the way from a command to events and their read model."""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from libs.chassis.event_store import EventStore
from libs.chassis.postgres import Connection, Database
from libs.events.names import ACCOUNTS
from services.identity.commands.passwords import PasswordPool
from services.identity.domain.accounts import Account, Command, decide, fold
from services.identity.domain.people import fold_login
from services.identity.read_models import accounts, attempts

WARSAW: Final = ZoneInfo("Europe/Warsaw")
IPV6_NETWORK_BITS: Final = 64  # what one customer of a provider has: single addresses of it cost nothing


@dataclass(frozen=True, slots=True)
class Tools:
    """What deeds work with; `key` is the secret under which letters, PESEL and throttled subjects are hashed."""

    database: Database
    store: EventStore
    passwords: PasswordPool
    key: bytes
    clock: Callable[[], datetime]

    def today(self) -> date:
        """The day it is in Warsaw."""
        return self.clock().astimezone(WARSAW).date()

    def subject(self, login: str, address: str) -> attempts.Subject:
        """Who tries to sign in, as throttling remembers them."""
        return attempts.Subject(self.address_hash(address), self.login_hash(login))

    def login_hash(self, login: str) -> bytes:
        """The keyed hash of a login as typed."""
        return hmac.digest(self.key, b"iok/attempts/login\0" + fold_login(login).encode(), hashlib.sha256)

    def address_hash(self, address: str) -> bytes:
        """The keyed hash of a client's address; one network of IPv6 counts as one client."""
        return hmac.digest(self.key, b"iok/attempts/address\0" + network_of(address).encode(), hashlib.sha256)


def network_of(address: str) -> str:
    """Give the client that an address stands for: itself, or its /64 network in IPv6; what is no address, as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed.packed, IPV6_NETWORK_BITS), strict=False))
    return str(parsed)


async def execute(tools: Tools, tx: Connection, account_id: str, command: Command) -> Account:
    """Load an account, decide, append what is decided and follow it in the read model; gives the account as it was.

    Raises:
        AccountError: the command does not fit.
        WrongExpectedVersionError: somebody else was quicker; the transaction is lost.
    """
    stream = await tools.store.read(tx, ACCOUNTS, account_id)
    account = fold(account_id, stream.events)
    events = decide(account, command)
    if events:
        await tools.store.append(tx, account_id, stream.version, events)
        await accounts.project(tx, events)
    return account
