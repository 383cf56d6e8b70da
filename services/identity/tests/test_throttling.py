"""Throttling and sessions: how long, and not longer."""

from datetime import UTC, datetime, timedelta

from services.identity.commands.tools import network_of
from services.identity.domain.sessions import Span, token_hash
from services.identity.domain.throttling import PER_ADDRESS, PER_LOGIN, Attempts, Policy, attempt, taken_back

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def after(policy: Policy, tries: int, attempts: Attempts | None = None) -> tuple[Attempts, datetime]:
    """Try as often and as early as the policy lets one; gives what is remembered and the time it is then."""
    known, now = attempts or Attempts(), NOW
    for _ in range(tries):
        now = max(now, known.blocked_until or now)
        counted = attempt(policy, known, now)
        assert counted is not None
        known = counted
    return known, now


def wait_seconds(policy: Policy, tries: int) -> int:
    known, now = after(policy, tries)
    return int((known.blocked_until - now).total_seconds()) if known.blocked_until else 0


def test_the_first_attempts_are_free() -> None:
    assert [wait_seconds(PER_LOGIN, tries) for tries in range(1, 5)] == [0, 0, 0, 0]


def test_then_each_wait_is_twice_the_one_before_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_seconds(PER_LOGIN, tries) for tries in range(5, 18)]

    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_a_thousand_failures_make_nobody_wait_longer_than_the_bound() -> None:
    assert attempt(PER_LOGIN, Attempts(1_000_000, NOW), NOW) == Attempts(
        1_000_001, NOW, NOW + timedelta(seconds=PER_LOGIN.longest_wait_seconds)
    )


def test_who_waits_is_refused_and_waits_no_longer_for_having_tried() -> None:
    known, now = after(PER_LOGIN, 6)

    assert attempt(PER_LOGIN, known, now) is None
    assert attempt(PER_LOGIN, known, now + timedelta(seconds=4)) is not None


def test_attempts_are_forgotten_after_a_day_without_one() -> None:
    known, now = after(PER_LOGIN, 12)
    later = now + timedelta(seconds=PER_LOGIN.forget_after_seconds)

    assert attempt(PER_LOGIN, known, later) == Attempts(1, later, None)


def test_an_address_that_many_share_may_try_more_often() -> None:
    assert wait_seconds(PER_ADDRESS, 29) == 0
    assert wait_seconds(PER_ADDRESS, 30) > 0


def test_a_success_takes_one_attempt_of_the_address_back() -> None:
    assert taken_back(Attempts(7, NOW, NOW)) == Attempts(6, NOW, None)
    assert taken_back(Attempts()) == Attempts()


def test_a_network_of_ipv6_counts_as_one_client_and_an_address_of_ipv4_as_itself() -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("192.0.2.7") == network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert network_of("no address") == "no address"


def test_a_session_is_over_after_fifteen_idle_minutes() -> None:
    span = Span(NOW, NOW)

    assert span.alive(NOW + timedelta(minutes=14, seconds=59))
    assert not span.alive(NOW + timedelta(minutes=15))


def test_a_session_in_use_is_over_after_twelve_hours() -> None:
    span = Span(NOW, NOW + timedelta(hours=11, minutes=59))

    assert span.expires_at == NOW + timedelta(hours=12)
    assert not span.alive(NOW + timedelta(hours=12))


def test_using_a_session_makes_it_last_and_a_clock_gone_back_does_not_shorten_it() -> None:
    used = Span(NOW, NOW).used(NOW + timedelta(minutes=10))

    assert used.expires_at == NOW + timedelta(minutes=25)
    assert used.used(NOW).expires_at == NOW + timedelta(minutes=25)


def test_the_use_of_a_session_is_written_down_seldom() -> None:
    assert not Span(NOW, NOW).worth_writing(NOW + timedelta(seconds=9))
    assert Span(NOW, NOW).worth_writing(NOW + timedelta(seconds=10))


def test_what_is_kept_of_a_token_is_not_the_token() -> None:
    assert token_hash("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
