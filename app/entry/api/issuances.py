"""Issuances over HTTP."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import Field

from app.entry.acts import Reply
from app.entry.api.context import IdempotencyKeyMissingError, Reader, StrictRoute, WriteCredits
from app.entry.api.days import Day
from app.entry.api.wire import (
    Body,
    CursorError,
    Identifier,
    LogIndex,
    Moment,
    Name,
    Page,
    PageQuery,
    Salt,
    Shown,
    Text,
    changed,
    created,
    decode_cursor,
    encode_cursor,
    receipt_address,
    salt_shown,
    show,
)
from app.entry.problems import refused
from app.kernel.quantities import format_tonnes
from app.registry.activities.refusals import (
    CreditAccountForeignError,
    CreditAccountNeededError,
    DateOutOfRangeError,
    DecisionAheadError,
    DecisionUngroundedError,
    EvidenceForeignError,
    ReasonMissingError,
)
from app.registry.activities.rules import Grounds
from app.registry.issuance import refusals, store
from app.registry.issuance.operations import DecideIssuance
from app.registry.issuance.rules import Issuance, IssuanceLine
from app.registry.ledger.refusals import SerialPrefixTakenError
from app.registry.monitoring.refusals import ReportNotFoundError, ReportStateError
from app.registry.pairs import operations as acts
from app.registry.pairs.refusals import TwoPeopleNeededError
from app.registry.parties.policy import NotAllowedError
from app.registry.programmes.refusals import RuleMissingError
from app.registry.signin.refusals import CONFIRMING

router: Final = APIRouter(prefix="/issuances", tags=["issuances"], route_class=StrictRoute)

IssuanceId = Annotated[
    Identifier,
    Path(description="Identifier of the issuance.", examples=["iss_01kb5w6yk2e0hr9h5y0s8v2a3b"]),
]
DryRun = Annotated[
    bool,
    Query(description="True: show what would be minted now, and change nothing.", examples=[False]),
]


class DecisionBody(Body):
    """Where and when it was decided."""

    meeting: Name | None = Field(
        None,
        description="Reference of the meeting; it or the document is required.",
        examples=["Sub-committee 3/2569"],
    )
    decided_on: Day = Field(description="Day of the decision (Thailand).", examples=["2026-03-02"])
    document_id: Identifier | None = Field(
        None,
        description="Document of the decision, among the activity's evidence.",
        examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )


class IssuanceBody(Body):
    """TGO's decision on a verified report."""

    report_id: Identifier = Field(
        description="The verified report.", examples=["mrp_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    approve: bool = Field(
        description="True: the credits are issued. False: the report is rejected.",
        examples=[True],
        strict=True,
    )
    decision: DecisionBody = Field(description="What the decision rests on.")
    reason: Text | None = Field(
        None,
        description="Why; required where it is not approved.",
        examples=["The verification covers another meter."],
    )


class IssuanceLineShown(Shown):
    """What one vintage became: verified plus carried in is credits plus remainder."""

    vintage: int = Field(description="Calendar year (CE) of the reduction.", examples=[2025])
    verified_tco2e: str = Field(description="Verified, tCO2e.", examples=["1249.75"])
    carried_in_tco2e: str = Field(
        description="Left over from an earlier issuance of this vintage, tCO2e.", examples=["0.5"]
    )
    carried_from_issuance_id: str | None = Field(
        description="That earlier issuance; null: nothing is carried in.", examples=[None]
    )
    credits: int = Field(description="Credits minted, with the buffer's share.", examples=[1250])
    buffer_credits: int = Field(
        description="Of these, credits that went to the pooled buffer.", examples=[125]
    )
    net_credits: int = Field(description="Credits that the owner received.", examples=[1125])
    remainder_tco2e: str = Field(
        description="Part of a tonne that is left, tCO2e, below 1.", examples=["0.25"]
    )
    serial_prefix: str | None = Field(
        description="Text of the batch's serial numbers before the serial; they run from 1 to "
        "`credits`, the buffer's last. Null: less than one credit, nothing was minted.",
        examples=["TH-CITY-0001-2025-1"],
    )


class IssuanceShown(Shown):
    """TGO's decision, and the credits minted by it."""

    id: str = Field(description="Identifier.", examples=["iss_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    report_id: str = Field(description="The report.", examples=["mrp_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    activity_id: str = Field(
        description="Its activity.", examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    verification_id: str = Field(
        description="The verification that it rests on.",
        examples=["vrf_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    approved: bool = Field(description="Whether credits were issued.", examples=[True])
    meeting: str | None = Field(
        description="Reference of the meeting that decided.", examples=["Sub-committee 3/2569"]
    )
    decided_on: date = Field(description="Day of the decision.", examples=["2026-03-02"])
    document_id: str | None = Field(
        description="Document of the decision; null: none.", examples=[None]
    )
    reason: str | None = Field(description="Why; null: none given, or erased.", examples=[None])
    salt: Salt
    credits: int = Field(description="Credits minted in all.", examples=[1250])
    buffer_credits: int = Field(description="Of these, in the buffer.", examples=[125])
    lines: list[IssuanceLineShown] = Field(
        description="By vintage, rising; empty where it was not approved."
    )
    cases: str = Field(
        description="Where the cases against it are: credits owed because too many were issued, "
        "or because what they stood for was lost again.",
        examples=["/v1/cases?issuance_id=iss_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    recorded_at: Moment = Field(
        description="When it was recorded.", examples=["2026-03-03T03:00:00Z"]
    )
    log_index: LogIndex = Field(description="The act's place in the log.", examples=[1_024])
    receipt: str = Field(
        description="Where its receipt is: the proof that the act is in the public log.",
        examples=["/v1/log/receipts/1024"],
    )


class IssuanceQuery(PageQuery):
    """Which issuances to list."""

    activity_id: Identifier | None = Field(
        None, description="Only of this activity.", examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    vintage: Annotated[int, Field(ge=1990, le=2200)] | None = Field(
        None, description="Only those that minted credits of this calendar year.", examples=[2025]
    )


@router.post(
    "",
    response_model=IssuanceShown,
    status_code=201,
    responses={
        200: {
            "description": "Dry run: what would be minted. Nothing was changed.",
            "model": IssuanceShown,
        },
        **refused(
            IdempotencyKeyMissingError,
            *CONFIRMING,
            ReportNotFoundError,
            NotAllowedError,
            ReportStateError,
            refusals.NeverMintsError,
            refusals.AlreadyDecidedError,
            refusals.NothingToIssueError,
            DecisionUngroundedError,
            DecisionAheadError,
            DateOutOfRangeError,
            EvidenceForeignError,
            ReasonMissingError,
            CreditAccountNeededError,
            CreditAccountForeignError,
            RuleMissingError,
            SerialPrefixTakenError,
            TwoPeopleNeededError,
        ),
    },
    summary="Decide on an issuance",
    operation_id="decide_issuance",
)
async def decide_issuance(
    body: IssuanceBody, write: WriteCredits, *, dry_run: DryRun = False
) -> Response:
    """
    Issue the credits of a verified report, or refuse to.

    Each vintage is rounded down to whole credits once, and becomes one batch: the buffer's share
    goes to the pooled buffer, the rest to the activity's account. What is left of a tonne stays
    on the line. A refused report leaves its period free to be reported anew. Where the rule
    `two_person_acts` names `issuance_approval`, an approval is proposed instead: POST /v1/orders.
    """
    grounds = Grounds(body.decision.decided_on, body.decision.document_id, body.decision.meeting)
    command = DecideIssuance(body.report_id, body.approve, grounds, body.reason)

    def present(issuance: Issuance) -> Reply:
        shown = issuance_shown(issuance)
        if dry_run:
            return changed(shown)
        return created(shown, location=f"/v1/issuances/{issuance.id}")

    return await write(
        lambda pen: acts.decide_issuance(pen, write.actor, command),
        present,
        dry_run=dry_run,
    )


@router.get(
    "",
    response_model=Page[IssuanceShown],
    responses=refused(CursorError),
    summary="List issuances",
    operation_id="list_issuances",
)
async def list_issuances(query: Annotated[IssuanceQuery, Query()], reader: Reader) -> Response:
    """List decisions on issuances, newest first. Public."""
    position = decode_cursor(query.cursor, str)
    found = await store.list_issuances(
        reader,
        activity_id=query.activity_id,
        vintage=query.vintage,
        before=None if position is None else position[0],
        limit=query.limit + 1,
    )
    rows, more = found[: query.limit], len(found) > query.limit
    return show(
        Page(
            data=[issuance_shown(row) for row in rows],
            next_cursor=encode_cursor([rows[-1].id]) if more else None,
            has_more=more,
        )
    )


@router.get(
    "/{issuance_id}",
    response_model=IssuanceShown,
    responses=refused(refusals.IssuanceNotFoundError),
    summary="Look up an issuance",
    operation_id="get_issuance",
)
async def get_issuance(issuance_id: IssuanceId, reader: Reader) -> Response:
    """Look up a decision with the credits minted by it. Public."""
    return show(issuance_shown(await store.get_issuance(reader, issuance_id)))


def issuance_shown(issuance: Issuance) -> IssuanceShown:
    """Show a decision; who took it is not public, where and when is."""
    planned = [line.planned for line in issuance.lines]
    return IssuanceShown(
        id=issuance.id,
        report_id=issuance.report_id,
        activity_id=issuance.activity_id,
        verification_id=issuance.verification_id,
        approved=issuance.approved,
        meeting=issuance.grounds.meeting,
        decided_on=issuance.grounds.decided_on,
        document_id=issuance.grounds.document_id,
        reason=issuance.reason,
        salt=salt_shown(issuance.salt, issuance.reason),
        credits=sum(line.credits for line in planned),
        buffer_credits=sum(line.buffer_credits for line in planned),
        lines=[_line_shown(line) for line in issuance.lines],
        cases=f"/v1/cases?issuance_id={issuance.id}",
        recorded_at=issuance.recorded_at,
        log_index=issuance.log_index,
        receipt=receipt_address(issuance.log_index),
    )


def _line_shown(line: IssuanceLine) -> IssuanceLineShown:
    planned = line.planned
    return IssuanceLineShown(
        vintage=planned.vintage,
        verified_tco2e=format_tonnes(planned.verified_tco2e),
        carried_in_tco2e=format_tonnes(planned.carried_in_tco2e),
        carried_from_issuance_id=planned.carried_from_issuance_id,
        credits=planned.credits,
        buffer_credits=planned.buffer_credits,
        net_credits=planned.net_credits,
        remainder_tco2e=format_tonnes(planned.remainder_tco2e),
        serial_prefix=None if line.batch is None else line.batch.serial_prefix,
    )
