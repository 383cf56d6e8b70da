"""Identity's door: signing in and out, tokens for the other services, changing a password."""

import json

from pydantic import BaseModel, ConfigDict

from services.gateway.clients.transport import JSON, SIGN_IN_SECONDS, Answer, AwayError, Call, Service, success

VOUCHING_SECONDS = 12.0  # identity asks login.gov.pl meanwhile, for 8 s at most
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


class Begun(BaseModel):
    """A sign-in by Profil Zaufany under way: a form for the browser to post to `url`, and a secret for its cookie."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    url: str
    fields: dict[str, str]
    browser_secret: str


class Finished(BaseModel):
    """A session that Profil Zaufany has opened; `back` as it was given at the beginning."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    token: str
    back: str


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

    async def begin_trusted_profile(self, back: str, client_ip: str) -> Begun:
        """Begin a sign-in by Profil Zaufany.

        Raises:
            AwayError: identity did not answer, or too many are under way.
        """
        told = {"back": back, "client_ip": client_ip}
        return Begun.model_validate_json(await self._trusted_profile("requests", told, SIGN_IN_SECONDS))

    async def keep_artifact(self, artifact: str, relay_state: str) -> None:
        """Hand on what login.gov.pl sent somebody back with.

        Raises:
            RefusedError: it belongs to no sign-in.
            AwayError: identity did not answer.
        """
        told = {"artifact": artifact, "relay_state": relay_state}
        await self._trusted_profile("artifacts", told, SIGN_IN_SECONDS)

    async def finish_trusted_profile(self, relay_state: str, browser_secret: str) -> Finished:
        """Finish a sign-in in the browser that began it.

        Raises:
            RefusedError: one neutral answer for every reason.
            AwayError: identity or login.gov.pl did not answer.
        """
        told = {"relay_state": relay_state, "browser_secret": browser_secret}
        answer = await self._trusted_profile("sessions", told, VOUCHING_SECONDS)
        return Finished.model_validate_json(answer)

    async def _trusted_profile(self, step: str, told: dict[str, str], seconds: float) -> bytes:
        call = Call("POST", f"/trusted-profile/{step}", body=json.dumps(told).encode())
        return success(await self._service.ask(call, None, seconds))

    async def forward_password(self, token: str, body: bytes) -> Answer:
        """The same for the API: identity's answer as it is.

        Raises:
            AwayError: identity did not answer.
        """
        call = Call("POST", "/sessions/password", body=body, content_type=JSON)
        return await self._service.ask(call, token, SIGN_IN_SECONDS)
