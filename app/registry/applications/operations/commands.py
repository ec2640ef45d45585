"""What is asked of an application."""

from dataclasses import dataclass

from app.registry.applications.content import Content
from app.registry.applications.rules import HolderKind
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
class OfApplicant:
    """A step of whoever has the application's secret."""

    application_id: str
    secret_sha256: bytes
    expected_version: int


@dataclass(frozen=True, slots=True)
class OfOfficer:
    """A step of an officer, and why; to ask, the question."""

    application_id: str
    reason: str
    expected_version: int
