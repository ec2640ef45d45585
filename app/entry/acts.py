"""
An act on its way: what a way in hands to the committer, and what it gets back once it is committed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import Struct

from app.kernel.encoding import sha256
from app.registry.ledger.rules import Touches
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor

Result = TypeVar("Result")


class Reply(Struct, frozen=True):
    """What the caller is told: kept with the idempotency key and repeated byte for byte."""

    status: int
    body: bytes
    location: str | None = None  # of what was made (201), or where the act was asked for
    etag: str | None = None


class Idempotency(Struct, frozen=True):
    """The client's own name for a request, so that a retry is not a second act."""

    scope: str  # the user or API client whose key it is; keys of different callers never meet
    key: str
    fingerprint: bytes  # SHA-256 over what was asked; the same key with another one is refused

    @classmethod
    def of(cls, *, scope: str, key: str, method: str, path: str, body: bytes) -> "Idempotency":
        """Bind a key to the exact request it came with."""
        asked = b"\n".join((method.encode(), path.encode(), body))
        return cls(scope=scope, key=key, fingerprint=sha256(asked))


class Act(Struct, Generic[Result], frozen=True):
    """
    One act, ready for the pen.

    ``operation`` refuses by raising a `RegistryError` before it has written anything.
    ``present`` turns its
    result into the reply; it runs before the commit because the reply is stored in it.
    """

    actor: Actor
    operation: Callable[[Pen], Awaitable[Result]]
    present: Callable[[Result], Reply]
    idempotency: Idempotency | None = None
    # Given by acts that write no rows of their own: what they will need to know of the ledger.
    touches: tuple[Touches, ...] | None = None
    # Moves credits that are there and reads nothing else: may be decided before the pen is taken.
    ahead: bool = False
    dry_run: bool = False  # decide and present, but write nothing

    @property
    def client(self) -> str:
        """Who waits for it: clients take turns."""
        return self.idempotency.scope if self.idempotency else self.actor.user_id

    @property
    def weight(self) -> int:
        """About how much work it is, an act that moves credits once being 1."""
        return max(1, len(self.touches or ()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    A committed act's reply; ``replayed`` where an earlier request with the same key had made it.
    """

    reply: Reply
    replayed: bool = False
