"""Reading many records: the same verdicts as `decoding`, reached in half the time wherever a record is plainly good.

What is not plainly good (bad, of an unknown type, or spelt in a way that only the models take) is judged by the models.
"""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from libs.events.decoding import Fact, Headers, Skipped, check_mode, decode, may_write, read_spelt_json
from libs.events.envelope import Envelope, EventData
from libs.events.names import CHARGES, LEASES, PAYMENTS, TRANSFERS
from libs.events.topics import TOPICS
from libs.events.twins import Twin, twin_of

# The topics that are read by the million.
_TWINS: Final[Mapping[str, Twin[EventData]]] = MappingProxyType(
    {e.event_type(): twin_of(e) for topic in (LEASES, CHARGES, PAYMENTS, TRANSFERS) for e in TOPICS[topic].events}
)
_ENVELOPE: Final = twin_of(Envelope)
_STRUCTURED: Final = ("content-type", b"application/cloudevents+json")
# As company systems send records, and as our relays do; other headers are looked at one by one.
PLAIN_HEADERS: Final = ((_STRUCTURED,), (_STRUCTURED, ("iok-relayed", b"1")))
_CONTROL_CHARACTER: Final = re.compile(rb"\xc2[\x80-\x9f]")


def decode_lean(
    topic: str,
    key: bytes | None,
    value: bytes | None,
    *,
    company_sources: Collection[str],
    headers: Headers = (),
) -> Fact | Skipped:
    """Read one record as `decoding.decode` does, with the same arguments and verdicts; raises Rejected likewise.

    The fact's envelope and data are lean twins of the models, or the models themselves.
    """
    if headers not in PLAIN_HEADERS:
        check_mode(headers)
    fields, spelt = read_spelt_json(value)
    fact = _plainly_good(topic, key, fields, company_sources) if _is_plain(spelt) else None
    return fact or decode(topic, key, value, company_sources=company_sources, headers=headers)


def _is_plain(spelt: bytes) -> bool:
    """Whether no text holds a control character (msgspec escapes those below a space), a quote or a backslash."""
    return b"\\" not in spelt and b"\x7f" not in spelt and (spelt.isascii() or not _CONTROL_CHARACTER.search(spelt))


def _plainly_good(topic: str, key: bytes | None, fields: Any, company_sources: Collection[str]) -> Fact | None:
    try:
        envelope = msgspec.convert(fields, _ENVELOPE.struct)
        twin = _TWINS.get(envelope.type)
        if twin is None or not _ENVELOPE.holds(envelope):
            return None
        data = msgspec.convert(envelope.data, twin.struct)
    except msgspec.ValidationError:
        return None
    if data.topic != topic or key != envelope.subject.encode() or not twin.holds(data):
        return None
    return Fact.of(envelope, data) if may_write(envelope.source, topic, company_sources) else None
