"""What an applicant says: names, people, documents; and the text that is kept of it."""

import json
from dataclasses import dataclass
from datetime import date

from app.kernel.encoding import canonical_bytes
from app.registry.parties.rules import Role


@dataclass(frozen=True, slots=True)
class Representative:
    """A person who is to act for the applicant."""

    email: str  # case-folded
    display_name: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A document of the application: what it is and which file; the bytes go another way."""

    requirement: str  # a code of the dated rule for the applicant's kind
    sha256: str  # of the file, 64 hexadecimal digits
    media_type: str
    bytes: int
    issued_on: date | None
    expires_on: date | None  # last day on which it is valid; None: it does not expire


@dataclass(frozen=True, slots=True)
class Content:
    """All that an applicant says; it names people, so the log only commits to it."""

    name_th: str
    name_en: str
    contact_email: str
    representatives: tuple[Representative, ...]
    documents: tuple[HandedIn, ...]


def content_text(content: Content) -> str:
    """Return a content as the text that is kept and that the log commits to."""
    return canonical_bytes(
        {
            "name_th": content.name_th,
            "name_en": content.name_en,
            "contact_email": content.contact_email,
            "representatives": [
                {
                    "email": person.email,
                    "display_name": person.display_name,
                    "roles": sorted(role.value for role in person.roles),
                }
                for person in content.representatives
            ],
            "documents": [
                {
                    "requirement": document.requirement,
                    "sha256": document.sha256,
                    "media_type": document.media_type,
                    "bytes": document.bytes,
                    "issued_on": document.issued_on and document.issued_on.isoformat(),
                    "expires_on": document.expires_on and document.expires_on.isoformat(),
                }
                for document in content.documents
            ],
        }
    ).decode()


def read_content(text: str) -> Content:
    """Read what `content_text` wrote."""
    said = json.loads(text)
    return Content(
        name_th=said["name_th"],
        name_en=said["name_en"],
        contact_email=said["contact_email"],
        representatives=tuple(
            Representative(one["email"], one["display_name"], frozenset(map(Role, one["roles"])))
            for one in said["representatives"]
        ),
        documents=tuple(
            HandedIn(
                **{**one, "issued_on": _day(one["issued_on"])}
                | {"expires_on": _day(one["expires_on"])}
            )
            for one in said["documents"]
        ),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def named_in(content: Content) -> list[str]:
    """Return what documents are named, by what requires them, each once."""
    return sorted({document.requirement for document in content.documents})
