"""What is asked of an application."""

from dataclasses import dataclass

from app.registry.applications.content import Content
from app.registry.applications.rules import HolderKind
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin an application; its secret was made, shown and forgotten by the way in."""

    holder_kind: HolderKind
    party_kind: PartyKind
    province_code: str | None
    content: Content
    secret_sha256: bytes


@dataclass(frozen=True, slots=True)
class BeginRenewal:
    """Begin to renew the documents of a party."""

    party_id: str
    holder_kind: HolderKind
    content: Content


@dataclass(frozen=True, slots=True)
class OfApplicant:
    """A step of whoever has the application's secret, or renews for their party."""

    application_id: str
    secret_sha256: bytes  # of the secret that was given, if of none
    expected_version: int
    actor: Actor | None = None  # who is signed in; None: nobody


@dataclass(frozen=True, slots=True)
class OfOfficer:
    """A step of an officer, and why; to ask, the question."""

    application_id: str
    reason: str
    expected_version: int
