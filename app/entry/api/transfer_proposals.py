"""Transfers that take two people: proposed by one, approved by another, made at their time."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.accounts import visible_account
from app.entry.api.context import (
    IdempotencyKeyMissingError,
    Reader,
    StrictRoute,
    Write,
    WriteCredits,
)
from app.entry.api.credits import MOVING_REFUSALS, AccountNumber, MovedShown, movement_shown
from app.entry.api.transfers import TransferBody
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
from app.registry.applications.refusals import DocumentsExpiredError
from app.registry.calendar.refusals import CalendarYearMissingError
from app.registry.ledger import store as ledger
from app.registry.ledger.refusals import (
    AccountNotFoundError,
    OverOwnLimitError,
    SameAccountError,
)
from app.registry.ledger.serials import AccountNumberError, account_id
from app.registry.parties.policy import Actor, Permission, allows
from app.registry.programmes.refusals import RuleMissingError
from app.registry.signin.refusals import CONFIRMING
from app.registry.transfers import operations, store
from app.registry.transfers import refusals as why
from app.registry.transfers.rules import Proposal, State

router = APIRouter(prefix="/transfer-proposals", tags=["transfers"], route_class=StrictRoute)

ProposalPath = Annotated[
    Identifier,
    Path(
        description="Identifier of the proposed transfer.",
        examples=["prp_01kb5b1j0dfz5r5d8r4v5e2c3a"],
    ),
]


class Direction(StrEnum):
    """Seen from an account, where a transfer goes."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


class ApprovalBody(Body):
    """An approval of exactly what was proposed."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="The proposal's digest, as you read it with what it moves.",
        examples=["9f2feb0f1ef425b292f2f94bc8482494df430413d6a8a0a5d7f5e2d5e7f3c1aa"],
    )


class ProposedShown(Shown):
    """What is proposed, as the digest is made of it: this object as canonical JSON (RFC 8785)."""

    from_account: str = Field(description="Account the credits leave.", examples=["TH-001001-05"])
    to_account: str = Field(description="Account they are for.", examples=["TH-001002-02"])
    credits: int | None = Field(
        description="How many, oldest first; null where serials are named.", examples=[30, None]
    )
    batch: str | None = Field(
        description="Only of this batch; null: of any.", examples=["TH-CITY-0001-2024-1", None]
    )
    vintage: int | None = Field(
        description="Only of this vintage (CE); null: of any.", examples=[2024, None]
    )
    serials: list[dict[str, str | int]] = Field(
        description="Exactly these serials; empty where a number is asked for.",
        examples=[[{"batch": "TH-CITY-0001-2024-1", "first": 1, "last": 30}]],
    )


class ProposalShown(Shown):
    """A proposed transfer and what became of it."""

    id: str = Field(description="Its identifier.", examples=["prp_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    state: State = Field(
        description="`proposed`: waits for approval. `scheduled`: approved, its credits wait in "
        "transit. `delivered`: made. `withdrawn`, `aborted`: taken back before or after the "
        "approval. `returned`: something stood in the way. `lapsed`: nobody approved it in time.",
        examples=["scheduled"],
    )
    proposed: ProposedShown = Field(description="What is proposed.")
    credits: int = Field(description="Credits it moves (tCO2e).", examples=[30])
    digest: str = Field(
        description="SHA-256 (hexadecimal) of `proposed` as canonical JSON; an approval names it.",
        examples=["9f2feb0f1ef425b292f2f94bc8482494df430413d6a8a0a5d7f5e2d5e7f3c1aa"],
    )
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
    trusted: bool | None = Field(
        description="Whether the receiver was trusted when it was approved; null: it is not.",
        examples=[False, None],
    )
    executes_at: datetime | None = Field(
        description="When it is made; until then it can be aborted. Where the receiver is to "
        "accept it, it is made then or as soon as that has happened. Null: it is not approved.",
        examples=["2026-11-25T05:00:00Z", None],
    )
    accept_until: datetime | None = Field(
        description="Until when the receiver can accept it; where nobody does, its credits go "
        "back. Null: it does not ask to, or it is not approved.",
        examples=["2026-11-27T03:00:00Z", None],
    )
    accepted_at: datetime | None = Field(
        description="When the receiver accepted it; null: it has not.",
        examples=["2026-11-24T06:00:00Z", None],
    )
    accepted_by: str | None = Field(
        description="User who accepted it; null: nobody has.",
        examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3c", None],
    )
    sent_by_act: int | None = Field(
        description="Log index of the movement into transit; null: it is not approved.",
        examples=[42, None],
    )
    ended_at: datetime | None = Field(
        description="When it was over; null: it is not.", examples=["2026-11-25T05:00:00Z", None]
    )
    ended_by_act: int | None = Field(
        description="Log index of the act that ended it: the movement to its receiver, or back.",
        examples=[57, None],
    )
    ended_by: str | None = Field(
        description="User who took it back, or `registry`; null: it is not over.",
        examples=["registry", None],
    )
    reason: str | None = Field(
        description="Why it was returned; null: it was not.",
        examples=[None, "proposer_not_allowed"],
    )

    @classmethod
    def of(cls, proposal: Proposal) -> "ProposalShown":
        """Show a proposed transfer."""
        return cls(
            id=proposal.id,
            state=proposal.state,
            proposed=ProposedShown.model_validate_json(proposal.content),
            credits=proposal.credits,
            digest=proposal.digest,
            proposed_by=proposal.proposed_by,
            proposed_at=proposal.proposed_at,
            expires_at=proposal.expires_at,
            approved_by=proposal.approved_by,
            approved_at=proposal.approved_at,
            trusted=proposal.is_trusted,
            executes_at=proposal.executes_at,
            accept_until=proposal.accept_until,
            accepted_at=proposal.accepted_at,
            accepted_by=proposal.accepted_by,
            sent_by_act=proposal.sent_index,
            ended_at=proposal.ended_at,
            ended_by_act=proposal.ended_index,
            ended_by=proposal.ended_by,
            reason=None if proposal.reason is None else proposal.reason.value,
        )


class ProposalWithSerials(ProposalShown):
    """A proposed transfer with the serials that were chosen for it."""

    moved: list[MovedShown] = Field(
        description="Which serials left the account when it was approved; empty: it is not."
    )


class ProposalsQuery(PageQuery):
    """Which proposed transfers."""

    account: AccountNumber = Field(
        description="Account that you may see.", examples=["TH-001001-05"]
    )
    direction: Direction = Field(
        Direction.OUTGOING,
        description="`outgoing`: proposed from the account; `incoming`: approved, and for it.",
        examples=["outgoing"],
    )
    state: State | None = Field(
        None, description="Only those in this state.", examples=["scheduled"]
    )


@router.post(
    "",
    response_model=ProposalShown,
    status_code=201,
    operation_id="propose_transfer",
    summary="Propose a transfer",
    responses=refused(
        *MOVING_REFUSALS,
        SameAccountError,
        OverOwnLimitError,
        DocumentsExpiredError,
        RuleMissingError,
        *CONFIRMING,
    ),
)
async def propose_transfer(body: TransferBody, write: Write) -> Response:
    """
    Propose a transfer that somebody else of your party is to approve.

    Nothing moves before the approval. Its answer has the digest that the approval must name. Where
    the rule `expired_documents_forbid` says so, a party whose documents have expired renews them
    before it proposes one to an account that is not trusted.
    """
    command = operations.Propose(
        account_id(body.from_account), account_id(body.to_account), body.choice()
    )
    return await write(
        lambda pen: operations.propose(pen, write.actor, command),
        lambda proposal: created(
            ProposalShown.of(proposal), location=f"/v1/transfer-proposals/{proposal.id}"
        ),
    )


@router.get(
    "",
    response_model=Page[ProposalShown],
    operation_id="list_transfer_proposals",
    summary="List proposed transfers of an account",
    responses=refused(AccountNotFoundError, AccountNumberError, CursorError),
)
async def list_transfer_proposals(
    query: Annotated[ProposalsQuery, Query()], reader: Reader, actor: Caller
) -> Response:
    """
    List transfers proposed from an account, or approved and on their way to it, oldest first.

    A proposal that nobody approved in time is `proposed` until the register has noted that it
    lapsed, some seconds later; it cannot be approved in between.
    """
    account = await visible_account(reader, actor, query.account)
    position = decode_cursor(query.cursor, str)
    found = await store.list_proposals(
        reader,
        account.id,
        incoming=query.direction is Direction.INCOMING,
        state=query.state,
        after=position[0] if position else None,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    return show(
        Page[ProposalShown](
            data=[ProposalShown.of(proposal) for proposal in page],
            **going_on([page[-1].id] if len(found) > query.limit else None),
        )
    )


@router.get(
    "/{proposal_id}",
    response_model=ProposalWithSerials,
    operation_id="get_transfer_proposal",
    summary="Read a proposed transfer",
    responses=refused(why.ProposalNotFoundError),
)
async def get_transfer_proposal(
    proposal_id: ProposalPath, reader: Reader, actor: Caller
) -> Response:
    """Read a proposed transfer: as its party, as TGO, or as its receiver once it is approved."""
    proposal = await store.get_proposal(reader, proposal_id)
    if not await _sees(reader, actor, proposal):
        raise why.ProposalNotFoundError
    moved: list[dict[str, Any]] = []
    if proposal.sent_index is not None:
        moved = movement_shown(await ledger.list_movement(reader, proposal.sent_index))["moved"]
    shown = ProposalShown.of(proposal).model_dump()
    return show(ProposalWithSerials(**shown, moved=[MovedShown(**run) for run in moved]))


@router.post(
    "/{proposal_id}/approval",
    response_model=ProposalShown,
    operation_id="approve_transfer",
    summary="Approve a proposed transfer",
    responses=refused(
        *MOVING_REFUSALS,
        why.ProposalNotFoundError,
        why.ProposalLapsedError,
        why.ProposalStateError,
        why.OwnProposalError,
        why.DigestDiffersError,
        why.ProposerGoneError,
        why.TransferTooLargeError,
        why.DayOverLimitError,
        OverOwnLimitError,
        why.OwnDayOverLimitError,
        RuleMissingError,
        CalendarYearMissingError,
        *CONFIRMING,
        IdempotencyKeyMissingError,
    ),
)
async def approve_transfer(
    proposal_id: ProposalPath, body: ApprovalBody, write: WriteCredits
) -> Response:
    """
    Approve what somebody else of your party has proposed; its credits leave the account.

    To a trusted account, or one of the same owner, they go at once in working hours, and otherwise
    when these begin. To any other they wait in transit until noon of a working day, at least 24
    hours later (the rule `transfer_delay_hours`); until then they can be called back.
    """
    command = operations.Approve(proposal_id, body.digest)
    return await write(
        lambda pen: operations.approve(pen, write.actor, command),
        lambda proposal: changed(ProposalShown.of(proposal)),
    )


@router.post(
    "/{proposal_id}/abort",
    response_model=ProposalShown,
    operation_id="abort_transfer",
    summary="Take a proposed transfer back",
    responses=refused(
        *MOVING_REFUSALS,
        why.ProposalNotFoundError,
        why.ProposalStateError,
        why.TransferDueError,
        IdempotencyKeyMissingError,
    ),
)
async def abort_transfer(proposal_id: ProposalPath, write: WriteCredits) -> Response:
    """
    Take a transfer back: before its approval, or until the moment at which it is made.

    Whoever may propose or approve the account's transfers may do so; credits that wait come back at
    once.
    """
    return await write(
        lambda pen: operations.abort(pen, write.actor, proposal_id),
        lambda proposal: changed(ProposalShown.of(proposal)),
    )


async def _sees(reader: AsyncConnection, actor: Actor, proposal: Proposal) -> bool:
    numbers = [proposal.from_account]
    if proposal.approved_at is not None:
        numbers.append(proposal.to_account)
    owners = (await ledger.list_owners(reader, numbers)).values()
    return allows(actor, Permission.READ_ACCOUNT, owner_ids=tuple(owners))
