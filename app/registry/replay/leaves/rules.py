"""Leaves of programmes, dated rule values, methodologies and documents."""

from typing import Annotated

from msgspec import UNSET, Meta

from app.registry.documents.rules import DOCUMENT_BYTES_MAX, ENDINGS, Purpose
from app.registry.methodologies.rules import Family, Variant
from app.registry.programmes.rules import (
    ProgrammeKind,
    ProgrammeStatus,
    RuleKey,
    SigningCapacity,
)
from app.registry.replay.leaves.words import (
    END,
    Act,
    ActivityId,
    Code,
    Day,
    Digest,
    DigestIfAny,
    DocumentId,
    Facts,
    MethodologyVersion,
    Name,
    OrderIfAny,
    PartyId,
    ProgrammeCode,
    ProjectType,
    ProvinceCode,
    RuleId,
    SectoralScope,
    Text,
)

_MEDIA_TYPES = "|".join(sorted(ENDINGS)).replace(".", r"\.").replace("+", r"\+")


class ProgrammeEnteredFacts(Facts, frozen=True):
    """What the programme is."""

    name_th: Annotated[Name, Meta(description="Name in Thai.")]
    name_en: Annotated[Name, Meta(description="Name in English.")]
    names_as_published: Annotated[
        list[Name], Meta(description="Other spellings found in print.", max_length=50)
    ]
    kind: Annotated[ProgrammeKind, Meta(description="What sort of scheme it is.")]
    needs_verification: Annotated[
        bool, Meta(description="Whether a body must verify what is reported.")
    ]
    mints: Annotated[
        bool, Meta(description="Whether credits may come of it; never without verification.")
    ]
    market_based: Annotated[
        bool, Meta(description="Whether the market is its incentive by its own name.")
    ]
    status: Annotated[ProgrammeStatus, Meta(description="Whether it takes new activities.")]
    source: Annotated[Text, Meta(description="Where this was found.")]
    note: Annotated[
        Text | None, Meta(description="What of it is an assumption of ours; null: nothing.")
    ]


class ProgrammeEntered(Act, frozen=True, tag="programme.entered"):
    """
    A scheme was entered under which activities may be registered.

    A replayer notes whether its reports are verified and whether credits may come of them.
    """

    subject: Annotated[ProgrammeCode, Meta(description="Code of the programme.")]
    data: ProgrammeEnteredFacts


class MemberEnteredFacts(Facts, frozen=True):
    """Which province, since when."""

    province: Annotated[ProvinceCode, Meta(description="Official code of the province.")]
    since_fiscal_year_be: Annotated[
        int,
        Meta(
            ge=2500,
            le=2800,
            description="Fiscal year, Buddhist era, which begins on 1 October of the year before.",
        ),
    ]
    memorandum_date: Annotated[Day, Meta(description="Day on which it was signed.")]
    signing_capacity: Annotated[
        SigningCapacity, Meta(description="As what the province's signatory signed.")
    ]
    source: Annotated[Text, Meta(description="Where this was found.")]


class MemberEntered(Act, frozen=True, tag="programme.member_entered"):
    """A province was entered as a member of a programme. A replayer notes it, once each."""

    subject: Annotated[ProgrammeCode, Meta(description="Code of the programme.")]
    data: MemberEnteredFacts


class RuleSet(Facts, frozen=True):
    """One dated value of a rule."""

    id: Annotated[RuleId, Meta(description="Identifier of the value.")]
    programme: Annotated[
        ProgrammeCode | None,
        Meta(description="Whose rule; null: of every programme without a value of its own."),
    ]
    key: Annotated[RuleKey, Meta(description="Which rule.")]
    value: Annotated[Text, Meta(description="The value as text, in the form of its rule.")]
    unit: Annotated[Name | None, Meta(description="Unit of the value; null: it has none.")]
    valid_from: Annotated[Day, Meta(description="First day of the value, in Thailand.")]
    valid_to: Annotated[
        Day | None, Meta(description="Last day, included; null: until a later value replaces it.")
    ]
    source: Annotated[Text, Meta(description="Where it is from.")]
    is_default: Annotated[
        bool, Meta(description="Whether it is a default of ours, to be confirmed by TGO.")
    ]


class RulesSetFacts(Facts, frozen=True):
    """The values."""

    rules: Annotated[
        list[RuleSet], Meta(description="The values, in order.", min_length=1, max_length=200)
    ]
    order: OrderIfAny = UNSET
    digest: DigestIfAny = UNSET


class RulesSet(Act, frozen=True, tag="rules.set"):
    """
    Dated rules got values.

    A replayer keeps them: a decision is held to the values of its own day. A programme's own value
    goes before the general one; among those the latest beginning, then the latest recorded.
    Where the rule ``two_person_acts`` names it, or is changed while it, or a value of it to come,
    names anything, another person has proposed exactly this. What it names it names on all its
    days, while orders have time to wait.
    """

    subject: Annotated[
        str,
        Meta(
            pattern=rf"^([A-Z][A-Z0-9]{{1,11}}|registry)${END}",
            description="Code of the programme; `registry` for values of every programme.",
        ),
    ]
    data: RulesSetFacts


_MethodologySubject = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,59}}/[0-9]{{2}}${END}",
        description="Code and version of the methodology, joined by a slash.",
    ),
]


class MethodologyEnteredFacts(Facts, frozen=True):
    """What the version says."""

    code: Annotated[Code, Meta(description="Code of the methodology.")]
    version: Annotated[MethodologyVersion, Meta(description="Version in two digits.")]
    title_th: Annotated[Text, Meta(description="Title in Thai.")]
    title_en: Annotated[Text, Meta(description="Title in English.")]
    project_type: Annotated[ProjectType, Meta(description="T-VER project type, 1 to 15.")]
    sectoral_scope: Annotated[
        SectoralScope, Meta(description="Scope that a body must be accredited in, 1 to 16.")
    ]
    variant: Annotated[Variant, Meta(description="Which rule book it belongs to.")]
    family: Annotated[Family, Meta(description="By what an activity's size is judged.")]
    crediting_years: Annotated[
        int, Meta(ge=1, le=100, description="Length of a crediting period. Unit: years.")
    ]
    renewals_max: Annotated[
        Annotated[int, Meta(ge=0, le=100)] | None,
        Meta(description="How often a period may be renewed; null: without limit."),
    ]
    buffer_applies: Annotated[
        bool, Meta(description="Whether part of the credits goes into the buffer.")
    ]
    valid_from: Annotated[Day, Meta(description="First day on which it is accepted.")]
    source: Annotated[Text, Meta(description="Where this was found.")]
    verified: Annotated[
        bool, Meta(description="Whether every value that decides was found in a source.")
    ]
    note: Annotated[Text | None, Meta(description="What was not; null: all was found.")]


class MethodologyEntered(Act, frozen=True, tag="methodology.entered"):
    """
    A version of a methodology was entered.

    A replayer notes its crediting years, scope and buffer: activities registered with it keep them.
    """

    subject: _MethodologySubject
    data: MethodologyEnteredFacts


class MethodologySupersededFacts(Facts, frozen=True):
    """Since when, and how long the old version is still accepted."""

    superseded_on: Annotated[Day, Meta(description="First day of the newer version.")]
    last_acceptable_on: Annotated[
        Day, Meta(description="Last day on which this version is accepted for submission.")
    ]
    overlap_rule: Annotated[RuleId, Meta(description="The dated rule value that says how long.")]


class MethodologySuperseded(Act, frozen=True, tag="methodology.superseded"):
    """
    A newer version came into force.

    A replayer checks the last day against the named rule value.
    """

    subject: _MethodologySubject
    data: MethodologySupersededFacts


class DocumentUploadedFacts(Facts, frozen=True):
    """What file it is; its name stays out, because people write names of people into it."""

    owner_party_id: Annotated[PartyId, Meta(description="Party whose user uploaded it.")]
    activity_id: Annotated[
        ActivityId | None, Meta(description="Activity it is evidence of; null: of none.")
    ]
    purpose: Annotated[Purpose, Meta(description="What it is evidence of.")]
    is_confidential: Annotated[
        bool, Meta(description="Whether only the parties concerned may read it.")
    ]
    sha256: Annotated[Digest, Meta(description="SHA-256 of the file's bytes.")]
    bytes: Annotated[
        int, Meta(ge=1, le=DOCUMENT_BYTES_MAX, description="Length of the file. Unit: bytes.")
    ]
    media_type: Annotated[
        str, Meta(pattern=rf"^({_MEDIA_TYPES})${END}", description="Kind of the file.")
    ]


class DocumentUploaded(Act, frozen=True, tag="document.uploaded"):
    """
    A file was taken into the register.

    A replayer notes it: decisions and opinions may only name documents of their own activity.
    """

    subject: Annotated[DocumentId, Meta(description="The document.")]
    data: DocumentUploadedFacts
