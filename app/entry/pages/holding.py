"""
The application that a browser follows: its number and secret, in a cookie sealed with our key.

The secret is in no address, so no log and no history of a browser has it. It is shown on the
application's own page, for its applicant to keep: another browser begins with it anew.
"""

import base64
import binascii
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from starlette.responses import Response

from app.entry.pages.render import Page
from app.entry.second_factors import Vault

COOKIE: Final = "registry_application"
_BOUND: Final = b"application that a browser follows"
_KEPT_S: Final = 180 * 86_400


class Held(msgspec.Struct, frozen=True):
    """Which application, and what opens it."""

    application_id: str
    secret: str


def find_held(page: Page) -> Held | None:
    """Return the application that this browser follows, and send its secret with every call."""
    try:
        sealed = base64.urlsafe_b64decode(page.request.cookies.get(COOKIE, ""))
        held = msgspec.json.decode(_vault(page).unseal(sealed, _BOUND), type=Held)
    except (binascii.Error, InvalidTag, ValueError, msgspec.DecodeError):
        return None
    page.client.more = {"application-secret": held.secret}
    return held


def keep(page: Page, response: Response, held: Held) -> Response:
    """Let the browser follow an application from now on."""
    sealed = base64.urlsafe_b64encode(_vault(page).seal(msgspec.json.encode(held), _BOUND))
    response.set_cookie(
        COOKIE,
        sealed.decode(),
        max_age=_KEPT_S,
        path="/",
        secure=_is_secure(page),
        httponly=True,
        samesite="lax",
    )
    return response


def forget(page: Page, response: Response) -> Response:
    """Let the browser follow it no more."""
    secure = _is_secure(page)
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def _is_secure(page: Page) -> bool:
    return str(page.request.app.state.settings.public_origin).startswith("https:")


def _vault(page: Page) -> Vault:
    found: Vault = page.request.app.state.vault
    return found
