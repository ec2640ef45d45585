"""
Signed requests: each comes once, whichever server process it comes to.

That one has come is no history of the register, and must be kept although the act is refused. So it
is written past the pen, on a connection of the way in.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.signin import store


async def take_signed(
    connection: AsyncConnection, *, key_id: str, digest: bytes, signed_at: datetime
) -> bool:
    """
    Note that a request has come that was found to be signed by its API key.

    Args:
        connection: inside a transaction; of several with one nonce the first is told True.
        key_id: the API key.
        digest: SHA-256 of the signature's nonce.
        signed_at: when it says that it was made.

    Returns:
        Whether it is the first one with this nonce, and not much older than the key's last one.
    """
    return await store.insert_signed(connection, key_id=key_id, digest=digest, signed_at=signed_at)
