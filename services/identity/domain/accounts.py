"""Accounts: state, commands, decisions. What opens an account (hashes) is kept beside the events and never in them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from typing import Final, Literal, assert_never

from libs.events.envelope import EventData
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

StaffRole = Literal["operator", "accountant", "clerk"]
STAFF_ROLES: Final[tuple[StaffRole, ...]] = ("operator", "accountant", "clerk")

PERSONS_ACCOUNT: Final = uuid.UUID("5f0c8a52-6a53-4d4e-9f43-0d5a4e3c1b77")


class AccountError(Exception):
    """A command that does not fit the account as it is."""


class AccountTakenError(AccountError):
    """The account exists already."""


class NotATenantError(AccountError):
    """Letters go to tenants; a staff member's password is set when the account is made."""


class NotOpenError(AccountError):
    """The account was never opened, or is closed."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its events tell it; one without events is `Account(account_id)`."""

    account_id: str
    person_id: str | None = None
    roles: frozenset[StaffRole] = frozenset()
    opened: bool = False
    closed: bool = False
    letter_id: str | None = None
    has_own_password: bool = False
    trusted_profile: bool = False


@dataclass(frozen=True, slots=True)
class RegisterPerson:
    """A person came with an import: an account is theirs from now on, to be opened by their first letter."""

    person_id: str


@dataclass(frozen=True, slots=True)
class IssueLetter:
    """Give the tenant a letter with a one-time password that opens the account until `expires_on`."""

    letter_id: str
    issued_on: date
    expires_on: date


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Put the holder's own password in the place of whatever opened the account before."""


@dataclass(frozen=True, slots=True)
class LinkTrustedProfile:
    """Let the tenant in whom login.gov.pl vouched for: opens an account that no letter has opened yet."""

    linked_on: date


@dataclass(frozen=True, slots=True)
class LockSignIn:
    """Tell that sign-in waits after too many wrong passwords."""

    locked_until: datetime


@dataclass(frozen=True, slots=True)
class OpenStaffAccount:
    """Open a staff member's account with a role."""

    opened_on: date
    role: StaffRole


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Let a staff member act in one more role."""

    role: StaffRole


Command = RegisterPerson | IssueLetter | ChangePassword | LinkTrustedProfile | LockSignIn | OpenStaffAccount | GrantRole
Event = (
    PersonRegistered
    | AccountOpened
    | AccountClosed
    | StaffRoleGranted
    | StaffRoleRevoked
    | PasswordLetterIssued
    | PasswordChanged
    | SignInLocked
    | TrustedProfileLinked
    | TrustedProfileUnlinked
)


def account_of(person_id: str) -> str:
    """Give the id of a person's account: the same whenever asked, so that nothing but the person's id must survive."""
    return str(uuid.uuid5(PERSONS_ACCOUNT, person_id))


def decide(account: Account, command: Command) -> list[Event]:
    """Decide what a command makes of an account.

    Raises:
        AccountTakenError, NotATenantError, NotOpenError: it does not fit the account as it is.
    """
    match command:
        case RegisterPerson():
            return _register(account, command)
        case IssueLetter():
            return _issue_letter(account, command)
        case ChangePassword() | LockSignIn():
            return _tell_of_open(account, command)
        case LinkTrustedProfile():
            return _link_trusted_profile(account, command)
        case OpenStaffAccount():
            return _open_staff_account(account, command)
        case GrantRole():
            return _grant_role(account, command)
        case _:
            assert_never(command)


def _register(account: Account, command: RegisterPerson) -> list[Event]:
    if account.person_id is not None or account.opened:
        raise AccountTakenError(f"account {account.account_id} is taken")
    return [PersonRegistered(account_id=account.account_id, person_id=command.person_id)]


def _issue_letter(account: Account, command: IssueLetter) -> list[Event]:
    if account.person_id is None:
        raise NotATenantError(f"account {account.account_id} has no person to write to")
    if account.closed:
        raise NotOpenError(f"account {account.account_id} is closed")
    letter = PasswordLetterIssued(
        account_id=account.account_id, letter_id=command.letter_id, expires_on=command.expires_on
    )
    if account.opened:
        return [letter]
    opened = AccountOpened(account_id=account.account_id, person_id=account.person_id, opened_on=command.issued_on)
    return [opened, letter]


def _link_trusted_profile(account: Account, command: LinkTrustedProfile) -> list[Event]:
    if account.person_id is None:
        raise NotATenantError(f"account {account.account_id} has no person that anybody could vouch for")
    if account.closed:
        raise NotOpenError(f"account {account.account_id} is closed")
    events: list[Event] = []
    if not account.opened:
        opened_on = command.linked_on
        events.append(AccountOpened(account_id=account.account_id, person_id=account.person_id, opened_on=opened_on))
    if not account.trusted_profile:
        events.append(TrustedProfileLinked(account_id=account.account_id))
    return events


def _open_staff_account(account: Account, command: OpenStaffAccount) -> list[Event]:
    if account.opened or account.person_id is not None:
        raise AccountTakenError(f"account {account.account_id} is taken")
    return [
        AccountOpened(account_id=account.account_id, opened_on=command.opened_on),
        StaffRoleGranted(account_id=account.account_id, role=command.role),
        PasswordChanged(account_id=account.account_id),
    ]


def _tell_of_open(account: Account, command: ChangePassword | LockSignIn) -> list[Event]:
    _require_open(account)
    if isinstance(command, ChangePassword):
        return [PasswordChanged(account_id=account.account_id)]
    return [SignInLocked(account_id=account.account_id, locked_until=command.locked_until)]


def _grant_role(account: Account, command: GrantRole) -> list[Event]:
    _require_open(account)
    if account.person_id is not None:
        raise AccountTakenError(f"account {account.account_id} is a tenant's")
    if command.role in account.roles:
        return []
    return [StaffRoleGranted(account_id=account.account_id, role=command.role)]


def _require_open(account: Account) -> None:
    if not account.opened or account.closed:
        raise NotOpenError(f"account {account.account_id} is not open")


def evolve(account: Account, event: Event) -> Account:
    """Give the account after an event."""
    changed = account
    match event:
        case PersonRegistered():
            changed = replace(account, person_id=event.person_id)
        case AccountOpened():
            changed = replace(account, person_id=event.person_id or account.person_id, opened=True)
        case AccountClosed():
            changed = replace(account, closed=True)
        case StaffRoleGranted():
            changed = replace(account, roles=account.roles | {event.role})
        case StaffRoleRevoked():
            changed = replace(account, roles=account.roles - {event.role})
        case PasswordLetterIssued():
            changed = replace(account, letter_id=event.letter_id)
        case PasswordChanged():
            changed = replace(account, letter_id=None, has_own_password=True)
        case TrustedProfileLinked() | TrustedProfileUnlinked():
            changed = replace(account, trusted_profile=isinstance(event, TrustedProfileLinked))
        case SignInLocked():
            pass
        case _:
            assert_never(event)
    return changed


def fold(account_id: str, events: Sequence[EventData]) -> Account:
    """Give the account that a stream of `iok.accounts` tells.

    Raises:
        TypeError: an event of another topic is in the stream.
    """
    return reduce(_evolve_checked, events, Account(account_id))


def _evolve_checked(account: Account, event: EventData) -> Account:
    if not isinstance(event, Event):
        raise TypeError(f"{event.event_type()} does not belong to an account")
    return evolve(account, event)
