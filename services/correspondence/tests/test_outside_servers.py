"""The file store and the scanner against the real things: an S3 server and clamd. `make outside` installs them.

Neither is needed by `make demo` or `make test`: files lie in a folder and are not scanned unless that is configured.
"""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from libs.chassis.testing import eventually
from services.correspondence.commands.files.scanner import Clamd, ScannerAwayError
from services.correspondence.commands.files.storage import (
    Bucket,
    Folder,
    LostFileError,
    Storage,
    StorageAwayError,
    open_storage,
)
from services.correspondence.tests.test_scanner import EICAR

pytestmark = pytest.mark.outside
KEY_ID, KEY = "iok-test", "iok-test-secret"
BUCKET = "letters"
SECONDS_TO_START = 30.0
# clamd's own language for a signature of a whole text: name, any kind of file, any place, the text in hex.
EICAR_SIGNATURE = f"Eicar-Test:0:*:{EICAR.hex()}\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def running(command: list[str], log: Path) -> Iterator[None]:
    """Run a server for as long as a test lasts."""
    with log.open("wb") as written, subprocess.Popen(command, stdout=written, stderr=subprocess.STDOUT) as process:
        yield
        process.terminate()


@pytest.fixture
def s3_port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    (tmp_path / "s3" / BUCKET).mkdir(parents=True)
    program = os.environ.get("IOK_TEST_VERSITYGW") or shutil.which("versitygw") or "versitygw"
    command = [program, "--access", KEY_ID, "--secret", KEY, "--port", f"127.0.0.1:{port}"]
    for _ in running([*command, "posix", str(tmp_path / "s3")], tmp_path / "s3.log"):
        yield port


def bucket(port: int, key: str = KEY) -> Storage:
    return open_storage(f"s3://{BUCKET}/files", key_id=KEY_ID, key=key, endpoint=f"http://127.0.0.1:{port}")


async def behaves(storage: Storage) -> None:
    """A store keeps files by their digest, apart by place, and gives back what it was given."""
    content = os.urandom(3_000_000)
    digest = sha256(content).hexdigest()
    with pytest.raises(LostFileError):
        await storage.get("kept", digest)
    await storage.remove("kept", digest)
    for _ in range(2):
        await storage.put("kept", digest, content)
    assert await storage.get("kept", digest) == content
    with pytest.raises(LostFileError):
        await storage.get("quarantine", digest)
    await asyncio.gather(*(storage.put("quarantine", digest, content) for _ in range(5)))
    await storage.remove("kept", digest)
    assert await storage.get("quarantine", digest) == content
    with pytest.raises(LostFileError):
        await storage.get("kept", digest)


async def test_a_real_s3_server_keeps_files_as_the_folder_does(s3_port: int, tmp_path: Path) -> None:
    await eventually(lambda: answers(s3_port), what="the S3 server", within_seconds=SECONDS_TO_START)
    storage = bucket(s3_port)
    assert isinstance(storage, Bucket)
    await behaves(storage)
    await behaves(Folder(tmp_path / "folder"))


async def test_a_wrong_key_keeps_nothing_and_says_so(s3_port: int) -> None:
    await eventually(lambda: answers(s3_port), what="the S3 server", within_seconds=SECONDS_TO_START)
    with pytest.raises(StorageAwayError):
        await bucket(s3_port, key="wrong").put("kept", "0" * 64, b"a")


@pytest.fixture
def clamd_socket(tmp_path: Path) -> Iterator[Path]:
    signatures, socket_path = tmp_path / "signatures", tmp_path / "clamd.ctl"
    signatures.mkdir()
    (signatures / "eicar.ndb").write_text(EICAR_SIGNATURE)
    settings = tmp_path / "clamd.conf"
    settings.write_text(
        f"LocalSocket {socket_path}\nDatabaseDirectory {signatures}\nForeground yes\nStreamMaxLength 1M\n"
        f"LogFile {tmp_path}/clamd.log\nUser root\n"
    )
    program = shutil.which("clamd") or "/usr/sbin/clamd"
    for _ in running([program, "--config-file", str(settings)], tmp_path / "clamd.out"):
        yield socket_path


async def test_the_real_clamd_finds_a_virus_passes_a_clean_file_and_fails_closed(clamd_socket: Path) -> None:
    async def is_there() -> bool:
        return await asyncio.to_thread(clamd_socket.exists)

    await eventually(is_there, what="clamd", within_seconds=SECONDS_TO_START)
    scanner = Clamd(f"unix://{clamd_socket}")
    assert await scanner.is_clean(os.urandom(500_000))
    assert not await scanner.is_clean(EICAR)
    with pytest.raises(ScannerAwayError):
        await scanner.is_clean(b"0" * 2_000_000)
