"""
Signing in by an identity provider, and linking an identity of it.

The browser goes to the provider by a link, not by a form: what a form leads on to must be ours. It
comes back to one address, in whatever language that is registered; a sealed cookie says what was
asked for, proves that this browser asked, and leads to the reader's own language.
"""

import base64
import binascii
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from starlette.responses import Response

from app.entry.pages.account.security import SECURITY
from app.entry.pages.again import own_path
from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.sign_in import begin_session, second_of, see, show_sign_in
from app.entry.pages.ways import Ways
from app.entry.second_factors import Vault
from app.registry.signin.rules import IDENTITY_REQUEST_LIFETIME

ways: Final = Ways()
BEGIN: Final = "/sign-in/identity"
BACK: Final = f"{BEGIN}/back"
NEW: Final = f"{SECURITY}/identities/new"
COOKIE: Final = "registry_identity"
_BOUND: Final = b"question to the identity provider"
_BOUND_ANSWER: Final = b"answer of the identity provider"
_CODE_NEEDED: Final = "second_factor_required"
_WRONG_CODE: Final = frozenset({"code_refused", "too_many_guesses", "malformed"})


class _Asked(msgspec.Struct, frozen=True):
    """What this browser has asked the provider for."""

    purpose: Literal["sign_in", "link"]
    language: str
    next: str
    binding: str | None = None


@ways.get(BEGIN)
async def nothing_begun(page: Page) -> Response:
    """Lead back who opens the address of the form alone."""
    return page.go("/sign-in")


@ways.post(BEGIN)
async def begin_sign_in(page: Page) -> Response:
    """Show the way to the provider, who is to say who the reader is."""
    sent = await page.form()
    going = own_path(str(sent.get("next", ""))) or page.address("/work")
    try:
        shown = await page.client.send("POST", "/identities/sign-in")
    except RefusedError as refused:
        return show_sign_in(page, going, refused=refused)
    return _show_way(page, shown, _Asked("sign_in", page.language, going, shown["binding"]))


@ways.get(NEW)
async def new_identity(page: Page) -> Response:
    """Ask for the password before an identity is linked."""
    await page.client.get("/users/me")
    return page.show("account/identity_new.html", form=Form.opened())


@ways.post(NEW)
async def begin_identity(page: Page) -> Response:
    """Show the way to the provider, whose identity is to be linked."""
    sent = await page.form()
    body = {"current_password": str(sent.get("current_password", ""))}
    try:
        shown = await page.client.send("POST", "/identities/registration", body)
    except RefusedError as refused:
        return again(page, "account/identity_new.html", sent, refused)
    asked = _Asked("link", page.language, page.address(SECURITY), shown["binding"])
    return _show_way(page, shown, asked)


@ways.get(BACK)
async def come_back(page: Page) -> Response:
    """Take what the provider has said, and do what was asked for."""
    asked = _find_asked(page) or _Asked("sign_in", page.language, page.address("/work"))
    if asked.language != page.language:
        return see(f"/{asked.language}{BACK}?{page.request.url.query}")
    said = page.request.query_params
    answer = {name: said[name] for name in ("state", "code", "iss") if name in said}
    if asked.binding is not None:
        answer["binding"] = asked.binding
    if "code" not in answer:  # whoever they asked has not said who they are
        to = "/sign-in" if asked.purpose == "sign_in" else SECURITY
        return _forget(page, page.go(to, done="declined"))
    if asked.purpose == "sign_in":
        return await _sign_in(page, asked.next, answer, {})
    await page.client.send("POST", "/identities", answer)
    return _forget(page, page.go(SECURITY, done="identity_linked"))


@ways.post(BACK)
async def take_code(page: Page) -> Response:
    """Sign in with the second factor, which the provider's word does not stand for."""
    form = await page.form()
    going = own_path(str(form.get("next", ""))) or page.address("/work")
    answer = _unsealed(page, str(form.get("sealed", "")))
    return await _sign_in(page, going, answer, second_of(form))


async def _sign_in(
    page: Page, going: str, answer: dict[str, str], second: dict[str, str]
) -> Response:
    try:
        body = {**answer, **second}
        shown = await page.client.send("POST", "/identities/sign-in/completion", body)
    except RefusedError as refused:
        if refused.code == _CODE_NEEDED or (second and refused.code in _WRONG_CODE):
            return _ask_code(page, going, answer, refused if second else None)
        return _forget(page, show_sign_in(page, going, refused=refused))
    begin_session(page, shown["access_token"])
    return _forget(page, see(going))


def _ask_code(
    page: Page, going: str, answer: dict[str, str], refused: RefusedError | None
) -> Response:
    sealed = _vault(page).seal(msgspec.json.encode(answer), _BOUND_ANSWER)
    return page.show(
        "account/identity_code.html",
        status=200 if refused is None else refused.status,
        next=going,
        sealed=base64.urlsafe_b64encode(sealed).decode(),
        problem=None if refused is None else refused.problem,
    )


def _show_way(page: Page, shown: Json, asked: _Asked) -> Response:
    response = page.show(
        "account/identity_go.html", to=shown["authorization_url"], purpose=asked.purpose
    )
    sealed = _vault(page).seal(msgspec.json.encode(asked), _BOUND)
    response.set_cookie(
        _cookie(page),
        base64.urlsafe_b64encode(sealed).decode(),
        max_age=int(IDENTITY_REQUEST_LIFETIME.total_seconds()),
        secure=_is_secure(page),
        httponly=True,
        samesite="lax",
    )
    return response


def _find_asked(page: Page) -> _Asked | None:
    try:
        sealed = base64.urlsafe_b64decode(page.request.cookies.get(_cookie(page), ""))
        return msgspec.json.decode(_vault(page).unseal(sealed, _BOUND), type=_Asked)
    except (binascii.Error, InvalidTag, ValueError, msgspec.DecodeError):
        return None


def _unsealed(page: Page, sealed: str) -> dict[str, str]:
    """Return what the provider has said, as the page had it; nothing where it is not ours."""
    try:
        found = _vault(page).unseal(base64.urlsafe_b64decode(sealed), _BOUND_ANSWER)
        return msgspec.json.decode(found, type=dict[str, str])
    except (binascii.Error, InvalidTag, ValueError, msgspec.DecodeError):
        return {}


def _forget(page: Page, response: Response) -> Response:
    secure = _is_secure(page)
    response.delete_cookie(_cookie(page), secure=secure, httponly=True, samesite="lax")
    return response


def _cookie(page: Page) -> str:
    # Browsers take one of the safe name from this very host alone: no neighbour can set it.
    return f"__Host-{COOKIE}" if _is_secure(page) else COOKIE


def _is_secure(page: Page) -> bool:
    return str(page.request.app.state.settings.public_origin).startswith("https:")


def _vault(page: Page) -> Vault:
    found: Vault = page.request.app.state.vault
    return found
