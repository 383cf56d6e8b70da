"""Whoever decides about a set-aside record reads words, not codes."""

from libs.events.decoding import Reason
from libs.events.reasons import REASON_WORDS


def test_every_reason_to_set_a_record_aside_has_words() -> None:
    assert set(REASON_WORDS) == set(Reason)
