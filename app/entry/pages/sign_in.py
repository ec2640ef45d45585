"""Signing in with password, authenticator or recovery code, and signing out."""

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from starlette.datastructures import FormData
from starlette.responses import Response

from app.entry.pages.again import own_path, read_kept
from app.entry.pages.client import RefusedError
from app.entry.pages.confirming import credential_of
from app.entry.pages.render import Page
from app.entry.pages.sessions import Kept, sessions_of
from app.entry.pages.ways import Ways
from app.entry.second_factors import Vault
from app.kernel import clock

ways: Final = Ways()
BY_PASSKEY: Final = "/sign-in/passkey"
_CODE_NEEDED: Final = "second_factor_required"
_WRONG: Final = frozenset(
    {"credentials_refused", "code_refused", "passkey_refused", "too_many_guesses", "malformed"}
)
_STEP_LIFETIME: Final = timedelta(minutes=5)
_BOUND: Final = b"second step of signing in"
_RECOVERY_LETTERS_MIN: Final = 16


class _FirstStep(msgspec.Struct, frozen=True):
    """What was right at the first step, for the second one."""

    email: str
    password: str
    made_at: datetime


@ways.get("/sign-in")
async def sign_in(page: Page) -> Response:
    """Show the form."""
    going = own_path(page.query.get("next", "")) or page.address("/work")
    if page.me is not None:
        return page.go("/work")
    return show_sign_in(page, going, declined=page.query.get("done") == "declined")


@ways.post("/sign-in")
async def take_sign_in(page: Page) -> Response:
    """Sign in, and lead back to where its reader was, with what they had typed there."""
    form = await page.form()
    vault: Vault = page.request.app.state.vault
    email, password = _first_step(form, vault)
    grant = {"grant_type": "password", "email": email, "password": password, **second_of(form)}
    try:
        shown = await page.client.send("POST", "/tokens", grant)
    except RefusedError as refused:
        if refused.code == _CODE_NEEDED:
            made = _FirstStep(email, password, clock.now())
            sealed = vault.seal(msgspec.json.encode(made), _BOUND)
            return _ask(page, form, sealed=base64.urlsafe_b64encode(sealed).decode())
        if refused.code not in _WRONG:
            raise
        return _ask(page, form, sealed=str(form.get("sealed", "")), refused=refused)
    return await _begin(page, form, shown["access_token"])


@ways.get(BY_PASSKEY)
async def nothing_asked(page: Page) -> Response:
    """Lead back who opens the address of the form alone."""
    return page.go("/sign-in")


@ways.post(BY_PASSKEY)
async def sign_in_by_passkey(page: Page) -> Response:
    """Ask the device for its signature, and sign in with it once it is there."""
    form = await page.form()
    if not form.get("credential"):
        return await _ask_device(page, form)
    grant = {"grant_type": "passkey", "passkey": credential_of(form["credential"])}
    try:
        shown = await page.client.send("POST", "/tokens", grant)
    except RefusedError as refused:
        if refused.code not in _WRONG:
            raise
        return await _ask_device(page, form, refused)
    return await _begin(page, form, shown["access_token"])


@ways.post("/sign-out")
async def sign_out(page: Page) -> Response:
    """End the session of these pages."""
    said = page.kept.said
    if said is not None:
        await page.client.send("DELETE", f"/sessions/{said.session_id}")
        page.kept = Kept(None, changed=True)
    return page.go("/", done="signed_out")


def show_sign_in(
    page: Page, going: str, *, refused: RefusedError | None = None, declined: bool = False
) -> Response:
    """Return the form, empty, and above it why somebody is not signed in by other means."""
    return page.show(
        "sign_in.html",
        status=200 if refused is None else refused.status,
        next=going,
        kept="",
        typed={},
        problem=None if refused is None else refused.problem,
        sealed="",
        ended=False,
        declined=declined,
    )


def begin_session(page: Page, token: str) -> None:
    """Let the browser be signed in from now on, by an access token of a session that has begun."""
    said = sessions_of(page.request).begin(token)
    page.kept, page.client.token = Kept(said, changed=True), token


async def _begin(page: Page, form: FormData, token: str) -> Response:
    begin_session(page, token)
    return await _lead_back(page, form)


async def _ask_device(page: Page, form: FormData, refused: RefusedError | None = None) -> Response:
    asked = await page.client.send("POST", "/passkeys/challenges")
    return page.show(
        "sign_in_passkey.html",
        status=200 if refused is None else refused.status,
        next=own_path(str(form.get("next", ""))) or page.address("/work"),
        kept=str(form.get("kept", "")),
        asked=json.dumps(asked),
        problem=None if refused is None else refused.problem,
    )


async def _lead_back(page: Page, form: FormData) -> Response:
    going = own_path(str(form.get("next", ""))) or page.address("/work")
    fields = read_kept(str(form.get("kept", "")))
    if not fields:
        return see(going)
    page.me = await page.client.get("/users/me")
    return page.show("again.html", action=going, fields=fields)


def see(address: str) -> Response:
    """Lead on to one of our addresses, whatever its language."""
    return Response(status_code=303, headers={"Location": address})


def _ask(
    page: Page, form: FormData, *, sealed: str, refused: RefusedError | None = None
) -> Response:
    typed: dict[str, Any] = {"email": form.get("email", "")}
    return page.show(
        "sign_in.html",
        status=200 if refused is None else refused.status,
        next=own_path(str(form.get("next", ""))) or page.address("/work"),
        kept=str(form.get("kept", "")),
        typed=typed,
        problem=None if refused is None else refused.problem,
        sealed=sealed,
        ended=False,
        declined=False,
    )


def _first_step(form: FormData, vault: Vault) -> tuple[str, str]:
    """Return address and password: as typed now, or as they were right five minutes ago."""
    try:
        sealed = base64.urlsafe_b64decode(str(form.get("sealed", "")))
        made = msgspec.json.decode(vault.unseal(sealed, _BOUND), type=_FirstStep)
    except (binascii.Error, InvalidTag, ValueError, msgspec.DecodeError):
        return str(form.get("email", "")).strip(), str(form.get("password", ""))
    fresh = abs(clock.now() - made.made_at.astimezone(UTC)) < _STEP_LIFETIME
    return (made.email, made.password) if fresh else (made.email, "")


def second_of(form: FormData) -> dict[str, str]:
    """Return the second factor that was typed: six digits, or a recovery code."""
    code = str(form.get("code", "")).replace(" ", "")
    if not code:
        return {}
    long_enough = len(code) >= _RECOVERY_LETTERS_MIN
    return {"recovery_code": code} if long_enough else {"totp": code}
