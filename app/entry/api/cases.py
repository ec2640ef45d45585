"""Cases: credits issued in excess or lost again, what is owed for them, and what made it good."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.case_shapes import (
    BufferBody,
    CaseBody,
    CaseShown,
    CasesQuery,
    CaseStepShown,
    CaseWithSteps,
    StepBody,
)
from app.entry.api.context import (
    IdempotencyKeyMissingError,
    Reader,
    StrictRoute,
    Write,
    WriteCredits,
)
from app.entry.api.credits import MOVING_REFUSALS, EndedShown, moved_reply
from app.entry.api.order_shapes import ORDER, OrderShown
from app.entry.api.orders import PROPOSING_REFUSALS, proposed
from app.entry.api.wire import (
    CursorError,
    Identifier,
    Page,
    PageQuery,
    decode_cursor,
    going_on,
    show,
)
from app.entry.identity import Visitor
from app.entry.problems import refused
from app.registry.compensation import operations, store
from app.registry.compensation import refusals as why
from app.registry.compensation.rules import Step
from app.registry.issuance.refusals import IssuanceNotFoundError
from app.registry.issuance.store import find_issuance_of_batch
from app.registry.ledger import store as ledger
from app.registry.ledger.refusals import BatchNotFoundError
from app.registry.parties.policy import Actor, Permission, allows

router = APIRouter(prefix="/cases", tags=["cases"], route_class=StrictRoute)

STEPS_SHOWN: Final = 50  # beside a case; there are few, and a list for more

CasePath = Annotated[
    Identifier,
    Path(
        description="Identifier of the case: of the order by which it was opened.",
        examples=[ORDER],
    ),
]


@router.get(
    "",
    response_model=Page[CaseShown],
    operation_id="list_cases",
    summary="List cases",
    responses=refused(BatchNotFoundError, CursorError),
)
async def list_cases(
    query: Annotated[CasesQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """
    List cases, newest first. Public.

    A page may have fewer rows than asked for, or none, where much is passed over: read on while
    there is more.
    """
    position = decode_cursor(query.cursor, str)
    issuances = {query.issuance_id} - {None}
    if query.batch is not None:
        batch = await ledger.get_batch(reader, query.batch)
        issuances.add(await find_issuance_of_batch(reader, batch.id) or "")
    if len(issuances) > 1 or "" in issuances:
        # Taken over from another registry, or of another issuance: there is none.
        return show(Page[CaseShown](data=[], **going_on(None)))
    found, after = await store.list_cases(
        reader,
        issuance_id=issuances.pop() if issuances else None,
        state=query.state,
        before=position[0] if position else None,
        limit=query.limit,
    )
    sees_reason = _sees_reason(visitor)
    return show(
        Page[CaseShown](
            data=[CaseShown.of(case, sees_reason=sees_reason) for case in found],
            **going_on(None if after is None else [after]),
        )
    )


@router.post(
    "",
    response_model=OrderShown,
    status_code=201,
    operation_id="propose_case",
    summary="Propose to open a case",
    responses=refused(
        *PROPOSING_REFUSALS,
        IssuanceNotFoundError,
        why.NothingIssuedError,
        why.CaseOverIssuedError,
    ),
)
async def propose_case(body: CaseBody, write: Write) -> Response:
    """
    Propose a case that an approver, another person, is to approve. For officers of TGO.

    Nothing is owed before the approval (`POST /v1/orders/{id}/approval`). From then on the case has
    the order's identifier, is public, and is due as the rule `compensation_days` says.
    """
    command = operations.ProposeCase(body.issuance_id, body.kind, body.credits, body.ground())
    return await write(lambda pen: operations.propose_case(pen, write.actor, command), proposed)


@router.get(
    "/{case_id}",
    response_model=CaseWithSteps,
    operation_id="get_case",
    summary="Read a case",
    responses=refused(why.CaseNotFoundError),
)
async def get_case(case_id: CasePath, reader: Reader, visitor: Visitor) -> Response:
    """Read a case with the steps that made it good. Public; the reason is TGO's to read."""
    case = await store.get_case(reader, case_id)
    found = await store.list_steps(reader, case.id, limit=STEPS_SHOWN + 1)
    return show(
        CaseWithSteps(
            **CaseShown.of(case, sees_reason=_sees_reason(visitor)).model_dump(),
            steps=await _steps_shown(reader, found[:STEPS_SHOWN]),
            has_more_steps=len(found) > STEPS_SHOWN,
        )
    )


@router.get(
    "/{case_id}/steps",
    response_model=Page[CaseStepShown],
    operation_id="list_case_steps",
    summary="List the steps of a case",
    responses=refused(why.CaseNotFoundError, CursorError),
)
async def list_case_steps(
    case_id: CasePath, query: Annotated[PageQuery, Query()], reader: Reader
) -> Response:
    """
    List the steps that made a case good, oldest first. Public.

    Which serials ended in a step, its cancellation says.
    """
    position = decode_cursor(query.cursor, int)
    case = await store.get_case(reader, case_id)
    found = await store.list_steps(
        reader, case.id, after=position[0] if position else -1, limit=query.limit + 1
    )
    page = found[: query.limit]
    return show(
        Page[CaseStepShown](
            data=await _steps_shown(reader, page),
            **going_on([page[-1].log_index] if len(found) > query.limit else None),
        )
    )


@router.post(
    "/{case_id}/steps",
    response_model=EndedShown,
    status_code=201,
    operation_id="compensate_case",
    summary="Cancel credits for a case",
    responses=refused(
        *MOVING_REFUSALS,
        why.CaseNotFoundError,
        why.CaseClosedError,
        why.CaseOverOwedError,
        why.NotDeductibleError,
        why.NotReplacingError,
        IdempotencyKeyMissingError,
    ),
)
async def compensate_case(case_id: CasePath, body: StepBody, write: WriteCredits) -> Response:
    """
    Cancel credits of an account for good, so that a case owes as many less.

    The case is closed by the step after which it owes nothing; nobody has to say so.
    """
    command = body.command(case_id)
    return await write(
        lambda pen: operations.compensate(pen, write.actor, command),
        lambda done: moved_reply(done.movement, address="/v1/cancellations", dry_run=False),
    )


@router.post(
    "/{case_id}/buffer",
    response_model=OrderShown,
    status_code=201,
    operation_id="propose_buffer",
    summary="Propose to take credits from the buffer for a case",
    responses=refused(
        *PROPOSING_REFUSALS,
        why.CaseNotFoundError,
        why.BufferNotForCaseError,
        why.CaseClosedError,
        why.CaseOverOwedError,
    ),
)
async def propose_buffer(case_id: CasePath, body: BufferBody, write: Write) -> Response:
    """
    Propose to cancel buffer credits for a case of reversal. For officers of TGO.

    They are cancelled by the approval of somebody who may manage the buffer, another person.
    """
    command = operations.ProposeBuffer(case_id, body.credits, body.ground())
    return await write(lambda pen: operations.propose_buffer(pen, write.actor, command), proposed)


def _sees_reason(visitor: Actor | None) -> bool:
    return visitor is not None and allows(visitor, Permission.QUERY_LEDGER)


async def _steps_shown(reader: AsyncConnection, steps: list[Step]) -> list[CaseStepShown]:
    runs = await ledger.list_run_counts(reader, [step.log_index for step in steps])
    return [CaseStepShown.of(step, runs[step.log_index]) for step in steps]
