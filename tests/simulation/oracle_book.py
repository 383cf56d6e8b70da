"""The oracle of the book: a naive reading of the events' design, record by record, with none of the services' code."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from libs.chassis.kafka import Record
from tests.simulation.broker import SKIPPED, Broker, Label, Place, place_of

Fields = dict[str, Any]
EventKey = tuple[str, str, str, str]

OTHER_CONTENT: Final = "same_id_other_content"
CLAIM_TAKEN: Final = "business_id_used_already"
FOREIGN_LEASE: Final = "lease_of_another_source"


@dataclass(frozen=True)
class Rule:
    """How an event is booked: its kind, the sign of its amount, its day, and the fields of the id used up by it."""

    kind: str
    sign: int
    day: str
    claim: tuple[str, ...] = ()
    is_claimed_by_source: bool = False
    credit: str = ""


RULES: Final = {
    "ChargeIssued": Rule("charge", 1, "issued_on", ("charge_id",), is_claimed_by_source=True),
    "ChargeCorrected": Rule("correction", 1, "issued_on", ("correction_id",)),
    "InterestCharged": Rule("interest", 1, "charged_on", ("interest_id",)),
    "PaymentConfirmed": Rule("payment", -1, "paid_on", ("payment_id", "remote_id"), credit="payment_id"),
    "PaymentRefunded": Rule("refund", 1, "refunded_on", ("refund_id",), credit="payment_id"),
    "PaymentChargedBack": Rule("chargeback", 1, "charged_back_on", ("chargeback_id",), credit="payment_id"),
    "TransferCredited": Rule("transfer", -1, "paid_on", credit="transfer_id"),
    "TransferUncredited": Rule("transfer_uncredited", 1, "uncredited_on", credit="transfer_id"),
}
LEASE_EVENTS: Final = ("LeaseSigned", "LeaseChanged", "LeaseEnded")


@dataclass(slots=True)
class NaiveEntry:
    """An entry: the nine fields of its digest, and what allocation wants besides."""

    fields: Fields
    charge_id: str | None
    credit: tuple[str, str] | None
    key: EventKey
    digest: bytes

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Its place in the canonical order."""
        return (self.fields["booked_on"], self.fields["source"], self.fields["id"], self.fields["topic"])


@dataclass(slots=True)
class NaiveBook:
    """The book as someone would keep it who reads one record after the other and remembers all of it."""

    entries: dict[str, list[NaiveEntry]] = field(default_factory=lambda: defaultdict(list))
    set_aside: dict[Place, str] = field(default_factory=dict)
    contents: dict[EventKey, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    claims: dict[tuple[str, ...], EventKey] = field(default_factory=dict)
    versions: dict[tuple[str, str, str], set[int]] = field(default_factory=lambda: defaultdict(set))

    def read(self, record: Record, label: Label) -> None:
        """Read one record, of which `label` tells what its maker made it for."""
        if label == SKIPPED:
            return
        if label is not None:
            self.set_aside[place_of(record)] = label
            return
        said, key, content = _event(record)
        before = self.contents.get(key)
        if before is not None:
            if before != content:
                self.set_aside[place_of(record)] = OTHER_CONTENT
            return
        reason = self._take(said, key)
        if reason is not None:
            self.set_aside[place_of(record)] = reason
            return
        self.contents[key] = content
        if "streamversion" in said:
            self.versions[key[:3]].add(said["streamversion"])

    def _take(self, said: Fields, key: EventKey) -> str | None:
        name, lease_id, source = _name(said), said["subject"], said["source"]
        if name in LEASE_EVENTS:
            if self.owners.get(lease_id, source) != source:
                return FOREIGN_LEASE
            if name == "LeaseSigned":
                self.owners[lease_id] = source
            return None
        claim = claim_of(said)
        if claim is not None and self.claims.setdefault(claim, key) != key:
            return CLAIM_TAKEN
        if name in RULES:
            self.entries[lease_id].append(_entry(said, key))
        return None

    def balance(self, lease_id: str) -> int:
        """The sum of a lease's entries, in grosze."""
        return sum(entry.fields["amount_grosze"] for entry in self.entries.get(lease_id, ()))

    def lease_hash(self, lease_id: str) -> str:
        """The hash over a lease's digests in bytewise order."""
        digests = sorted(entry.digest for entry in self.entries[lease_id])
        return hashlib.sha256(b"".join(digests)).hexdigest()

    def state_hash(self) -> str:
        """The state hash."""
        lines = [
            f"{lease}|{len(entries)}|{self.balance(lease)}|{self.lease_hash(lease)}\n"
            for lease, entries in sorted(self.entries.items(), key=lambda item: item[0].encode())
            if entries
        ]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def contested(broker: Broker, records: Iterable[Record], *, anywhere: bool) -> set[str]:
    """Leases of which records contradict each other: across partitions, or `anywhere`. There books may differ."""
    contents: dict[tuple[str, ...], set[tuple[str, int]]] = defaultdict(set)
    for record in records:
        if broker.label(record) is not None:
            continue
        said, key, content = _event(record)
        contents[key].add((content, record.partition))
        claim = claim_of(said)
        if claim is not None:
            contents[(key[0], key[1], *claim)].add((said["id"].lower(), record.partition))
    return {
        key[1]
        for key, seen in contents.items()
        if len({what for what, _ in seen}) > 1 and (anywhere or len({where for _, where in seen}) > 1)
    }


def claim_of(said: Fields) -> tuple[str, ...] | None:
    """The business id that an event uses up on its lease."""
    rule = RULES.get(_name(said))
    if rule is None or not rule.claim:
        return None
    owner = (said["source"],) if rule.is_claimed_by_source else ()
    return (said["subject"], rule.kind, *(said["data"][name] for name in rule.claim), *owner)


def event_of(record: Record) -> EventKey:
    """By what the event in a good record counts once."""
    return _event(record)[1]


def _event(record: Record) -> tuple[Fields, EventKey, str]:
    said, content = _read(record.value or b"")
    return said, (record.topic, said["subject"], said["source"], said["id"].lower()), content


@lru_cache(256)
def _read(value: bytes) -> tuple[Fields, str]:
    said: Fields = json.loads(value)
    return said, _canonical([said["type"], said["data"]])


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _name(said: Fields) -> str:
    name: str = said["type"].split(".")[1]
    return name


def _entry(said: Fields, key: EventKey) -> NaiveEntry:
    rule, data = RULES[_name(said)], said["data"]
    fields = {
        "amount_grosze": rule.sign * data["amount_grosze"],
        "booked_on": data[rule.day],
        "due_on": data.get("due_on"),
        "id": key[3],
        "kind": rule.kind,
        "lease_id": said["subject"],
        "lines": data.get("lines", []),
        "source": said["source"],
        "topic": key[0],
    }
    credit = (rule.credit, data[rule.credit]) if rule.credit else None
    digest = hashlib.sha256(_canonical(fields).encode()).digest()
    return NaiveEntry(fields, data.get("charge_id"), credit, key, digest)
