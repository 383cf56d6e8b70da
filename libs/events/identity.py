"""What identity tells: accounts and how people sign in, by opaque ids only. The subject is the account."""

from typing import ClassVar, Literal

from libs.events import names
from libs.events.envelope import EventData
from libs.events.fields import Id, IsoDate, Moment


class _OfAccount(EventData):
    """Any event of one account on `iok.accounts`."""

    topic: ClassVar[str] = names.ACCOUNTS

    account_id: Id


class PersonRegistered(_OfAccount):
    """A person became known, and this account will be theirs; who they are stays in identity."""

    person_id: Id


class AccountOpened(_OfAccount):
    """An account was opened: a tenant's with the person behind it, or a staff member's without."""

    person_id: Id | None = None
    opened_on: IsoDate


class AccountClosed(_OfAccount):
    """An account was closed: nobody signs in by it any more."""

    closed_on: IsoDate


class StaffRoleGranted(_OfAccount):
    """A staff member may act in a role from now on."""

    role: Literal["operator", "accountant", "clerk"]


class StaffRoleRevoked(_OfAccount):
    """A staff member may no longer act in a role."""

    role: Literal["operator", "accountant", "clerk"]


class PasswordLetterIssued(_OfAccount):
    """A letter with a one-time password was printed; the letter before is void."""

    letter_id: Id
    expires_on: IsoDate


class PasswordChanged(_OfAccount):
    """The account's holder chose a new password; every session before it is over."""


class SignInLocked(_OfAccount):
    """Too many wrong passwords: sign-in is refused until then."""

    locked_until: Moment


class TrustedProfileLinked(_OfAccount):
    """The account's holder can sign in by Profil Zaufany."""


class TrustedProfileUnlinked(_OfAccount):
    """The account's holder can no longer sign in by Profil Zaufany."""
