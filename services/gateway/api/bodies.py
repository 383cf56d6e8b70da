"""What client apps send, and the documents of errors they get."""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

MAX_AMOUNT_GROSZE = 100_000_000_000  # the bound of every event
MAX_TITLE_CHARACTERS = 1_000  # the service has its own, smaller bounds and says them in its answer
MAX_TEXT_CHARACTERS = 50_000
ID_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
MONTH_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])$"
MAX_FORM_FIELDS = 20
MAX_FILES = 10
Id = Annotated[str, Field(pattern=ID_PATTERN)]
LongText = Annotated[str, Field(max_length=MAX_TEXT_CHARACTERS)]
PROBLEM_TYPE = "application/problem+json"


class Body(BaseModel):
    """Base of all bodies: a field that nobody knows is a mistake to be told of."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SignIn(Body):
    """Login and password, as in the letter or as chosen since."""

    login: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1000)


class ChangePassword(Body):
    """A new password; at the first sign-in it is required, and the letter's need not be given again."""

    current_password: str | None = Field(default=None, max_length=1000)
    new_password: str = Field(min_length=1, max_length=1000)


class StartPayment(Body):
    """A payment of a lease, perhaps of one charge; `month` is named to the payer, `channel` is how."""

    amount_grosze: StrictInt = Field(ge=1, le=MAX_AMOUNT_GROSZE)
    charge_id: str | None = Field(default=None, pattern=ID_PATTERN)
    month: str | None = Field(default=None, pattern=MONTH_PATTERN)
    channel: str | None = Field(default=None, pattern=ID_PATTERN)


class OpenMatter(Body):
    """A new matter with its first letter.

    `fields`: the kind's form filled in, of which a PDF is made; `attachment_ids`: drafts given to `POST /attachments`.
    """

    matter_type_id: str = Field(pattern=ID_PATTERN)
    title: str = Field(min_length=1, max_length=MAX_TITLE_CHARACTERS)
    text: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    lease_id: str | None = Field(default=None, pattern=ID_PATTERN)
    fields: dict[Id, LongText] | None = Field(default=None, max_length=MAX_FORM_FIELDS)
    attachment_ids: list[Id] | None = Field(default=None, max_length=MAX_FILES)


class WriteMessage(Body):
    """A letter in a matter; `attachment_ids`: drafts given before to `POST /attachments`."""

    text: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    attachment_ids: list[Id] | None = Field(default=None, max_length=MAX_FILES)


class SessionOpened(BaseModel):
    """A session token for `Authorization: Bearer`."""

    token: str
    expires_at: str
    must_change_password: bool = False


def _iso_day(value: Any) -> date:
    """Exactly `YYYY-MM-DD`: pydantic alone would take a number of seconds for a day too."""
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError("write the day as YYYY-MM-DD")
    return date.fromisoformat(value)


Day = Annotated[date, BeforeValidator(_iso_day)]

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
    "required": ["type", "title", "status"],
}
PROBLEMS = {
    400: "No Idempotency-Key.",
    401: "No valid token.",
    403: "The first password has to be changed.",
    404: "There is no such thing, or it belongs to somebody else.",
    409: "The same Idempotency-Key with another body, or still in flight (then Retry-After says when to ask again).",
    422: "A body or parameter against its schema; `errors` names the fields.",
    503: "The owning service is away; Retry-After says when to ask again.",
}


def documented(*statuses: int, created: type[BaseModel] | None = None) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for its OpenAPI document, and what it creates; every route may answer 401, 422 and 503."""
    responses: dict[int | str, dict[str, Any]] = {
        status: {"description": PROBLEMS[status], "content": {PROBLEM_TYPE: {"schema": PROBLEM_SCHEMA}}}
        for status in sorted({401, 422, 503, *statuses})
    }
    return responses | ({201: {"model": created, "description": "Created, now or before."}} if created else {})
