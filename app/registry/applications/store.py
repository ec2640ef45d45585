"""Applications in the database: as they stand, what was said in them, and what happened."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Cast,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    RowMapping,
    Select,
    Table,
    Text,
    UniqueConstraint,
    all_,
    any_,
    cast,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import constraint_of, metadata
from app.kernel.errors import RegistryError
from app.kernel.paging import IDS_END, between, rows
from app.registry.applications.content import Content, content_text, read_content
from app.registry.applications.refusals import (
    ApplicationFileNotFoundError,
    ApplicationFileNotNamedError,
    ApplicationNotFoundError,
    SameOfficerError,
)
from app.registry.applications.rules import (
    DOCUMENTS_MAX,
    PARTY_KINDS,
    VERSIONS_MAX,
    Application,
    ApplicationFile,
    ApplicationStatus,
    Event,
    HolderKind,
    Step,
)
from app.registry.log.store import with_salt
from app.registry.parties.rules import PartyKind

# Officers answer each step of an applicant with at most one of theirs, and decide in two.
EVENTS_MAX: Final = 2 * VERSIONS_MAX + 2


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _kinds_fit() -> str:
    return " or ".join(
        f"(holder_kind = '{holder}' and party_kind in ({_words(kinds)}))"
        for holder, kinds in PARTY_KINDS.items()
    )


applications: Final = Table(
    "applications",
    metadata,
    Column("id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("holder_kind", Text, nullable=False),
    Column("party_kind", Text, nullable=False),
    Column("province_code", Text, ForeignKey("provinces.code"), index=True),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("content_log_index", BigInteger, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("submitted_at", DateTime(timezone=True)),
    Column("due_on", Date),
    Column("documents_expire_on", Date),
    Column("recommended_by", Text, ForeignKey("users.id"), index=True),
    Column("is_favourable", Boolean),
    Column("decided_by", Text, ForeignKey("users.id"), index=True),
    Column("party_id", Text, ForeignKey("parties.id")),
    Column("version", Integer, nullable=False),
    UniqueConstraint("party_id"),
    CheckConstraint(f"status in ({_words(ApplicationStatus)})", name="status_known"),
    CheckConstraint(_kinds_fit(), name="kinds_fit"),
    CheckConstraint("octet_length(secret_sha256) = 32", name="digest_length"),
    CheckConstraint("version >= 1", name="version_range"),
    CheckConstraint(
        "status = 'withdrawn' or (status = 'draft') = (submitted_at is null)", name="submitted"
    ),
    CheckConstraint(
        "(due_on is not null) = (status in ('submitted', 'answered', 'recommended'))",
        name="clock_runs",
    ),
    CheckConstraint(
        "(status in ('recommended', 'admitted', 'refused')) = (recommended_by is not null)"
        " and (recommended_by is null) = (is_favourable is null)",
        name="recommended",
    ),
    CheckConstraint(
        "(status in ('admitted', 'refused')) = (decided_by is not null)", name="decided"
    ),
    CheckConstraint("decided_by <> recommended_by", name="two_officers"),
    CheckConstraint(
        "(status = 'admitted') = (party_id is not null) and (party_id is null or is_favourable)",
        name="admitted",
    ),
    Index(None, "status", "id"),
    Index(
        "ix_applications_renewal",
        "documents_expire_on",
        "id",
        postgresql_where=text("status = 'admitted'"),
    ),
)

# Each time the applicant writes, all of it: what was decided on can be told for good.
application_contents: Final = Table(
    "application_contents",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("application_id", Text, ForeignKey("applications.id"), nullable=False),
    Column("content", Text),  # null: erased
    Index(None, "application_id", "log_index"),
    info={"history": True, "erasable": ("content",)},
)

application_events: Final = Table(
    "application_events",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("application_id", Text, ForeignKey("applications.id"), nullable=False),
    Column("step", Text),  # null: it was begun
    Column("to_status", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),  # null: the step asks for none, or it was erased
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(f"step in ({_words(Step)})", name="step_known"),
    Index(None, "application_id", "log_index"),
    info={"history": True, "erasable": ("reason",)},
)

# No history: a file may go, and the digest that the log commits to stays with what was said.
application_files: Final = Table(
    "application_files",
    metadata,
    Column("application_id", Text, ForeignKey("applications.id"), primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sealed_key", LargeBinary, nullable=False),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("id"),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_form"),
    CheckConstraint("bytes > 0", name="not_empty"),
    CheckConstraint("octet_length(sealed_key) = 60", name="sealed_key"),
    info={"passing": True, "expiring": True},
)

REFUSALS: Final[dict[str, type[RegistryError]]] = {"ck_applications_two_officers": SameOfficerError}


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
    """Return admitted applications with a document that expires by a day, the first ones first."""
    place = (applications.c.documents_expire_on, applications.c.id)
    query = _selected().where(
        applications.c.status == text("'admitted'"), applications.c.documents_expire_on <= until
    )
    if after is not None:
        day, application_id = after
        query = query.where(
            applications.c.documents_expire_on >= day,
            (applications.c.documents_expire_on > day) | (applications.c.id > application_id),
        )
    query = query.order_by(*place).limit(rows(limit))
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


async def find_draft_begun_at(connection: AsyncConnection, *, place: int) -> datetime | None:
    """Return when the draft was begun that is so many places from the newest, itself the first."""
    query = (
        select(applications.c.begun_at)
        .where(applications.c.status == ApplicationStatus.DRAFT)
        .order_by(applications.c.id.desc())
        .offset(rows(place - 1))
        .limit(rows(1))
    )
    found: datetime | None = await connection.scalar(query)
    return found


async def list_files(connection: AsyncConnection, application_id: str) -> list[ApplicationFile]:
    """Return an application's files that are here; as many as it names documents, at most."""
    query = (
        select(application_files)
        .where(application_files.c.application_id == application_id)
        .order_by(application_files.c.sha256)
        .limit(rows(DOCUMENTS_MAX))
    )
    found = await connection.execute(query)
    return [ApplicationFile(**row) for row in found.mappings()]


async def get_file(
    connection: AsyncConnection, application_id: str, sha256: str
) -> ApplicationFile:
    """
    Return a file of an application, whoever may see it.

    Raises:
        ApplicationFileNotFoundError: it is not here.
    """
    query = select(application_files).where(
        application_files.c.application_id == application_id, application_files.c.sha256 == sha256
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise ApplicationFileNotFoundError
    return ApplicationFile(**row)


async def list_file_ids(connection: AsyncConnection, ids: Sequence[str]) -> list[str]:
    """Return those of some identifiers that files have."""
    query = select(application_files.c.id).where(application_files.c.id == any_(_texts(ids)))
    return list((await connection.execute(query)).scalars())


async def find_bytes_waiting(connection: AsyncConnection) -> int:
    """Return how many bytes lie here of applications that were not admitted (yet)."""
    return int((await connection.execute(text("SELECT application_bytes_waiting()"))).scalar_one())


async def insert_file(connection: AsyncConnection, file: ApplicationFile) -> None:
    """
    Keep a file, unless it is here already.

    Raises:
        ApplicationFileNotNamedError: the application does not name it, or is decided or erased.
    """
    statement = postgresql.insert(application_files).values(asdict(file))
    try:
        await connection.execute(statement.on_conflict_do_nothing())
    except DBAPIError as error:
        if constraint_of(error) == "application_files_are_named":
            raise ApplicationFileNotNamedError(
                sha256=file.sha256, bytes=file.bytes, media_type=file.media_type
            ) from None
        raise


async def delete_files_except(
    connection: AsyncConnection, application_id: str, named: Sequence[str]
) -> None:
    """Remove an application's files whose digests are not among these."""
    await connection.execute(
        delete(application_files).where(
            application_files.c.application_id == application_id,
            application_files.c.sha256 != all_(_texts(named)),
        )
    )


async def delete_old_files(connection: AsyncConnection, *, now: datetime, rows_max: int) -> int:
    """Remove files that are not named any more or that the rule lets go, so many at the most."""
    query = text("SELECT drop_application_files(:now, :rows_max)")
    return int((await connection.execute(query, {"now": now, "rows_max": rows_max})).scalar_one())


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


def _texts(values: Sequence[str]) -> Cast[Any]:
    return cast(list(values), postgresql.ARRAY(Text))


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
        "status": ApplicationStatus(row["status"]),
        "holder_kind": HolderKind(row["holder_kind"]),
        "party_kind": PartyKind(row["party_kind"]),
        "secret_sha256": bytes(row["secret_sha256"]),
    }
    said = row["content"]
    return Application(**kept, content=None if said is None else read_content(said))


def _event(row: RowMapping) -> Event:
    kept = dict(row)
    step = None if row["step"] is None else Step(row["step"])
    return replace(Event(**kept), step=step, to_status=ApplicationStatus(row["to_status"]))
