"""Leaves of orders of the authority: freezes, releases, and reversals of errors."""

from typing import Annotated

from msgspec import Meta

from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey
from app.registry.replay.leaves.ledger import IssuedVintage, MovementAct, MovementFacts
from app.registry.replay.leaves.words import (
    AccountNumber,
    Act,
    Day,
    Digest,
    DocumentId,
    Facts,
    LogIndex,
    Moment,
    Name,
    OrderId,
    PartyId,
    ProgrammeCode,
    ReportId,
    Serial,
    SerialPrefix,
    Text,
    UserId,
    Version,
)


class ProposedOrderFacts(Facts, frozen=True):
    """What an order rests on, and until when it can be approved."""

    document_id: Annotated[
        DocumentId | None, Meta(description="The document; null: it is kept elsewhere.")
    ]
    document_sha256: Annotated[
        Digest, Meta(description="SHA-256 of the document, that of its upload if it is here.")
    ]
    reason_commitment: Annotated[Digest, Meta(description="Salted SHA-256 of the reason.")]
    expires_at: Annotated[
        Moment,
        Meta(
            description="From then on it cannot be approved: as long after the proposal as the "
            "rule `order_hours` of its day says."
        ),
    ]


class ProposedOrder(Act, frozen=True):
    """An officer of the authority proposed an order; nothing has changed."""

    subject: Annotated[OrderId, Meta(description="The order.")]
    data: ProposedOrderFacts


class FreezeFacts(ProposedOrderFacts, frozen=True):
    """What is to be frozen: an account, or serials of a batch."""

    account: Annotated[AccountNumber | None, Meta(description="The account; null: serials.")]
    batch: Annotated[
        SerialPrefix | None, Meta(description="Serial prefix of the batch; null: an account.")
    ]
    first: Annotated[Serial | None, Meta(description="First serial; null: an account.")]
    last: Annotated[Serial | None, Meta(description="Last serial, included; null: an account.")]


class FreezeProposed(ProposedOrder, frozen=True, tag="freeze.proposed"):
    """
    A freeze was proposed.

    A replayer checks that the user may propose freezes, and that exactly one open holding account,
    or serials that lie within a batch, are named; and notes the SHA-256 of the leaf.
    """

    data: FreezeFacts


class ReleaseFacts(ProposedOrderFacts, frozen=True):
    """What is to be released."""

    freeze: Annotated[OrderId, Meta(description="The order by which it is frozen.")]


class ReleaseProposed(ProposedOrder, frozen=True, tag="release.proposed"):
    """
    The release of something frozen was proposed.

    A replayer checks that the user may propose freezes, and that this freeze stands; and notes the
    SHA-256 of the leaf.
    """

    data: ReleaseFacts


class ReversalFacts(ProposedOrderFacts, frozen=True):
    """What is to be taken back."""

    act: Annotated[LogIndex, Meta(description="Log index of the transfer, or of its delivery.")]


class ReversalProposed(ProposedOrder, frozen=True, tag="reversal.proposed"):
    """
    It was proposed to take back a transfer that was made in error.

    A replayer checks that the user may propose reversals, and that the act came before and was not
    taken back; and notes the SHA-256 of the leaf.
    """

    data: ReversalFacts


class IssuanceContent(Facts, frozen=True):
    """What is to be issued."""

    report_id: Annotated[ReportId, Meta(description="The report.")]
    decided_on: Annotated[Day, Meta(description="Day of the decision, in Thailand.")]
    decision_document_id: Annotated[
        DocumentId | None, Meta(description="Document of the decision; null: a meeting is named.")
    ]
    meeting: Annotated[
        Text | None, Meta(description="Meeting that decided; null: a document is named.")
    ]
    account: Annotated[AccountNumber, Meta(description="The account that gets the credits.")]
    lines: Annotated[
        list[IssuedVintage],
        Meta(description="The arithmetic, by rising vintage.", min_length=1, max_length=31),
    ]


class IssuanceProposedFacts(ProposedOrderFacts, frozen=True):
    """What is to be issued, and what that rests on."""

    content: Annotated[IssuanceContent, Meta(description="All that is to be done.")]


class IssuanceProposed(ProposedOrder, frozen=True, tag="issuance.proposed"):
    """
    An issuance was proposed, which another person is to approve.

    A replayer checks that the user may decide on issuances; and notes the content, and the SHA-256
    of the leaf. The approval is the issuance itself, whose leaf names the order.
    """

    data: IssuanceProposedFacts


class RolesContent(Facts, frozen=True):
    """Which roles whom are to have."""

    user_id: Annotated[UserId, Meta(description="The user.")]
    party_id: Annotated[PartyId, Meta(description="The user's party.")]
    roles: Annotated[
        list[Role],
        Meta(description="All roles, in alphabetical order.", min_length=1, max_length=len(Role)),
    ]
    version: Annotated[Version, Meta(description="Version of the user that this was proposed on.")]


class RolesProposedFacts(ProposedOrderFacts, frozen=True):
    """Which roles whom are to have, and what that rests on."""

    content: Annotated[RolesContent, Meta(description="All that is to be done.")]


class RolesProposed(ProposedOrder, frozen=True, tag="roles.proposed"):
    """
    Roles of a user were proposed, which another person is to approve.

    A replayer checks that the user may manage users; and notes the content, and the SHA-256 of the
    leaf. The approval is the change of roles itself, whose leaf names the order.
    """

    data: RolesProposedFacts


class RuleContent(Facts, frozen=True):
    """Which value a rule is to have."""

    programme: Annotated[ProgrammeCode | None, Meta(description="Whose rule; null: of every one.")]
    key: Annotated[RuleKey, Meta(description="Which rule.")]
    value: Annotated[Text, Meta(description="The value as text, in the form of its rule.")]
    unit: Annotated[Name | None, Meta(description="Unit of the value; null: it has none.")]
    valid_from: Annotated[Day, Meta(description="First day of the value, in Thailand.")]
    valid_to: Annotated[
        Day | None, Meta(description="Last day, included; null: until a later value replaces it.")
    ]
    source: Annotated[Text, Meta(description="Where it is from.")]
    is_default: Annotated[bool, Meta(description="Whether it is a default of ours.")]


class RuleProposedFacts(ProposedOrderFacts, frozen=True):
    """Which value a rule is to have, and what that rests on."""

    content: Annotated[RuleContent, Meta(description="All that is to be done.")]


class RuleProposed(ProposedOrder, frozen=True, tag="rule.proposed"):
    """
    A value of a dated rule was proposed, which another person is to approve.

    A replayer checks that the user may set rules; and notes the content, and the SHA-256 of the
    leaf. The approval is the setting itself, whose leaf names the order.
    """

    data: RuleProposedFacts


class OrderedFacts(Facts, frozen=True):
    """Which order was approved."""

    order: Annotated[OrderId, Meta(description="The order.")]
    digest: Annotated[
        Digest, Meta(description="SHA-256 of the leaf that proposed it: what was approved.")
    ]


class ReleasedFacts(OrderedFacts, frozen=True):
    """Which order was approved, and what it releases."""

    freeze: Annotated[OrderId, Meta(description="The order by which it was frozen.")]


class FrozenSerialsFacts(OrderedFacts, frozen=True):
    """Which order was approved, and which serials it freezes."""

    first: Annotated[Serial, Meta(description="First serial.")]
    last: Annotated[Serial, Meta(description="Last serial, included.")]


class ReleasedSerialsFacts(ReleasedFacts, frozen=True):
    """Which order was approved, and which serials it releases."""

    first: Annotated[Serial, Meta(description="First serial.")]
    last: Annotated[Serial, Meta(description="Last serial, included.")]


class AccountFrozen(Act, frozen=True, tag="account.frozen"):
    """
    Another officer approved a freeze: the account takes part in nothing from now on.

    A replayer checks that the user may approve freezes and did not propose this one, that whoever
    did still may, that it is approved in time and once, and that digest and account are those that
    were proposed. Until the release it refuses whatever moves credits into or out of the account,
    except returns out of account 3 and reversals, and that the account is closed or trusts another.
    """

    subject: Annotated[AccountNumber, Meta(description="The account.")]
    data: OrderedFacts


class AccountReleased(Act, frozen=True, tag="account.released"):
    """
    Another officer approved the release of a frozen account.

    A replayer checks as for a freeze, and that this freeze stands. The account is free when none
    stands any more.
    """

    subject: Annotated[AccountNumber, Meta(description="The account.")]
    data: ReleasedFacts


class SerialsFrozen(Act, frozen=True, tag="serials.frozen"):
    """
    Another officer approved a freeze: these serials do not move from now on.

    A replayer checks as for an account. Until the release it refuses whatever moves any of the
    serials, except returns out of account 3 and reversals.
    """

    subject: Annotated[SerialPrefix, Meta(description="Serial prefix of the batch.")]
    data: FrozenSerialsFacts


class SerialsReleased(Act, frozen=True, tag="serials.released"):
    """
    Another officer approved the release of frozen serials.

    A replayer checks as for an account. Serials are free when no freeze of them stands any more.
    """

    subject: Annotated[SerialPrefix, Meta(description="Serial prefix of the batch.")]
    data: ReleasedSerialsFacts


class ReversedFacts(MovementFacts, frozen=True):
    """Which credits went back, by which order, and which act that takes back."""

    order: Annotated[OrderId, Meta(description="The order.")]
    digest: Annotated[
        Digest, Meta(description="SHA-256 of the leaf that proposed it: what was approved.")
    ]
    reverses: Annotated[LogIndex, Meta(description="Log index of the act that is taken back.")]


class CreditsReversed(MovementAct, frozen=True, tag="credits.reversed"):
    """
    Another officer approved a reversal: credits went back to the account they had come from.

    A replayer checks that the user may approve reversals and did not propose this one, that whoever
    did still may, that it is approved in time and once, that digest and act are those that were
    proposed, that the act is taken back for the first time, and that every run is a whole block
    which that very act had brought into the account that it leaves. That these are all its runs,
    that they go back to where it took them from, and that it is not too long ago, a reader sees in
    the leaf that ``reverses`` names.
    """

    data: ReversedFacts
