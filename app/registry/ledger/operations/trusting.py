"""Acts on an account's trusted list: one person proposes, another approves, either removes."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.kernel.clock import rfc3339
from app.kernel.ids import new_id
from app.registry.ledger import rules, store
from app.registry.ledger.book import Book
from app.registry.ledger.operations.accounts import (
    get_account_of,
    get_known_account,
    is_allowed_now,
)
from app.registry.ledger.refusals import TrustEndedError, TrustListFullError
from app.registry.ledger.rules import Account
from app.registry.ledger.terms import (
    TRUSTED_ACCOUNTS_MAX,
    TrustedAccount,
    check_trust_approval,
)
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, NotAllowedError, Permission, allows


@dataclass(frozen=True, slots=True)
class ProposeTrust:
    """Propose an account for the trusted list of another."""

    account_id: int
    trusted_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApproveTrust:
    """Approve a proposed entry of a trusted list."""

    account_id: int
    entry_id: str
    active_from: datetime


async def propose_trust(pen: Pen, actor: Actor, command: ProposeTrust) -> TrustedAccount:
    """
    Propose an account for a trusted list.

    Raises:
        AccountNotFoundError, NotAllowedError: the actor may not move the account's credits, or
            there is no such account to be trusted.
        SameAccountError, RegistryAccountError, AccountClosedError: it cannot be trusted.
        TrustListFullError: no more fit on the list.
    """
    book = pen.take(Book)
    account = await get_account_of(pen, book, actor, command.account_id)
    trusted = await get_known_account(pen, book, command.trusted_id)
    rules.check_parties(account, trusted)
    if await store.get_trusted_count(pen.connection, account.id) >= TRUSTED_ACCOUNTS_MAX:
        raise TrustListFullError(most=TRUSTED_ACCOUNTS_MAX)
    entry_id = new_id("tru")
    log_index = pen.record(
        by=actor.user_id,
        kind="account.trust_proposed",
        subject=account.number,
        data={
            "entry": entry_id,
            "trusted": trusted.number,
            "expires_at": rfc3339(command.expires_at),
        },
    )
    entry = TrustedAccount(
        id=entry_id,
        account_id=account.id,
        trusted_id=trusted.id,
        added_by=actor.user_id,
        added_at=pen.now,
        expires_at=command.expires_at,
        approved_by=None,
        approved_at=None,
        active_from=None,
        removed_by=None,
        removed_at=None,
        log_index=log_index,
    )
    await store.insert_trusted(pen.connection, entry)
    return entry


async def approve_trust(pen: Pen, actor: Actor, command: ApproveTrust) -> TrustedAccount:
    """
    Approve what another has proposed for a trusted list; it is trusted from a later moment on.

    Raises:
        AccountNotFoundError, NotAllowedError: the actor may not approve for the account, or the
            proposer may no longer propose for it.
        TrustNotFoundError, TrustEndedError, OwnTrustError: it is not there, not proposed any more,
            or the actor's own.
        TrustTakenError: the account is on the list already.
    """
    book = pen.take(Book)
    approve, propose = Permission.APPROVE_MOVES, Permission.MOVE_CREDITS
    account = await get_account_of(pen, book, actor, command.account_id, approve)
    entry = await store.get_trusted(pen.connection, account.id, command.entry_id)
    check_trust_approval(entry, by=actor.user_id, now=pen.now)
    if not await is_allowed_now(pen, actor.user_id, approve, account, key_id=actor.client_id):
        raise NotAllowedError(permission=approve.value)
    if not await is_allowed_now(pen, entry.added_by, propose, account):
        raise NotAllowedError(permission=propose.value)
    trusted = await get_known_account(pen, book, entry.trusted_id)
    rules.check_parties(account, trusted)
    approved = replace(
        entry,
        approved_by=actor.user_id,
        approved_at=pen.now,
        active_from=command.active_from,
    )
    await store.update_trusted(pen.connection, approved)
    _forget(book, account)
    pen.record(
        by=actor.user_id,
        kind="account.trust_approved",
        subject=account.number,
        data={
            "entry": entry.id,
            "trusted": trusted.number,
            "active_from": rfc3339(command.active_from),
        },
    )
    return approved


async def remove_trust(pen: Pen, actor: Actor, account_id: int, entry_id: str) -> TrustedAccount:
    """
    Take an account off a trusted list, or a proposal back, at once.

    Raises:
        AccountNotFoundError, NotAllowedError: the actor may neither propose nor approve for it.
        TrustNotFoundError, TrustEndedError: it is not there, or removed already.
    """
    book = pen.take(Book)
    account = await get_account_of_either(pen, book, actor, account_id)
    entry = await store.get_trusted(pen.connection, account.id, entry_id)
    if entry.removed_at is not None:
        raise TrustEndedError(entry=entry.id)
    removed = replace(entry, removed_by=actor.user_id, removed_at=pen.now)
    await store.update_trusted(pen.connection, removed)
    _forget(book, account)
    trusted = await get_known_account(pen, book, entry.trusted_id)
    pen.record(
        by=actor.user_id,
        kind="account.trust_removed",
        subject=account.number,
        data={"entry": entry.id, "trusted": trusted.number},
    )
    return removed


async def get_account_of_either(pen: Pen, book: Book, actor: Actor, account_id: int) -> Account:
    """Return an account whose movements the actor may propose or approve."""
    account = await get_known_account(pen, book, account_id)
    owners = () if account.owner_party_id is None else (account.owner_party_id,)
    may_approve = allows(actor, Permission.APPROVE_MOVES, owner_ids=owners)
    permission = Permission.APPROVE_MOVES if may_approve else Permission.MOVE_CREDITS
    return await get_account_of(pen, book, actor, account_id, permission)


def _forget(book: Book, account: Account) -> None:
    # Read again with its list when it is needed: this act may still be taken back.
    book.accounts.pop(account.id, None)
