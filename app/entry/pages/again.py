"""
A form whose session has ended: it is kept, and can be sent again once its reader is signed in.

What was typed lies in the page itself, in hidden fields, and nowhere else; it is never sent by
itself, for whoever signs in may be somebody else. Files cannot be kept: they are chosen again.
"""

import json
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.render import Page
from app.entry.pages.words import LANGUAGES

KEPT_FIELDS_MAX: Final = 500
# Fields of forms that are made anew, or must not lie in a page.
_NEVER_KEPT: Final = frozenset(
    {
        *("form_token", "password", "current_password", "new_password", "new_password_again"),
        *("totp", "recovery_code", "kept", "credential"),
    }
)


async def ask_to_sign_in(page: Page, refused: RefusedError | None = None) -> Response:
    """Return the page to sign in on, which leads back to where its reader was."""
    sent = kept_fields(await page.form()) if page.request.method == "POST" else []
    query = page.request.url.query
    here = page.address(page.path) + (f"?{query}" if query and not sent else "")
    return page.show(
        "sign_in.html",
        status=401,
        next=here,
        kept=json.dumps(sent, ensure_ascii=False) if sent else "",
        typed={},
        problem=None,
        sealed="",
        ended=refused is not None and refused.code != "not_signed_in",
        declined=False,
    )


async def send_again(page: Page) -> Response:
    """Return the page that has a form sent once more, by a session that has begun since."""
    sent = kept_fields(await page.form())
    return page.show("again.html", status=409, action=page.address(page.path), fields=sent)


def kept_fields(form: FormData) -> list[tuple[str, str]]:
    """Return what is kept of a form: its texts, in order."""
    found = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return [pair for pair in found if pair[0] not in _NEVER_KEPT][:KEPT_FIELDS_MAX]


def read_kept(text: str) -> list[tuple[str, str]]:
    """Return the fields that a sign-in page has kept; none where they are not what it wrote."""
    try:
        pairs = json.loads(text)
        return [(str(name), str(value)) for name, value in pairs][:KEPT_FIELDS_MAX]
    except (ValueError, TypeError, RecursionError):
        return []


def own_path(path: str) -> str | None:
    """Return an address if it is one of our pages; None: it leads elsewhere."""
    ours = tuple(f"/{language}" for language in LANGUAGES)
    begins = path.startswith(tuple(f"{each}/" for each in ours)) or path in ours
    is_plain = path.isprintable() and "\\" not in path and not path.startswith("//")
    return path if begins and is_plain else None
