"""Verifications over HTTP."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from app.entry.acts import Reply
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.verification_shapes import (
    AssignmentBody,
    OpinionBody,
    OpinionShown,
    ReviewBody,
    VerificationQuery,
    VerificationShown,
    opinion_of,
    opinion_shown,
    verification_shown,
)
from app.entry.api.wire import (
    CursorError,
    Identifier,
    IfMatch,
    Page,
    PageQuery,
    PreconditionMissingError,
    changed,
    created,
    decode_cursor,
    encode_cursor,
    show,
    version_of,
)
from app.entry.identity import Visitor
from app.entry.problems import refused
from app.registry.activities.refusals import EvidenceForeignError
from app.registry.monitoring.refusals import ReportNotFoundError, ReportStateError
from app.registry.parties.policy import NotAllowedError
from app.registry.parties.rules import PartyNotFoundError
from app.registry.verification import operations, refusals, store
from app.registry.verification.operations import AssignVerifier, ReviewOpinion
from app.registry.verification.rules import Verification

router: Final = APIRouter(prefix="/verifications", tags=["verifications"], route_class=StrictRoute)

VerificationId = Annotated[
    Identifier,
    Path(
        description="Identifier of the verification.", examples=["vrf_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    ),
]

_VERIFIER: Final = (
    refusals.VerifierNotActiveError,
    refusals.VerifierNotIndependentError,
    refusals.VerifierOutOfScopeError,
)
_STEP: Final = (
    refusals.VerificationNotFoundError,
    NotAllowedError,
    PreconditionMissingError,
    refusals.VerificationStaleError,
    refusals.VerificationStateError,
)


@router.post(
    "",
    response_model=VerificationShown,
    status_code=201,
    responses=refused(
        ReportNotFoundError,
        NotAllowedError,
        PartyNotFoundError,
        ReportStateError,
        refusals.VerificationNotNeededError,
        refusals.AlreadyAssignedError,
        refusals.VerifierRotationError,
        *_VERIFIER,
    ),
    summary="Assign a verifier to a report",
    operation_id="assign_verifier",
)
async def assign_verifier(body: AssignmentBody, write: Write) -> Response:
    """
    Have a VVB verify a submitted report; the owner of the activity or an officer of TGO does it.

    The body is active, accredited in the activity's sectoral scope today, does not own the
    activity, and has no account that can hold credits. Where a rule limits how many reports of an
    activity one body verifies in a row, it is another one's turn after that.
    """
    command = AssignVerifier(body.report_id, body.vvb_party_id)

    def present(verification: Verification) -> Reply:
        location = f"/v1/verifications/{verification.id}"
        shown = verification_shown(verification)
        return created(shown, location=location, version=verification.version)

    return await write(lambda pen: operations.assign_verifier(pen, write.actor, command), present)


@router.get(
    "",
    response_model=Page[VerificationShown],
    responses=refused(CursorError),
    summary="List verifications",
    operation_id="list_verifications",
)
async def list_verifications(
    query: Annotated[VerificationQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """List verifications, newest first; whoever may see a report may see its verification."""
    position = decode_cursor(query.cursor, str)
    found = await store.list_verifications(
        reader,
        viewer=visitor,
        report_id=query.report_id,
        status=query.status,
        before=None if position is None else position[0],
        limit=query.limit + 1,
    )
    rows, more = found[: query.limit], len(found) > query.limit
    return show(
        Page(
            data=[verification_shown(row) for row in rows],
            next_cursor=encode_cursor([rows[-1].id]) if more else None,
            has_more=more,
        )
    )


@router.get(
    "/{verification_id}",
    response_model=VerificationShown,
    responses=refused(refusals.VerificationNotFoundError),
    summary="Look up a verification",
    operation_id="get_verification",
)
async def get_verification(
    verification_id: VerificationId, reader: Reader, visitor: Visitor
) -> Response:
    """Look up a verification; the ETag is its version."""
    verification = await store.get_visible_verification(reader, verification_id, viewer=visitor)
    return show(verification_shown(verification), version=verification.version)


@router.get(
    "/{verification_id}/opinions",
    response_model=Page[OpinionShown],
    responses=refused(refusals.VerificationNotFoundError, CursorError),
    summary="List the opinions of a verification",
    operation_id="list_verification_opinions",
)
async def list_verification_opinions(
    verification_id: VerificationId,
    query: Annotated[PageQuery, Query()],
    reader: Reader,
    visitor: Visitor,
) -> Response:
    """List all opinions, oldest first, those that were sent back too, with what was decided."""
    position = decode_cursor(query.cursor, int)
    await store.get_visible_verification(reader, verification_id, viewer=visitor)
    found = await store.list_opinions(
        reader,
        verification_id,
        after=0 if position is None else position[0],
        limit=query.limit + 1,
    )
    rows, more = found[: query.limit], len(found) > query.limit
    return show(
        Page(
            data=[opinion_shown(row) for row in rows],
            next_cursor=encode_cursor([rows[-1].number]) if more else None,
            has_more=more,
        )
    )


@router.post(
    "/{verification_id}/opinion",
    response_model=VerificationShown,
    responses=refused(
        *_STEP,
        *_VERIFIER,
        EvidenceForeignError,
        refusals.ConflictOfInterestError,
        refusals.FindingOpenError,
        refusals.LinesWithoutConfirmationError,
        refusals.VerifiedVintagesError,
        refusals.VerifiedAboveMonitoredError,
        refusals.BufferMissingError,
        refusals.BufferNotApplicableError,
        refusals.BufferTooLargeError,
    ),
    summary="Give an opinion",
    operation_id="give_verification_opinion",
)
async def give_verification_opinion(
    verification_id: VerificationId, body: OpinionBody, write: Write, if_match: IfMatch = None
) -> Response:
    """
    Say what the body's lead concludes.

    Nothing is verified until a second person of the body approves it. An opinion is never
    changed: where it is sent back, a new one follows.
    """
    command = opinion_of(
        body, verification_id=verification_id, expected_version=version_of(if_match)
    )
    return await write(
        lambda pen: operations.give_opinion(pen, write.actor, command), _present_changed
    )


@router.post(
    "/{verification_id}/review",
    response_model=VerificationShown,
    responses=refused(*_STEP, refusals.ReviewerIsLeadError),
    summary="Decide on the newest opinion",
    operation_id="review_verification_opinion",
)
async def review_verification_opinion(
    verification_id: VerificationId, body: ReviewBody, write: Write, if_match: IfMatch = None
) -> Response:
    """
    Approve the newest opinion, or send it back to the lead.

    `If-Match` binds the decision to the opinion that was read. Once a confirming opinion is
    approved the report is verified; an approved adverse opinion or disclaimer rejects it.
    """
    command = ReviewOpinion(verification_id, version_of(if_match), body.approve, body.reason)
    return await write(
        lambda pen: operations.review_opinion(pen, write.actor, command), _present_changed
    )


def _present_changed(verification: Verification) -> Reply:
    return changed(verification_shown(verification), version=verification.version)
