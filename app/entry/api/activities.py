"""Activities over HTTP: their public record, and their drafts; steps are in `activity_steps`."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.entry.acts import Reply
from app.entry.api.activity_bodies import (
    ActivityAmendBody,
    ActivityDraftBody,
    ActivityQuery,
    changes_of,
    content_of,
)
from app.entry.api.activity_shapes import (
    ActivityDetail,
    ActivityEventShown,
    ActivityListed,
    ActivityShown,
    event_shown,
    opinion_shown,
    shown_values,
    site_shown,
)
from app.entry.api.activity_steps import (
    CONTENT_REFUSALS,
    STEP_REFUSALS,
    ActivityId,
    present_changed,
)
from app.entry.api.activity_steps import router as steps
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.documents import DocumentShown, document_shown
from app.entry.api.wire import (
    CursorError,
    IfMatch,
    Page,
    PageQuery,
    created,
    decode_cursor,
    encode_cursor,
    show,
    version_of,
)
from app.entry.identity import Visitor
from app.entry.problems import refused
from app.registry.activities import operations, refusals, store
from app.registry.activities.operations import (
    AmendActivity,
    DraftActivity,
)
from app.registry.activities.rules import Activity
from app.registry.parties.policy import NotAllowedError
from app.registry.programmes.refusals import (
    ProgrammeClosedError,
    ProgrammeNotFoundError,
)

router: Final = APIRouter(prefix="/activities", tags=["activities"], route_class=StrictRoute)
router.include_router(steps)

OPINIONS_SHOWN_MAX: Final = 20


@router.post(
    "",
    response_model=ActivityShown,
    status_code=201,
    responses=refused(
        NotAllowedError, ProgrammeClosedError, ProgrammeNotFoundError, *CONTENT_REFUSALS
    ),
    summary="Draft an activity",
    operation_id="draft_activity",
)
async def draft_activity(body: ActivityDraftBody, write: Write) -> Response:
    """Begin an activity of the caller's own party; until it is submitted everything can change."""
    command = DraftActivity(content_of(body))
    return await write(
        lambda pen: operations.draft_activity(pen, write.actor, command), _present_created
    )


@router.get(
    "",
    response_model=Page[ActivityListed],
    responses=refused(CursorError),
    summary="List activities",
    operation_id="list_activities",
)
async def list_activities(
    query: Annotated[ActivityQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """
    List activities, newest first.

    Registered and closed ones are public; owners see their own in any state, VVBs those they were
    assigned to, TGO all.
    """
    position = decode_cursor(query.cursor, str)
    asked = store.Filter(**query.model_dump(exclude={"limit", "cursor"}))
    found = await store.list_visible_activities(
        reader,
        visitor,
        asked,
        limit=query.limit + 1,
        before=None if position is None else position[0],
    )
    rows = found[: query.limit]
    provinces = await store.list_provinces_of(reader, [activity.id for activity in rows])
    more = len(found) > query.limit
    return show(
        Page(
            data=[
                ActivityListed(**shown_values(row), province_codes=provinces[row.id])
                for row in rows
            ],
            next_cursor=encode_cursor([rows[-1].id]) if more else None,
            has_more=more,
        )
    )


@router.get(
    "/{activity_id}",
    response_model=ActivityDetail,
    responses=refused(refusals.ActivityNotFoundError),
    summary="Look up an activity",
    operation_id="get_activity",
)
async def get_activity(activity_id: ActivityId, reader: Reader, visitor: Visitor) -> Response:
    """Look up an activity with its sites and validation opinions; the ETag is its version."""
    activity = await store.get_visible_activity(reader, visitor, activity_id)
    provinces = await store.list_provinces_of(reader, [activity.id])
    sites = await store.list_sites(reader, activity.id)
    opinions = await store.list_opinions(reader, activity.id, limit=OPINIONS_SHOWN_MAX)
    detail = ActivityDetail(
        **shown_values(activity),
        province_codes=provinces[activity.id],
        sites=[site_shown(site) for site in sites],
        opinions=[opinion_shown(opinion) for opinion in opinions],
    )
    return show(detail, version=activity.version)


@router.get(
    "/{activity_id}/events",
    response_model=Page[ActivityEventShown],
    responses=refused(refusals.ActivityNotFoundError, CursorError),
    summary="List the steps of an activity",
    operation_id="list_activity_events",
)
async def list_activity_events(
    activity_id: ActivityId, query: Annotated[PageQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """List what happened to an activity, oldest first: when, by which party, why."""
    position = decode_cursor(query.cursor, int)
    await store.get_visible_activity(reader, visitor, activity_id)
    found = await store.list_events(
        reader,
        activity_id,
        limit=query.limit + 1,
        after=None if position is None else position[0],
    )
    rows, more = found[: query.limit], len(found) > query.limit
    return show(
        Page(
            data=[event_shown(row) for row in rows],
            next_cursor=encode_cursor([rows[-1].log_index]) if more else None,
            has_more=more,
        )
    )


@router.get(
    "/{activity_id}/documents",
    response_model=Page[DocumentShown],
    responses=refused(refusals.ActivityNotFoundError, CursorError),
    summary="List the documents of an activity",
    operation_id="list_activity_documents",
)
async def list_activity_documents(
    activity_id: ActivityId, query: Annotated[PageQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """List an activity's documents, oldest first, as far as the caller may see them."""
    position = decode_cursor(query.cursor, str)
    await store.get_visible_activity(reader, visitor, activity_id)
    found = await store.list_visible_documents(
        reader,
        visitor,
        activity_id,
        limit=query.limit + 1,
        after=None if position is None else position[0],
    )
    rows, more = found[: query.limit], len(found) > query.limit
    return show(
        Page(
            data=[document_shown(row) for row in rows],
            next_cursor=encode_cursor([rows[-1].id]) if more else None,
            has_more=more,
        )
    )


@router.patch(
    "/{activity_id}",
    response_model=ActivityShown,
    responses=refused(*STEP_REFUSALS, *CONTENT_REFUSALS),
    summary="Amend a draft",
    operation_id="amend_activity",
)
async def amend_activity(
    activity_id: ActivityId, body: ActivityAmendBody, write: Write, if_match: IfMatch = None
) -> Response:
    """Change a draft; what is left out stays as it is, sites are replaced all together."""
    command = AmendActivity(activity_id, version_of(if_match), changes_of(body))
    return await write(
        lambda pen: operations.amend_activity(pen, write.actor, command), present_changed
    )


def _present_created(activity: Activity) -> Reply:
    shown = ActivityShown(**shown_values(activity))
    return created(shown, location=f"/v1/activities/{activity.id}", version=activity.version)
