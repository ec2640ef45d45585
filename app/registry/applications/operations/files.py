"""
Files of applications. They are no acts: the log commits to their digests with what was said.

So a file can go for good, and nothing in the log has to be taken back.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.applications import rules, store
from app.registry.applications.content import Content
from app.registry.applications.rules import Application, ApplicationFile
from app.registry.parties.policy import Actor


async def find_uploading(
    connection: AsyncConnection,
    application_id: str,
    *,
    secret_sha256: bytes,
    actor: Actor | None,
) -> Application:
    """
    Return the application that its applicant may upload files of.

    Raises:
        ApplicationNotFoundError: there is none, or it has another secret, or it is a renewal of a
            party that the actor may not renew.
        ApplicationStateError: it has ended.
        ApplicationErasedError: nobody knows any more what was named.
    """
    application = await store.get_application(connection, application_id)
    rules.require_applicant(application, actor, secret_sha256=secret_sha256)
    rules.require_open(application)
    return application


async def check_file(
    connection: AsyncConnection,
    application: Application,
    *,
    sha256: str,
    size: int,
    media_type: str,
) -> ApplicationFile | None:
    """
    Refuse a file that the application does not name, or that there is no room for.

    Args:
        connection: where to read.
        application: as it stands.
        sha256: of the file.
        size: of it, in bytes.
        media_type: what its bytes are.

    Returns:
        The file where it is kept already; None: it may be kept now.

    Raises:
        ApplicationFileNotNamedError, ApplicationFilesTooLargeError, ApplicationFilesFullError: as
            named.
    """
    rules.require_named(application, sha256=sha256, size=size, media_type=media_type)
    kept = await store.list_files(connection, application.id)
    for file in kept:
        if file.sha256 == sha256:
            return file
    waiting = await store.find_waiting(connection)
    rules.check_room(kept, size=size, waiting=waiting)
    return None


async def keep_file(connection: AsyncConnection, file: ApplicationFile) -> ApplicationFile:
    """
    Keep what was uploaded; where another request was first, its file is the one that counts.

    Raises:
        ApplicationFileNotNamedError, ApplicationFilesTooLargeError, ApplicationFilesFullError: it
            may not be kept (any more).
        ApplicationFileNotFoundError: it was kept and removed, all in this moment.
    """
    await store.insert_file(connection, file)
    return await store.get_file(connection, file.application_id, file.sha256)


async def drop_old_files(connection: AsyncConnection, *, now: datetime, rows_max: int) -> int:
    """Remove files that are not named any more, or that the rule lets go; returns how many."""
    return await store.delete_old_files(connection, now=now, rows_max=rows_max)


async def drop_unnamed(connection: AsyncConnection, application_id: str, content: Content) -> None:
    """Remove the files that an applicant does not name any more, one that comes now among them."""
    await store.lock_application(connection, application_id)
    await store.delete_files_except(
        connection, application_id, [document.sha256 for document in content.documents]
    )


async def require_files(connection: AsyncConnection, application: Application) -> None:
    """
    Refuse an application whose documents are named and not here.

    Raises:
        ApplicationFilesMissingError: some are not.
    """
    kept = await store.list_files(connection, application.id)
    rules.check_files(application, {file.sha256 for file in kept})
