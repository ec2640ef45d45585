"""Cancellations: credits are taken out of circulation without a claim of use."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from app.entry.api.context import IdempotencyKeyMissingError, Reader, StrictRoute, WriteCredits
from app.entry.api.credits import (
    MOVING_REFUSALS,
    DryRun,
    EndedShown,
    EndingShown,
    MovementPath,
    tried_out,
)
from app.entry.api.endings import (
    EndingBody,
    EndingsQuery,
    end_credits,
    export_endings,
    show_ending,
    show_endings,
)
from app.entry.api.wire import CursorError, Page, csv_of
from app.entry.identity import Visitor
from app.entry.problems import refused
from app.registry.ledger.refusals import (
    AccountNotFoundError,
    DateAheadError,
    MovementNotFoundError,
    PurposeUnknownError,
)
from app.registry.ledger.rules import EntryKind
from app.registry.ledger.serials import AccountNumberError

router = APIRouter(prefix="/cancellations", tags=["cancellations"], route_class=StrictRoute)

_KINDS: Final = (EntryKind.CANCELLED, EntryKind.BUFFER_CANCELLED)


@router.post(
    "",
    response_model=EndedShown,
    status_code=201,
    operation_id="cancel_credits",
    summary="Cancel credits",
    responses={
        **tried_out(EndedShown),
        **refused(
            *MOVING_REFUSALS, PurposeUnknownError, DateAheadError, IdempotencyKeyMissingError
        ),
    },
)
async def cancel_credits(
    body: EndingBody, write: WriteCredits, *, dry_run: DryRun = False
) -> Response:
    """Cancel credits for good without claiming their use: they move into the cancelled account."""
    return await end_credits(body, EntryKind.CANCELLED, write, dry_run=dry_run)


@router.get(
    "",
    response_model=Page[EndingShown],
    operation_id="list_cancellations",
    summary="List cancellations",
    responses=refused(AccountNotFoundError, AccountNumberError, CursorError),
)
async def list_cancellations(
    query: Annotated[EndingsQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """List cancellations, newest first. Public; names that are not are left out."""
    return await show_endings(reader, visitor, query, _KINDS)


@router.get(
    ".csv",
    response_class=Response,
    operation_id="export_cancellations",
    summary="Export all cancellations as CSV",
    responses=csv_of("Cancellations, newest first, a line for each run of serials."),
)
async def export_cancellations(request: Request) -> Response:
    """Stream all cancellations, newest first. Public; names that are not are left out."""
    return export_endings("cancellations.csv", _KINDS, request)


@router.get(
    "/{log_index}",
    response_model=EndingShown,
    operation_id="get_cancellation",
    summary="Read a cancellation",
    responses=refused(MovementNotFoundError),
)
async def get_cancellation(log_index: MovementPath, reader: Reader, visitor: Visitor) -> Response:
    """Read a cancellation. Public; names that are not are left out."""
    return await show_ending(reader, visitor, log_index, _KINDS)
