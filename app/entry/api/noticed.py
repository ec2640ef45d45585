"""What the API notes of those who come: from where they do, and whom they read about."""

from collections.abc import Iterable

from fastapi import Request

from app.entry.guessing import address_of
from app.entry.trail import Trail
from app.kernel import clock
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind
from app.registry.signin.operations import By, an_access, by_actor
from app.registry.signin.rules import AccessKind


def network_of(request: Request) -> str:
    """Return from where a request comes: the socket's peer, of an IPv6 address its network."""
    return address_of(request.scope.get("client"))


async def note_read(
    request: Request,
    actor: Actor,
    kind: AccessKind,
    what: str,
    about: Iterable[str | None],
) -> None:
    """
    Note that one of TGO's people is shown what is kept about others.

    Whoever sees their own party only is not noted: its people know each other.

    Args:
        request: that of the read.
        actor: who reads.
        kind: what is read.
        what: the operation that shows it.
        about: users or applications, without the reader; None: everybody.

    Raises:
        ConnectionError: it cannot be noted, so it must not be shown.
    """
    if actor.party_kind is not PartyKind.AUTHORITY:
        return
    trail: Trail = request.app.state.trail
    by, now = by_actor(actor, network_of(request)), clock.now()
    await trail.add(
        an_access(by, kind, what, about=one, now=now) for one in about if one != actor.user_id
    )


async def note_failed(
    request: Request, user_id: str, code: str, *, key_id: str | None = None
) -> None:
    """
    Note that somebody did not get in as a user, and with which refusal.

    Raises:
        ConnectionError: it cannot be noted.
    """
    trail: Trail = request.app.state.trail
    by = By(None, network_of(request), key_id=key_id)
    failed = AccessKind.SIGN_IN_FAILED
    await trail.add([an_access(by, failed, code, about=user_id, now=clock.now())])
