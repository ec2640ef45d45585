"""What somebody shows beside their password: whether they need to, and whether it is theirs."""

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.passkey_shapes import Assertion
from app.entry.passkeys import check_signed, find_signer, relying_party, take_signed
from app.entry.second_factors import check_code
from app.kernel import clock
from app.registry.signin import store
from app.registry.signin.operations import Proof
from app.registry.signin.refusals import SecondFactorRequiredError
from app.registry.signin.rules import Factor, Purpose


async def take_challenge(request: Request, given: Assertion | None) -> bytes | None:
    """
    Take the challenge that a passkey has signed; None: none is shown.

    Raises:
        PasskeysOffError: there are none here.
        PasskeyRefusedError: it was not asked for, or too long ago.
    """
    if given is None:
        return None
    relying_party(request.app.state.settings)
    reads, sent = request.app.state.reads, given.model_dump()
    return await take_signed(reads, sent, purpose=Purpose.SIGN_IN, user_id=None)


async def find_passkey_proof(
    connection: AsyncConnection,
    request: Request,
    given: Assertion,
    challenge: bytes,
    *,
    user_id: str,
) -> Proof:
    """
    Return that one of a user's passkeys signed a challenge that was taken.

    Raises:
        PasskeyRefusedError: as `app.entry.passkeys.check_signed`, or it is not theirs.
    """
    sent = given.model_dump()
    passkey = await find_signer(connection, sent, user_id=user_id)
    return check_signed(relying_party(request.app.state.settings), sent, challenge, passkey)


async def find_code_proof(
    connection: AsyncConnection,
    request: Request,
    *,
    totp: str | None,
    recovery_code: str | None,
    user_id: str,
) -> Proof | None:
    """
    Return that a code is a user's; None: they have no second factor at all.

    Raises:
        SecondFactorRequiredError: they have one, and nothing of it is shown.
        CodeRefusedError: the code is wrong, or was taken before.
    """
    accepted: list[str] = []
    if await store.find_confirmed_at(connection, user_id) is not None:
        accepted = [Factor.TOTP, Factor.RECOVERY_CODE]
    has_codes = bool(accepted)
    # Also where passkeys were turned off since: that must not open what they have locked.
    if await store.list_passkeys(connection, user_id, limit=1):
        accepted.append(Factor.PASSKEY)
    if not accepted:
        return None
    if not has_codes or (totp is None and recovery_code is None):
        raise SecondFactorRequiredError(accepted=", ".join(accepted))
    return await check_code(
        connection,
        request.app.state.vault,
        user_id,
        totp=totp,
        recovery_code=recovery_code,
        now=clock.now(),  # a code is of the time that its owner's clock shows
    )
