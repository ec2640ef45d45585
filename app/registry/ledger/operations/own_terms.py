"""What an account sets for itself: whether it accepts what comes, and most that it sends."""

from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from app.kernel.clock import rfc3339
from app.registry.ledger import rules, store
from app.registry.ledger.book import Book
from app.registry.ledger.operations.accounts import get_account_of, is_allowed_now
from app.registry.ledger.rules import Account
from app.registry.ledger.terms import OwnTerms
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, NotAllowedError, Permission


@dataclass(frozen=True, slots=True)
class SetLimits:
    """Set most that an account sends to other owners."""

    account_id: int
    credits_max: int | None  # for one transfer; None: no limit
    credits_per_day_max: int | None  # for a day in Bangkok; None: no limit
    rises_at: datetime  # from when on what is higher than before counts


async def set_acceptance(pen: Pen, actor: Actor, account_id: int, *, asks: bool) -> OwnTerms:
    """
    Let what others send to an account wait for its word from now on, or no longer.

    What is on its way goes on as it was approved.

    Raises:
        AccountNotFoundError, NotAllowedError, AccountClosedError: the actor may not approve for it,
            or it is closed.
    """
    account = await _account(pen, actor, account_id)
    terms = replace(pen.take(Book).own_terms[account.id], asks_acceptance=asks)
    log_index = pen.record(
        by=actor.user_id,
        kind="account.acceptance_set",
        subject=account.number,
        data={"asks": asks},
    )
    return await _keep(pen, actor, account, terms, log_index)


async def set_limits(pen: Pen, actor: Actor, command: SetLimits) -> OwnTerms:
    """
    Set an account's own limits: what is lower than before counts at once, what is higher later.

    Raises:
        As `set_acceptance`.
    """
    account = await _account(pen, actor, command.account_id)
    terms = (
        pen.take(Book)
        .own_terms[account.id]
        .limited(
            (command.credits_max, command.credits_per_day_max), now=pen.now, later=command.rises_at
        )
    )
    log_index = pen.record(
        by=actor.user_id,
        kind="account.limits_set",
        subject=account.number,
        data={
            "credits_max": command.credits_max,
            "credits_per_day_max": command.credits_per_day_max,
            "raised_from": None if terms.raised_from is None else rfc3339(terms.raised_from),
        },
    )
    return await _keep(pen, actor, account, terms, log_index)


async def _account(pen: Pen, actor: Actor, account_id: int) -> Account:
    approve = Permission.APPROVE_MOVES
    account = await get_account_of(pen, pen.take(Book), actor, account_id, approve)
    if not await is_allowed_now(pen, actor.user_id, approve, account, key_id=actor.client_id):
        raise NotAllowedError(permission=approve.value)
    rules.check_open(account)
    return account


async def _keep(
    pen: Pen, actor: Actor, account: Account, terms: OwnTerms, log_index: int
) -> OwnTerms:
    await store.update_own_terms(
        pen.connection, account.id, terms, by=actor.user_id, at=pen.now, log_index=log_index
    )
    # Read again with its terms when it is needed: this act may still be taken back.
    pen.take(Book).accounts.pop(account.id, None)
    return terms
