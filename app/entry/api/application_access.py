"""
Who may see an application over HTTP: whoever has its secret, or acts for the party that renews; and
officers, which is noted.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

import structlog
from fastapi import Header, Path, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.acts import Reply
from app.entry.api.application_shapes import application_shown
from app.entry.api.noticed import note_read
from app.entry.api.wire import Identifier, PreconditionMissingError, changed
from app.kernel.db import glancing
from app.kernel.encoding import sha256
from app.registry.applications import rules, store
from app.registry.applications.refusals import (
    ApplicationDocumentExpiredError,
    ApplicationDocumentMissingError,
    ApplicationErasedError,
    ApplicationFilesMissingError,
    ApplicationNotFoundError,
    ApplicationStaleError,
    ApplicationStateError,
    CertificateTooOldError,
    RepresentativesTooFewError,
)
from app.registry.applications.rules import Application
from app.registry.calendar.refusals import CalendarYearMissingError
from app.registry.parties.policy import Actor, Permission, allows
from app.registry.programmes.refusals import RuleMissingError
from app.registry.signin.rules import AccessKind

log = structlog.get_logger()

ApplicationId = Annotated[
    Identifier,
    Path(description="Identifier of the application.", examples=["apl_01kb5b1j0dfz5r5d8r4v5e2c3a"]),
]
MaybeSecret = Annotated[
    str | None,
    Header(
        alias="Application-Secret",
        description="The secret that came with the application. Officers of TGO need none, nor "
        "who acts for a party that renews.",
        pattern=r"^[A-Za-z0-9_-]{43}$",
        examples=["x7Wd0nA7v1k3oXx1sPz3gS0d0mWcGgqk2jP0b4m1x5Q"],
    ),
]

OF_STEP: Final = (
    ApplicationNotFoundError,
    ApplicationStaleError,
    ApplicationStateError,
    PreconditionMissingError,
)
OF_COMPLETE: Final = (
    ApplicationErasedError,
    ApplicationDocumentMissingError,
    ApplicationDocumentExpiredError,
    CertificateTooOldError,
    RepresentativesTooFewError,
    ApplicationFilesMissingError,
    RuleMissingError,
    CalendarYearMissingError,
)


def digest_of(secret: str | None) -> bytes:
    """Return what the register keeps of a secret; of none, that of nobody."""
    return sha256((secret or "").encode())


async def get_readable(
    request: Request,
    reader: AsyncConnection,
    visitor: Actor | None,
    application_id: str,
    *,
    secret: str | None,
    what: str,
) -> Application:
    """
    Return an application to who may see all of it; that an officer does is noted.

    Args:
        request: that of the read.
        reader: where to read.
        visitor: who is signed in; None: nobody.
        application_id: which.
        secret: what came with it; None: nothing did.
        what: the operation that shows it.

    Raises:
        ApplicationNotFoundError: there is none, or it is not for them.
        ConnectionError: it cannot be noted.
    """
    application = await store.get_application(reader, application_id)
    if visitor is None or not allows(visitor, Permission.READ_APPLICATION):
        rules.require_applicant(application, visitor, secret_sha256=digest_of(secret))
    else:
        kind = AccessKind.APPLICATION_READ
        await note_read(request, visitor, kind, what, [application.id])
    return application


@asynccontextmanager
async def dropping_bytes(request: Request, application_id: str) -> AsyncIterator[None]:
    """Remove the bytes of files whose rows the block takes away, when it has committed that."""
    engine, files = request.app.state.reads, request.app.state.sealed_files
    async with glancing(engine) as connection:
        before = [file.id for file in await store.list_files(connection, application_id)]
    yield
    if not before:
        return
    try:
        async with glancing(engine) as connection:
            left = await store.list_file_ids(connection, before)
    except Exception as error:  # noqa: BLE001  what was done is done, and the sweep finds them
        log.warning("files_not_dropped", error=type(error).__name__)
    else:
        await files.drop(set(before) - set(left))


def application_changed(application: Application) -> Reply:
    """Answer with where an application stands now."""
    return changed(application_shown(application), version=application.version)
