"""The envelope as bytes: one order, one canonical spelling, ids that sort by their making."""

import json
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.events.envelope import Envelope, canonical, encode, new_event_id, rfc3339, uuid7
from libs.events.examples import EXAMPLES, example_envelope
from libs.events.ledger import BalanceChanged, ChargeIssued, InterestCharged, LeaseSigned
from libs.events.payments import PaymentConfirmed
from libs.events.tests.bad_records import example

without_floats = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@given(without_floats)
def test_canonical_json_is_what_anybody_makes_with_sorted_keys_and_no_spaces(value: object) -> None:
    expected = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert canonical(value) == expected.encode()  # type: ignore[arg-type]


def test_a_record_names_its_attributes_in_the_published_order() -> None:
    envelope = example_envelope(EXAMPLES[0]).model_copy(update={"correlationid": "c", "traceparent": "t"})
    assert list(json.loads(encode(envelope))) == [
        "specversion",
        "id",
        "type",
        "source",
        "time",
        "datacontenttype",
        "dataschema",
        "subject",
        "streamversion",
        "correlationid",
        "traceparent",
        "data",
    ]


def test_an_envelope_cannot_be_changed() -> None:
    envelope = example_envelope(EXAMPLES[0])
    with pytest.raises(ValidationError):
        envelope.subject = "lease-0008"  # type: ignore[misc]


def test_a_moment_is_written_in_utc_with_microseconds() -> None:
    warsaw = timezone(timedelta(hours=1))
    assert rfc3339(datetime(2026, 11, 14, 10, 0, tzinfo=warsaw)) == "2026-11-14T09:00:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        rfc3339(datetime(2026, 11, 14, 10, 0))  # noqa: DTZ001  a naive one is the point


def test_the_time_of_an_envelope_is_a_moment() -> None:
    envelope = example_envelope(EXAMPLES[0])
    assert envelope.recorded_at == datetime(2026, 11, 14, 9, 0, tzinfo=UTC)


def test_an_event_id_is_a_uuid_of_version_7_and_its_time() -> None:
    made = uuid.UUID(uuid7(1_763_110_800_123_456_789, 2**62 - 1))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == 1_763_110_800_123


@given(st.integers(0, 2**60), st.integers(244_141, 10**12), st.integers(0, 2**62 - 1), st.integers(0, 2**62 - 1))
def test_event_ids_sort_by_the_time_they_were_made(at_ns: int, later_ns: int, one: int, other: int) -> None:
    assert uuid7(at_ns, one) < uuid7(at_ns + later_ns, other)


def test_two_event_ids_are_never_equal() -> None:
    assert len({new_event_id() for _ in range(10_000)}) == 10_000


def test_a_required_null_is_written_and_an_absent_option_is_not() -> None:
    balance = example("BalanceChanged")
    assert isinstance(balance, BalanceChanged)
    assert balance.model_copy(update={"next_due": None}).to_data()["next_due"] is None
    payment = example("PaymentConfirmed")
    assert isinstance(payment, PaymentConfirmed)
    assert "charge_id" not in payment.model_copy(update={"charge_id": None}).to_data()


def test_interest_speaks_of_from_and_to() -> None:
    interest = example("InterestCharged")
    assert isinstance(interest, InterestCharged)
    assert (interest.to_data()["from"], interest.to_data()["to"]) == ("2026-11-17", "2026-12-31")


def test_a_charge_whose_lines_do_not_add_up_cannot_be_made() -> None:
    charge = example("ChargeIssued")
    assert isinstance(charge, ChargeIssued)
    with pytest.raises(ValidationError, match="add up"):
        ChargeIssued.model_validate({**dict(charge), "amount_grosze": charge.amount_grosze + 1})


def test_a_lease_may_have_no_charge_lines_and_no_end() -> None:
    lease = example("LeaseSigned")
    data = lease.to_data()
    del data["ends_on"]
    assert LeaseSigned.model_validate({**data, "charge_lines": []}).ends_on is None


@given(st.sampled_from(EXAMPLES))
def test_the_data_of_an_event_says_everything_about_it(event: LeaseSigned) -> None:
    assert type(event).model_validate(event.to_data(), by_alias=True, by_name=False) == event


def test_an_envelope_kept_as_bytes_is_read_back() -> None:
    envelope = example_envelope(EXAMPLES[0])
    assert Envelope.model_validate_json(encode(envelope)) == envelope
