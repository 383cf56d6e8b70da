"""Hashes of the book are what the design spells out."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain import lease_hash, seal_hash, state_hash, state_hash_line


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=6), st.randoms())
def test_a_lease_hash_does_not_depend_on_the_order_of_arrival(digests: list[bytes], chance: object) -> None:
    shuffled = list(digests)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert lease_hash(shuffled) == lease_hash(digests) == hashlib.sha256(b"".join(sorted(digests))).digest()


def test_a_line_of_the_state_hash_names_lease_count_balance_and_lease_hash() -> None:
    assert state_hash_line("L-1", 2, -500, b"\xab" * 32) == b"L-1|2|-500|" + b"ab" * 32 + b"\n"


def test_the_state_hash_takes_leases_in_bytewise_order() -> None:
    leases = [("b", 1, 5, b"\x01" * 32), ("B", 2, 6, b"\x02" * 32), ("a.1", 3, 7, b"\x03" * 32)]
    lines = b"".join(state_hash_line(*leases[n]) for n in (1, 2, 0))
    assert state_hash(leases) == state_hash(reversed(leases)) == hashlib.sha256(lines).hexdigest()


def test_an_empty_book_has_the_hash_of_nothing() -> None:
    assert state_hash([]) == hashlib.sha256(b"").hexdigest()


def test_a_seals_hash_does_not_depend_on_the_spelling_of_its_json() -> None:
    assert seal_hash({"b": 1, "a": {"d": 2, "c": 3}}) == seal_hash({"a": {"c": 3, "d": 2}, "b": 1})
