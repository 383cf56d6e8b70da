"""Whose name it is, and which browser may go on: the rules of a sign-in by Profil Zaufany."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.identity.domain.trusted_profile.names import FullName, are_one
from services.identity.domain.trusted_profile.refusals import Refusal, RefusedError
from services.identity.domain.trusted_profile.requests import REQUEST_SECONDS, Request, secret_hash

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BEGUN = Request("ID-1", secret_hash("mine"), NOON)
ANSWERED = replace(BEGUN, artifact="AAQAAMFbLinlXaCM")


@pytest.mark.parametrize(
    ("written", "vouched"),
    [
        (FullName("Łucja", "Żółć"), FullName("ŁUCJA", "ŻÓŁĆ")),
        (FullName("Anna", "Kowalska"), FullName("ANNA MARIA", "KOWALSKA")),
        (FullName("Anna Maria", "Kowalska"), FullName("ANNA", "KOWALSKA")),
        (FullName("Anna", "Nowak-Kowalska"), FullName("ANNA", "NOWAK - KOWALSKA")),
        (FullName("Anna", "Nowak\u2013Kowalska"), FullName("ANNA", "NOWAK KOWALSKA")),
        (FullName("  Anna ", "Nowak\u00a0 Kowalska"), FullName("ANNA", "NOWAK-KOWALSKA")),
        (FullName(unicodedata.normalize("NFD", "Józef"), "Mro\u0301z"), FullName("JÓZEF", "MRÓZ")),
    ],
)
def test_one_name_in_two_spellings_is_one(written: FullName, vouched: FullName) -> None:
    assert are_one(written, vouched)
    assert are_one(vouched, written)


@pytest.mark.parametrize(
    ("written", "vouched"),
    [
        (FullName("Anna", "Kowalska"), FullName("ANNA", "KOWALSKI")),
        (FullName("Anna", "Kowalska"), FullName("ANNA", "NOWAK-KOWALSKA")),
        (FullName("Anna", "Nowak-Kowalska"), FullName("ANNA", "KOWALSKA-NOWAK")),
        (FullName("Maria", "Kowalska"), FullName("ANNA MARIA", "KOWALSKA")),
        (FullName("Łucja", "Wójcik"), FullName("LUCJA", "WOJCIK")),
        (FullName("Ann", "Kowalska"), FullName("ANNA", "KOWALSKA")),
        (FullName("-", "Kowalska"), FullName("-", "KOWALSKA")),
        (FullName("Anna", ""), FullName("ANNA", "")),
    ],
)
def test_other_names_are_another_persons(written: FullName, vouched: FullName) -> None:
    assert not are_one(written, vouched)


def test_the_browser_that_began_goes_on_with_the_artifact() -> None:
    assert ANSWERED.use("mine", NOON + timedelta(minutes=3)) == ANSWERED.artifact


@pytest.mark.parametrize(
    ("begun", "secret", "seconds", "reason"),
    [
        (ANSWERED, "somebody else's", 1, Refusal.OTHER_BROWSER),
        (ANSWERED, "", 1, Refusal.OTHER_BROWSER),
        (ANSWERED, "mine", REQUEST_SECONDS, Refusal.REQUEST_EXPIRED),
        (replace(ANSWERED, used=True), "mine", 1, Refusal.REQUEST_USED),
        (BEGUN, "mine", 1, Refusal.NO_ARTIFACT),
    ],
)
def test_nobody_else_goes_on_and_nothing_twice(begun: Request, secret: str, seconds: int, reason: Refusal) -> None:
    with pytest.raises(RefusedError) as refused:
        begun.use(secret, NOON + timedelta(seconds=seconds))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("begun", "artifact", "seconds", "reason"),
    [
        (BEGUN, "", 1, Refusal.ARTIFACT_MALFORMED),
        (BEGUN, "AAQAAMFb<", 1, Refusal.ARTIFACT_MALFORMED),
        (BEGUN, "A" * 5_000, 1, Refusal.ARTIFACT_MALFORMED),
        (BEGUN, "AAQAAMFbLinlXaCM", REQUEST_SECONDS, Refusal.REQUEST_EXPIRED),
        (ANSWERED, "AAQAAMFbLinlXaCM", 1, Refusal.REQUEST_USED),
    ],
)
def test_one_artifact_is_kept_for_a_request(begun: Request, artifact: str, seconds: int, reason: Refusal) -> None:
    with pytest.raises(RefusedError) as refused:
        begun.take_artifact(artifact, NOON + timedelta(seconds=seconds))
    assert refused.value.reason == reason
