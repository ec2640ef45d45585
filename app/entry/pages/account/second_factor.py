"""Setting up, renewing and removing the second factor of one's own sign-in."""

import base64
import binascii
from typing import Any, Final

import segno
from cryptography.exceptions import InvalidTag
from markupsafe import Markup
from starlette.responses import Response

from app.entry.pages.account.security import SECURITY
from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.refused_forms import again, mine_to_show
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.entry.second_factors import Vault

ways: Final = Ways()
FACTOR: Final = f"{SECURITY}/second-factor"
CONFIRM: Final = f"{FACTOR}/code"
CODES: Final = f"{FACTOR}/recovery-codes"
REMOVAL: Final = f"{FACTOR}/removal"
_BOUND: Final = b"second factor that is set up on a page"
_RECOVERY_LETTERS_MIN: Final = 16


@ways.get(FACTOR)
async def second_factor(page: Page) -> Response:
    """Show what a second factor is, and ask for the password to begin with."""
    factor = await page.client.get("/second-factor")
    return page.show("account/factor.html", form=Form.opened(), factor=factor)


@ways.post(FACTOR)
async def enrol(page: Page) -> Response:
    """Begin: show the secret, as a code to scan and as text."""
    sent = await page.form()
    body = {"current_password": str(sent.get("current_password", ""))}
    try:
        made = await page.client.send("POST", "/second-factor", body)
    except RefusedError as refused:
        mine_to_show(refused)
        factor = await page.client.get("/second-factor")
        form = Form.sent(sent, refused)
        return page.show("account/factor.html", status=refused.status, form=form, factor=factor)
    sealed = _vault(page).seal(made["otpauth_uri"].encode(), _BOUND)
    return _show_secret(page, Form.opened(), base64.urlsafe_b64encode(sealed).decode())


@ways.get(CONFIRM)
async def nothing_to_confirm(page: Page) -> Response:
    """Lead back who opens the address of a form alone: secret and codes are shown once."""
    return page.go(SECURITY)


@ways.post(CONFIRM)
async def confirm(page: Page) -> Response:
    """Take the first code: from now on the sign-in needs it. Shows the recovery codes."""
    sent = await page.form()
    try:
        made = await page.client.send(
            "POST", "/second-factor/confirmation", {"totp": _code(sent.get("totp"))}
        )
    except RefusedError as refused:
        mine_to_show(refused)
        form = Form.sent(sent, refused)
        return _show_secret(page, form, str(sent.get("sealed", "")), status=refused.status)
    return _show_codes(page, made)


@ways.get(CODES)
async def recovery_codes(page: Page) -> Response:
    """Ask for a code before new recovery codes are made."""
    factor = await page.client.get("/second-factor")
    return page.show("account/new_codes.html", form=Form.opened(), factor=factor)


@ways.post(CODES)
async def replace_codes(page: Page) -> Response:
    """Make new recovery codes, and show them."""
    sent = await page.form()
    try:
        made = await page.client.send(
            "POST", "/second-factor/recovery-codes", {"totp": _code(sent.get("totp"))}
        )
    except RefusedError as refused:
        mine_to_show(refused)
        factor = await page.client.get("/second-factor")
        form = Form.sent(sent, refused)
        return page.show("account/new_codes.html", status=refused.status, form=form, factor=factor)
    return _show_codes(page, made)


@ways.get(REMOVAL)
async def removal(page: Page) -> Response:
    """Ask for a code before the second factor is removed."""
    await page.client.get("/second-factor")
    return page.show("account/factor_removal.html", form=Form.opened())


@ways.post(REMOVAL)
async def remove(page: Page) -> Response:
    """Remove the second factor; the password alone signs in again."""
    sent = await page.form()
    code = _code(sent.get("totp"))
    name = "recovery_code" if len(code) >= _RECOVERY_LETTERS_MIN else "totp"
    try:
        await page.client.send("POST", "/second-factor/removal", {name: code})
    except RefusedError as refused:
        return again(page, "account/factor_removal.html", sent, refused)
    return page.go(SECURITY, done="factor_removed")


def _show_secret(page: Page, form: Form, sealed: str, *, status: int = 200) -> Response:
    try:
        uri = _vault(page).unseal(base64.urlsafe_b64decode(sealed), _BOUND).decode()
    except (binascii.Error, InvalidTag, ValueError):
        return page.go(FACTOR)  # the page is from before the key was changed
    secret = uri.partition("secret=")[2].partition("&")[0]
    return page.show(
        "account/factor_secret.html",
        status=status,
        form=form,
        sealed=sealed,
        secret=" ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
        drawn=_drawn(uri),
    )


def _show_codes(page: Page, made: dict[str, Any]) -> Response:
    return page.show("account/codes.html", codes=made["recovery_codes"])


def _drawn(uri: str) -> Markup:
    """Return a QR code as an element: black on white in the dark too, with its quiet zone."""
    code = segno.make(uri, error="m", micro=False)
    drawn = code.svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass="qr")
    return Markup(drawn)  # noqa: S704  made of numbers alone


def _code(typed: object) -> str:
    return "".join(str(typed or "").split())


def _vault(page: Page) -> Vault:
    found: Vault = page.request.app.state.vault
    return found
