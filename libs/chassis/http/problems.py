"""Errors as RFC 9457 problem details, in plain Polish."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818  # the RFC's own noun
    """An error to answer with; `errors` names fields: `[{"field": …, "message": …}]`."""

    def __init__(
        self,
        status: int,
        title: str,
        *,
        detail: str | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The problem details object."""
        body: dict[str, Any] = {"type": "about:blank", "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = [dict(error) for error in self.errors]
        return body

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(self.body(), self.status, headers=self.headers, media_type=MEDIA_TYPE)


def not_found() -> Problem:
    """The one answer to what does not exist and to what is not yours."""
    return Problem(404, "Nie znaleziono", detail="Nie ma takiej strony albo nie masz do niej dostępu.")


def unavailable(detail: str = "Usługa chwilowo nie działa. Spróbuj ponownie za chwilę.") -> Problem:
    """The answer while the database or another service is away."""
    return Problem(503, "Chwilowo niedostępne", detail=detail, headers={"Retry-After": "5"})


async def answer_problem(_: Request, error: Exception) -> JSONResponse:
    """FastAPI's handler of `Problem`."""
    if not isinstance(error, Problem):
        raise error
    return error.response()
