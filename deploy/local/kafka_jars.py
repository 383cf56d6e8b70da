"""Apache Kafka's jars: exactly those of `kafka.lock`, fetched from Maven Central and verified at every start.

`jgo` keeps them in the local Maven repository (`~/.m2/repository`, or `M2_REPO`), where every checkout shares them.
It checks no digest that we trust, so each file is compared with the lock here; one that differs is thrown away and
fetched once more.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.maven import MavenContext

from deploy.local.progress import StackError

LOCK = Path(__file__).with_name("kafka.lock")
DOWNLOADS_AT_ONCE = 8
ANSWER_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Jar:
    """One line of the lock: Maven coordinates and the SHA-256 of the file."""

    group: str
    artifact: str
    version: str
    sha256: str


def locked_jars(lock: Path = LOCK) -> list[Jar]:
    """Read the lock: one `group:artifact:version sha256` a line."""
    jars = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        coordinates, sha256 = line.split()
        group, artifact, version = coordinates.split(":")
        jars.append(Jar(group, artifact, version, sha256))
    return jars


def class_path(lock: Path = LOCK) -> str:
    """The Java class path of the locked jars, every one of them present and verified.

    Raises:
        StackError: a jar cannot be fetched, or is not the locked one.
    """
    context = MavenContext(timeout=ANSWER_TIMEOUT_SECONDS)
    try:
        context.repo_cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"no place for Kafka's jars: {error}; name a folder of yours by M2_REPO") from error
    with _one_at_a_time(context.repo_cache), ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        files = list(pool.map(lambda jar: str(verified(context, jar)), locked_jars(lock)))
    return os.pathsep.join(files)


@contextmanager
def _one_at_a_time(repository: Path) -> Iterator[None]:
    """Two stacks that start at once must not write the same file together."""
    with (repository / ".iok.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def verified(context: MavenContext, jar: Jar) -> Path:
    """The file of that jar, fetched where it is missing.

    Raises:
        StackError: it cannot be had, or is not the locked one.
    """
    file = _fetched(context, jar)
    if _sha256(file) != jar.sha256:
        file.unlink()
        file = _fetched(context, jar)
    if _sha256(file) != jar.sha256:
        raise StackError(
            f"{file} is not the file that {LOCK.name} names: somebody on the way to Maven Central changed it"
        )
    return file


def _fetched(context: MavenContext, jar: Jar) -> Path:
    try:
        return Path(context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve())
    except (requests.RequestException, RuntimeError) as error:
        raise StackError(
            f"cannot fetch {jar.artifact}-{jar.version}.jar from Maven Central: {error}. Check the network (a proxy "
            f"is taken from HTTPS_PROXY), copy a filled ~/.m2/repository here, or give a Kafka by IOK_KAFKA_BOOTSTRAP"
        ) from error


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
