"""
Wrong guesses: counted in the database, so that all server processes count together.

They are no part of the register's history and must be kept although nothing is done, so they are
written past the pen, on a connection of the way in.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.signin import store
from app.registry.signin.refusals import TooManyGuessesError
from app.registry.signin.rules import COUNTED_FOR, KNOWN_FOR, Guesses, Scope


async def enter_guess(
    connection: AsyncConnection, names: Mapping[Scope, bytes], *, now: datetime
) -> tuple[Scope, ...]:
    """
    Count a guess as wrong before anything is looked at, unless it has to wait.

    Whoever got in before from where they are is held by the errors from there and by nothing else;
    strangers by those at this account, from this address, and of everybody.

    Args:
        connection: inside a transaction; many who come at once are counted one after the other.
        names: what is counted, each by its digest.
        now: the moment.

    Returns:
        What it was counted as, for `take_guess_back` and `forgive_guesses`.

    Raises:
        TooManyGuessesError: it has to wait, and was not counted.
    """
    counted = await store.lock_guesses(connection, [(Scope.KNOWN, names[Scope.KNOWN])])
    scopes: tuple[Scope, ...] = (Scope.KNOWN,)
    if not counted or counted[0].last_at < now - KNOWN_FOR:
        scopes = (Scope.EVERYBODY, Scope.ADDRESS, Scope.ACCOUNT)
        counted = await store.lock_guesses(connection, [(each, names[each]) for each in scopes])
    wait_s = max((one.wait_s(now) for one in counted), default=0)
    if wait_s > 0:
        raise TooManyGuessesError(retry_after_s=wait_s)
    held = {one.scope: one for one in counted}
    begun = [held.get(scope) or Guesses(scope, names[scope], 0, now) for scope in scopes]
    await store.update_guesses(connection, [one.with_one_more(now) for one in begun])
    return scopes


async def take_guess_back(
    connection: AsyncConnection, names: Mapping[Scope, bytes], scopes: Sequence[Scope]
) -> None:
    """Count a guess no longer: it was not wrong, or nobody could tell."""
    counted = await store.lock_guesses(connection, [(scope, names[scope]) for scope in scopes])
    await store.update_guesses(connection, [one.with_one_less() for one in counted])


async def forgive_guesses(
    connection: AsyncConnection,
    names: Mapping[Scope, bytes],
    scopes: Sequence[Scope],
    *,
    now: datetime,
) -> None:
    """
    Know an address for an account from now on, because they got it right.

    Of the guesses of others at this account a stranger's success forgets all; what was guessed from
    this address at other accounts it does not.
    """
    counted = await store.lock_guesses(connection, [(scope, names[scope]) for scope in scopes])
    kept = [
        one.forgiven(now) if one.scope is Scope.ACCOUNT else one.with_one_less()
        for one in counted
        if one.scope is not Scope.KNOWN
    ]
    known = Guesses(Scope.KNOWN, names[Scope.KNOWN], 0, now)
    await store.update_guesses(connection, [*kept, known])


async def forget_guesses(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove what counts no more: guesses of yesterday, addresses not come from for long."""
    await store.delete_guesses(
        connection, counted_before=now - COUNTED_FOR, known_before=now - KNOWN_FOR
    )
