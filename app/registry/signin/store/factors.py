"""Second factors and confirmations in the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.signin.store.tables import confirmations, recovery_codes, totp_secrets

_KEPT: Final = timedelta(days=1)  # a confirmation, after its end


@dataclass(frozen=True, slots=True)
class TotpSecret:
    """What the codes of a user's authenticator are made from."""

    id: str
    user_id: str
    sealed: bytes  # encrypted; who opens it is the way in
    last_step: int | None  # of the last code that was taken; None: none yet


async def find_totp(
    connection: AsyncConnection, user_id: str, *, is_confirmed: bool = True
) -> TotpSecret | None:
    """Return a user's secret, the one in use or one that waits for its first code; None: none."""
    of = totp_secrets.c
    chosen = of.confirmed_at.is_not(None) if is_confirmed else of.confirmed_at.is_(None)
    row = (
        await connection.execute(
            select(of.id, of.user_id, of.sealed, of.last_step).where(
                of.user_id == user_id, of.removed_at.is_(None), chosen
            )
        )
    ).one_or_none()
    return None if row is None else TotpSecret(row.id, row.user_id, row.sealed, row.last_step)


async def find_confirmed_at(connection: AsyncConnection, user_id: str) -> datetime | None:
    """Return since when a user has a second factor; None: they have none."""
    of = totp_secrets.c
    found: datetime | None = await connection.scalar(
        select(of.confirmed_at).where(
            of.user_id == user_id, of.removed_at.is_(None), of.confirmed_at.is_not(None)
        )
    )
    return found


async def insert_totp(connection: AsyncConnection, secret: TotpSecret, *, now: datetime) -> None:
    """Insert a secret that waits for its first code, in the place of one that waited before."""
    of = totp_secrets.c
    await connection.execute(
        delete(totp_secrets).where(of.user_id == secret.user_id, of.confirmed_at.is_(None))
    )
    await connection.execute(
        insert(totp_secrets).values(
            id=secret.id, user_id=secret.user_id, sealed=secret.sealed, created_at=now
        )
    )


async def update_totp_confirmed(
    connection: AsyncConnection, secret_id: str, *, step: int, now: datetime
) -> bool:
    """Put a secret into use with the step of its first code; False: it no longer waits for one."""
    of = totp_secrets.c
    result = await connection.execute(
        update(totp_secrets)
        .where(of.id == secret_id, of.confirmed_at.is_(None), of.removed_at.is_(None))
        .values(confirmed_at=now, last_step=step)
    )
    return result.rowcount == 1


async def update_step(connection: AsyncConnection, secret_id: str, *, step: int) -> bool:
    """Take the code of a step; False: this one or a later one was taken before."""
    of = totp_secrets.c
    result = await connection.execute(
        update(totp_secrets)
        .where(of.id == secret_id, of.removed_at.is_(None), of.last_step < step)
        .values(last_step=step)
    )
    return result.rowcount == 1


async def update_totp_removed(connection: AsyncConnection, user_id: str, *, now: datetime) -> bool:
    """Take a user's secret away; False: they have none in use."""
    of = totp_secrets.c
    result = await connection.execute(
        update(totp_secrets)
        .where(of.user_id == user_id, of.removed_at.is_(None), of.confirmed_at.is_not(None))
        .values(removed_at=now, sealed=None)
    )
    return result.rowcount == 1


async def insert_recovery_codes(
    connection: AsyncConnection, user_id: str, digests: Collection[bytes], *, now: datetime
) -> None:
    """Put new recovery codes in the place of those a user had."""
    await delete_recovery_codes(connection, user_id)
    made = [{"user_id": user_id, "digest": digest, "created_at": now} for digest in digests]
    await connection.execute(insert(recovery_codes), made)


async def update_recovery_code_used(
    connection: AsyncConnection, user_id: str, digest: bytes, *, now: datetime
) -> bool:
    """Take a recovery code; False: it is none of the user's, or was taken before."""
    of = recovery_codes.c
    result = await connection.execute(
        update(recovery_codes)
        .where(of.user_id == user_id, of.digest == digest, of.used_at.is_(None))
        .values(used_at=now)
    )
    return result.rowcount == 1


async def get_recovery_codes_left(connection: AsyncConnection, user_id: str) -> int:
    """Return how many recovery codes a user can still use."""
    of = recovery_codes.c
    left = await connection.scalar(
        select(func.count()).where(of.user_id == user_id, of.used_at.is_(None))
    )
    return int(left or 0)


async def delete_recovery_codes(connection: AsyncConnection, user_id: str) -> None:
    """Forget the recovery codes of a user."""
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))


async def delete_factors_of(connection: AsyncConnection, user_id: str) -> None:
    """Forget all that a user proved themselves with beside a password."""
    await delete_recovery_codes(connection, user_id)
    for table in (totp_secrets, confirmations):
        await connection.execute(delete(table).where(table.c.user_id == user_id))


# ------------------------------------------------------------------------------ confirmations


async def insert_confirmation(
    connection: AsyncConnection,
    confirmation_id: str,
    *,
    user_id: str,
    digest: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Note that a user proved to be there for exactly this content; forget what is long over."""
    await connection.execute(
        insert(confirmations).values(
            id=confirmation_id,
            user_id=user_id,
            digest=digest,
            created_at=now,
            expires_at=expires_at,
        )
    )
    await connection.execute(delete(confirmations).where(confirmations.c.expires_at < now - _KEPT))


async def update_confirmation_used(
    connection: AsyncConnection, *, user_id: str, digest: str, now: datetime
) -> bool:
    """Take one confirmation of a user for a content; False: there is none that is still good."""
    of = confirmations.c
    chosen = (
        select(of.id)
        .where(
            of.user_id == user_id, of.digest == digest, of.used_at.is_(None), of.expires_at > now
        )
        .order_by(of.id)
        .limit(1)
        .with_for_update()
        .scalar_subquery()
    )
    result = await connection.execute(
        update(confirmations).where(of.id == chosen, of.used_at.is_(None)).values(used_at=now)
    )
    return result.rowcount == 1
