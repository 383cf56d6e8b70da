"""Where attachments are kept: by the SHA-256 of their content, in a folder or in S3.

A file that is there under its digest is that file, so keeping it again changes nothing. What waits for the virus
scanner lies apart, under `quarantine/`.
"""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.exceptions import NotFoundError as NoObjectError
from obstore.store import S3Store

PLACES: Final = ("kept", "quarantine")
S3_SCHEME: Final = "s3"


class LostFileError(Exception):
    """A file that was kept is not there."""


class StorageAwayError(ConnectionError):
    """The store of files does not answer, or cannot do what it was asked."""


class Storage(Protocol):
    """A store of files by place (`kept` or `quarantine`) and digest (SHA-256 in hex)."""

    async def put(self, place: str, digest: str, content: bytes) -> None:
        """Keep a file; when this returns it outlives a power failure of the store."""

    async def get(self, place: str, digest: str) -> bytes:
        """Give a file.

        Raises:
            LostFileError: it is not there.
        """

    async def remove(self, place: str, digest: str) -> None:
        """Remove a file; one that is not there is removed already."""


class Folder:
    """A store in a folder: `<place>/ab/cd/<digest>`, written beside and renamed, so that no half file is ever seen."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, place: str, digest: str, content: bytes) -> None:
        """Keep a file."""
        await asyncio.to_thread(self._put, self._path(place, digest), content)

    async def get(self, place: str, digest: str) -> bytes:
        """Give a file."""
        try:
            return await asyncio.to_thread(self._path(place, digest).read_bytes)
        except FileNotFoundError as error:
            raise LostFileError(digest) from error

    async def remove(self, place: str, digest: str) -> None:
        """Remove a file."""
        await asyncio.to_thread(self._path(place, digest).unlink, missing_ok=True)

    def _path(self, place: str, digest: str) -> Path:
        return self._root / place / digest[:2] / digest[2:4] / digest

    @staticmethod
    def _put(path: Path, content: bytes) -> None:
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Bucket:
    """A store in a bucket of S3, or of a server that speaks its protocol."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    async def put(self, place: str, digest: str, content: bytes) -> None:
        """Keep a file."""
        with _told_apart():
            await obstore.put_async(self._store, f"{place}/{digest}", content)

    async def get(self, place: str, digest: str) -> bytes:
        """Give a file."""
        with _told_apart():
            try:
                found = await obstore.get_async(self._store, f"{place}/{digest}")
            except (NoObjectError, FileNotFoundError) as error:
                raise LostFileError(digest) from error
            return bytes(await found.bytes_async())

    async def remove(self, place: str, digest: str) -> None:
        """Remove a file."""
        with _told_apart(), suppress(NoObjectError, FileNotFoundError):
            await obstore.delete_async(self._store, f"{place}/{digest}")


@contextmanager
def _told_apart() -> Iterator[None]:
    """Name what the library raises: a store that is away is waited for, as PostgreSQL is."""
    try:
        yield
    except BaseError as error:
        raise StorageAwayError(str(error)) from error


def open_storage(address: str, *, key_id: str = "", key: str = "", endpoint: str = "", region: str = "") -> Storage:
    """Open the store an address names: a folder's path, or `s3://bucket/prefix`.

    Raises:
        ValueError: an address of another kind.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("", "file", S3_SCHEME):
        raise ValueError(f"files are kept in a folder or in s3://bucket, not in {parts.scheme}:")
    if parts.scheme != S3_SCHEME:
        return Folder(Path(parts.path))
    options = {"access_key_id": key_id, "secret_access_key": key, "region": region or "us-east-1"}
    if endpoint:
        options["endpoint"] = endpoint
    plain = {"allow_http": True} if endpoint.startswith("http://") else {}
    return Bucket(
        S3Store(parts.netloc, prefix=parts.path.strip("/") or None, config=options, client_options=plain)  # type: ignore[arg-type]  # its TypedDict
    )
