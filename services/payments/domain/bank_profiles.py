"""How each bank writes the details of an entry in MT940: data, read from a TOML file (see bank_profiles.toml)."""

import codecs
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

MAX_CHARACTERS = 400
BANK_DIGITS = slice(2, 6)  # of an account: behind the check digits, the bank's number

Subfield: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{2}$")]
Profiles: TypeAlias = Mapping[str, "Profile"]


class BadProfilesError(ValueError):
    """The file of profiles cannot be read; the message says where."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Labels(_Strict):
    """Words that begin the parts of a text; `end` are those behind the title."""

    account: str
    name: str
    title: str
    end: tuple[str, ...] = ()


class Profile(_Strict):
    """One bank's way of writing; either `labels` or `mark` is given. See bank_profiles.toml for every field."""

    name: str
    banks: tuple[Annotated[str, Field(pattern=r"^[0-9]{4}$")], ...] = ()
    encoding: str
    characters: int = Field(65, ge=1, le=MAX_CHARACTERS)
    payer_id: str = ""
    labels: Labels | None = None
    mark: str = Field("", max_length=1)
    title: tuple[Subfield, ...] = ()
    name_fields: tuple[Subfield, ...] = ()
    accounts: tuple[Subfield, ...] = ()
    sort_code: str = ""
    account_rest: str = ""

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        codecs.lookup(encoding)
        return encoding

    @field_validator("payer_id")
    @classmethod
    def _pattern(cls, pattern: str) -> str:
        if pattern and re.compile(pattern).groups < 1:
            raise ValueError("the pattern has no group for the id")
        return pattern


@dataclass(frozen=True, slots=True)
class Reading:
    """By what a file is read: the profiles, our accounts (none: any account), the operator's choice.

    An account is set with the name of its profile, or with "": then its bank's.
    """

    profiles: Profiles
    our_accounts: Mapping[str, str]
    chosen: str | None = None

    def profile_of(self, account: str) -> Profile | None:
        """The profile of an account: as chosen, as set, or of its bank; None where no rule names one."""
        named = self.chosen or self.our_accounts.get(account)
        if named:
            return self.profiles.get(named)
        bank = account[BANK_DIGITS]
        return next((profile for profile in self.profiles.values() if bank in profile.banks), None)

    def is_ours(self, account: str) -> bool:
        """Whether a statement of this account is taken."""
        return not self.our_accounts or account in self.our_accounts


def read_profiles(text: str) -> Profiles:
    """Read a file of profiles.

    Raises:
        BadProfilesError: it is no TOML, or a profile is not as it must be.
    """
    try:
        return {name: Profile.model_validate(table) for name, table in tomllib.loads(text).items()}
    except (tomllib.TOMLDecodeError, ValidationError, LookupError, re.error) as error:
        raise BadProfilesError(f"the bank profiles cannot be read: {error}") from error
