"""Acts on accounts: found the registry's own, open, close; and finding the account of an act."""

from dataclasses import dataclass, replace

from app.registry.ledger import rules, store
from app.registry.ledger.book import Book
from app.registry.ledger.refusals import (
    AccountNotEmptyError,
    AccountNotFoundError,
    CreditsUnderwayError,
)
from app.registry.ledger.rules import (
    FIRST_OWNER_ACCOUNT,
    REGISTRY_ACCOUNTS,
    Account,
    AccountKind,
    AccountStatus,
)
from app.registry.ledger.serials import account_number
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties.operations import DecideOnParty
from app.registry.parties.policy import Actor, Permission, allows, require
from app.registry.parties.rules import Party, Status
from app.registry.parties.store import get_party
from app.registry.signin.store import Bearer, find_standing


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """Open a holding account for a party."""

    owner_party_id: str
    name: str


async def found_accounts(pen: Pen) -> None:
    """Open the registry's own accounts; once, when the register is founded."""
    for account_id, (kind, name) in REGISTRY_ACCOUNTS.items():
        account = Account(account_id, None, kind, AccountStatus.OPEN, name, 1, pen.now)
        await store.insert_account(pen.connection, account)
    pen.record(
        by="registry",
        kind="accounts.founded",
        subject="registry",
        data={"accounts": {account_number(i): k.value for i, (k, _) in REGISTRY_ACCOUNTS.items()}},
    )


async def open_account(pen: Pen, actor: Actor, command: OpenAccount) -> Account:
    """
    Open a holding account.

    Raises:
        NotAllowedError: the actor is no administrator.
        PartyNotFoundError: there is no such party.
        PartyCannotHoldError: the party's kind may not hold credits.
    """
    require(actor, Permission.OPEN_ACCOUNT)
    owner = await get_party(pen.connection, command.owner_party_id)
    rules.check_holder(owner.kind, owner.status)
    account = Account(
        id=await store.get_next_account_id(pen.connection, FIRST_OWNER_ACCOUNT),
        owner_party_id=owner.id,
        kind=AccountKind.HOLDING,
        status=AccountStatus.OPEN,
        name=command.name,
        version=1,
        opened_at=pen.now,
    )
    await store.insert_account(pen.connection, account)
    pen.record(
        by=actor.user_id,
        kind="account.opened",
        subject=account.number,
        data={"owner": owner.id},
    )
    return account


async def close_account(
    pen: Pen, actor: Actor, account_id: int, *, expected_version: int
) -> Account:
    """
    Close an empty holding account for good.

    Raises:
        AccountNotFoundError, NotAllowedError, RegistryAccountError, AccountClosedError: as
        their names say.
        AccountStaleError: it was changed since it was read.
        AccountNotEmptyError: it still holds credits.
        CreditsUnderwayError: credits that it has sent may still come back.
    """
    require(actor, Permission.OPEN_ACCOUNT)
    book = pen.take(Book)
    account = await get_known_account(pen, book, account_id)
    rules.check_closable(account, expected_version=expected_version)
    if book.totals[account.id] != 0:
        raise AccountNotEmptyError(account=account.number, held=book.totals[account.id])
    if await store.find_underway(pen.connection, account.id) is not None:
        raise CreditsUnderwayError(account=account.number)
    await store.update_account_closed(pen.connection, account, closed_at=pen.now)
    closed = replace(account, status=AccountStatus.CLOSED, version=account.version + 1)
    del book.accounts[account.id]  # read again: this act may still be taken back
    pen.record(by=actor.user_id, kind="account.closed", subject=account.number, data={})
    return closed


async def close_owner(pen: Pen, actor: Actor, command: DecideOnParty) -> Party:
    """
    Close a party for good, once all its accounts are closed.

    Raises:
        As `app.registry.parties.operations.close_party`.
    """
    account = await store.find_open_account(pen.connection, command.party_id)
    return await parties.close_party(pen, actor, command, has_open_account=account is not None)


async def get_known_account(pen: Pen, book: Book, account_id: int) -> Account:
    """
    Return an account from the book, loading it where the book does not have it.

    Raises:
        AccountNotFoundError: there is none.
    """
    await store.load_accounts(pen.connection, book, (account_id,))
    account = book.accounts.get(account_id)
    if account is None:
        raise AccountNotFoundError
    return account


async def get_account_of(
    pen: Pen,
    book: Book,
    actor: Actor,
    account_id: int,
    permission: Permission = Permission.MOVE_CREDITS,
) -> Account:
    """Return an account that the actor may move credits from; one they may not see is not found."""
    account = await get_known_account(pen, book, account_id)
    owners = () if account.owner_party_id is None else (account.owner_party_id,)
    if not allows(actor, Permission.READ_ACCOUNT, owner_ids=owners):
        raise AccountNotFoundError
    require(actor, permission, owner_ids=owners)
    return account


async def is_allowed_now(
    pen: Pen, user_id: str, permission: Permission, account: Account, *, key_id: str | None = None
) -> bool:
    """
    Say whether somebody may do something with an account at this very moment, pen in hand.

    What the service remembers of a caller may be a second old, and who proposed something is not
    there at all when it is carried out.
    """
    standing = await find_standing(pen.connection, Bearer(user_id, key_id))
    assert account.owner_party_id is not None
    return (
        standing is not None
        and not standing.key_revoked
        and (standing.key_expires_at is None or pen.now < standing.key_expires_at)
        and standing.user_status is Status.ACTIVE
        and standing.party_status is Status.ACTIVE
        and allows(standing.actor, permission, owner_ids=(account.owner_party_id,))
    )
