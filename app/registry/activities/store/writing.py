"""Activities, sites, events and opinions, written to the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.activities.rules import LIVE, Activity, ActivityStatus, Event, Opinion, Site
from app.registry.activities.store.tables import (
    activities,
    activity_events,
    activity_readers,
    sites,
    validation_opinions,
)


async def insert_activity(connection: AsyncConnection, activity: Activity) -> None:
    """Keep a new activity."""
    await connection.execute(insert(activities).values(_values(activities, activity)))


async def update_activity(connection: AsyncConnection, activity: Activity) -> None:
    """Keep the next version of an activity; its version is one above the one that is replaced."""
    changed = await connection.execute(
        update(activities)
        .where(activities.c.id == activity.id, activities.c.version == activity.version - 1)
        .values(_values(activities, activity))
    )
    assert changed.rowcount == 1


async def insert_sites(connection: AsyncConnection, new: Sequence[Site]) -> None:
    """Keep sites, none of them claiming its installation yet."""
    rows = [_values(sites, site, claims_installation=False, removed_at=None) for site in new]
    await connection.execute(insert(sites), rows)


async def update_sites_removed(
    connection: AsyncConnection, activity_id: str, *, at: datetime
) -> None:
    """Take the present sites out of an activity; others will take their place."""
    await connection.execute(
        update(sites)
        .where(sites.c.activity_id == activity_id, sites.c.removed_at.is_(None))
        .values(removed_at=at)
    )


async def update_sites_claim(
    connection: AsyncConnection, activity_id: str, status: ActivityStatus
) -> None:
    """Claim an activity's installations when it becomes live; give them up when it ends."""
    await connection.execute(
        update(sites)
        .where(
            sites.c.activity_id == activity_id,
            sites.c.removed_at.is_(None),
            sites.c.installation_id.is_not(None),
        )
        .values(claims_installation=status in LIVE)
    )


async def insert_event(connection: AsyncConnection, event: Event) -> None:
    """Keep a step of an activity's life."""
    await connection.execute(insert(activity_events).values(_values(activity_events, event)))


async def insert_opinion(connection: AsyncConnection, opinion: Opinion) -> None:
    """Keep a validation opinion."""
    values = _values(validation_opinions, opinion, document_ids=list(opinion.document_ids))
    await connection.execute(insert(validation_opinions).values(values))


async def insert_reader(
    connection: AsyncConnection, *, activity_id: str, party_id: str, log_index: int
) -> None:
    """Admit a party to read an activity; one that is admitted already stays so."""
    row = {"activity_id": activity_id, "party_id": party_id, "log_index": log_index}
    await connection.execute(insert_or(activity_readers).values(row).on_conflict_do_nothing())


def _values(table: Table, kept: object, **also: object) -> dict[str, Any]:
    return {
        column.name: also[column.name] if column.name in also else getattr(kept, column.name)
        for column in table.c
    }
