"""What is said and shown of orders of TGO."""

import json
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from app.entry.api.activity_bodies import ProgrammeCode
from app.entry.api.credits import AccountNumber, BatchPrefix
from app.entry.api.issuances import DecisionBody
from app.entry.api.programmes import RuleBody
from app.entry.api.wire import Body, Identifier, LogIndex, Salt, Serial, Shown, Text, salt_shown
from app.registry.activities.rules import Grounds
from app.registry.issuance.operations import DecideIssuance
from app.registry.ledger.operations import Named
from app.registry.ledger.serials import account_id, account_number
from app.registry.orders import operations
from app.registry.orders.rules import Claim, FrozenThing, Order
from app.registry.pairs.operations import ProposeAct
from app.registry.pairs.refusals import OneActError
from app.registry.parties.operations import SetRoles
from app.registry.parties.rules import Role
from app.registry.programmes.operations import SetRule

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
DIGEST: Final = "9f2feb0f1ef425b292f2f94bc8482494df430413d6a8a0a5d7f5e2d5e7f3c1aa"
ORDER: Final = "ord_01kb5b1j0dfz5r5d8r4v5e2c3a"


class GroundBody(Body):
    """What an order rests on."""

    reason: Text = Field(
        description="Why. TGO's officers and auditors read it; the public does not.",
        examples=["Court order Por. 123/2569"],
    )
    document_id: Identifier | None = Field(
        None,
        description="Document of the register that it rests on; or else its SHA-256.",
        examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    document_sha256: Digest | None = Field(
        None,
        description="SHA-256 (hexadecimal) of a document that is kept elsewhere.",
        examples=[DIGEST],
    )

    def ground(self) -> operations.Ground:
        """Return what the order rests on."""
        return operations.Ground(self.reason, self.document_id, self.document_sha256)


class FreezeBody(GroundBody):
    """What is to be frozen: an account, a batch, or serials of a batch."""

    account: AccountNumber | None = Field(
        None, description="The account, with all that is in it.", examples=["TH-001001-05"]
    )
    batch: BatchPrefix | None = Field(
        None,
        description="The batch, all of it unless serials are named.",
        examples=["TH-CITY-0001-2024-1"],
    )
    first: Serial | None = Field(None, description="First serial of the batch.", examples=[1])
    last: Serial | None = Field(None, description="Last serial, included.", examples=[30])

    def named(self) -> Named:
        """
        Return what is named.

        Raises:
            AccountNumberError: a digit of the account's number is wrong.
        """
        account = None if self.account is None else account_id(self.account)
        return Named(account, self.batch, self.first, self.last)


class ReversalBody(GroundBody):
    """Which act was an error."""

    act: LogIndex = Field(
        description="Log index of the transfer; of one that waited, of its delivery.",
        examples=[42],
    )


class IssuanceProposed(Body):
    """The approval of an issuance."""

    report_id: Identifier = Field(
        description="The verified report.", examples=["mrp_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    decision: DecisionBody = Field(description="What the decision rests on.")

    def command(self) -> DecideIssuance:
        """Return what is to be done."""
        said = self.decision
        grounds = Grounds(said.decided_on, said.document_id, said.meeting)
        return DecideIssuance(self.report_id, approve=True, grounds=grounds)


class RolesProposed(Body):
    """The roles that a user is to have."""

    user_id: Identifier = Field(
        description="The user.", examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))] = Field(
        description="All roles from then on; roles that are left out are revoked.",
        examples=[["officer", "approver"]],
    )
    version: int = Field(
        description="The user's version, as you read it.", ge=1, le=2**31 - 1, examples=[1]
    )

    def command(self) -> SetRoles:
        """Return what is to be done."""
        return SetRoles(self.user_id, frozenset(self.roles), self.version)


class RuleProposed(RuleBody):
    """The value that a rule is to have."""

    programme: ProgrammeCode | None = Field(
        None,
        description="Whose rule; left out: of every programme that has no value of its own.",
        examples=["CITY"],
    )

    def command(self) -> SetRule:
        """Return what is to be done."""
        return SetRule(
            programme_code=self.programme,
            key=self.key,
            value=self.value,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            source=self.source,
            is_default=self.is_default,
        )


class ActBody(GroundBody):
    """An act that another person is to approve: an issuance, roles of a user, or a rule."""

    issuance: IssuanceProposed | None = Field(None, description="Issue credits.")
    roles: RolesProposed | None = Field(None, description="Set the roles of a user.")
    rule: RuleProposed | None = Field(None, description="Set a rule.")

    def command(self) -> ProposeAct:
        """
        Return what is proposed.

        Raises:
            OneActError: it is not exactly one act.
        """
        given = [act for act in (self.issuance, self.roles, self.rule) if act is not None]
        if len(given) != 1:
            raise OneActError
        return ProposeAct(given[0].command(), self.ground())


class OrderApprovalBody(Body):
    """An approval of exactly what was proposed."""

    digest: Digest = Field(
        description="The order's digest, as you read it with what it says.", examples=[DIGEST]
    )


class FrozenShown(Shown):
    """What is or was frozen."""

    account: str | None = Field(
        description="The account; null: it is serials.", examples=["TH-001001-05", None]
    )
    batch: str | None = Field(
        description="Serial prefix of the batch; null: it is an account.",
        examples=["TH-CITY-0001-2024-1", None],
    )
    first: int | None = Field(description="First serial; null: an account.", examples=[1, None])
    last: int | None = Field(description="Last serial; null: an account.", examples=[30, None])


class FreezeShown(FrozenShown):
    """A freeze."""

    id: str = Field(description="Its identifier: the order's by which it is.", examples=[ORDER])
    frozen_at: datetime = Field(description="Since when.", examples=["2026-11-24T03:00:00Z"])
    frozen_by_act: int = Field(description="Log index of the act.", examples=[42])
    released_at: datetime | None = Field(
        description="Until when; null: it stands.", examples=["2026-11-30T03:00:00Z", None]
    )
    released_by_act: int | None = Field(
        description="Log index of the release; null: it stands.", examples=[57, None]
    )
    released_by: str | None = Field(
        description="Order by which it was released; null: it stands.", examples=[None]
    )
    document_sha256: str = Field(
        description="SHA-256 of the document that it rests on.", examples=[DIGEST]
    )
    reason: str | None = Field(
        description="Why; null where you may not see it, or it was erased.", examples=[None]
    )
    salt: Salt

    @classmethod
    def of(cls, thing: FrozenThing, *, sees_reason: bool) -> "FreezeShown":
        """Show a freeze; its reason only to those who may read it."""
        freeze, reason = thing.freeze, thing.reason if sees_reason else None
        target = freeze.target
        return cls(
            id=freeze.id,
            account=None if target.account_id is None else account_number(target.account_id),
            batch=thing.batch_prefix,
            first=target.first,
            last=target.last,
            frozen_at=freeze.frozen_at,
            frozen_by_act=freeze.frozen_index,
            released_at=freeze.released_at,
            released_by_act=freeze.released_index,
            released_by=freeze.released_by,
            document_sha256=thing.document_sha256,
            reason=reason,
            salt=salt_shown(thing.salt, reason),
        )


class ClaimShown(Shown):
    """What a case claims, or what the buffer gives to one."""

    credits: int = Field(description="How many credits (tCO2e).", examples=[30])
    issuance_id: str | None = Field(
        description="The issuance at fault; null: the buffer gives.",
        examples=["iss_01kb5w6yk2e0hr9h5y0s8v2a3b", None],
    )
    kind: str | None = Field(
        description="`over_issuance` or `reversal`; null: the buffer gives.",
        examples=["over_issuance", None],
    )
    case: str | None = Field(
        description="The case that the buffer gives to; null: one is opened.",
        examples=[ORDER, None],
    )

    @classmethod
    def of(cls, claim: Claim) -> "ClaimShown":
        """Show what is claimed."""
        return cls(
            credits=claim.credits,
            issuance_id=claim.issuance_id,
            kind=claim.kind,
            case=claim.case_id,
        )


class OrderShown(Shown):
    """An order and what became of it."""

    id: str = Field(description="Its identifier.", examples=[ORDER])
    action: str = Field(
        description="What is ordered: `freeze`, `release`, `reversal`, `case`, `buffer`, or an act "
        "that can take two people: `issuance_approval`, `role_change`, `rule_change`.",
        examples=["freeze"],
    )
    freezes: FrozenShown | None = Field(description="What it freezes; null: nothing.")
    releases: str | None = Field(
        description="Freeze that it releases; null: none.", examples=[ORDER, None]
    )
    reverses: int | None = Field(
        description="Log index of the act that it takes back; null: none.", examples=[42, None]
    )
    claims: ClaimShown | None = Field(
        description="What is owed by it, or given by the buffer; null: nothing."
    )
    content: dict[str, Any] | None = Field(
        description="All that an act of two people is to do, as the log's entry `proposed_by_act` "
        "has it; null: it is none.",
        examples=[{"user_id": "usr_01kb5b1j0dfz5r5d8r4v5e2c3a", "roles": ["officer"]}, None],
    )
    reason: str | None = Field(description="Why; null: erased.", examples=["Court order 123/2569"])
    salt: Salt
    document_id: str | None = Field(
        description="Document of the register that it rests on; null: it is kept elsewhere.",
        examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b", None],
    )
    document_sha256: str = Field(description="SHA-256 of the document.", examples=[DIGEST])
    digest: str = Field(
        description="SHA-256 (hexadecimal) of the proposal's entry in the log, `proposed_by_act`; "
        "an approval names it.",
        examples=[DIGEST],
    )
    proposed_by: str = Field(
        description="Officer who proposed it.", examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    proposed_at: datetime = Field(description="When.", examples=["2026-11-24T03:00:00Z"])
    proposed_by_act: int = Field(description="Log index of the proposal.", examples=[40])
    expires_at: datetime = Field(
        description="From then on it cannot be approved.", examples=["2026-11-26T03:00:00Z"]
    )
    approved_by: str | None = Field(
        description="Officer who approved it; null: nobody has.",
        examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3b", None],
    )
    approved_at: datetime | None = Field(
        description="When it was approved, and carried out; null: it is not.",
        examples=["2026-11-24T03:10:00Z", None],
    )
    done_by_act: int | None = Field(
        description="Log index of the act that carried it out; null: none.", examples=[41, None]
    )

    @classmethod
    def of(cls, order: Order) -> "OrderShown":
        """Show an order."""
        target = order.target
        return cls(
            id=order.id,
            action=order.action.value,
            freezes=None
            if target is None
            else FrozenShown(
                account=None if target.account_id is None else account_number(target.account_id),
                batch=order.batch_prefix,
                first=target.first,
                last=target.last,
            ),
            releases=order.freeze_id,
            reverses=order.act,
            claims=None if order.claim is None else ClaimShown.of(order.claim),
            content=None if order.content is None else json.loads(order.content),
            reason=order.reason,
            salt=salt_shown(order.salt, order.reason),
            document_id=order.document_id,
            document_sha256=order.document_sha256,
            digest=order.digest,
            proposed_by=order.proposed_by,
            proposed_at=order.proposed_at,
            proposed_by_act=order.log_index,
            expires_at=order.expires_at,
            approved_by=order.approved_by,
            approved_at=order.approved_at,
            done_by_act=order.approved_index,
        )
