"""Follows the signing keys in the installation's folder, which a command may have changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog

from app.entry.alongside import alongside
from app.entry.identity import Identities
from app.entry.tokens import TokenKeys, load_keys

LOOKED_FOR_EVERY_S: Final = 60.0

log = structlog.get_logger()


def look_for_keys(token_keys: TokenKeys, folder: Path, identities: Identities) -> None:
    """Take over the keys that are in the folder now; tokens of a key that is gone are forgotten."""
    try:
        found = load_keys(folder)
    except (OSError, ValueError):
        log.exception("token_keys_unreadable")  # those that are known stay
        return
    if {key.kid for key in token_keys.keys} - {key.kid for key in found}:
        identities.forget()
    token_keys.keys = found


@asynccontextmanager
async def following(
    token_keys: TokenKeys, folder: Path, identities: Identities
) -> AsyncIterator[None]:
    """Look for keys every minute while the block runs."""

    async def follow() -> None:
        while True:
            await asyncio.sleep(LOOKED_FOR_EVERY_S)
            look_for_keys(token_keys, folder, identities)

    async with alongside(follow(), "token keys"):
        yield
