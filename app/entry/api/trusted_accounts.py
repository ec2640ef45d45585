"""Trusted lists: to which accounts an account sends at once."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.entry.api.accounts import visible_account
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.credits import AccountNumber, AccountPath
from app.entry.api.wire import (
    Body,
    CursorError,
    Identifier,
    Page,
    PageQuery,
    Shown,
    changed,
    created,
    decode_cursor,
    going_on,
    show,
)
from app.entry.identity import Caller
from app.entry.problems import refused
from app.registry.calendar.refusals import CalendarYearMissingError
from app.registry.ledger import operations as ledger
from app.registry.ledger import refusals as why
from app.registry.ledger import store
from app.registry.ledger.frozen import AccountFrozenError
from app.registry.ledger.serials import AccountNumberError, account_id, account_number
from app.registry.ledger.terms import TrustedAccount
from app.registry.parties.policy import NotAllowedError
from app.registry.programmes.refusals import RuleMissingError
from app.registry.signin.refusals import CONFIRMING
from app.registry.transfers import operations

router = APIRouter(
    prefix="/accounts/{number}/trusted-accounts", tags=["accounts"], route_class=StrictRoute
)

EntryPath = Annotated[
    Identifier,
    Path(
        description="Identifier of the entry of the list.",
        examples=["tru_01kb5b1j0dfz5r5d8r4v5e2c3a"],
    ),
]
_SEEING = (why.AccountNotFoundError, AccountNumberError)
_ON_AN_ENTRY = (NotAllowedError, *_SEEING, why.TrustNotFoundError, why.TrustEndedError)


class TrustBody(Body):
    """An account to be trusted."""

    account: AccountNumber = Field(
        description="Account that is to be trusted.", examples=["TH-001002-02"]
    )


class TrustedShown(Shown):
    """An entry of a trusted list."""

    id: str = Field(description="Its identifier.", examples=["tru_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    account: str = Field(description="Account that is trusted.", examples=["TH-001002-02"])
    proposed_by: str = Field(
        description="User who proposed it.", examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    proposed_at: datetime = Field(
        description="When it was proposed.", examples=["2026-11-24T03:00:00Z"]
    )
    expires_at: datetime = Field(
        description="From then on it cannot be approved.", examples=["2026-11-26T03:00:00Z"]
    )
    approved_by: str | None = Field(
        description="User who approved it; null: nobody has.",
        examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3b", None],
    )
    approved_at: datetime | None = Field(
        description="When it was approved; null: it is not.", examples=["2026-11-24T03:10:00Z"]
    )
    active_from: datetime | None = Field(
        description="From when on it is trusted; null: it is not approved.",
        examples=["2026-11-30T05:00:00Z", None],
    )
    removed_by: str | None = Field(
        description="User who removed it; null: it stands.", examples=[None]
    )
    removed_at: datetime | None = Field(
        description="When it was removed; null: it stands.", examples=[None]
    )

    @classmethod
    def of(cls, entry: TrustedAccount) -> "TrustedShown":
        """Show an entry."""
        return cls(
            id=entry.id,
            account=account_number(entry.trusted_id),
            proposed_by=entry.added_by,
            proposed_at=entry.added_at,
            expires_at=entry.expires_at,
            approved_by=entry.approved_by,
            approved_at=entry.approved_at,
            active_from=entry.active_from,
            removed_by=entry.removed_by,
            removed_at=entry.removed_at,
        )


@router.get(
    "",
    response_model=Page[TrustedShown],
    operation_id="list_trusted_accounts",
    summary="Read the trusted list of an account",
    responses=refused(*_SEEING, CursorError),
)
async def list_trusted_accounts(
    number: AccountPath, query: Annotated[PageQuery, Query()], reader: Reader, actor: Caller
) -> Response:
    """
    List all that is or was on an account's trusted list or proposed for it, oldest first.

    All accounts of one owner trust each other without standing here.
    """
    account = await visible_account(reader, actor, number)
    position = decode_cursor(query.cursor, str)
    found = await store.list_trusted(
        reader, account.id, after=position[0] if position else None, limit=query.limit + 1
    )
    page = found[: query.limit]
    return show(
        Page[TrustedShown](
            data=[TrustedShown.of(entry) for entry in page],
            **going_on([page[-1].id] if len(found) > query.limit else None),
        )
    )


@router.post(
    "",
    response_model=TrustedShown,
    status_code=201,
    operation_id="propose_trusted_account",
    summary="Propose an account for the trusted list",
    responses=refused(
        NotAllowedError,
        *_SEEING,
        why.SameAccountError,
        why.RegistryAccountError,
        why.AccountClosedError,
        AccountFrozenError,
        why.TrustListFullError,
        RuleMissingError,
        *CONFIRMING,
    ),
)
async def propose_trusted_account(number: AccountPath, body: TrustBody, write: Write) -> Response:
    """Propose an account to which yours is to send at once; somebody else approves it."""
    owner, trusted = account_id(number), account_id(body.account)
    return await write(
        lambda pen: operations.propose_trust(
            pen, write.actor, account_id=owner, trusted_id=trusted
        ),
        lambda entry: created(
            TrustedShown.of(entry), location=f"/v1/accounts/{number}/trusted-accounts"
        ),
    )


@router.post(
    "/{entry_id}/approval",
    response_model=TrustedShown,
    operation_id="approve_trusted_account",
    summary="Approve an account for the trusted list",
    responses=refused(
        *_ON_AN_ENTRY,
        why.OwnTrustError,
        why.TrustTakenError,
        why.AccountClosedError,
        AccountFrozenError,
        RuleMissingError,
        CalendarYearMissingError,
        *CONFIRMING,
    ),
)
async def approve_trusted_account(
    number: AccountPath, entry_id: EntryPath, write: Write
) -> Response:
    """
    Approve what somebody else has proposed.

    The account is trusted from noon of the fourth working day (the rule
    `trust_activation_working_days`).
    """
    owner = account_id(number)
    return await write(
        lambda pen: operations.approve_trust(pen, write.actor, account_id=owner, entry_id=entry_id),
        lambda entry: changed(TrustedShown.of(entry)),
    )


@router.post(
    "/{entry_id}/removal",
    response_model=TrustedShown,
    operation_id="remove_trusted_account",
    summary="Take an account off the trusted list",
    responses=refused(*_ON_AN_ENTRY),
)
async def remove_trusted_account(
    number: AccountPath, entry_id: EntryPath, write: Write
) -> Response:
    """Take an account off the list, or a proposal back, at once; one person is enough."""
    owner = account_id(number)
    return await write(
        lambda pen: ledger.remove_trust(pen, write.actor, owner, entry_id),
        lambda entry: changed(TrustedShown.of(entry)),
    )
