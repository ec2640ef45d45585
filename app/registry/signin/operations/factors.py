"""
Second factors, and confirmations by them.

That a user has a second factor, and has it no more, are acts of the register: they take the pen and
leave a leaf. Codes that were used, secrets that wait for their first code, and confirmations are no
part of its history.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.ids import new_id
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties.policy import Actor, Permission, require
from app.registry.parties.rules import User
from app.registry.signin import store
from app.registry.signin.operations.access import by_actor, record_changed
from app.registry.signin.operations.sessions import end_sessions
from app.registry.signin.refusals import (
    CodeRefusedError,
    OwnFactorError,
    PasskeyRefusedError,
    SecondFactorExistsError,
    SecondFactorMissingError,
)
from app.registry.signin.rules import (
    CONFIRMATION_LIFETIME,
    EndReason,
    Factor,
    require_person,
)
from app.registry.signin.store import TotpSecret


@dataclass(frozen=True, slots=True)
class Proof:
    """
    What was found right and is yet to be taken: the step of a code, the digest of a recovery code,
    or what a passkey has counted.
    """

    secret_id: str  # of the secret that makes codes, or of the passkey
    step: int | None = None
    recovery_digest: bytes | None = None
    sign_count: int | None = None

    @property
    def factor(self) -> Factor:
        """What it proves."""
        if self.sign_count is not None:
            return Factor.PASSKEY
        return Factor.RECOVERY_CODE if self.step is None else Factor.TOTP


@dataclass(frozen=True, slots=True)
class ConfirmFactor:
    """Put a second factor into use, with the step of its first code and new recovery codes."""

    secret_id: str
    step: int
    recovery_digests: tuple[bytes, ...]


async def enrol(connection: AsyncConnection, secret: TotpSecret, *, now: datetime) -> None:
    """
    Note a secret that is to become a user's second factor once they show a code of it.

    Raises:
        SecondFactorExistsError: they have one in use.
    """
    if await store.find_confirmed_at(connection, secret.user_id) is not None:
        raise SecondFactorExistsError
    await store.insert_totp(connection, secret, now=now)


async def confirm_factor(
    pen: Pen, actor: Actor, command: ConfirmFactor, *, network: str | None = None
) -> User:
    """
    Let a user's sign-in need the second factor from now on.

    Raises:
        PersonNeededError: an API key asks for it.
        SecondFactorExistsError: they have one in use.
        SecondFactorMissingError: this one was replaced meanwhile.
    """
    require_person(actor)
    user = await parties.own_or_managed_user(pen, actor, actor.user_id)
    if await store.find_confirmed_at(pen.connection, user.id) is not None:
        raise SecondFactorExistsError
    confirmed = await store.update_totp_confirmed(
        pen.connection, command.secret_id, step=command.step, now=pen.now
    )
    if not confirmed:
        raise SecondFactorMissingError
    await store.insert_recovery_codes(
        pen.connection, user.id, command.recovery_digests, now=pen.now
    )
    await record_changed(pen, actor, user, "user.second_factor_set", network=network)
    return user


async def replace_recovery_codes(
    pen: Pen,
    actor: Actor,
    proof: Proof,
    digests: Collection[bytes],
    *,
    network: str | None = None,
) -> User:
    """
    Put new recovery codes in the place of a user's old ones.

    Raises:
        PersonNeededError: an API key asks for it.
        SecondFactorMissingError: they have no second factor.
        CodeRefusedError: the proof was used before.
    """
    require_person(actor)
    user = await parties.own_or_managed_user(pen, actor, actor.user_id)
    await use_proof(pen.connection, user.id, proof, now=pen.now)
    await store.insert_recovery_codes(pen.connection, user.id, digests, now=pen.now)
    await record_changed(pen, actor, user, "user.recovery_codes_set", network=network)
    return user


async def remove_factor(
    pen: Pen, actor: Actor, proof: Proof, *, network: str | None = None
) -> User:
    """
    Let the actor sign in without codes from now on; their passkeys stay.

    Raises:
        PersonNeededError: an API key asks for it.
        SecondFactorMissingError: they have none.
        CodeRefusedError: the proof was used before.
    """
    require_person(actor)
    user = await parties.own_or_managed_user(pen, actor, actor.user_id)
    await use_proof(pen.connection, user.id, proof, now=pen.now)
    if not await store.update_totp_removed(pen.connection, user.id, now=pen.now):
        raise SecondFactorMissingError
    return await _removed(pen, actor, user, network, besides=actor.session_id)


async def remove_factor_of(
    pen: Pen, actor: Actor, user_id: str, *, network: str | None = None
) -> User:
    """
    Take all second factors of somebody who lost them away, and end their sessions.

    Raises:
        NotAllowedError: the actor may not manage users.
        PersonNeededError: an API key asks for it.
        OwnFactorError: it is the actor's own, and whoever stole their session has no code.
        UserNotFoundError, UserErasedError: there is nobody to do it for.
        SecondFactorMissingError: they have none.
    """
    require(actor, Permission.MANAGE_USERS)
    require_person(actor)
    if user_id == actor.user_id:
        raise OwnFactorError
    user = await parties.own_or_managed_user(pen, actor, user_id)
    had_codes = await store.update_totp_removed(pen.connection, user.id, now=pen.now)
    had_passkeys = await store.delete_passkeys_of(pen.connection, user.id)
    if not had_codes and not had_passkeys:
        raise SecondFactorMissingError
    return await _removed(pen, actor, user, network, besides=None)


async def _removed(
    pen: Pen, actor: Actor, user: User, network: str | None, *, besides: str | None
) -> User:
    await store.delete_recovery_codes(pen.connection, user.id)
    await record_changed(pen, actor, user, "user.second_factor_removed", network=network)
    await end_sessions(
        pen.connection,
        user.id,
        by=by_actor(actor, network),
        reason=EndReason.FACTOR_REMOVED,
        now=pen.now,
        besides=besides,
    )
    return user


async def use_proof(
    connection: AsyncConnection, user_id: str, proof: Proof, *, now: datetime
) -> None:
    """
    Take a code, or what a passkey has counted, so that it works this once.

    Raises:
        CodeRefusedError: it was taken before, or is none of the user's.
        PasskeyRefusedError: the passkey has counted further, or was removed.
    """
    if proof.sign_count is not None:
        if not await store.update_passkey_used(
            connection, proof.secret_id, sign_count=proof.sign_count, now=now
        ):
            raise PasskeyRefusedError
        return
    if proof.step is not None:
        taken = await store.update_step(connection, proof.secret_id, step=proof.step)
    else:
        assert proof.recovery_digest is not None
        taken = await store.update_recovery_code_used(
            connection, user_id, proof.recovery_digest, now=now
        )
    if not taken:
        raise CodeRefusedError


async def confirm(
    connection: AsyncConnection, actor: Actor, *, digest: str, proof: Proof, now: datetime
) -> tuple[str, datetime]:
    """
    Note that the actor has just proved to be there, for exactly one content.

    Args:
        connection: inside a transaction.
        actor: who proves it.
        digest: SHA-256 of the content that they will propose or approve, hexadecimal.
        proof: the code that they showed, or what their passkey signed.
        now: the moment; the confirmation is good for `CONFIRMATION_LIFETIME`.

    Returns:
        Its identifier and its end.

    Raises:
        PersonNeededError: an API key asks for it.
        CodeRefusedError, PasskeyRefusedError: the proof was taken before.
    """
    require_person(actor)
    await use_proof(connection, actor.user_id, proof, now=now)
    confirmation_id, expires_at = new_id("cnf"), now + CONFIRMATION_LIFETIME
    await store.insert_confirmation(
        connection,
        confirmation_id,
        user_id=actor.user_id,
        digest=digest,
        now=now,
        expires_at=expires_at,
    )
    return confirmation_id, expires_at


async def use_confirmation(
    connection: AsyncConnection, *, user_id: str, digest: str, now: datetime
) -> bool:
    """
    Take a user's confirmation of a content, inside the transaction of the act that needs it.

    It is taken once: where the act is refused after all, its transaction gives it back.

    Args:
        connection: the pen's.
        user_id: who must have confirmed.
        digest: SHA-256 of exactly what is proposed or approved, hexadecimal.
        now: the pen's moment.

    Returns:
        Whether there was one that is still good.
    """
    return await store.update_confirmation_used(connection, user_id=user_id, digest=digest, now=now)
