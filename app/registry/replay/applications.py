"""Applications for an account, as the log tells of them."""

import msgspec

from app.registry.applications import rules
from app.registry.applications.rules import (
    APPLICANT,
    ENDED,
    STEPS,
    ApplicationStatus,
    HolderKind,
    Step,
)
from app.registry.parties.policy import Permission
from app.registry.parties.rules import PartyKind, require_province
from app.registry.replay.faults import Broken
from app.registry.replay.known import Admission
from app.registry.replay.leaves import Leaf
from app.registry.replay.leaves import applications as leaves
from app.registry.replay.shelf import Shelf
from app.registry.replay.standing import Standing
from app.registry.replay.things import Handlers, Things, require_same

_OfApplicant = (
    leaves.ApplicationAmended
    | leaves.ApplicationSubmitted
    | leaves.ApplicationAnswered
    | leaves.ApplicationWithdrawn
)


class KnownApplication(msgspec.Struct, array_like=True):
    """An application as it stands."""

    id: str
    holder_kind: HolderKind
    party_kind: PartyKind
    province_code: str | None
    status: ApplicationStatus = ApplicationStatus.DRAFT
    version: int = 1
    recommended_by: str = ""
    is_favourable: bool = False
    renews: str = ""  # the party whose documents it renews; empty: it applies for an account


class Papers(msgspec.Struct, array_like=True):
    """What a party was admitted as, and how it renews."""

    party: str
    holder_kind: HolderKind | None = None  # None: not admitted on an application, nor renewed
    renewal: str = ""  # that is open; empty: none


class Applications:
    """Who applied, and what became of it."""

    def __init__(self, shelf: Shelf, standing: Standing) -> None:
        self._standing = standing
        self._known: Things[KnownApplication] = Things(shelf, "application", KnownApplication)
        self._papers: Things[Papers] = Things(shelf, "papers of a party", Papers)

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.ApplicationBegun, self._begin)
        handlers.on(leaves.RenewalBegun, self._begin_renewal)
        handlers.on(leaves.ApplicationRenewed, self._renew)
        handlers.on(leaves.ApplicationAmended, self._amend)
        handlers.on(leaves.ApplicationSubmitted, self._submit)
        handlers.on(leaves.ApplicationAsked, self._ask)
        handlers.on(leaves.ApplicationAnswered, self._answer)
        handlers.on(leaves.ApplicationRecommended, self._recommend)
        handlers.on(leaves.ApplicationRefused, self._refuse)
        handlers.on(leaves.ApplicationAdmitted, self._admit)
        handlers.on(leaves.ApplicationWithdrawn, self._withdraw)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self._known.save()
        self._papers.save()

    def _begin(self, _: int, act: leaves.ApplicationBegun) -> None:
        _require_nobody(act)
        said = act.data
        rules.check_kinds(said.holder_kind, said.party_kind)
        require_province(said.party_kind, said.province_code)
        self._known.add(
            act.subject,
            KnownApplication(act.subject, said.holder_kind, said.party_kind, said.province_code),
        )

    def _begin_renewal(self, _: int, act: leaves.RenewalBegun) -> None:
        said = act.data
        self._standing.require(act, Permission.RENEW_PARTY, said.party_id)
        party = self._standing.parties.get(said.party_id)
        if party.is_closed:
            raise Broken("not_possible_now", f"{party.id} was closed")
        papers = self._papers_of(party.id)
        if papers.renewal:
            raise Broken("not_possible_now", f"{papers.renewal} is not decided")
        rules.check_renewing(said.holder_kind, party.kind, papers.holder_kind)
        papers.renewal = act.subject
        self._known.add(
            act.subject,
            KnownApplication(
                act.subject, said.holder_kind, party.kind, party.province_code, renews=party.id
            ),
        )

    def _amend(self, _: int, act: leaves.ApplicationAmended) -> None:
        self._require_applicant(act)
        self._step(act.subject, act.data, Step.AMEND)

    def _submit(self, _: int, act: leaves.ApplicationSubmitted) -> None:
        self._require_applicant(act)
        self._step(act.subject, act.data, Step.SUBMIT)

    def _answer(self, _: int, act: leaves.ApplicationAnswered) -> None:
        self._require_applicant(act)
        self._step(act.subject, act.data, Step.ANSWER)

    def _withdraw(self, _: int, act: leaves.ApplicationWithdrawn) -> None:
        self._require_applicant(act)
        self._step(act.subject, act.data, Step.WITHDRAW)

    def _require_applicant(self, act: _OfApplicant) -> None:
        """Refuse a step that is neither of an applicant nor of somebody of the party."""
        known = self._known.get(act.subject)
        if known.renews:
            self._standing.require(act, Permission.RENEW_PARTY, known.renews)
        else:
            _require_nobody(act)

    def _ask(self, _: int, act: leaves.ApplicationAsked) -> None:
        self._standing.require(act, Permission.REVIEW_APPLICATION)
        self._step(act.subject, act.data, Step.ASK)

    def _recommend(self, _: int, act: leaves.ApplicationRecommended) -> None:
        self._standing.require(act, Permission.REVIEW_APPLICATION)
        known = self._step(act.subject, act.data, Step.RECOMMEND)
        known.recommended_by, known.is_favourable = act.by, act.data.is_favourable

    def _refuse(self, _: int, act: leaves.ApplicationRefused) -> None:
        self._standing.require(act, Permission.DECIDE_APPLICATION)
        self._decide(self._step(act.subject, act.data, Step.REFUSE), act, admit=False)

    def _admit(self, _: int, act: leaves.ApplicationAdmitted) -> None:
        self._standing.require(act, Permission.DECIDE_APPLICATION)
        said = act.data
        known = self._step(act.subject, said, Step.ADMIT)
        if known.renews:
            raise Broken("not_possible_now", f"{known.id} is a renewal")
        self._decide(known, act, admit=True)
        is_person = known.holder_kind is HolderKind.NATURAL_PERSON
        require_same(
            said.representatives_min is None, is_person, what="whether it is a natural person"
        )
        self._standing.expect(
            Admission(
                by=act.by,
                party=said.party_id,
                kind=known.party_kind,
                province_code=known.province_code,
                representatives_min=said.representatives_min,
                users=list(said.user_ids),
            )
        )
        self._papers_of(said.party_id).holder_kind = known.holder_kind

    def _renew(self, _: int, act: leaves.ApplicationRenewed) -> None:
        self._standing.require(act, Permission.DECIDE_APPLICATION)
        known = self._step(act.subject, act.data, Step.ADMIT)
        require_same(act.data.party_id, known.renews, what="the party")
        self._decide(known, act, admit=True)
        self._papers_of(known.renews).holder_kind = known.holder_kind

    def _papers_of(self, party_id: str) -> Papers:
        """Return what is known of a party's papers, to be changed."""
        found = self._papers.find(party_id)
        if found is None:
            found = Papers(party_id)
            self._papers.add(party_id, found)
        self._papers.changed(party_id)
        return found

    def _decide(self, known: KnownApplication, act: Leaf, *, admit: bool) -> None:
        rules.check_officers(known.recommended_by, act.by)
        if admit and not known.is_favourable:
            raise Broken("not_possible_now", f"{known.id} was recommended to be refused")

    def _step(self, subject: str, said: leaves.Stepped, step: Step) -> KnownApplication:
        known = self._known.get(subject)
        after = STEPS[step].get(known.status)
        if after is None:
            raise Broken("not_possible_now", f"{subject} is {known.status.value}")
        require_same(said.version, known.version + 1, what="version", code="version_not_next")
        known.status, known.version = after, said.version
        if known.renews and after in ENDED:
            self._papers_of(known.renews).renewal = ""
        self._known.changed(subject)
        return known


def _require_nobody(act: Leaf) -> None:
    if act.by != APPLICANT:
        raise Broken("actor_unknown", f"{act.by} is no applicant")
