"""Hashes of the book: what two books must agree on, and what a seal says of one."""

import hashlib
from collections.abc import Iterable

from pydantic import JsonValue

from libs.events.envelope import canonical


def lease_hash(digests: Iterable[bytes]) -> bytes:
    """SHA-256 over a lease's raw entry digests in bytewise order: the same whatever the order of arrival."""
    return hashlib.sha256(b"".join(sorted(digests))).digest()


def state_hash_line(lease_id: str, count: int, balance_grosze: int, hash_of_lease: bytes) -> bytes:
    """A lease's line of the state hash."""
    return f"{lease_id}|{count}|{balance_grosze}|{hash_of_lease.hex()}\n".encode()


def state_hash(leases: Iterable[tuple[str, int, int, bytes]]) -> str:
    """SHA-256, as lower-case hex, over the lines of all leases with entries, in bytewise order of their ids.

    Each lease is (lease_id, count of entries, balance in grosze, lease hash).
    """
    lines = sorted((lease_id.encode(), state_hash_line(lease_id, *rest)) for lease_id, *rest in leases)  # type: ignore[arg-type]
    return hashlib.sha256(b"".join(line for _, line in lines)).hexdigest()


def seal_hash(seal: JsonValue) -> str:
    """SHA-256, as lower-case hex, of a seal's `data`: what the next seal names as the one before it."""
    return hashlib.sha256(canonical(seal)).hexdigest()
