"""Accounts: open, close, read what they hold now and as of any date."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.credits import AccountNumber, AccountPath
from app.entry.api.wire import (
    Body,
    CreditsOrNone,
    CursorError,
    Identifier,
    IfMatch,
    Moment,
    Name,
    Page,
    PageQuery,
    PreconditionMissingError,
    SearchWords,
    Shown,
    changed,
    created,
    decode_cursor,
    encode_cursor,
    going_on,
    show,
    version_of,
)
from app.entry.identity import Caller
from app.entry.problems import refused
from app.registry.ledger import operations, store
from app.registry.ledger.frozen import AccountFrozenError
from app.registry.ledger.refusals import (
    AccountClosedError,
    AccountNotEmptyError,
    AccountNotFoundError,
    AccountStaleError,
    CreditsUnderwayError,
    PartyCannotHoldError,
    RegistryAccountError,
)
from app.registry.ledger.rules import Account
from app.registry.ledger.serials import AccountNumberError, account_id
from app.registry.log import store as log
from app.registry.parties.policy import Actor, NotAllowedError, Permission, allows
from app.registry.parties.rules import PartyNotFoundError

router = APIRouter(prefix="/accounts", tags=["accounts"], route_class=StrictRoute)

_SEEING = (AccountNotFoundError, AccountNumberError)


class OpenAccountBody(Body):
    """A holding account to be opened."""

    owner_party_id: Identifier = Field(
        description="Party whose credits it will hold.", examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    name: Name = Field(description="What its owner calls it.", examples=["City holdings"])


class AccountShown(Shown):
    """An account."""

    number: str = Field(
        description="Its number; the last two digits are a check.", examples=["TH-001001-05"]
    )
    owner_party_id: str | None = Field(
        description="Party that owns it; null for the registry's own accounts.",
        examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )
    kind: str = Field(description="What it is for.", examples=["holding"])
    status: str = Field(description="`open` or `closed`.", examples=["open"])
    frozen: bool = Field(
        description="Whether TGO has frozen it: it takes part in nothing until it is released "
        "(`GET /v1/freezes`).",
        examples=[False],
    )
    name: str = Field(description="What its owner calls it.", examples=["City holdings"])
    version: int = Field(description="Version, as in its ETag.", examples=[1])
    opened_at: datetime = Field(
        description="When it was opened.", examples=["2026-11-24T03:00:00Z"]
    )

    @classmethod
    def of(cls, account: Account) -> "AccountShown":
        """Show an account."""
        return cls(
            number=account.number,
            owner_party_id=account.owner_party_id,
            kind=account.kind.value,
            status=account.status.value,
            frozen=account.is_frozen,
            name=account.name,
            version=account.version,
            opened_at=account.opened_at,
        )


class AccountWithTotal(AccountShown):
    """An account with all it holds."""

    credits: int = Field(
        description="Credits in it, of all batches (tCO2e); of the issuance source, minus what it "
        "issued.",
        examples=[970],
    )


class HoldingShown(Shown):
    """What an account holds of one batch."""

    batch: str = Field(description="Serial prefix of the batch.", examples=["TH-CITY-0001-2024-1"])
    vintage: int = Field(description="Calendar year of the reduction (CE).", examples=[2024])
    project: str = Field(description="Code of the activity or project.", examples=["CITY-0001"])
    credits: int = Field(description="Credits of the batch in the account (tCO2e).", examples=[970])


class HoldingsPage(Page[HoldingShown]):
    """What an account holds, by batch, and as of when."""

    account: str = Field(description="The account.", examples=["TH-001001-05"])
    total: int = Field(
        description="Credits of all batches (tCO2e), not only of this page.", examples=[970]
    )
    log_size: CreditsOrNone = Field(
        description="Size of the log that this is as of: every act below this index counts.",
        examples=[43],
    )


class RunShown(Shown):
    """A run of serials in an account."""

    serials: str = Field(
        description="The run as text, both ends included.", examples=["TH-CITY-0001-2024-1-31-1000"]
    )
    batch: str = Field(description="Serial prefix of the batch.", examples=["TH-CITY-0001-2024-1"])
    vintage: int = Field(description="Calendar year of the reduction (CE).", examples=[2024])
    first: int = Field(description="First serial.", examples=[31])
    last: int = Field(description="Last serial.", examples=[1000])
    credits: int = Field(description="Credits in the run (tCO2e).", examples=[970])
    brought_by: int = Field(description="Log index of the movement that brought it.", examples=[41])


class AsOfQuery(PageQuery):
    """As of when."""

    as_of: Moment | None = Field(
        None,
        description="Moment (with time zone); leave out for now.",
        examples=["2026-06-30T17:00:00Z"],
    )


class AccountsQuery(AsOfQuery):
    """Which accounts."""

    owner_party_id: Identifier | None = Field(
        None,
        description="Only accounts of this party.",
        examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a"],
    )
    q: SearchWords | None = Field(
        None, description="Only accounts with this in their name.", examples=["City"]
    )


@router.post(
    "",
    response_model=AccountShown,
    status_code=201,
    operation_id="open_account",
    summary="Open a holding account",
    responses=refused(NotAllowedError, PartyNotFoundError, PartyCannotHoldError),
)
async def open_account(body: OpenAccountBody, write: Write) -> Response:
    """Open an account for a party that may hold credits. For administrators of TGO."""
    command = operations.OpenAccount(body.owner_party_id, body.name)
    return await write(
        lambda pen: operations.open_account(pen, write.actor, command),
        lambda account: created(
            AccountShown.of(account),
            location=f"/v1/accounts/{account.number}",
            version=account.version,
        ),
    )


@router.get(
    "",
    response_model=Page[AccountWithTotal],
    operation_id="list_accounts",
    summary="List accounts",
    responses=refused(CursorError),
)
async def list_accounts(
    query: Annotated[AccountsQuery, Query()], reader: Reader, actor: Caller
) -> Response:
    """
    List the accounts that you may see, by number: your own party's, or for TGO all of them.

    With a moment, `credits` is what each held then; the rest is of now. With a part of a name, a
    page may have fewer rows than asked for, or none: read on while there is more.
    """
    position = decode_cursor(query.cursor, int)
    owner = query.owner_party_id
    if not allows(actor, Permission.READ_ACCOUNT):
        if owner not in {None, actor.party_id} or not _may_read(actor, actor.party_id):
            return show(Page[AccountWithTotal](data=[], next_cursor=None, has_more=False))
        owner = actor.party_id
    found = await store.list_accounts(
        reader,
        owner_party_id=owner,
        words=query.q,
        size=None if query.as_of is None else await log.get_size_at(reader, query.as_of),
        after=position[0] if position else 0,
        limit=query.limit,
    )
    rows = [
        AccountWithTotal(**AccountShown.of(account).model_dump(), credits=total)
        for account, total in found.rows
    ]
    return show(Page[AccountWithTotal](data=rows, **going_on(found.after)))


@router.get(
    "/{number}",
    response_model=AccountWithTotal,
    operation_id="get_account",
    summary="Read an account",
    responses=refused(*_SEEING),
)
async def get_account(number: AccountPath, reader: Reader, actor: Caller) -> Response:
    """Read an account and how many credits are in it."""
    account = await visible_account(reader, actor, number)
    size = (await log.get_head(reader)).size
    total = await store.get_total(reader, account.id, size=size)
    shown = AccountWithTotal(**AccountShown.of(account).model_dump(), credits=total)
    return show(shown, version=account.version)


@router.post(
    "/{number}/closure",
    response_model=AccountShown,
    operation_id="close_account",
    summary="Close an account",
    responses=refused(
        NotAllowedError,
        *_SEEING,
        RegistryAccountError,
        AccountClosedError,
        AccountFrozenError,
        AccountNotEmptyError,
        CreditsUnderwayError,
        AccountStaleError,
        PreconditionMissingError,
    ),
)
async def close_account(number: AccountPath, write: Write, if_match: IfMatch = None) -> Response:
    """Close an empty holding account for good. For administrators of TGO."""
    version, closing = version_of(if_match), account_id(number)
    return await write(
        lambda pen: operations.close_account(pen, write.actor, closing, expected_version=version),
        lambda account: changed(AccountShown.of(account), version=account.version),
    )


@router.get(
    "/{number}/holdings",
    response_model=HoldingsPage,
    operation_id="list_holdings",
    summary="Read what an account holds, now or as of any date",
    responses=refused(*_SEEING, CursorError),
)
async def list_holdings(
    number: AccountPath, query: Annotated[AsOfQuery, Query()], reader: Reader, actor: Caller
) -> Response:
    """
    Read what an account holds by batch, oldest vintage first, and in all.

    A page may have fewer rows than asked for, or none, where the account has had much that it no
    longer holds: read on while there is more.
    """
    account = await visible_account(reader, actor, number)
    position = decode_cursor(query.cursor, int)
    if query.as_of is None:
        size, as_of_size = (await log.get_head(reader)).size, None
    else:
        size = as_of_size = await log.get_size_at(reader, query.as_of)
    found = await store.list_holdings(
        reader,
        account.id,
        size=as_of_size,
        after=position[0] if position else 0,
        limit=query.limit,
    )
    return show(
        HoldingsPage(
            account=account.number,
            total=await store.get_total(reader, account.id, size=size),
            log_size=size,
            data=[
                HoldingShown(
                    batch=holding.batch.serial_prefix,
                    vintage=holding.batch.vintage,
                    project=holding.batch.project_code,
                    credits=holding.credits,
                )
                for holding in found.rows
            ],
            **going_on(found.after),
        )
    )


@router.get(
    "/{number}/blocks",
    response_model=Page[RunShown],
    operation_id="list_blocks",
    summary="List the serials in an account",
    responses=refused(*_SEEING, CursorError),
)
async def list_blocks(
    number: AccountPath, query: Annotated[PageQuery, Query()], reader: Reader, actor: Caller
) -> Response:
    """List the runs of serials in an account, in the order in which they would be taken."""
    account = await visible_account(reader, actor, number)
    position = decode_cursor(query.cursor, int, int)
    after = (position[0], position[1]) if position else (0, 0)
    found = await store.list_runs(reader, account.id, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    has_more = len(found) > query.limit
    return show(
        Page[RunShown](
            data=[
                RunShown(
                    serials=f"{batch.serial_prefix}-{run.first}-{run.last}",
                    batch=batch.serial_prefix,
                    vintage=batch.vintage,
                    first=run.first,
                    last=run.last,
                    credits=run.last - run.first + 1,
                    brought_by=run.log_index,
                )
                for run, batch in page
            ],
            next_cursor=encode_cursor([page[-1][0].batch_id, page[-1][0].first])
            if has_more
            else None,
            has_more=has_more,
        )
    )


def _may_read(actor: Actor, owner_party_id: str | None) -> bool:
    owners = () if owner_party_id is None else (owner_party_id,)
    return allows(actor, Permission.READ_ACCOUNT, owner_ids=owners)


async def visible_account(reader: AsyncConnection, actor: Actor, number: AccountNumber) -> Account:
    """
    Return an account that somebody may see.

    Raises:
        AccountNumberError: this is no number of an account.
        AccountNotFoundError: there is none, or none that they may know of.
    """
    account = await store.get_account(reader, account_id(number))
    if not _may_read(actor, account.owner_party_id):
        raise AccountNotFoundError
    return account
