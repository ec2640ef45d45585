"""Applications: as they stand, what was said in them, and what happened."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, Select, and_, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import IDS_END, between, rows
from app.registry.applications.content import Content, content_text, read_content
from app.registry.applications.refusals import ApplicationNotFoundError
from app.registry.applications.rules import (
    VERSIONS_MAX,
    Application,
    ApplicationKind,
    ApplicationStatus,
    Event,
    HolderKind,
    Step,
)
from app.registry.applications.store.tables import (
    application_contents,
    application_events,
    applications,
)
from app.registry.log.store import with_salt
from app.registry.parties.rules import PartyKind

# Officers answer each step of an applicant with at most one of theirs, and decide in two.
EVENTS_MAX: Final = 2 * VERSIONS_MAX + 2


async def get_application(connection: AsyncConnection, application_id: str) -> Application:
    """
    Return an application, whoever may see it.

    Raises:
        ApplicationNotFoundError: there is none.
    """
    query = _selected().where(applications.c.id == application_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise ApplicationNotFoundError
    return _application(row)


async def lock_application(connection: AsyncConnection, application_id: str) -> None:
    """Let files of an application that are being kept be kept first, and others wait."""
    query = select(applications.c.id).where(applications.c.id == application_id)
    await connection.execute(query.with_for_update())


async def list_applications(
    connection: AsyncConnection,
    *,
    status: ApplicationStatus | None = None,
    after: str | None = None,
    limit: int,
) -> list[Application]:
    """Return applications in the order they were begun, from the one after ``after``."""
    key = {} if status is None else {applications.c.status: status}
    along = (*key, applications.c.id)
    place = between(along, (*key.values(), after or ""), (*key.values(), IDS_END))
    query = _selected().where(place).order_by(*along).limit(rows(limit))
    return [_application(row) for row in (await connection.execute(query)).mappings()]


async def list_renewals(
    connection: AsyncConnection,
    *,
    until: date,
    after: tuple[date, str] | None = None,
    limit: int,
) -> list[Application]:
    """Return those that hold and have a document that expires by a day, the first ones first."""
    place = (applications.c.documents_expire_on, applications.c.id)
    query = _selected().where(_holds(), applications.c.documents_expire_on <= until)
    if after is not None:
        day, application_id = after
        query = query.where(
            applications.c.documents_expire_on >= day,
            (applications.c.documents_expire_on > day) | (applications.c.id > application_id),
        )
    query = query.order_by(*place).limit(rows(limit))
    return [_application(row) for row in (await connection.execute(query)).mappings()]


async def find_current(connection: AsyncConnection, party_id: str) -> Application | None:
    """Return the application whose documents are a party's at present; None: it has none."""
    query = _selected().where(_holds(), applications.c.party_id == party_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _application(row)


async def find_open_renewal(connection: AsyncConnection, party_id: str) -> str | None:
    """Return a party's renewal that is not decided; None: there is none."""
    query = select(applications.c.id).where(
        text(
            "kind = 'renewal' and status in"
            " ('draft', 'submitted', 'asked', 'answered', 'recommended')"
        ),
        applications.c.party_id == party_id,
    )
    found: str | None = await connection.scalar(query)
    return found


async def list_of_party(
    connection: AsyncConnection, party_id: str, *, limit: int
) -> list[Application]:
    """Return what brought a party in and what it handed in to renew, the newest first."""
    query = (
        _selected()
        .where(applications.c.party_id == party_id)
        .order_by(applications.c.id.desc())
        .limit(rows(limit))
    )
    return [_application(row) for row in (await connection.execute(query)).mappings()]


async def list_events(connection: AsyncConnection, application_id: str) -> list[Event]:
    """Return what happened to an application, first to last; there is a limit to it."""
    query = (
        with_salt(application_events)
        .where(application_events.c.application_id == application_id)
        .order_by(application_events.c.log_index)
        .limit(rows(EVENTS_MAX))
    )
    return [_event(row) for row in (await connection.execute(query)).mappings()]


async def find_begun_at(connection: AsyncConnection, *, place: int) -> datetime | None:
    """
    Return when an application for an account was begun, whatever became of it.

    Args:
        connection: where to read.
        place: which one, from the newest; that is the first.
    """
    query = (
        select(applications.c.begun_at)
        .where(text("kind = 'opening'"))
        .order_by(applications.c.begun_at.desc())
        .offset(rows(place - 1))
        .limit(rows(1))
    )
    found: datetime | None = await connection.scalar(query)
    return found


async def insert_application(connection: AsyncConnection, application: Application) -> None:
    """Keep a new application, without its content."""
    await connection.execute(insert(applications).values(_kept(application)))


async def update_application(connection: AsyncConnection, application: Application) -> None:
    """Write where an application stands over the version before."""
    result = await connection.execute(
        update(applications)
        .where(
            applications.c.id == application.id,
            applications.c.version == application.version - 1,
        )
        .values(_kept(application))
    )
    assert result.rowcount == 1


async def update_superseded(connection: AsyncConnection, party_id: str) -> None:
    """Let the documents of a party that hold be former ones."""
    await connection.execute(
        update(applications)
        .where(_holds(), applications.c.party_id == party_id)
        .values(is_superseded=True)
    )


async def insert_content(
    connection: AsyncConnection, content: Content, *, application_id: str, log_index: int
) -> None:
    """Keep what the applicant says."""
    await connection.execute(
        insert(application_contents).values(
            log_index=log_index, application_id=application_id, content=content_text(content)
        )
    )


async def insert_event(connection: AsyncConnection, event: Event) -> None:
    """Keep what happened."""
    await connection.execute(
        insert(application_events).values(
            {column.name: getattr(event, column.name) for column in application_events.c}
        )
    )


def _holds() -> ColumnElement[bool]:
    # Written out, so that it is the condition of the indices.
    return and_(applications.c.status == text("'admitted'"), ~applications.c.is_superseded)


def _selected() -> Select[Any]:
    of_application = application_contents.c.log_index == applications.c.content_log_index
    return select(applications, application_contents.c.content).outerjoin(
        application_contents, of_application
    )


def _kept(application: Application) -> dict[str, Any]:
    return {column.name: getattr(application, column.name) for column in applications.c}


def _application(row: RowMapping) -> Application:
    kept = {column.name: row[column.name] for column in applications.c}
    kept |= {
        "kind": ApplicationKind(row["kind"]),
        "status": ApplicationStatus(row["status"]),
        "holder_kind": HolderKind(row["holder_kind"]),
        "party_kind": PartyKind(row["party_kind"]),
        "secret_sha256": None if row["secret_sha256"] is None else bytes(row["secret_sha256"]),
    }
    said = row["content"]
    return Application(**kept, content=None if said is None else read_content(said))


def _event(row: RowMapping) -> Event:
    kept = dict(row)
    step = None if row["step"] is None else Step(row["step"])
    return replace(Event(**kept), step=step, to_status=ApplicationStatus(row["to_status"]))
