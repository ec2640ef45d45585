"""Who may see an application over HTTP: whoever has its secret, and officers, which is noted."""

from typing import Annotated

from fastapi import Header, Path, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.noticed import note_read
from app.entry.api.wire import Identifier
from app.kernel.encoding import sha256
from app.registry.applications import rules, store
from app.registry.applications.rules import Application
from app.registry.parties.policy import Actor, Permission, allows
from app.registry.signin.rules import AccessKind

ApplicationId = Annotated[
    Identifier,
    Path(description="Identifier of the application.", examples=["apl_01kb5b1j0dfz5r5d8r4v5e2c3a"]),
]
Secret = Annotated[
    str,
    Header(
        alias="Application-Secret",
        description="The secret that came with the application.",
        pattern=r"^[A-Za-z0-9_-]{43}$",
        examples=["x7Wd0nA7v1k3oXx1sPz3gS0d0mWcGgqk2jP0b4m1x5Q"],
    ),
]
MaybeSecret = Annotated[
    str | None,
    Header(
        alias="Application-Secret",
        description="The secret that came with the application; officers of TGO need none.",
        pattern=r"^[A-Za-z0-9_-]{43}$",
        examples=["x7Wd0nA7v1k3oXx1sPz3gS0d0mWcGgqk2jP0b4m1x5Q"],
    ),
]


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
        rules.require_secret(application, sha256((secret or "").encode()))
    else:
        kind = AccessKind.APPLICATION_READ
        await note_read(request, visitor, kind, what, [application.id])
    return application
