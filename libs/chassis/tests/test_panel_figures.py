"""The panel's figures: rates, lags, masks and words."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.chassis.panel import wording
from libs.chassis.panel.figures import PartitionFigures, Rate
from libs.chassis.panel.masking import SHOWN_CHARACTERS, masked
from libs.chassis.panel.overview import by_topic


def rate_of(samples: list[tuple[float, int]]) -> Rate:
    clock: Iterator[float] = iter([at for at, _ in samples])
    rate = Rate(lambda: next(clock))
    for _, total in samples:
        rate.add(total)
    return rate


def test_a_rate_is_what_was_added_over_the_last_seconds() -> None:
    assert rate_of([(0, 0), (10, 100)]).per_second() == 10
    assert rate_of([(0, 0), (100, 9_000), (110, 9_050)]).per_second() == 5
    assert rate_of([(0, 0), (10, 100), (20, 100)]).history() == [10, 0]


def test_a_rate_needs_two_looks_and_never_falls_below_zero() -> None:
    assert rate_of([(0, 500)]).per_second() == 0
    assert rate_of([(0, 500), (0.1, 900)]).per_second() == 0
    assert rate_of([(0, 500), (10, 20)]).per_second() == 0


def test_the_lag_of_a_topic_is_known_when_every_partitions_is() -> None:
    read = PartitionFigures("iok.leases", 0, 5, 5, 0, 0.0)
    behind = PartitionFigures("iok.leases", 1, 5, 9, 4, 31.0)
    unknown = PartitionFigures("iok.charges", 0, 5, None, None, None)
    charges, leases = by_topic([behind, unknown, read])
    assert (leases.lag, leases.age_seconds, leases.position) == (4, 31.0, 10)
    assert (charges.lag, charges.age_seconds) == (None, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)


@given(json_values | st.dictionaries(st.sampled_from(("id", "type", "data", "subject", "extra")), json_values))
def test_any_payload_can_be_masked(value: object) -> None:
    assert len(masked(json.dumps(value).encode())) <= SHOWN_CHARACTERS + 100


@given(st.binary(max_size=200))
def test_any_bytes_can_be_masked(value: bytes) -> None:
    assert masked(value)


@given(st.text(min_size=8, alphabet="abcdefgh"), st.sampled_from(("data", "name", "nested")))
def test_no_value_outside_the_envelope_is_shown(secret: str, field: str) -> None:
    value = {"id": "e-1", field: {"inner": [secret, {"deep": secret}]}, "list": [secret], "text": secret}
    assert secret not in masked(json.dumps(value).encode())


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[" * 100_000, b"[1]", b'"x"', b"null"])
def test_what_is_no_object_is_described_by_its_kind(value: bytes | None) -> None:
    assert masked(value).startswith("(")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "brak danych"),
        (0, "0 s"),
        (0.4, "poniżej 1 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3_725, "1 h 2 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_a_span_of_time_is_said_in_its_two_greatest_units(seconds: float | None, words: str) -> None:
    written = wording.duration(seconds)
    assert written.replace("\u00a0", " ") == words
    assert seconds is None or " " not in written.removeprefix("poniżej ")


def test_numbers_are_grouped_by_threes() -> None:
    assert wording.number(1_234_567) == "1\u00a0234\u00a0567"
    assert wording.number(1_234.56) == "1\u00a0234,6"
    assert wording.number(None) == "brak danych"


def test_a_line_of_figures_fits_its_box() -> None:
    assert wording.spark([1.0]) == ""
    points = [tuple(map(float, point.split(","))) for point in wording.spark([0.0, 5.0, 10.0], 100, 20).split()]
    assert points == [(0.0, 19.0), (50.0, 10.0), (100.0, 1.0)]
