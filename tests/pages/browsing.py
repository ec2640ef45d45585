"""Pages asked in this process, as a browser asks for them: forms, and what they hide."""

import html
import json
import re
from typing import Any, Final

import httpx2

from tests.builders.parties import PASSWORD

SAME_SITE: Final = {"sec-fetch-site": "same-origin"}


async def send(
    reader: httpx2.AsyncClient, opened: str, fields: dict[str, str], to: str | None = None
) -> httpx2.Response:
    """Open a page, and send its form with what it hides."""
    token = hidden(await reader.get(opened), "form_token")
    return await reader.post(to or opened, data={"form_token": token, **fields})


def hidden(answer: httpx2.Response, name: str) -> str:
    """Return what a form hides."""
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found, answer.text
    return html.unescape(found[1])


def asked_of(answer: httpx2.Response) -> dict[str, Any]:
    """Return what a page asks of the device."""
    found = re.search(r'data-asked="([^"]*)"', answer.text)
    assert found, answer.text
    return dict(json.loads(html.unescape(found[1])))


async def sign_in(reader: httpx2.AsyncClient, email: str, **more: str) -> httpx2.Response:
    """Sign in by the form."""
    fields = {"email": email, "password": PASSWORD, **more}
    return await reader.post("/en/sign-in", data=fields)
