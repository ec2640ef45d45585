"""
The identity provider of this installation, where it has one.

What talks to it (`app.entry.oidc`) takes a fifth of a second to import, and five megabytes: only a
service that has a provider pays for it. One that has none calls nobody.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from app.kernel.files import read_secret
from app.registry.signin.refusals import IdentitiesOffError
from app.settings import Settings

if TYPE_CHECKING:
    from app.entry.oidc import Provider


@asynccontextmanager
async def provider_of(settings: Settings) -> "AsyncIterator[Provider | None]":
    """
    Open the way to the identity provider; None: there is none. Nothing is asked of it yet.

    Raises:
        OSError: the file with our secret cannot be read.
        ValueError: there is no secret in it.
    """
    if settings.oidc_client_secret_file is None:
        yield None
        return
    from app.entry.oidc import Client, Provider  # noqa: PLC0415  see above

    secret = read_secret(settings.oidc_client_secret_file)
    provider = Provider(
        settings.oidc_issuer,
        Client(settings.oidc_client_id, secret, settings.oidc_redirect_uri),
    )
    try:
        yield provider
    finally:
        await provider.close()


def require_provider(provider: "Provider | None") -> "Provider":
    """
    Return the identity provider.

    Raises:
        IdentitiesOffError: there is none.
    """
    if provider is None:
        raise IdentitiesOffError
    return provider
