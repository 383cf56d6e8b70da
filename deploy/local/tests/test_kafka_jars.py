"""The jars of Kafka are those of the lock, or nothing starts."""

import hashlib
from pathlib import Path

import pytest
from jgo.maven import MavenContext

from deploy.local.kafka_jars import Jar, locked_jars, verified
from deploy.local.progress import StackError

PATH = "org/example/thing/1.0/thing-1.0.jar"
CONTENT = b"a jar"


@pytest.fixture
def offline(tmp_path: Path) -> MavenContext:
    """A local repository that holds one jar, and no other repository to ask."""
    file = tmp_path / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return MavenContext(repo_cache=tmp_path, remote_repos={})


def test_every_line_of_the_lock_names_a_jar_and_its_digest() -> None:
    jars = locked_jars()
    assert {jar.artifact for jar in jars} >= {"kafka_2.13", "kafka-clients", "log4j-slf4j-impl"}
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert len({(jar.group, jar.artifact) for jar in jars}) == len(jars)


def test_the_locked_jar_is_taken_from_the_local_repository(offline: MavenContext, tmp_path: Path) -> None:
    jar = Jar("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest())
    assert verified(offline, jar) == tmp_path / PATH


def test_a_jar_with_another_digest_is_thrown_away_and_never_used(offline: MavenContext, tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"thing-1\.0"):
        verified(offline, Jar("org.example", "thing", "1.0", "0" * 64))
    assert not (tmp_path / PATH).exists()
