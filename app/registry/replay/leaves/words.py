"""The words that leaves are made of: identifiers, dates, quantities, each with its exact form."""

from datetime import date
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, UnsetType

from app.kernel.quantities import CREDITS_MAX
from app.registry.ledger.serials import PREFIX_PATTERN, VINTAGE_MAX, VINTAGE_MIN

NAME_CHARACTERS_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 2_000
# Python's $ also matches before a line break at the end; in JSON Schema it does not.
END: Final = r"(?!\n)"


def _identifier(prefix: str) -> Meta:
    return Meta(pattern=rf"^{prefix}_[0-9a-hjkmnp-tv-z]{{26}}${END}")


MOMENT_PATTERN: Final = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    rf"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{{6}}Z${END}"
)
Moment = Annotated[str, Meta(pattern=MOMENT_PATTERN)]
Day = date

PartyId = Annotated[str, _identifier("pty")]
UserId = Annotated[str, _identifier("usr")]
KeyId = Annotated[str, _identifier("key")]
PasskeyId = Annotated[str, _identifier("pky")]
IdentityId = Annotated[str, _identifier("idn")]
ActivityId = Annotated[str, _identifier("act")]
DocumentId = Annotated[str, _identifier("doc")]
OpinionId = Annotated[str, _identifier("opn")]
ReportId = Annotated[str, _identifier("mrp")]
VerificationId = Annotated[str, _identifier("vrf")]
IssuanceId = Annotated[str, _identifier("iss")]
ProposalId = Annotated[str, _identifier("prp")]
TrustId = Annotated[str, _identifier("tru")]
OrderId = Annotated[str, _identifier("ord")]
RuleId = Annotated[str, _identifier("cfg")]
ApplicationId = Annotated[str, _identifier("apl")]
By = Annotated[str, Meta(pattern=rf"^(usr_[0-9a-hjkmnp-tv-z]{{26}}|registry|applicant)${END}")]

ProgrammeCode = Annotated[str, Meta(pattern=rf"^[A-Z][A-Z0-9]{{1,11}}${END}")]
ActivityCode = Annotated[str, Meta(pattern=rf"^[A-Z][A-Z0-9]{{1,11}}-[0-9]{{4,12}}${END}")]
Code = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,59}}${END}")]
MethodologyVersion = Annotated[str, Meta(pattern=rf"^[0-9]{{2}}${END}")]
ProvinceCode = Annotated[str, Meta(pattern=rf"^[1-9][0-9]${END}")]
PurposeCode = Annotated[str, Meta(pattern=rf"^[a-z][a-z0-9_]{{1,39}}${END}")]
Digest = Annotated[str, Meta(pattern=rf"^[0-9a-f]{{64}}${END}")]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
Text = Annotated[str, Meta(min_length=1, max_length=TEXT_CHARACTERS_MAX)]

AccountNumber = Annotated[str, Meta(pattern=rf"^TH-[0-9]{{6,12}}-[0-9]{{2}}${END}")]
SerialPrefix = Annotated[str, Meta(pattern=PREFIX_PATTERN + END)]
Credits = Annotated[int, Meta(ge=1, le=CREDITS_MAX)]
CreditsOrNone = Annotated[int, Meta(ge=0, le=CREDITS_MAX)]
Serial = Annotated[int, Meta(ge=1, le=CREDITS_MAX)]
LogIndex = Annotated[int, Meta(ge=0, le=CREDITS_MAX)]
Vintage = Annotated[int, Meta(ge=VINTAGE_MIN, le=VINTAGE_MAX)]
# Tonnes need not be whole, so they are text: a JSON number would pass through floating point. No
# digit could be left out: one quantity has one text.
Tonnes = Annotated[str, Meta(pattern=rf"^(0|[1-9][0-9]{{0,11}})(\.[0-9]{{0,5}}[1-9])?${END}")]
Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]
SectoralScope = Annotated[int, Meta(ge=1, le=16)]
ProjectType = Annotated[int, Meta(ge=1, le=15)]


OrderIfAny = Annotated[
    OrderId | UnsetType,
    Meta(description="The order that has it done; left out: one person did it."),
]
DigestIfAny = Annotated[
    Digest | UnsetType,
    Meta(description="SHA-256 of the leaf that proposed the order; left out with the order."),
]


class Facts(Struct, frozen=True, forbid_unknown_fields=True, gc=False, kw_only=True):
    """Facts of an act; what is not a field of it cannot be said."""


class Nothing(Facts, frozen=True):
    """The act has no facts beside its subject."""


class Act(
    Struct, frozen=True, forbid_unknown_fields=True, gc=False, kw_only=True, tag_field="kind"
):
    """What every leaf says: what was done, when, by whom, to what."""

    v: Annotated[Literal[1], Meta(description="Version of the leaf's form.")]
    at: Annotated[
        Moment,
        Meta(
            description="When the act was recorded: RFC 3339, UTC, microseconds. Never before the "
            "leaf before it."
        ),
    ]
    by: Annotated[
        By,
        Meta(
            description="The user who acted, or `registry` for what nobody signed in for: the "
            "founding, and what an operator does at the machine; `applicant` for whoever applies "
            "for an account and has no user yet."
        ),
    ]
