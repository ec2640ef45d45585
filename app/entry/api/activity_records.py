"""All that the register has of one activity, in one answer: what its page shows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.activity_shapes import (
    ActivityDetail,
    ActivityEventShown,
    event_shown,
    opinion_shown,
    shown_values,
    site_shown,
)
from app.entry.api.activity_steps import ActivityId
from app.entry.api.batches import BatchShown, batches_shown
from app.entry.api.context import Reader, StrictRoute
from app.entry.api.documents import DocumentShown, document_shown
from app.entry.api.issuances import IssuanceShown, issuance_shown
from app.entry.api.monitoring_shapes import ReportEventShown, ReportShown, report_shown
from app.entry.api.monitoring_shapes import event_shown as report_event_shown
from app.entry.api.wire import Shown, show
from app.entry.identity import Visitor
from app.entry.problems import refused
from app.registry.activities import store as activities
from app.registry.activities.refusals import ActivityNotFoundError
from app.registry.issuance import store as issuance
from app.registry.ledger import store as ledger
from app.registry.ledger.rules import BUFFER, CANCELLED, EXPORTED, RETIRED, TRANSIT, Batch
from app.registry.ledger.store import HeldRun
from app.registry.monitoring import store as monitoring
from app.registry.monitoring.rules import Report, ReportEvent
from app.registry.parties import store as parties
from app.registry.parties.policy import Actor

router: Final = APIRouter(prefix="/activities", tags=["activities"], route_class=StrictRoute)

STEPS_MAX: Final = 200  # of the activity, and of its reports together; and documents
ROWS_MAX: Final = 50  # reports, issuances
BATCHES_MAX: Final = 12
RUNS_MAX: Final = 100  # of a batch, retired or not
_OPINIONS_MAX: Final = 20


class BatchPlacesShown(BatchShown):
    """A batch and where its credits are."""

    held: int = Field(description="Credits in holding accounts.", examples=[900])
    buffered: int = Field(description="Credits in the pooled buffer.", examples=[50])
    in_transit: int = Field(description="Credits on their way.", examples=[0])
    retired: int = Field(description="Credits retired.", examples=[50])
    cancelled: int = Field(description="Credits cancelled.", examples=[0])
    exported: int = Field(description="Credits exported to another registry.", examples=[0])


class RetiredShown(Shown):
    """An act that retired credits of the activity."""

    log_index: int = Field(description="The act's place in the log.", examples=[42])
    recorded_at: datetime = Field(description="When.", examples=["2026-11-24T03:00:00Z"])
    credits: int = Field(description="Credits of this activity (tCO2e).", examples=[30])
    serials: list[str] = Field(
        description="Their serials, run by run.", examples=[["TH-CITY-0001-2024-1-1-30"]]
    )


class NamedShown(Shown):
    """A party that is named in the record."""

    id: str = Field(description="Identifier.", examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    name_th: str = Field(description="Name in Thai.", examples=["เทศบาลนครขอนแก่น"])
    name_en: str = Field(description="Name in English.", examples=["Khon Kaen City Municipality"])


class ActivityRecordShown(Shown):
    """
    An activity with its steps, documents, reports, issuances and credits, at one moment.

    Lists are those of the activity's other addresses as far as they go here; the addresses go on.
    """

    activity: ActivityDetail = Field(description="The activity.")
    parties: list[NamedShown] = Field(description="Parties that are named in it.")
    events: list[ActivityEventShown] = Field(
        description=f"Its steps, oldest first, up to {STEPS_MAX}."
    )
    documents: list[DocumentShown] = Field(
        description=f"Its documents that the caller may see, oldest first, up to {STEPS_MAX}."
    )
    reports: list[ReportShown] = Field(
        description=f"Its monitoring reports that the caller may see, newest first, up to "
        f"{ROWS_MAX}."
    )
    report_events: list[ReportEventShown] = Field(
        description=f"What happened to these, in the order of the log, up to {STEPS_MAX}."
    )
    issuances: list[IssuanceShown] = Field(
        description=f"Decisions on issuances, newest first, up to {ROWS_MAX}."
    )
    batches: list[BatchPlacesShown] = Field(
        description=f"Batches of its credits, oldest vintage first, up to {BATCHES_MAX}."
    )
    more_batches: bool = Field(description="Whether there are more batches.", examples=[False])
    retirements: list[RetiredShown] = Field(
        description=f"Retirements found in the first {RUNS_MAX} runs of each of these batches, "
        "newest first."
    )


@router.get(
    "/{activity_id}/record",
    response_model=ActivityRecordShown,
    responses=refused(ActivityNotFoundError),
    summary="Read all of an activity",
    operation_id="get_activity_record",
)
async def get_activity_record(
    activity_id: ActivityId, reader: Reader, visitor: Visitor
) -> Response:
    """Read an activity with all that belongs to it, as far as the caller may see it."""
    detail = await _detail(reader, visitor, activity_id)
    events = await activities.list_events(reader, activity_id, limit=STEPS_MAX, after=None)
    documents = await activities.list_visible_documents(
        reader, visitor, activity_id, limit=STEPS_MAX
    )
    reports = await monitoring.list_reports(
        reader,
        viewer=visitor,
        activity_id=activity_id,
        status=None,
        before=None,
        limit=ROWS_MAX,
    )
    steps = await _steps_of(reader, reports)
    issuances = await issuance.list_issuances(
        reader, activity_id=activity_id, vintage=None, before=None, limit=ROWS_MAX
    )
    found = await ledger.list_batches(
        reader, {"activity_id": activity_id}, after=0, limit=BATCHES_MAX
    )
    named = {detail.owner_party_id, detail.vvb_party_id}
    named |= {opinion.vvb_party_id for opinion in detail.opinions}
    named |= {report.vvb_party_id for report in reports}
    named |= {event.by_party_id for event in events} | {step.by_party_id for step in steps}
    return show(
        ActivityRecordShown(
            activity=detail,
            parties=[
                NamedShown(id=party.id, name_th=party.name_th, name_en=party.name_en)
                for party in await parties.list_named(reader, [each for each in named if each])
            ],
            events=[event_shown(each) for each in events],
            documents=[document_shown(each) for each in documents],
            reports=[report_shown(each) for each in reports],
            report_events=[report_event_shown(each) for each in steps],
            issuances=[issuance_shown(each) for each in issuances],
            batches=await _places(reader, found.rows),
            more_batches=found.after is not None,
            retirements=await _retirements(reader, found.rows),
        )
    )


async def _detail(
    reader: AsyncConnection, visitor: Actor | None, activity_id: str
) -> ActivityDetail:
    activity = await activities.get_visible_activity(reader, visitor, activity_id)
    sites = await activities.list_sites(reader, activity_id)
    opinions = await activities.list_opinions(reader, activity_id, limit=_OPINIONS_MAX)
    return ActivityDetail(
        **shown_values(activity),
        province_codes=tuple(sorted({site.province_code for site in sites})),
        sites=[site_shown(site) for site in sites],
        opinions=[opinion_shown(opinion) for opinion in opinions],
    )


async def _steps_of(reader: AsyncConnection, reports: Sequence[Report]) -> Sequence[ReportEvent]:
    if not reports:
        return ()
    ids = [report.id for report in reports]
    return await monitoring.list_events_of(reader, ids, limit=STEPS_MAX)


async def _places(reader: AsyncConnection, found: Sequence[Batch]) -> list[BatchPlacesShown]:
    if not found:
        return []
    states = await ledger.list_states_of(reader, found)
    return [
        BatchPlacesShown(
            **shown.model_dump(),
            held=of[ledger.ALL_HOLDINGS],
            buffered=of.get(BUFFER, 0),
            in_transit=of.get(TRANSIT, 0),
            retired=of.get(RETIRED, 0),
            cancelled=of.get(CANCELLED, 0),
            exported=of.get(EXPORTED, 0),
        )
        for batch, shown in zip(found, await batches_shown(reader, found), strict=True)
        for of in (states[batch.id],)
    ]


async def _retirements(reader: AsyncConnection, found: Iterable[Batch]) -> list[RetiredShown]:
    runs: dict[int, list[tuple[Batch, HeldRun]]] = {}
    for batch in found:
        for run in await ledger.list_runs_of_batch(
            reader, batch, first=1, last=batch.credits, limit=RUNS_MAX
        ):
            if run.account_id == RETIRED:
                # What lies in a final account was brought there by the act that ended it.
                runs.setdefault(run.log_index, []).append((batch, run))
    if not runs:
        return []
    movements = await ledger.list_movements(reader, sorted(runs, reverse=True))
    return [
        RetiredShown(
            log_index=log_index,
            recorded_at=entries[0].recorded_at,
            credits=sum(run.last - run.first + 1 for _, run in runs[log_index]),
            serials=[f"{b.serial_prefix}-{run.first}-{run.last}" for b, run in runs[log_index]],
        )
        for log_index, entries in movements.items()
    ]
