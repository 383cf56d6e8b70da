"""Names of people for staff: asked of identity with the session of the one who looks, and kept nowhere.

Without identity, pages show ids and go on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import aiohttp
from pydantic import BaseModel, ConfigDict, ValidationError

from libs.chassis.logs import logger

TIMEOUT_SECONDS: Final = 2.0
MAX_ASKED: Final = 200  # accounts of one page


class Colleague(BaseModel):
    """A member of the staff."""

    model_config = ConfigDict(extra="ignore")

    account_id: str
    name: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    names: dict[str, str]
    staff: list[Colleague]


class Found(BaseModel):
    """Accounts and leases, each with those of the words that may mean it; `complete`: there is no other."""

    model_config = ConfigDict(extra="ignore")

    accounts: dict[str, list[str]]
    leases: dict[str, list[str]]
    complete: bool


_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class People:
    """Names by account, of an account without one its id; and the staff who may take care of matters."""

    known: Mapping[str, str] = field(default_factory=dict)
    staff: Sequence[Colleague] = ()

    def __getitem__(self, account_id: str) -> str:
        return self.known.get(account_id, account_id)


class Directory:
    """Identity's directory, open to staff alone."""

    def __init__(self, identity_url: str) -> None:
        self._url = f"{identity_url.rstrip('/')}/directory"

    async def ask(self, session_token: str, account_ids: Iterable[str]) -> People:
        """Give the names of accounts and the staff, by one call; nobody while identity is away."""
        wanted = sorted({one for one in account_ids if one})[:MAX_ASKED]
        answer = await self._post(session_token, "", {"account_ids": wanted}, _Answer)
        return People(answer.names, answer.staff) if answer else People()

    async def search(self, session_token: str, text: str) -> Found | None:
        """Give accounts by words of names and login, leases by those of number and address; None: identity is away."""
        return await self._post(session_token, "/search", {"text": text}, Found)

    async def _post(self, session_token: str, path: str, body: dict[str, Any], model: type[_Model]) -> _Model | None:
        headers = {"Authorization": f"Bearer {session_token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)) as client,
                client.post(self._url + path, json=body, headers=headers) as answer,
            ):
                answer.raise_for_status()
                return model.model_validate(await answer.json())
        except (aiohttp.ClientError, TimeoutError, ValueError, ValidationError) as error:
            logger(__name__).warning("identity gives no names", error=type(error).__name__)
            return None
