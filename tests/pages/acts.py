"""Acts of the demo's people that the demo itself has none of, made by the API."""

import secrets
from typing import Any, Final

from tests.pages.fetching import fetch, send_json
from tests.pages.site import Site

_MADE: Final[dict[str, dict[str, Any]]] = {}  # by the address of the site


def ask(site: Site, path: str, body: Any = None, *, token: str | None = None) -> Any:  # noqa: ANN401
    """Return what the API answers; with a body, to a POST."""
    headers = {"Accept": "application/json", "Idempotency-Key": secrets.token_hex(16)}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return send_json(site.address + path, body, headers)


def status_of(site: Site, path: str, **headers: str) -> int:
    """Return with which status an address answers."""
    return fetch(site.address + path, headers=headers).status


def token_of(site: Site, role: str) -> str:
    """Return an access token of one of the demo's people."""
    email, password = site.users[role]
    body = {"grant_type": "password", "email": email, "password": password}
    return str(ask(site, "/v1/tokens", body)["access_token"])


def a_cancellation(site: Site) -> dict[str, Any]:
    """Return a cancellation of one credit, made once for a site."""
    if site.address in _MADE:
        return _MADE[site.address]
    token = token_of(site, "developer, khonkaen")
    accounts = ask(site, "/v1/accounts", token=token)["data"]
    body = {
        "from_account": next(each["number"] for each in accounts if each["kind"] == "holding"),
        "credits": 1,
        "purpose": "voluntary",
        "beneficiary": "Khon Kaen City Municipality",
    }
    _MADE[site.address] = dict(ask(site, "/v1/cancellations", body, token=token))
    return _MADE[site.address]


def log_index_of(site: Site, kind: str) -> int:
    """Return the log index of the first act of a kind."""
    entries = ask(site, "/v1/log/entries?limit=200")["data"]
    return next(int(each["log_index"]) for each in entries if each["kind"] == kind)


def a_renewal(site: Site, role: str) -> str:
    """Return a renewal of the documents of somebody's party that is not decided."""
    me = site.call(role, "/users/me")
    party = f"/parties/{me['party_id']}"
    if begun := site.call(role, f"{party}/kyc")["open_renewal_id"]:
        return str(begun)
    said = {"name_th": "เทศบาล", "name_en": "City", "contact_email": "office@example.org"}
    body = {**said, "holder_kind": "state_body", "representatives": [], "documents": []}
    return str(site.call(role, f"{party}/renewals", body)["id"])
