"""Files of applications: which are here, and under which keys."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Cast, Text, all_, any_, cast, delete, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import constraint_of
from app.kernel.paging import rows
from app.registry.applications.refusals import (
    ApplicationFileNotFoundError,
    ApplicationFileNotNamedError,
    ApplicationFilesFullError,
    ApplicationFilesTooLargeError,
)
from app.registry.applications.rules import (
    DOCUMENTS_MAX,
    FILES_BYTES_MAX,
    FULL_RETRY_S,
    ApplicationFile,
    Waiting,
)
from app.registry.applications.store.tables import application_files

_SHOWN: Final = [application_files.c[field.name] for field in fields(ApplicationFile)]


async def list_files(connection: AsyncConnection, application_id: str) -> list[ApplicationFile]:
    """Return an application's files that are here; as many as it names documents, at most."""
    query = (
        select(*_SHOWN)
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
    query = select(*_SHOWN).where(
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


async def find_waiting(connection: AsyncConnection) -> Waiting:
    """Return how much lies here of applications that were not admitted (yet)."""
    query = text("SELECT files, bytes FROM application_files_waiting()")
    return Waiting(*(await connection.execute(query)).one())


async def insert_file(connection: AsyncConnection, file: ApplicationFile) -> None:
    """
    Keep a file, unless it is here already.

    Raises:
        ApplicationFileNotNamedError: the application does not name it, or is decided or erased.
        ApplicationFilesTooLargeError, ApplicationFilesFullError: there is no room (any more).
    """
    statement = postgresql.insert(application_files).values(asdict(file))
    try:
        await connection.execute(statement.on_conflict_do_nothing())
    except DBAPIError as error:
        match constraint_of(error):
            case "application_files_are_named":
                raise ApplicationFileNotNamedError(
                    sha256=file.sha256, bytes=file.bytes, media_type=file.media_type
                ) from None
            case "application_files_are_bounded":
                raise ApplicationFilesTooLargeError(bytes_max=FILES_BYTES_MAX) from None
            case "application_files_have_room":
                raise ApplicationFilesFullError(retry_after_s=FULL_RETRY_S) from None
            case _:
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


def _texts(values: Sequence[str]) -> Cast[Any]:
    return cast(list(values), postgresql.ARRAY(Text))
