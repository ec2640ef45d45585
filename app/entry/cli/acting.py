"""In whose name a command acts: an administrator that was named, or the first one."""

from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.identity import read_standing
from app.kernel.errors import NotFoundError
from app.registry.parties.policy import Actor, Permission, require
from app.registry.parties.store import find_administrator, find_user_id_by_email
from app.registry.signin.store import Bearer


async def get_administrator(
    connection: AsyncConnection,
    email: str,
    permission: Permission,
    *,
    missing: type[NotFoundError],
) -> Actor:
    """
    Return who acts.

    Args:
        connection: a snapshot.
        email: the administrator's address; empty: the first one there is.
        permission: what they must be allowed.
        missing: what to refuse with where there is nobody.

    Raises:
        NotFoundError: there is nobody, as ``missing`` says it.
        NotAllowedError: they may not do this.
    """
    if email:
        user_id = await find_user_id_by_email(connection, email.strip().casefold())
    else:
        user_id = await find_administrator(connection)
    if user_id is None:
        raise missing
    actor = (await read_standing(connection, Bearer(user_id))).actor
    require(actor, permission)
    return actor
