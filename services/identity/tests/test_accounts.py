"""Accounts: given events, when a command, then events."""

from datetime import UTC, date, datetime

import pytest

from libs.events.identity import (
    AccountClosed,
    AccountOpened,
    PasswordChanged,
    PasswordLetterIssued,
    PersonRegistered,
    SignInLocked,
    StaffRoleGranted,
    StaffRoleRevoked,
    TrustedProfileLinked,
    TrustedProfileUnlinked,
)
from libs.events.payments import PaymentExpired
from services.identity.domain.accounts import (
    AccountTakenError,
    ChangePassword,
    Command,
    Event,
    GrantRole,
    IssueLetter,
    LinkTrustedProfile,
    LockSignIn,
    NotATenantError,
    NotOpenError,
    OpenStaffAccount,
    RegisterPerson,
    account_of,
    decide,
    fold,
)

TODAY = date(2026, 11, 23)
LAST_DAY = date(2027, 2, 21)
UNTIL = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TENANT: list[Event] = [PersonRegistered(account_id="A", person_id="P-1")]
OPEN_TENANT: list[Event] = [*TENANT, AccountOpened(account_id="A", person_id="P-1", opened_on=TODAY)]
CLERK: list[Event] = [AccountOpened(account_id="A", opened_on=TODAY), StaffRoleGranted(account_id="A", role="clerk")]
LETTER = IssueLetter("L-1", TODAY, LAST_DAY)
LETTER_ISSUED = PasswordLetterIssued(account_id="A", letter_id="L-1", expires_on=LAST_DAY)
LINK = LinkTrustedProfile(TODAY)
LINKED = TrustedProfileLinked(account_id="A")


def when(given: list[Event], command: Command) -> list[Event]:
    return decide(fold("A", given), command)


def test_a_person_of_an_import_gets_an_account_that_is_not_open_yet() -> None:
    assert when([], RegisterPerson("P-1")) == TENANT
    assert not fold("A", TENANT).opened


def test_a_person_is_registered_once() -> None:
    with pytest.raises(AccountTakenError):
        when(TENANT, RegisterPerson("P-1"))


def test_the_first_letter_opens_the_account() -> None:
    assert when(TENANT, LETTER) == [
        AccountOpened(account_id="A", person_id="P-1", opened_on=TODAY),
        LETTER_ISSUED,
    ]


def test_a_further_letter_is_only_a_letter() -> None:
    assert when(OPEN_TENANT, LETTER) == [LETTER_ISSUED]


@pytest.mark.parametrize("given", [[], CLERK])
def test_letters_go_to_tenants_only(given: list[Event]) -> None:
    with pytest.raises(NotATenantError):
        when(given, LETTER)


def test_no_letter_opens_a_closed_account() -> None:
    with pytest.raises(NotOpenError):
        when([*OPEN_TENANT, AccountClosed(account_id="A", closed_on=TODAY)], LETTER)


def test_a_password_of_ones_own_takes_the_letters_place() -> None:
    given = [*OPEN_TENANT, LETTER_ISSUED]

    assert fold("A", given).letter_id == "L-1"
    assert when(given, ChangePassword()) == [PasswordChanged(account_id="A")]
    after = fold("A", [*given, PasswordChanged(account_id="A")])
    assert (after.letter_id, after.has_own_password) == (None, True)


@pytest.mark.parametrize("command", [ChangePassword(), LockSignIn(UNTIL), GrantRole("clerk")])
def test_an_account_that_is_not_open_takes_no_commands(command: Command) -> None:
    with pytest.raises(NotOpenError):
        when(TENANT, command)


def test_that_sign_in_waits_is_told() -> None:
    assert when(OPEN_TENANT, LockSignIn(UNTIL)) == [SignInLocked(account_id="A", locked_until=UNTIL)]


def test_a_staff_member_begins_with_a_role_and_a_password() -> None:
    assert when([], OpenStaffAccount(TODAY, "clerk")) == [*CLERK, PasswordChanged(account_id="A")]


@pytest.mark.parametrize("given", [TENANT, OPEN_TENANT, CLERK])
def test_an_account_that_is_taken_becomes_no_staff_account(given: list[Event]) -> None:
    with pytest.raises(AccountTakenError):
        when(given, OpenStaffAccount(TODAY, "clerk"))


def test_a_role_is_granted_once() -> None:
    assert when(CLERK, GrantRole("operator")) == [StaffRoleGranted(account_id="A", role="operator")]
    assert when(CLERK, GrantRole("clerk")) == []


def test_a_role_can_be_granted_again_after_it_was_revoked() -> None:
    given = [*CLERK, StaffRoleRevoked(account_id="A", role="clerk")]

    assert when(given, GrantRole("clerk")) == [StaffRoleGranted(account_id="A", role="clerk")]


def test_a_tenant_gets_no_role() -> None:
    with pytest.raises(AccountTakenError):
        when(OPEN_TENANT, GrantRole("clerk"))


def test_what_an_account_is_does_not_depend_on_locks() -> None:
    locked: list[Event] = [SignInLocked(account_id="A", locked_until=UNTIL)]

    assert fold("A", [*OPEN_TENANT, *locked]) == fold("A", OPEN_TENANT)


def test_the_first_sign_in_by_profil_zaufany_links_and_opens_the_account_without_a_letter() -> None:
    opened = AccountOpened(account_id="A", person_id="P-1", opened_on=TODAY)

    assert when(TENANT, LINK) == [opened, LINKED]
    assert when(OPEN_TENANT, LINK) == [LINKED]


def test_a_linked_account_is_not_linked_again_until_it_was_unlinked() -> None:
    unlinked = TrustedProfileUnlinked(account_id="A")

    assert when([*OPEN_TENANT, LINKED], LINK) == []
    assert when([*OPEN_TENANT, LINKED, unlinked], LINK) == [LINKED]


@pytest.mark.parametrize("given", [[], CLERK])
def test_nobody_can_be_vouched_for_but_a_tenant(given: list[Event]) -> None:
    with pytest.raises(NotATenantError):
        when(given, LINK)


def test_profil_zaufany_opens_no_closed_account() -> None:
    with pytest.raises(NotOpenError):
        when([*OPEN_TENANT, AccountClosed(account_id="A", closed_on=TODAY)], LINK)


def test_an_event_of_another_topic_is_no_event_of_an_account() -> None:
    with pytest.raises(TypeError):
        fold("A", [PaymentExpired(payment_id="p")])


def test_a_persons_account_is_the_same_whenever_asked_and_another_persons_another() -> None:
    assert account_of("P-1") == account_of("P-1")
    assert account_of("P-1") != account_of("P-2")
