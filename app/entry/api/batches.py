"""Batches: what one issuance minted for one vintage, and where its credits are now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.context import IdempotencyKeyMissingError, Reader, StrictRoute, WriteCredits
from app.entry.api.credits import (
    MOVING_REFUSALS,
    AccountNumber,
    BatchPrefix,
    DryRun,
    MovementShown,
    moved_reply,
    tried_out,
)
from app.entry.api.wire import (
    Body,
    Code,
    Credits,
    CursorError,
    Identifier,
    Page,
    PageQuery,
    ProvinceCode,
    Shown,
    Text,
    csv_of,
    decode_cursor,
    going_on,
    show,
)
from app.entry.exports import Export
from app.entry.problems import refused
from app.kernel.paging import Found
from app.registry.activities import store as activities
from app.registry.ledger import operations, store
from app.registry.ledger.refusals import BatchNotFoundError
from app.registry.ledger.rules import BUFFER, CANCELLED, EXPORTED, RETIRED, TRANSIT, Batch, Choice
from app.registry.ledger.serials import account_id
from app.registry.log import store as log

router = APIRouter(prefix="/batches", tags=["batches"], route_class=StrictRoute)

PrefixPath = Annotated[
    BatchPrefix,
    Path(description="Serial prefix of the batch.", examples=["TH-CITY-0001-2024-1"]),
]


class BatchShown(Shown):
    """A batch of credits: one vintage of one activity, serials 1 to `credits`."""

    prefix: str = Field(description="Serial prefix.", examples=["TH-CITY-0001-2024-1"])
    vintage: int = Field(description="Calendar year of the reduction (CE).", examples=[2024])
    credits: int = Field(description="Credits issued (tCO2e).", examples=[1000])
    serials: str = Field(
        description="All its serials as text.", examples=["TH-CITY-0001-2024-1-1-1000"]
    )
    programme: str = Field(description="Code of the programme.", examples=["CITY"])
    project: str = Field(description="Code of the activity or project.", examples=["CITY-0001"])
    project_name: str = Field(
        description="Name of the activity or project.",
        examples=["Rooftop solar of Khon Kaen schools"],
    )
    project_name_th: str | None = Field(
        description="Name of the activity in Thai; null for credits taken over from another "
        "registry, whose project has one name.",
        examples=["โซลาร์บนหลังคาโรงเรียนในขอนแก่น", None],
    )
    project_name_en: str | None = Field(
        description="Name of the activity in English; null where there is none in Thai.",
        examples=["Rooftop solar of Khon Kaen schools", None],
    )
    activity_id: str | None = Field(
        description="The activity; null for credits taken over from another registry.",
        examples=["act_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )
    province: str | None = Field(
        description="Province code of the activity; null where it has several or none is known.",
        examples=["40", None],
    )
    log_index: int = Field(description="Log index of the act that brought it.", examples=[40])
    issued_at: datetime = Field(
        description="When it was issued or taken over.", examples=["2026-11-24T03:00:00Z"]
    )

    @classmethod
    def of(cls, batch: Batch, names: Mapping[str, tuple[str, str]]) -> "BatchShown":
        """Show a batch. `names`: of activities by identifier, in Thai and in English."""
        name_th, name_en = names.get(batch.activity_id or "", (None, None))
        return cls(
            prefix=batch.serial_prefix,
            vintage=batch.vintage,
            credits=batch.credits,
            serials=f"{batch.serial_prefix}-1-{batch.credits}",
            programme=batch.programme_code,
            project=batch.project_code,
            project_name=batch.project_name,
            project_name_th=name_th,
            project_name_en=name_en,
            activity_id=batch.activity_id,
            province=batch.province_code,
            log_index=batch.log_index,
            issued_at=batch.issued_at,
        )


async def batches_shown(reader: AsyncConnection, found: Sequence[Batch]) -> list[BatchShown]:
    """Show batches, with what their activities are called in both languages."""
    names = await activities.list_names(reader, {b.activity_id for b in found if b.activity_id})
    return [BatchShown.of(batch, names) for batch in found]


class BatchWithStates(BatchShown):
    """A batch and where its credits are."""

    held: int = Field(description="Credits in holding accounts.", examples=[900])
    buffered: int = Field(description="Credits in the pooled buffer.", examples=[50])
    in_transit: int = Field(description="Credits on their way.", examples=[0])
    retired: int = Field(description="Credits retired.", examples=[50])
    cancelled: int = Field(description="Credits cancelled.", examples=[0])
    exported: int = Field(description="Credits exported to another registry.", examples=[0])
    frozen: bool = Field(
        description="Whether TGO has frozen it or some of its serials; which, `GET /v1/freezes` "
        "tells.",
        examples=[False],
    )
    cases: str = Field(
        description="Where the cases against its issuance are, if there are any.",
        examples=["/v1/cases?batch=TH-CITY-0001-2024-1"],
    )


class BatchesQuery(PageQuery):
    """Which batches."""

    vintage: int | None = Field(
        None, ge=1990, le=2200, description="Only of this vintage (CE).", examples=[2024]
    )
    programme: Code | None = Field(None, description="Only of this programme.", examples=["CITY"])
    project: Text | None = Field(
        None, description="Only of this activity or project code.", examples=["CITY-0001"]
    )
    activity_id: Identifier | None = Field(
        None, description="Only of this activity.", examples=["act_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    province: ProvinceCode | None = Field(
        None, description="Only of activities in this province.", examples=["40"]
    )


class ReleaseBody(Body):
    """Buffer credits to be released."""

    credits: Credits = Field(description="How many, lowest serials first (tCO2e).", examples=[50])
    to_account: AccountNumber = Field(
        description="Holding account that receives them.", examples=["TH-001001-05"]
    )
    decision: Text = Field(
        description="Decision of TGO: meeting and date.",
        examples=["Sub-committee 12/2569, 2026-11-20"],
    )


@router.get(
    "",
    response_model=Page[BatchShown],
    operation_id="list_batches",
    summary="List batches",
    responses=refused(CursorError),
)
async def list_batches(query: Annotated[BatchesQuery, Query()], reader: Reader) -> Response:
    """
    List batches, oldest vintage first. Public.

    A page may have fewer rows than asked for, or none, where much is passed over: read on while
    there is more.
    """
    position = decode_cursor(query.cursor, int)
    columns = {
        "vintage": query.vintage,
        "programme_code": query.programme,
        "project_code": query.project,
        "activity_id": query.activity_id,
        "province_code": query.province,
    }
    found = await store.list_batches(
        reader,
        {name: value for name, value in columns.items() if value is not None},
        after=position[0] if position else 0,
        limit=query.limit,
    )
    return show(
        Page[BatchShown](data=await batches_shown(reader, found.rows), **going_on(found.after))
    )


@router.get(
    ".csv",
    response_class=Response,
    operation_id="export_batches",
    summary="Export all batches as CSV",
    responses=csv_of("Batches, oldest vintage first, one a line, with a header."),
)
async def export_batches(request: Request, reader: Reader) -> Response:
    """Stream all batches, oldest vintage first. Public."""
    size = (await log.get_head(reader)).size

    async def read(
        connection: AsyncConnection, after: tuple[int, ...] | None, limit: int
    ) -> Found[BatchShown]:
        found = await store.list_batches(
            connection, {}, after=0 if after is None else after[0], limit=limit
        )
        return Found(await batches_shown(connection, found.rows), found.after)

    export = Export(
        "batches.csv",
        tuple(BatchShown.model_fields),
        read,
        # A batch that was made meanwhile has an act beyond the end.
        lambda batch: [batch.model_dump(mode="json").values()] if batch.log_index < size else [],
    )
    return export.answer(request)


@router.get(
    "/{prefix}",
    response_model=BatchWithStates,
    operation_id="get_batch",
    summary="Read a batch",
    responses=refused(BatchNotFoundError),
)
async def get_batch(prefix: PrefixPath, reader: Reader) -> Response:
    """Read a batch and how many of its credits are held, buffered, retired and so on. Public."""
    batch = await store.get_batch(reader, prefix)
    (shown,) = await batches_shown(reader, [batch])
    states = await store.list_batch_states(reader, batch)
    spans = await store.list_frozen_spans(reader, batch, first=1, last=batch.credits)
    return show(
        BatchWithStates(
            **shown.model_dump(),
            held=states.get(store.ALL_HOLDINGS, 0),
            buffered=states.get(BUFFER, 0),
            in_transit=states.get(TRANSIT, 0),
            retired=states.get(RETIRED, 0),
            cancelled=states.get(CANCELLED, 0),
            exported=states.get(EXPORTED, 0),
            frozen=bool(spans),
            cases=f"/v1/cases?batch={batch.serial_prefix}",
        )
    )


@router.post(
    "/{prefix}/buffer-releases",
    response_model=MovementShown,
    status_code=201,
    operation_id="release_buffer",
    summary="Release buffer credits of a batch",
    responses={
        **tried_out(MovementShown),
        **refused(*MOVING_REFUSALS, IdempotencyKeyMissingError),
    },
)
async def release_buffer(
    prefix: PrefixPath, body: ReleaseBody, write: WriteCredits, *, dry_run: DryRun = False
) -> Response:
    """Give buffer credits of a batch back to a holder, by a decision of TGO. For approvers."""
    command = operations.ReleaseBuffer(
        account_id(body.to_account),
        Choice(credits=body.credits, batch_prefix=prefix),
        body.decision,
    )
    return await write(
        lambda pen: operations.release_buffer(pen, write.actor, command),
        lambda movement: moved_reply(movement, address="/v1/log/entries", dry_run=dry_run),
        touches=(command.touches(),),
        dry_run=dry_run,
    )
