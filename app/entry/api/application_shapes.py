"""Applications for an account as they travel over HTTP."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.entry.api.days import Day
from app.entry.api.users import Email
from app.entry.api.wire import (
    WHOLE,
    Body,
    LogIndex,
    Moment,
    Name,
    ProvinceCode,
    Salt,
    Shown,
    Text,
    salt_shown,
)
from app.registry.applications.content import Content, HandedIn, Representative
from app.registry.applications.rules import (
    DOCUMENTS_MAX,
    REPRESENTATIVES_MAX,
    Application,
    ApplicationFile,
    ApplicationKind,
    ApplicationStatus,
    Event,
    HolderKind,
    Step,
)
from app.registry.parties.rules import PartyKind, Role

_ID: Final = "apl_01kb5b1j0dfz5r5d8r4v5e2c3a"


def _refuse_doubles(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if len(set(roles)) != len(roles):
        raise PydanticCustomError("doubled", "name each role once")
    return roles


class RepresentativeBody(Body):
    """A person who is to act for the applicant."""

    email: Email = Field(
        description="Address that the person will sign in with; nobody else's.",
        examples=["mali@example.org"],
    )
    display_name: Name = Field(description="Name of the person.", examples=["มะลิ ใจดี"])
    roles: Annotated[tuple[Role, ...], AfterValidator(_refuse_doubles)] = Field(
        description="What the person may do: initiate, approve, view; for a developer, also "
        "`developer`.",
        min_length=1,
        max_length=len(Role),
        examples=[["holder_initiator"]],
        json_schema_extra={"uniqueItems": True},
    )


class HandedInBody(Body):
    """A document that is handed in: what it is, and the digest of the file."""

    requirement: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")] = Field(
        description="Which of the required documents it is; the programme rules "
        "`kyc_documents_…` list them for each kind of holder.",
        examples=["registration_certificate"],
    )
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of the file that TGO is given, hexadecimal.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}$")] = (
        Field(description="Kind of the file.", examples=["application/pdf"])
    )
    bytes: Annotated[int, WHOLE] = Field(
        description="Size of the file.", ge=1, le=2**31 - 1, examples=[48_211]
    )
    issued_on: Day | None = Field(
        None, description="Day on which it was issued.", examples=["2026-10-01"]
    )
    expires_on: Day | None = Field(
        None,
        description="Last day on which it is valid; leave out where it does not expire.",
        examples=["2030-12-31"],
    )


class ContentBody(Body):
    """All that an applicant says."""

    name_th: Name = Field(
        description="Name of the applicant in Thai.", examples=["บริษัท ตัวอย่าง จำกัด"]
    )
    name_en: Name = Field(
        description="Name of the applicant in English.", examples=["Example Company Limited"]
    )
    contact_email: Email = Field(
        description="Where TGO reaches the applicant.", examples=["office@example.org"]
    )
    representatives: tuple[RepresentativeBody, ...] = Field(
        description="Who is to act for the applicant. An organisation needs two people at least, "
        "of whom one initiates and another approves.",
        max_length=REPRESENTATIVES_MAX,
    )
    documents: tuple[HandedInBody, ...] = Field(
        description="The documents; a draft need not have all.", max_length=DOCUMENTS_MAX
    )

    def as_content(self) -> Content:
        """Return it as the registry knows it."""
        return Content(
            name_th=self.name_th,
            name_en=self.name_en,
            contact_email=self.contact_email.casefold(),
            representatives=tuple(
                Representative(one.email.casefold(), one.display_name, frozenset(one.roles))
                for one in self.representatives
            ),
            documents=tuple(HandedIn(**dict(document)) for document in self.documents),
        )


class NewApplication(ContentBody):
    """An application for an account."""

    holder_kind: HolderKind = Field(
        description="Who applies; never changes.", examples=["juristic_person"]
    )
    party_kind: PartyKind = Field(
        description="What the applicant is to be in the register; never changes. A natural person "
        "is a holder.",
        examples=["holder"],
    )
    province_code: ProvinceCode | None = Field(
        None,
        description="Code of its province; needed for provinces and municipalities.",
        examples=["40"],
    )


class NewRenewal(ContentBody):
    """New documents of a party that is in the register."""

    holder_kind: HolderKind = Field(
        description="What kind of holder the party is; that as which it was admitted.",
        examples=["juristic_person"],
    )


class Question(Body):
    """What TGO wants to know."""

    question: Text = Field(
        description="The question; only the applicant and TGO read it.",
        examples=["The power of attorney is not signed. Please hand in a signed one."],
    )


class AnswerBody(Body):
    """What the applicant answers."""

    answer: Text = Field(
        description="The answer; only the applicant and TGO read it.",
        examples=["The signed power of attorney is among the documents now."],
    )


class Recommendation(Body):
    """What an officer recommends."""

    is_favourable: bool = Field(
        strict=True, description="Whether to let the applicant in.", examples=[True]
    )
    reason: Text = Field(
        description="Why; only the applicant and TGO read it.",
        examples=["All documents are there and valid."],
    )


class Decision(Body):
    """What an approver decides."""

    admit: bool = Field(
        strict=True,
        description="Whether the applicant is let in; only where it was recommended.",
        examples=[True],
    )
    reason: Text = Field(
        description="Why; only the applicant and TGO read it.",
        examples=["As recommended."],
    )


class ApplicationShown(Shown):
    """Where an application stands."""

    id: str = Field(description="Identifier.", examples=[_ID])
    kind: ApplicationKind = Field(
        description="Whether it is for an account, or renews the documents of a party.",
        examples=["opening"],
    )
    status: ApplicationStatus = Field(description="Where it stands.", examples=["submitted"])
    holder_kind: HolderKind = Field(description="Who applies.", examples=["juristic_person"])
    party_kind: PartyKind = Field(
        description="What the applicant is to be in the register.", examples=["holder"]
    )
    province_code: str | None = Field(
        description="Code of its province; null where it is not bound to one.", examples=["40"]
    )
    begun_at: Moment = Field(description="When it was begun.", examples=["2026-11-24T03:00:00Z"])
    submitted_at: Moment | None = Field(
        description="When it was handed in; null: it is a draft.",
        examples=["2026-11-24T03:00:00Z", None],
    )
    due_on: date | None = Field(
        description="Last day (Bangkok) for TGO's decision, in working days without those at whose "
        "end the applicant owes an answer; null while they do, before and after.",
        examples=["2026-12-18", None],
    )
    documents_expire_on: date | None = Field(
        description="Last day on which all documents are valid; null: none expires.",
        examples=["2030-12-31", None],
    )
    is_favourable: bool | None = Field(
        description="What an officer recommends; null: nothing yet.", examples=[True, None]
    )
    party_id: str | None = Field(
        description="The party that came of it, or that renews; null: none.",
        examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )
    version: int = Field(description="Counts what has happened, from 1.", ge=1, examples=[2])


class RepresentativeShown(Shown):
    """A person who is to act for the applicant."""

    email: str = Field(description="Address to sign in with.", examples=["mali@example.org"])
    display_name: str = Field(description="Name of the person.", examples=["มะลิ ใจดี"])
    roles: list[Role] = Field(
        description="What the person may do.", examples=[["holder_initiator"]]
    )


class HandedInShown(Shown):
    """A document that was handed in."""

    requirement: str = Field(
        description="Which of the required documents it is.", examples=["registration_certificate"]
    )
    sha256: str = Field(
        description="SHA-256 of the file, hexadecimal.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    media_type: str = Field(description="Kind of the file.", examples=["application/pdf"])
    bytes: int = Field(description="Size of the file.", examples=[48_211])
    issued_on: date | None = Field(description="Day of issue.", examples=["2026-10-01", None])
    expires_on: date | None = Field(
        description="Last day of validity; null: it does not expire.", examples=["2030-12-31", None]
    )

    uploaded_at: Moment | None = Field(
        description="When the file itself was uploaded; null: it is not here.",
        examples=["2026-11-24T03:00:00Z", None],
    )


class SaidShown(Shown):
    """What the applicant says."""

    name_th: str = Field(description="Name in Thai.", examples=["บริษัท ตัวอย่าง จำกัด"])
    name_en: str = Field(description="Name in English.", examples=["Example Company Limited"])
    contact_email: str = Field(
        description="Where TGO reaches the applicant.", examples=["office@example.org"]
    )
    representatives: list[RepresentativeShown] = Field(description="Who is to act.")
    documents: list[HandedInShown] = Field(description="What was handed in.")


class ApplicationEventShown(Shown):
    """Something that happened to an application."""

    log_index: LogIndex = Field(description="Place of the act in the log.", examples=[1_024])
    step: Step | None = Field(
        description="What was done; null: it was begun.", examples=["ask", None]
    )
    to_status: ApplicationStatus = Field(description="Where it led.", examples=["asked"])
    by: str = Field(
        description="The officer, or who renews; or `applicant`.",
        examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"],
    )
    words: str | None = Field(
        description="Question, answer, or reason; null: there is none, or it was erased.",
        examples=["All documents are there and valid.", None],
    )
    salt: Salt
    recorded_at: Moment = Field(
        description="When it was recorded.", examples=["2026-11-24T03:00:00Z"]
    )


class ApplicationInFull(ApplicationShown):
    """An application with all that was said and done."""

    said: SaidShown | None = Field(
        description="What the applicant says at present; null: it was erased."
    )
    events: list[ApplicationEventShown] = Field(description="What happened, first to last.")


class ApplicationBegun(ApplicationShown):
    """A new application, with the secret to come back with."""

    secret: str = Field(
        description="Send it as `Application-Secret` with every further request. It is shown this "
        "once, and cannot be found again.",
        examples=["x7Wd0nA7v1k3oXx1sPz3gS0d0mWcGgqk2jP0b4m1x5Q"],
    )


def application_shown(application: Application) -> ApplicationShown:
    """Show where an application stands."""
    names = ApplicationShown.model_fields
    return ApplicationShown(**{name: getattr(application, name) for name in names})


def application_in_full(
    application: Application, events: list[Event], files: list[ApplicationFile]
) -> ApplicationInFull:
    """Show an application to who may read all of it."""
    said = application.content
    uploaded = {file.sha256: file.uploaded_at for file in files}
    return ApplicationInFull(
        **dict(application_shown(application)),
        said=None if said is None else _said(said, uploaded),
        events=[
            ApplicationEventShown(
                log_index=event.log_index,
                step=event.step,
                to_status=event.to_status,
                by=event.by,
                words=event.reason,
                salt=salt_shown(event.salt, event.reason),
                recorded_at=event.recorded_at,
            )
            for event in events
        ],
    )


def _said(content: Content, uploaded: Mapping[str, datetime]) -> SaidShown:
    return SaidShown(
        name_th=content.name_th,
        name_en=content.name_en,
        contact_email=content.contact_email,
        representatives=[
            RepresentativeShown(
                email=one.email, display_name=one.display_name, roles=sorted(one.roles)
            )
            for one in content.representatives
        ],
        documents=[
            HandedInShown(**asdict(one), uploaded_at=uploaded.get(one.sha256))
            for one in content.documents
        ],
    )
