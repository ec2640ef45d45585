"""Retirements: credits are used for good, in somebody's name."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.entry.api.bulk import ACTS_MAX, Bulk, BulkBody, BulkShown
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
    purposes_of_today,
    show_ending,
    show_endings,
)
from app.entry.api.wire import CursorError, Page, csv_of
from app.entry.identity import Visitor
from app.entry.problems import refused
from app.registry.ledger import operations
from app.registry.ledger.refusals import (
    AccountNotFoundError,
    BulkRefusedError,
    DateAheadError,
    MovementNotFoundError,
    PurposeUnknownError,
)
from app.registry.ledger.rules import EntryKind
from app.registry.ledger.serials import AccountNumberError
from app.registry.log.pen import ActTooLargeError

router = APIRouter(prefix="/retirements", tags=["retirements"], route_class=StrictRoute)

_KINDS: Final = (EntryKind.RETIRED,)


class RetirementsBody(BulkBody):
    """Many retirements."""

    retirements: list[EndingBody] = Field(
        min_length=1, max_length=ACTS_MAX, description="The retirements, in the order to be made."
    )


@router.post(
    "",
    response_model=EndedShown,
    status_code=201,
    operation_id="retire_credits",
    summary="Retire credits",
    responses={
        **tried_out(EndedShown),
        **refused(
            *MOVING_REFUSALS, PurposeUnknownError, DateAheadError, IdempotencyKeyMissingError
        ),
    },
)
async def retire_credits(
    body: EndingBody, write: WriteCredits, *, dry_run: DryRun = False
) -> Response:
    """
    Use credits for good, in somebody's name: they move into the retired account, which nothing can
    leave.
    """
    return await end_credits(body, EntryKind.RETIRED, write, dry_run=dry_run)


@router.post(
    "/bulk",
    response_model=BulkShown,
    operation_id="retire_credits_many_times",
    summary="Retire credits, many times in one request",
    responses=refused(BulkRefusedError, ActTooLargeError, IdempotencyKeyMissingError),
)
async def retire_credits_many_times(
    body: RetirementsBody, write: WriteCredits, *, dry_run: DryRun = False
) -> Response:
    """
    Make up to 1,000 retirements in the order given, each as if it had come alone.

    With `atomic` one that is refused refuses them all; with `independent` the answer says of each
    what became of it, and to try a refused one again takes a new Idempotency-Key.
    """
    purposes = await purposes_of_today(write)
    return await Bulk(body.mode, operations.end, "/v1/retirements/bulk").submit(
        write,
        [partial(asked.command, EntryKind.RETIRED, purposes) for asked in body.retirements],
        dry_run=dry_run,
    )


@router.get(
    "",
    response_model=Page[EndingShown],
    operation_id="list_retirements",
    summary="List retirements",
    responses=refused(AccountNotFoundError, AccountNumberError, CursorError),
)
async def list_retirements(
    query: Annotated[EndingsQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """List retirements, newest first. Public; names that are not are left out."""
    return await show_endings(reader, visitor, query, _KINDS)


@router.get(
    ".csv",
    response_class=Response,
    operation_id="export_retirements",
    summary="Export all retirements as CSV",
    responses=csv_of("Retirements, newest first, a line for each run of serials."),
)
async def export_retirements(request: Request) -> Response:
    """Stream all retirements, newest first. Public; names that are not are left out."""
    return export_endings("retirements.csv", _KINDS, request)


@router.get(
    "/{log_index}",
    response_model=EndingShown,
    operation_id="get_retirement",
    summary="Read a retirement",
    responses=refused(MovementNotFoundError),
)
async def get_retirement(log_index: MovementPath, reader: Reader, visitor: Visitor) -> Response:
    """Read a retirement. Public; names that are not are left out."""
    return await show_ending(reader, visitor, log_index, _KINDS)
