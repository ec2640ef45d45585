"""Leaves of applications for an account. What applicants say is only committed to."""

from typing import Annotated

from msgspec import Meta

from app.registry.applications.rules import REPRESENTATIVES_MAX, HolderKind
from app.registry.parties.rules import PartyKind
from app.registry.replay.leaves.words import (
    Act,
    ApplicationId,
    Digest,
    Facts,
    PartyId,
    ProvinceCode,
    UserId,
    Version,
)

_Subject = Annotated[ApplicationId, Meta(description="The application.")]
_Content = Annotated[
    Digest,
    Meta(
        description="Commitment to all that the applicant says (RFC 8785): names, address, "
        "representatives, and which documents were handed in."
    ),
]


class ApplicationBegunFacts(Facts, frozen=True):
    """Who applies, without a name."""

    holder_kind: Annotated[HolderKind, Meta(description="Kind of holder.")]
    party_kind: Annotated[PartyKind, Meta(description="What it is to be in the register.")]
    province_code: Annotated[
        ProvinceCode | None, Meta(description="Its province; null: not bound to one.")
    ]
    content_commitment: _Content


class ApplicationBegun(Act, frozen=True, tag="application.begun"):
    """Somebody began to apply for an account. A replayer notes it, a draft of version 1."""

    subject: _Subject
    data: ApplicationBegunFacts


class RenewalBegunFacts(Facts, frozen=True):
    """Which party renews its documents."""

    party_id: Annotated[PartyId, Meta(description="The party.")]
    holder_kind: Annotated[HolderKind, Meta(description="Kind of holder that it is.")]
    content_commitment: _Content


class RenewalBegun(Act, frozen=True, tag="application.renewal_begun"):
    """
    Somebody who acts for a party began to renew its documents.

    A replayer notes it, a draft of version 1; checks that the party has no other that is open and
    was not admitted as another kind of holder; and lets who acts for the party take the
    applicant's steps.
    """

    subject: _Subject
    data: RenewalBegunFacts


class Stepped(Facts, frozen=True):
    """How far the application has come."""

    version: Annotated[Version, Meta(description="How many acts it has seen, this included.")]


class ApplicationAmendedFacts(Stepped, frozen=True):
    """What is said from now on."""

    content_commitment: _Content


class ApplicationAmended(Act, frozen=True, tag="application.amended"):
    """The applicant said everything anew. A replayer checks that it is a draft, or asked."""

    subject: _Subject
    data: ApplicationAmendedFacts


class ApplicationSubmitted(Act, frozen=True, tag="application.submitted"):
    """
    The application was handed in, complete.

    The clock of TGO's decision begins: so many working days as the rule `account_opening_days`
    says, without those at whose end the applicant owes an answer. A replayer checks that it was a
    draft.
    """

    subject: _Subject
    data: Stepped


class ReasonedStep(Stepped, frozen=True):
    """Words that are not public."""

    reason_commitment: Annotated[Digest, Meta(description="Commitment to the words.")]


class ApplicationAsked(Act, frozen=True, tag="application.asked"):
    """An officer asked something; the clock stands still. A replayer checks that it ran."""

    subject: _Subject
    data: ReasonedStep


class ApplicationAnswered(Act, frozen=True, tag="application.answered"):
    """The applicant answered; the clock runs again. A replayer checks that something was asked."""

    subject: _Subject
    data: ReasonedStep


class ApplicationRecommendedFacts(ReasonedStep, frozen=True):
    """What the officer recommends."""

    is_favourable: Annotated[bool, Meta(description="Whether to let the applicant in.")]


class ApplicationRecommended(Act, frozen=True, tag="application.recommended"):
    """An officer recommended a decision. A replayer notes who, and what."""

    subject: _Subject
    data: ApplicationRecommendedFacts


class ApplicationRefused(Act, frozen=True, tag="application.refused"):
    """Another officer refused the applicant. A replayer checks that it is another one."""

    subject: _Subject
    data: ReasonedStep


class ApplicationWithdrawn(Act, frozen=True, tag="application.withdrawn"):
    """The applicant took it back. A replayer checks that no decision was recommended."""

    subject: _Subject
    data: Stepped


class ApplicationAdmittedFacts(ReasonedStep, frozen=True):
    """Who comes into the register."""

    party_id: Annotated[PartyId, Meta(description="The party, admitted by the next act.")]
    user_ids: Annotated[
        list[UserId],
        Meta(
            description="Its first users, added by the acts after that.",
            min_length=1,
            max_length=REPRESENTATIVES_MAX,
        ),
    ]
    representatives_min: Annotated[
        Annotated[int, Meta(ge=2, le=20)] | None,
        Meta(
            description="How many users it keeps that initiate or approve, both kinds among them; "
            "null: a natural person, who acts alone."
        ),
    ]


class ApplicationAdmitted(Act, frozen=True, tag="application.admitted"):
    """
    Another officer let the applicant in.

    A replayer checks that it was recommended by somebody else, and lets this officer admit exactly
    the named party and add exactly the named users.
    """

    subject: _Subject
    data: ApplicationAdmittedFacts


class ApplicationRenewedFacts(ReasonedStep, frozen=True):
    """Whose documents they are."""

    party_id: Annotated[PartyId, Meta(description="The party, as when it was begun.")]


class ApplicationRenewed(Act, frozen=True, tag="application.renewed"):
    """
    Another officer approved a renewal: the party's documents are the new ones from now on.

    A replayer checks that it was recommended by somebody else. Nothing else comes of it.
    """

    subject: _Subject
    data: ApplicationRenewedFacts
