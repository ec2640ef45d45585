"""People who sign in over HTTP, from wherever they are."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from app.entry.second_factors import code_of, step_at
from app.kernel import clock
from app.registry.parties import store
from app.registry.parties.policy import Actor
from tests.builders.parties import PASSWORD, Register, Service, bearer

TOKENS: Final = "/v1/tokens"
ME: Final = "/v1/users/me"
SECOND_FACTOR: Final = "/v1/second-factor"


@asynccontextmanager
async def coming_from(api: Service, address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a client whose socket's peer is at an address."""
    transport = httpx2.ASGITransport(
        app=api.app, client=(address, 4321), raise_app_exceptions=False
    )
    async with httpx2.AsyncClient(transport=transport, base_url="http://registry.test") as client:
        yield client


async def email_of(registry: Register, actor: Actor) -> str:
    """Return what an actor signs in with."""
    async with registry.read() as connection:
        email = (await store.get_user(connection, actor.user_id)).email
    assert email is not None
    return email


def by_password(email: str, password: str = PASSWORD, **more: str) -> dict[str, str]:
    """Return the grant of a person."""
    return {"grant_type": "password", "email": email, "password": password, **more}


def by_refresh_token(token: str) -> dict[str, str]:
    """Return the grant of a session that goes on."""
    return {"grant_type": "refresh_token", "refresh_token": token}


def by_key(client_id: str, secret: str) -> dict[str, str]:
    """Return the grant of a machine."""
    return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}


def bearing(shown: Mapping[str, Any]) -> dict[str, str]:
    """Return the header for an access token."""
    return {"Authorization": f"Bearer {shown['access_token']}"}


async def signed_in(registry: Register, api: Service, actor: Actor, **more: str) -> dict[str, Any]:
    """Sign somebody in with their password; returns what they were given."""
    grant = by_password(await email_of(registry, actor), **more)
    response = await api.post(TOKENS, json=grant)
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


@dataclass
class Authenticator:
    """What shows somebody's codes; each one that it shows is later than the last."""

    secret: bytes
    recovery_codes: list[str]
    shown: int = 0

    def code(self) -> str:
        """Return a code that was not shown yet: of the present step, or of one soon."""
        self.shown = max(self.shown + 1, step_at(clock.now()) - 1)
        return code_of(self.secret, self.shown)

    def code_now(self) -> str:
        """Return the code of this moment, shown before or not."""
        return code_of(self.secret, step_at(clock.now()))

    def last_code(self) -> str:
        """Return the code that was shown last."""
        return code_of(self.secret, self.shown)


async def an_authenticator(api: Service, actor: Actor) -> Authenticator:
    """Set up and confirm somebody's second factor."""
    headers = bearer(api, actor)
    body = {"current_password": PASSWORD}
    begun = await api.post(SECOND_FACTOR, json=body, headers=headers)
    assert begun.status_code == 200, begun.text
    authenticator = Authenticator(base64.b32decode(begun.json()["secret"]), [])
    confirmed = await api.post(
        f"{SECOND_FACTOR}/confirmation", json={"totp": authenticator.code()}, headers=headers
    )
    assert confirmed.status_code == 200, confirmed.text
    authenticator.recovery_codes = confirmed.json()["recovery_codes"]
    return authenticator
