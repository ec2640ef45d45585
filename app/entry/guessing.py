"""
How often somebody may guess a password, a code or a key's secret.

Counted in the database (`app.registry.signin`), so that all server processes count together, and
past the pen: a wrong guess is kept although nothing is done.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from app.kernel import clock
from app.kernel.db import noting
from app.kernel.encoding import sha256
from app.kernel.errors import RegistryError
from app.registry.signin import operations
from app.registry.signin.rules import Scope

TIDIED_EVERY_S: Final = 600.0
LOCAL: Final = "local"  # who comes by a socket file has no address
_HOUSEHOLD_BITS: Final = 64  # of an IPv6 address: the rest its owner chooses as they like
_EVERYBODY: Final = bytes(32)

Client = tuple[str, int] | None  # address and port of the socket's peer


def peer_of(client: Client) -> IPv4Address | IPv6Address | None:
    """Return the address of the socket's peer; None: it has none, as one of a socket file."""
    if client is None:
        return None
    try:
        address = ip_address(client[0].partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def address_of(client: Client) -> str:
    """
    Return the address of a caller: the socket's peer, never what a header says.

    Of an IPv6 address it is the network: else anybody would have 2^64 of them.
    """
    address = peer_of(client)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _HOUSEHOLD_BITS), strict=False))
    return LOCAL if address is None else str(address)


class Gate:
    """Lets guesses through, counted, as fast as they may come."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._tidied_at_s = 0.0  # on the loop's clock

    @asynccontextmanager
    async def guess(
        self, account: str, client: Client, *, wrong: tuple[type[RegistryError], ...]
    ) -> AsyncIterator[None]:
        """
        Let somebody guess inside the block, which raises where they were wrong.

        A guess is counted before the block is entered, so that many at once see each other, and
        taken back where the block raises something else than ``wrong``. Whatever the account, and
        whether there is one, it takes as long.

        Args:
            account: what is guessed at, with its kind: ``email:mali@example.org``.
            client: who guesses.
            wrong: the refusals that say that the guess was wrong.

        Raises:
            TooManyGuessesError: it has to wait; the block is not entered.
        """
        names = _names(account, address_of(client))
        async with noting(self._engine) as connection:
            scopes = await operations.enter_guess(connection, names, now=clock.now())
        try:
            yield
        except wrong:
            raise
        except Exception:
            async with noting(self._engine) as connection:
                await operations.take_guess_back(connection, names, scopes)
            raise
        async with noting(self._engine) as connection:
            await operations.forgive_guesses(connection, names, scopes, now=clock.now())
        await self._tidy()

    async def _tidy(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._tidied_at_s < TIDIED_EVERY_S:
            return
        self._tidied_at_s = now_s
        async with noting(self._engine) as connection:
            await operations.forget_guesses(connection, now=clock.now())


def _names(account: str, address: str) -> Mapping[Scope, bytes]:
    return {
        Scope.ACCOUNT: sha256(account.encode()),
        Scope.ADDRESS: sha256(address.encode()),
        Scope.EVERYBODY: _EVERYBODY,
        Scope.KNOWN: sha256(f"{account}\n{address}".encode()),
    }
