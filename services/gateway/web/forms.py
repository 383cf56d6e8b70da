"""Forms: their fields, the token that proves they are ours, and where to go afterwards."""

import hashlib
import hmac
import secrets
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from libs.chassis.http.app import TooLargeError

MAX_FIELDS = 60
MAX_FILES = 10  # of one form, as many as a letter may have
MULTIPART = "multipart/form-data"
MAX_PART_BYTES = 256 * 1024  # of a text field
TOKEN_FIELD = "token"  # noqa: S105  # the name of a form field
KEY_FIELD = "key"
PAD_BYTES = 16


class BadFormError(Exception):
    """A form that no page of ours has sent."""


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a posted form; of a repeated one, the last.

    Raises:
        BadFormError: not URL-encoded UTF-8 nor a form with files, or too many fields.
    """
    if request.headers.get("content-type", "").startswith(MULTIPART):
        items = (await _with_files(request)).multi_items()
        return {name: value.replace("\r\n", "\n") for name, value in items if isinstance(value, str)}
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:  # UnicodeError is one too
        raise BadFormError from error
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


async def files_of(request: Request) -> list[UploadFile]:
    """The files of a posted form, on disk when they are large; a file field left empty is none.

    Raises:
        BadFormError: as `fields_of`.
    """
    if not request.headers.get("content-type", "").startswith(MULTIPART):
        return []
    items = (await _with_files(request)).multi_items()
    return [value for _, value in items if isinstance(value, UploadFile) and value.filename]


async def _with_files(request: Request) -> FormData:
    try:
        return await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_PART_BYTES)
    except TooLargeError:
        raise
    except HTTPException as error:  # how Starlette says that it is no form
        raise BadFormError from error


def local_path(wanted: str, otherwise: str = "/") -> str:
    """A path on our own site, or `otherwise`: nobody is led away by an address given to us."""
    if not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or any(ord(letter) < 0x20 for letter in wanted):
        return otherwise
    parts = urlsplit(wanted)
    return wanted if not parts.scheme and not parts.netloc else otherwise


def form_token(session_token: str) -> str:
    """A token for the forms of one session, another one each time so that compression tells nothing about it."""
    pad = secrets.token_bytes(PAD_BYTES)
    secret = _secret(session_token)
    return (pad + bytes(a ^ b for a, b in zip(secret, pad * 2, strict=True))).hex()


def is_form_token(session_token: str, given: str) -> bool:
    """Whether a form carries a token of this session."""
    try:
        raw = bytes.fromhex(given)
    except ValueError:
        return False
    if len(raw) != 3 * PAD_BYTES:
        return False
    pad, masked = raw[:PAD_BYTES], raw[PAD_BYTES:]
    return hmac.compare_digest(bytes(a ^ b for a, b in zip(masked, pad * 2, strict=True)), _secret(session_token))


def is_same_site(request: Request, public_url: str) -> bool:
    """Whether a browser sent this request from one of our own pages; a client that says nothing is no browser."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    ours = {urlsplit(public_url).netloc, request.headers.get("host", "")}
    return urlsplit(origin).netloc in ours


def new_key() -> str:
    """A fresh Idempotency-Key for a form, so that two clicks are one command."""
    return secrets.token_hex(16)


def _secret(session_token: str) -> bytes:
    return hashlib.sha256(b"form token of " + session_token.encode()).digest()
