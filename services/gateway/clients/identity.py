"""Identity's door: signing in and out, tokens for the other services, changing a password."""

import json

from pydantic import BaseModel, ConfigDict

from services.gateway.clients.transport import JSON, SIGN_IN_SECONDS, Answer, AwayError, Call, Service, success

AUDIENCES = ("ledger", "payments", "correspondence")


class SessionOverError(Exception):
    """Nobody is signed in with this token."""


class Opened(BaseModel):
    """A new session. `token` is opaque and secret."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    token: str
    expires_at: str
    must_change_password: bool = False


class Renewed(BaseModel):
    """The session after a change of password."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    token: str


class Exchanged(BaseModel):
    """What identity knows of a session, with a token for each service. `leases`: lease id -> role in the lease."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    tokens: dict[str, str]
    account_id: str
    display_name: str = ""
    login: str = ""
    roles: tuple[str, ...] = ()
    leases: dict[str, str] = {}
    must_change_password: bool = False


class Identity:
    """The identity service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def sign_in(self, login: str, password: str, client_ip: str) -> Opened:
        """Open a session.

        Raises:
            RefusedError: identity gives one neutral answer for every reason.
            AwayError: identity did not answer.
        """
        body = json.dumps({"login": login, "password": password, "client_ip": client_ip}).encode()
        answer = await self._service.ask(Call("POST", "/sessions", body=body), None, SIGN_IN_SECONDS)
        return Opened.model_validate_json(success(answer))

    async def end(self, token: str) -> None:
        """End a session.

        Raises:
            SessionOverError: it was over already.
            AwayError: identity did not answer.
        """
        answer = await self._service.ask(Call("DELETE", "/sessions"), token, SIGN_IN_SECONDS)
        if answer.status == 401:
            raise SessionOverError

    async def exchange(self, token: str, deadline_seconds: float) -> Exchanged:
        """Tokens for all services.

        Raises:
            SessionOverError: no such session.
            AwayError: identity did not answer in time.
        """
        body = json.dumps({"audiences": list(AUDIENCES)}).encode()
        answer = await self._service.ask(Call("POST", "/sessions/tokens", body=body), token, deadline_seconds)
        if answer.status == 401:
            raise SessionOverError
        if answer.status != 200:
            raise AwayError(self._service.name)
        return Exchanged.model_validate_json(answer.body)

    async def change_password(self, token: str, current_password: str | None, new_password: str) -> str:
        """Change the password; the answer is the token under which the session goes on.

        Raises:
            SessionOverError: no such session.
            RefusedError: 422 with what is wrong with which field.
            AwayError: identity did not answer.
        """
        body = json.dumps({"current_password": current_password, "new_password": new_password}).encode()
        answer = await self.forward_password(token, body)
        if answer.status == 401:
            raise SessionOverError
        return Renewed.model_validate_json(success(answer)).token

    async def forward_password(self, token: str, body: bytes) -> Answer:
        """The same for the API: identity's answer as it is.

        Raises:
            AwayError: identity did not answer.
        """
        call = Call("POST", "/sessions/password", body=body, content_type=JSON)
        return await self._service.ask(call, token, SIGN_IN_SECONDS)
