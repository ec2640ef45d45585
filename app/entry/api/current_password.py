"""The present password, asked for where somebody changes how they sign in."""

from typing import Annotated

from fastapi import Request
from pydantic import Field, StringConstraints

from app.entry.api.wire import HIDDEN
from app.entry.guessing import Gate
from app.entry.passwords import PASSWORD_LENGTH_MAX, is_password
from app.kernel.db import reading
from app.kernel.errors import ForbiddenError
from app.registry.parties import store

TypedPassword = Annotated[
    str,
    StringConstraints(min_length=1, max_length=PASSWORD_LENGTH_MAX, pattern=r"^[^\x00]*$"),
]
CurrentPassword = Annotated[
    TypedPassword,
    Field(
        description="Your password, so that nobody does it who found an open session.",
        examples=["a long sentence is a good password"],
        repr=False,
        json_schema_extra=HIDDEN,
    ),
]


class CurrentPasswordWrongError(ForbiddenError):
    """Your present password is missing or wrong."""

    code = "current_password_wrong"
    number = 1508
    title_th = "ไม่ได้ส่งรหัสผ่านปัจจุบัน หรือรหัสผ่านปัจจุบันไม่ถูกต้อง"
    advice = "Send current_password, or ask an administrator of TGO to set a new one for you."
    advice_th = "โปรดส่ง current_password หรือขอให้ผู้ดูแลระบบของ อบก. ตั้งรหัสผ่านใหม่ให้"


async def require_current_password(request: Request, user_id: str, typed: str | None) -> None:
    """
    Refuse somebody who does not know their own password: they may have found an open session.

    Raises:
        CurrentPasswordWrongError: as it says.
        TooManyGuessesError: it was guessed wrong too often.
        TooManySignInsError: more passwords wait than can be checked in about a second.
    """
    if typed is None:
        raise CurrentPasswordWrongError
    gate: Gate = request.app.state.gate
    client = request.scope.get("client")
    async with gate.guess(f"user:{user_id}", client, wrong=(CurrentPasswordWrongError,)):
        # The connection is given back before the hash is computed, which takes longer.
        async with reading(request.app.state.reads) as connection:
            stored = await store.find_password_hash(connection, user_id)
        if not await is_password(typed, stored):
            raise CurrentPasswordWrongError
