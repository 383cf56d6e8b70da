"""Staff at the panel, for tests: signed in with the break-glass password, pressing the forms of a page."""

import html
import re
from typing import Any

import httpx
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

PASSWORD = "for when identity is away"
PASSWORD_HASH = Argon2id(salt=b"0" * 16, length=32, iterations=1, lanes=1, memory_cost=64).derive_phc_encoded(
    PASSWORD.encode()
)


async def sign_in(http: httpx.AsyncClient) -> None:
    answer = await http.post("/panel/sign-in", data={"login": "", "password": PASSWORD})
    assert answer.status_code == 303, answer.text


async def press(
    http: httpx.AsyncClient, page: httpx.Response, action: str, files: Any = None, **fields: str
) -> httpx.Response:
    """Send the page's form of an action (a pattern), with these fields."""
    found = re.search(rf'<form method="post" action="({action})"', page.text)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, f"no form {action} in the page"
    assert csrf
    return await http.post(html.unescape(found[1]), data={"csrf": csrf[1], **fields}, files=files)
