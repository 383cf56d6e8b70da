"""People: one way to write each, and a reason for what cannot be taken."""

import pytest

from services.identity.domain.people import (
    BadPersonError,
    Person,
    content_hash,
    fold_login,
    person_from,
    pesel_hash,
)

KEY = b"k" * 32
LINE = {
    "person_id": "P-000001",
    "given_name": "Łucja",
    "family_name": "Kowalska-Żak",
    "login": "K100001",
    "pesel": "44051401359",
    "nip": "8567346215",
    "email": "lucja@example.invalid",
}


def reasons_of(**changes: object) -> list[str]:
    with pytest.raises(BadPersonError) as refused:
        person_from({**LINE, **changes})
    return refused.value.reasons


def test_a_complete_line_is_a_person() -> None:
    assert person_from(LINE) == Person(
        "P-000001", "Łucja", "Kowalska-Żak", "K100001", "44051401359", "8567346215", "lucja@example.invalid"
    )


def test_pesel_nip_and_email_may_be_missing() -> None:
    line = {name: LINE[name] for name in ("person_id", "given_name", "family_name", "login")}

    assert person_from(line).pesel is None


def test_names_are_written_composed_and_with_single_spaces() -> None:
    person = person_from({**LINE, "given_name": "  Anna   Maria ", "family_name": "Zo\u0301\u0142ty"})

    assert (person.given_name, person.family_name) == ("Anna Maria", "Zółty")


@pytest.mark.parametrize("field", ["person_id", "given_name", "family_name", "login"])
def test_what_is_required_must_be_there(field: str) -> None:
    assert reasons_of(**{field: None}) == [f"{field}: missing"]


@pytest.mark.parametrize("value", [7, True, ["x"], {"a": 1}, 1.5])
def test_what_is_not_a_text_is_refused(value: object) -> None:
    assert reasons_of(family_name=value) == ["family_name: not a text"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("44051401358", "check digit"),
        ("00000000000", "date that does not exist"),
        ("02381307589", "date that does not exist"),
        ("4405140135", "too short"),
        ("440514013590", "too long"),
        ("4405140135a", "not a digit"),
        ("٤٤٠٥١٤٠١٣٥٩", "digits of another script"),
        ("", "empty"),
    ],
)
def test_a_pesel_must_have_a_date_and_a_check_digit(number: str, why: str) -> None:
    reasons = reasons_of(pesel=number)

    assert len(reasons) == 1, why
    assert reasons[0].startswith("pesel: ")


@pytest.mark.parametrize("number", ["8567346216", "856734621", "0000000001", "abcdefghij"])
def test_a_nip_must_have_its_check_digit(number: str) -> None:
    assert reasons_of(nip=number)[0].startswith("nip: ")


@pytest.mark.parametrize(
    "address", ["nobody", "a@", "@b.pl", "a b@c.pl", "a@b.pl,c@d.pl", "a@b..pl", "x" * 250 + "@b.pl"]
)
def test_an_email_must_be_one_address(address: str) -> None:
    assert reasons_of(email=address) == ["email: not an e-mail address"]


@pytest.mark.parametrize("login", ["ab", "x" * 65, "zażółć", "a b c", "-abc", "a/b/c"])
def test_a_login_is_of_plain_letters_and_digits(login: str) -> None:
    assert reasons_of(login=login)[0].startswith("login: ")


def test_a_name_must_be_readable() -> None:
    assert reasons_of(given_name="A\x07b") == ["given_name: holds a control character"]
    assert reasons_of(given_name=" ") == ["given_name: empty"]
    assert reasons_of(given_name="x" * 101) == ["given_name: longer than 100 characters"]


def test_a_misspelt_field_is_refused_rather_than_dropped() -> None:
    assert reasons_of(**{"e-mail": "a@b.pl"}) == ["e-mail: unknown field"]


def test_every_reason_of_a_line_is_told_and_no_content_repeated() -> None:
    reasons = reasons_of(pesel="44051401358", email="nobody", login="x")

    assert [reason.split(":")[0] for reason in reasons] == ["login", "pesel", "email"]
    assert not any("44051401358" in reason or "nobody" in reason for reason in reasons)


def test_logins_are_compared_without_case_and_spaces() -> None:
    assert fold_login(" K100001 ") == fold_login("k100001")


def test_a_login_typed_with_a_nul_is_still_a_text_for_the_database() -> None:
    assert "\0" not in fold_login("a\0b")


def test_a_pesel_is_kept_as_a_hash_that_depends_on_the_key() -> None:
    assert pesel_hash(KEY, "44051401359") != pesel_hash(b"x" * 32, "44051401359")
    assert len(pesel_hash(KEY, "44051401359")) == 32


def test_the_same_line_has_the_same_content_hash_and_another_one_another() -> None:
    person = person_from(LINE)

    assert content_hash(KEY, person) == content_hash(KEY, person_from(dict(reversed(LINE.items()))))
    assert content_hash(KEY, person) != content_hash(KEY, person_from({**LINE, "email": "other@example.invalid"}))
