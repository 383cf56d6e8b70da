"""Which records of a topic are held against the store: none of them may keep a service from starting."""

from typing import Any, cast

import pytest

from libs.chassis.kafka import CONTENT_TYPE_HEADER, RELAYED_HEADER, Record
from libs.chassis.outbox import RELAYED
from libs.chassis.own_events import KeysAlone, OwnEvents
from libs.events.decoding import read_data
from libs.events.tests.bad_records import dump, good

OURS = good("PaymentConfirmed", "L-1", "iok/payments") | {"streamversion": 7}
OWN = OwnEvents(
    cast("Any", None), cast("Any", None), "iok/payments", ("iok.payments",), read_data, KeysAlone(lambda _: None)
)


def found(value: bytes | None, headers: tuple[tuple[str, bytes], ...] = RELAYED) -> list[int | None]:
    """The stream versions of what is taken for ours."""
    record = Record("iok.payments", "id-1", 0, 5, b"L-1", value, headers)
    return [one.said.streamversion for one in OWN._own([record, record])]


def test_a_record_that_a_relay_of_ours_sent_is_ours_once() -> None:
    assert found(dump(OURS)) == [7]
    assert found(dump(OURS), (CONTENT_TYPE_HEADER,)) == []
    assert found(dump(OURS | {"source": "erp"}), (RELAYED_HEADER,)) == []


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"no event at all",
        dump(OURS).replace(b"L-1", b"\xff"),
        dump(OURS)[:-1] + b',"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        dump(OURS | {"id": "\x00"}),
        dump(OURS | {"streamversion": 2**31}),
        dump({name: value for name, value in OURS.items() if name != "streamversion"}),
    ],
    ids=["none", "empty", "no JSON", "no UTF-8", "too deep", "no id", "no version", "without a version"],
)
def test_what_the_store_could_not_even_look_up_is_left_to_its_readers(value: bytes | None) -> None:
    assert found(value) == []
