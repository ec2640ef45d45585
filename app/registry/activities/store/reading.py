"""Activities, sites, events and opinions, read with visibility as part of the query."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    RowMapping,
    Text,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.statements import Statement
from app.registry.activities.refusals import ActivityNotFoundError
from app.registry.activities.rules import (
    PUBLIC,
    Activity,
    ActivityForm,
    ActivityStatus,
    Event,
    Opinion,
    Site,
    ValidationConclusion,
)
from app.registry.activities.store.tables import (
    activities,
    activity_events,
    activity_readers,
    sites,
    validation_opinions,
)
from app.registry.log.store import with_salt
from app.registry.methodologies.rules import ScaleClass
from app.registry.parties.policy import Actor, Permission, allows

_SITE: Final = tuple(sites.c[name] for name in Site.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which activities a list is to hold; None asks nothing."""

    programme_code: str | None = None
    province_code: str | None = None
    status: ActivityStatus | None = None
    methodology_code: str | None = None
    project_type: int | None = None
    owner_party_id: str | None = None
    q: str | None = None  # part of a name or of the code


async def get_activity(connection: AsyncConnection, activity_id: str) -> Activity:
    """
    Return an activity, whoever may see it.

    Raises:
        ActivityNotFoundError: there is none.
    """
    found = await connection.execute(select(activities).where(activities.c.id == activity_id))
    return _one_activity(found.mappings().one_or_none())


async def get_visible_activity(
    connection: AsyncConnection, visitor: Actor | None, activity_id: str
) -> Activity:
    """
    Return an activity that somebody may see; None is the public.

    Raises:
        ActivityNotFoundError: there is none, or none that they may know of.
    """
    if visitor is None:
        public = await _PUBLIC_ONE.rows(connection, id=activity_id)
        return _one_activity(public[0] if public else None)
    wanted = select(activities).where(activities.c.id == activity_id, visible_to(visitor))
    return _one_activity((await connection.execute(wanted)).mappings().one_or_none())


async def list_visible_activities(
    connection: AsyncConnection,
    visitor: Actor | None,
    asked: Filter,
    *,
    limit: int,
    before: str | None = None,
) -> tuple[Activity, ...]:
    """
    Return activities that somebody may see, newest first.

    Args:
        connection: where to read.
        visitor: who asks; None is the public.
        asked: what they ask for.
        limit: most rows returned.
        before: identifier of the last one already shown; None starts with the newest.
    """
    wanted = select(activities).where(visible_to(visitor), *_asked(asked))
    if before is not None:
        wanted = wanted.where(activities.c.id < before)
    found = await connection.execute(wanted.order_by(activities.c.id.desc()).limit(limit))
    return tuple(_activity(row) for row in found.mappings())


async def list_sites(connection: AsyncConnection, activity_id: str) -> tuple[Site, ...]:
    """Return the sites of an activity in the owner's order; there are at most `rules.SITES_MAX`."""
    return tuple(Site(**row) for row in await _SITES_OF.rows(connection, id=activity_id))


async def list_provinces_of(
    connection: AsyncConnection, activity_ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return the province codes of each of these activities' sites, in order of code."""
    wanted = (
        select(sites.c.activity_id, sites.c.province_code)
        .where(sites.c.activity_id.in_(activity_ids), sites.c.removed_at.is_(None))
        .distinct()
        .order_by(sites.c.activity_id, sites.c.province_code)
    )
    codes: dict[str, tuple[str, ...]] = dict.fromkeys(activity_ids, ())
    for activity_id, province_code in await connection.execute(wanted):
        codes[activity_id] = (*codes[activity_id], province_code)
    return codes


async def list_names(
    connection: AsyncConnection, activity_ids: Collection[str]
) -> dict[str, tuple[str, str]]:
    """
    Return what activities are called in Thai and in English, by identifier.

    Whoever may see them: of activities whose credits are in the register, which are public.
    """
    if not activity_ids:
        return {}
    wanted = select(activities.c.id, activities.c.name_th, activities.c.name_en).where(
        activities.c.id.in_(activity_ids)
    )
    return {row[0]: (row[1], row[2]) for row in await connection.execute(wanted)}


async def list_counts(connection: AsyncConnection) -> dict[ActivityStatus, int]:
    """Return how many activities the public may see in each status."""
    found = await _COUNTS.rows(connection)
    return {ActivityStatus(row.status): row.activities for row in found}


async def list_counts_by_province(connection: AsyncConnection) -> dict[str, int]:
    """Return how many activities the public may see with sites in each province, by its code."""
    found = await _COUNTS_BY_PROVINCE.rows(connection)
    return {row.province_code: row.activities for row in found}


async def list_events(
    connection: AsyncConnection, activity_id: str, *, limit: int, after: int | None = None
) -> tuple[Event, ...]:
    """Return the steps of an activity's life after a log index, oldest first."""
    found = await _EVENTS_OF.rows(
        connection, id=activity_id, after=-1 if after is None else after, limit=limit
    )
    return tuple(_event(row) for row in found)


async def list_opinions(
    connection: AsyncConnection, activity_id: str, *, limit: int
) -> tuple[Opinion, ...]:
    """Return the validation opinions on an activity, the latest first."""
    found = await _OPINIONS_ON.rows(connection, id=activity_id, limit=limit)
    return tuple(_opinion(row) for row in found)


async def find_latest_opinion(connection: AsyncConnection, activity_id: str) -> Opinion | None:
    """Return the validation opinion that counts; None where none was given."""
    latest = await list_opinions(connection, activity_id, limit=1)
    return latest[0] if latest else None


async def find_installation_claim(
    connection: AsyncConnection, installation_ids: Sequence[str], *, activity_id: str
) -> str | None:
    """Return one of these installations that another live activity counts; None where none does."""
    wanted = (
        select(sites.c.installation_id)
        .where(
            sites.c.installation_id.in_(installation_ids),
            sites.c.claims_installation,
            sites.c.activity_id != activity_id,
        )
        .order_by(sites.c.installation_id)
        .limit(1)
    )
    claimed: str | None = (await connection.execute(wanted)).scalar_one_or_none()
    return claimed


async def find_last_number(connection: AsyncConnection, programme_code: str) -> int:
    """Return the highest number that a programme's activities carry; 0 where it has none."""
    wanted = select(func.coalesce(func.max(activities.c.number), 0)).where(
        activities.c.programme_code == programme_code
    )
    return int((await connection.execute(wanted)).scalar_one())


async def list_readers(connection: AsyncConnection, activity_id: str) -> tuple[str, ...]:
    """Return the parties admitted to read an activity: one for each VVB that ever verified it."""
    wanted = select(activity_readers.c.party_id).where(
        activity_readers.c.activity_id == activity_id
    )
    return tuple((await connection.execute(wanted.limit(200))).scalars())


def visible_to(visitor: Actor | None) -> ColumnElement[bool]:
    """Return the condition on activities that somebody may see; None is the public."""
    public = activities.c.status.in_([status.value for status in PUBLIC])
    if visitor is None:
        return public
    if allows(visitor, Permission.READ_ACTIVITY_DRAFT):
        return true()
    if not allows(visitor, Permission.READ_ACTIVITY_DRAFT, owner_ids=(visitor.party_id,)):
        return public
    return or_(public, concerns(visitor.party_id))


def concerns(party_id: str) -> ColumnElement[bool]:
    """Return the condition on activities that a party owns, validates, or was admitted to read."""
    admitted = select(activity_readers.c.activity_id).where(activity_readers.c.party_id == party_id)
    return or_(
        activities.c.owner_party_id == party_id,
        activities.c.vvb_party_id == party_id,
        activities.c.id.in_(admitted),
    )


def _asked(asked: Filter) -> list[ColumnElement[bool]]:
    equal = {
        activities.c.programme_code: asked.programme_code,
        activities.c.status: None if asked.status is None else asked.status.value,
        activities.c.methodology_code: asked.methodology_code,
        activities.c.project_type: asked.project_type,
        activities.c.owner_party_id: asked.owner_party_id,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    if asked.province_code is not None:
        conditions.append(
            exists().where(
                sites.c.activity_id == activities.c.id,
                sites.c.province_code == asked.province_code,
                sites.c.removed_at.is_(None),
            )
        )
    if asked.q is not None:
        named = (activities.c.name_th, activities.c.name_en, activities.c.code)
        conditions.append(or_(*(column.icontains(asked.q, autoescape=True) for column in named)))
    return conditions


def _one_activity(row: RowMapping | None) -> Activity:
    if row is None:
        raise ActivityNotFoundError
    return _activity(row)


def _activity(row: RowMapping) -> Activity:
    known: dict[str, Any] = {
        "form": ActivityForm(row["form"]),
        "status": ActivityStatus(row["status"]),
        "scale": None if row["scale"] is None else ScaleClass(row["scale"]),
    }
    return Activity(**{**row, **known})


def _event(row: RowMapping) -> Event:
    left = row["from_status"]
    known: dict[str, Any] = {
        "from_status": None if left is None else ActivityStatus(left),
        "to_status": ActivityStatus(row["to_status"]),
    }
    return Event(**{**row, **known})


def _opinion(row: RowMapping) -> Opinion:
    known: dict[str, Any] = {
        "conclusion": ValidationConclusion(row["conclusion"]),
        "document_ids": tuple(row["document_ids"]),
    }
    return Opinion(**{**row, **known})


_ID: Final = bindparam("id", type_=Text)
_LIMIT: Final = bindparam("limit", type_=Integer)
_PUBLIC_ONE: Final = Statement(select(activities).where(activities.c.id == _ID, visible_to(None)))
_SITES_OF: Final = Statement(
    select(*_SITE)
    .where(sites.c.activity_id == _ID, sites.c.removed_at.is_(None))
    .order_by(sites.c.position)
)
_EVENTS_OF: Final = Statement(
    with_salt(activity_events)
    .where(
        activity_events.c.activity_id == _ID,
        activity_events.c.log_index > bindparam("after", type_=BigInteger),
    )
    .order_by(activity_events.c.log_index)
    .limit(_LIMIT)
)
_OPINIONS_ON: Final = Statement(
    with_salt(validation_opinions)
    .where(validation_opinions.c.activity_id == _ID)
    .order_by(validation_opinions.c.log_index.desc())
    .limit(_LIMIT)
)
_COUNTS: Final = Statement(
    select(activities.c.status, func.count().label("activities"))
    .where(visible_to(None))
    .group_by(activities.c.status)
)
_COUNTS_BY_PROVINCE: Final = Statement(
    select(
        sites.c.province_code,
        func.count(sites.c.activity_id.distinct()).label("activities"),
    )
    .join(activities, activities.c.id == sites.c.activity_id)
    .where(sites.c.removed_at.is_(None), visible_to(None))
    .group_by(sites.c.province_code)
)
