"""Passwords: people's own, and those of the letters."""

import random
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain import letters
from services.identity.domain.passwords import (
    NAMES_ITS_OWNER,
    TOO_COMMON,
    TOO_LONG,
    TOO_SHORT,
    prepared,
    violations,
)

KEY = b"k" * 32


@pytest.mark.parametrize(
    "password",
    [
        "zielony kubek pod oknem",
        "dziewiec-malych-jezy",
        "r7!kXq2#mLw9",
        "Gżegżółka śpi w południe",
        "тихий вечір біля річки",
    ],
)
def test_a_long_unusual_password_is_good_whatever_it_is_made_of(password: str) -> None:
    assert violations(password, owner_words=["K100001", "Anna", "Nowak"]) == []


def test_eleven_characters_are_too_few_and_twelve_enough() -> None:
    assert violations("x7vq pmz2 k") == [TOO_SHORT]
    assert violations("x7vq pmz2 kw") == []


def test_128_characters_are_allowed_and_129_are_not() -> None:
    text = "żółw i pies mieszkali razem nad rzeką przez wiele lat " * 3

    assert violations(text[:128]) == []
    assert violations(text[:129]) == [TOO_LONG]


@pytest.mark.parametrize(
    "password",
    [
        "123456789012",
        "qwertyuiop12",
        "QWERTYUIOPAS",
        "abcdefghijkl",
        "987654321098",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "12ab12ab12ab",
        "111122223333",
        "1qaz2wsx3edc",
        "Haslo12345678",
        "hasło!!!!!!!!",
        "P@ssw0rd1234",
        "password2026!",
        "Polska2026!!!",
        "kochamciebie1",
        "qwertyqwerty1",
        "1234haslo5678",
        "haslo123haslo",
        "WroclawTBS2026",
        "zmienmnie1234",
        "admin-admin-1",
    ],
)
def test_what_many_people_choose_is_refused(password: str) -> None:
    assert violations(password) == [TOO_COMMON]


@pytest.mark.parametrize(
    "password", ["moj login k100001", "XwisniewskaX 77", "Wiśniewska lubi ser", "lubi ser MALGORZATA"]
)
def test_a_password_may_not_name_its_owner(password: str) -> None:
    assert violations(password, owner_words=["K100001", "Małgorzata", "Wiśniewska Kwiaciarnia"]) == [NAMES_ITS_OWNER]


def test_a_short_name_is_no_reason() -> None:
    assert violations("jeden dzien nad ewa rzeka", owner_words=["Ewa", "Lis"]) == []


def test_a_password_is_the_same_from_every_keyboard() -> None:
    assert prepared("zo\u0301łw") == prepared("zółw")


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(password: str) -> None:
    assert len(violations(password, owner_words=["k100001", "Łukasz"])) <= 1


def drawn(seed: int) -> str:
    return letters.draw_password(random.Random(seed).choice)


def test_a_letters_password_has_at_least_80_random_bits() -> None:
    assert letters.RANDOM_BITS >= 80


def test_a_letters_password_is_written_in_groups_of_glyphs_that_cannot_be_mistaken() -> None:
    groups = drawn(1).split("-")

    assert [len(group) for group in groups] == [4, 4, 4, 4, 4]
    assert not set("".join(groups)) & set("0O1IL2Z5S8BUV")


def test_every_glyph_of_a_letters_password_is_as_likely_as_any_other() -> None:
    counted = Counter("".join(drawn(seed).replace("-", "") for seed in range(2_000)))

    assert set(counted) == set(letters.GLYPHS)
    assert max(counted.values()) < 1.25 * min(counted.values())


@pytest.mark.parametrize(
    "typed",
    [
        "4kmr-9qtx-ac7d-pw3j-hhn6",
        "4KMR 9QTX AC7D PW3J HHN6",
        "4KMR9QTXAC7DPW3JHHN6",
        " 4kmr\u20139qtx\u2013AC7D\u2013pw3j\u2013hhn6 ",
    ],
)
def test_a_letters_password_may_be_typed_in_any_way_people_type_it(typed: str) -> None:
    kept = letters.letter_hash(KEY, "letter", "4KMR-9QTX-AC7D-PW3J-HHN6")

    assert letters.matches(kept, KEY, "letter", typed)


def test_a_letters_password_opens_nothing_under_another_letter_or_key() -> None:
    kept = letters.letter_hash(KEY, "letter", drawn(1))

    assert not letters.matches(kept, KEY, "another", drawn(1))
    assert not letters.matches(kept, b"x" * 32, "letter", drawn(1))
    assert not letters.matches(kept, KEY, "letter", drawn(2))
    assert not letters.matches(kept, KEY, "letter", "")


def test_a_letter_is_valid_for_90_days() -> None:
    assert letters.expiry(date(2026, 11, 23)) == date(2027, 2, 21)
