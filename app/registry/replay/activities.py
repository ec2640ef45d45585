"""The life of activities: every step follows from the one before."""

from datetime import date

import msgspec

from app.registry.activities.refusals import (
    ActivityStateError,
    CreditAccountForeignError,
    CreditAccountNeededError,
    InstallationTakenError,
    OpinionGivenError,
    OpinionMissingError,
    ReviewAlreadyCompleteError,
    ReviewNotCompleteError,
    ValidationNotAskedError,
    ValidatorMissingError,
    ValidatorNotFitError,
)
from app.registry.activities.rules import (
    LIVE,
    STEPS,
    ActivityStatus,
    Grounds,
    Step,
    check_date,
)
from app.registry.activities.rules import ValidationConclusion as Conclusion
from app.registry.ledger.serials import account_number
from app.registry.methodologies.rules import crediting_end, require_acceptable
from app.registry.parties.policy import Permission
from app.registry.parties.rules import PartyKind, is_accredited
from app.registry.programmes.refusals import ProgrammeClosedError
from app.registry.programmes.rules import RuleKey
from app.registry.replay.catalogue import Catalogue, KnownProgramme
from app.registry.replay.leaves import activities as leaves
from app.registry.replay.ledger import Ledger
from app.registry.replay.shelf import Shelf
from app.registry.replay.standing import Standing
from app.registry.replay.things import Handlers, Things, day_of, require_same


class Reported(msgspec.Struct, array_like=True):
    """A period of an activity that a report takes up."""

    report: str
    first: date
    last: date  # included


class KnownActivity(msgspec.Struct, array_like=True):
    """An activity as it stands."""

    id: str
    code: str
    number: int
    programme: str
    owner: str
    status: ActivityStatus
    version: int
    review_completed: bool = False
    vvb: str | None = None
    opinion: Conclusion | None = None  # the latest; None: none was given
    # What was fixed by the last submission.
    methodology: str = ""
    sectoral_scope: int = 0
    buffer_applies: bool = False
    proposed_crediting_start: date | None = None
    credit_account: str | None = None  # number
    installations: list[str] = []
    # What was fixed by the registration.
    crediting_start: date | None = None
    crediting_end: date | None = None
    reported: list[Reported] = []  # by reports that did not end in nothing


class Claim(msgspec.Struct, array_like=True):
    """Which live activity counts an installation."""

    activity: str  # empty: none


class Activities:
    """All activities, and what they claim."""

    def __init__(
        self, shelf: Shelf, standing: Standing, catalogue: Catalogue, ledger: Ledger
    ) -> None:
        self._standing = standing
        self._catalogue = catalogue
        self._ledger = ledger
        self.known: Things[KnownActivity] = Things(shelf, "activity", KnownActivity)
        self._claims: Things[Claim] = Things(shelf, "installation", Claim)

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.ActivityDrafted, self._draft)
        handlers.on(leaves.ActivityAmended, self._amend)
        handlers.on(leaves.ActivitySubmitted, self._submit)
        handlers.on(leaves.ReviewStarted, self._start_review)
        handlers.on(leaves.ActivityReturned, self._return)
        handlers.on(leaves.ReviewCompleted, self._complete_review)
        handlers.on(leaves.ValidatorAssigned, self._assign_validator)
        handlers.on(leaves.ActivityValidated, self._validate)
        handlers.on(leaves.ActivityRegistered, self._register)
        handlers.on(leaves.ActivityRefused, self._refuse)
        handlers.on(leaves.ActivityWithdrawn, self._withdraw)
        handlers.on(leaves.ActivityClosed, self._close)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self.known.save()
        self._claims.save()

    def programme_of(self, activity: KnownActivity) -> KnownProgramme:
        """Return the programme that an activity is of."""
        return self._catalogue.programmes.get(activity.programme)

    # ------------------------------------------------------------------- the owner's steps

    def _draft(self, _: int, act: leaves.ActivityDrafted) -> None:
        said = act.data
        owner = self._standing.party_of(act).id
        self._standing.require(act, Permission.WRITE_ACTIVITY, owner)
        code, number = said.code.rsplit("-", 1)
        programme = self._catalogue.programmes.get(code)
        self._require_open(programme)
        programme.activities += 1
        self._catalogue.programmes.changed(code)
        _require_all_same(
            ("code", said.code, f"{code}-{programme.activities:04d}"),
            ("from", said.from_, None),
            ("to", said.to, ActivityStatus.DRAFT),
            ("version", said.version, 1),
            ("the owner", said.owner_party_id, owner),
            ("the party that acts", said.by_party_id, owner),
        )
        self.known.add(
            act.subject,
            KnownActivity(act.subject, said.code, int(number), code, owner, said.to, said.version),
        )

    def _amend(self, _: int, act: leaves.ActivityAmended) -> None:
        self._take(act, Step.AMEND)

    def _submit(self, _: int, act: leaves.ActivitySubmitted) -> None:
        said = act.data
        activity = self._take(act, Step.SUBMIT)
        programme = self.programme_of(activity)
        self._require_open(programme)
        today = day_of(act)
        key = f"{said.methodology_code}/{said.methodology_version}"
        methodology = self._catalogue.methodologies.get(key)
        require_acceptable(methodology.as_methodology(), today)
        for day in (said.starts_on, said.proposed_crediting_start):
            check_date(day)
        _require_all_same(
            ("the programme", said.programme_code, activity.programme),
            ("the owner", said.owner_party_id, activity.owner),
            ("project_type", said.project_type, methodology.project_type),
            ("sectoral_scope", said.sectoral_scope, methodology.sectoral_scope),
            ("buffer_applies", said.buffer_applies, methodology.buffer_applies),
            ("submitted_on", said.submitted_on, today),
        )
        if said.credit_account_id is not None:
            activity.credit_account = account_number(said.credit_account_id)
            self.check_credit_account(activity)
        elif programme.mints:
            raise CreditAccountNeededError
        activity.methodology = key
        activity.sectoral_scope = methodology.sectoral_scope
        activity.buffer_applies = methodology.buffer_applies
        activity.proposed_crediting_start = said.proposed_crediting_start
        activity.review_completed = False
        self._claim(activity, [s.installation_id for s in said.sites if s.installation_id])

    def _withdraw(self, _: int, act: leaves.ActivityWithdrawn) -> None:
        self._release(self._take(act, Step.WITHDRAW))

    def _close(self, _: int, act: leaves.ActivityClosed) -> None:
        self._release(self._take(act, Step.CLOSE))

    def check_credit_account(self, activity: KnownActivity) -> None:
        """
        Refuse an account that cannot receive an activity's credits.

        Raises:
            CreditAccountForeignError: it is somebody else's, closed, or there is none.
        """
        account = self._ledger.find_account(activity.credit_account or "")
        fits = account is not None and account.is_open and account.owner == activity.owner
        if not fits:
            raise CreditAccountForeignError

    # --------------------------------------------------------------- review and validation

    def _start_review(self, _: int, act: leaves.ReviewStarted) -> None:
        self._take(act, Step.START_REVIEW)

    def _return(self, _: int, act: leaves.ActivityReturned) -> None:
        activity = self._take(act, Step.RETURN)
        if activity.review_completed:
            raise ReviewAlreadyCompleteError
        self._release(activity)

    def _complete_review(self, _: int, act: leaves.ReviewCompleted) -> None:
        asks = self.programme_of(self.known.get(act.subject)).needs_verification
        activity = self._take(act, Step.COMPLETE_REVIEW if asks else Step.CLEAR_REVIEW)
        if activity.review_completed:
            raise ReviewAlreadyCompleteError
        vvb = act.data.vvb_party_id
        if asks and vvb is None:
            raise ValidatorMissingError
        if vvb is not None:
            self.check_vvb(activity, vvb, day_of(act))
        activity.review_completed, activity.vvb = True, vvb

    def _assign_validator(self, _: int, act: leaves.ValidatorAssigned) -> None:
        activity = self._take(act, Step.ASSIGN_VALIDATOR)
        if activity.opinion is Conclusion.POSITIVE:
            raise OpinionGivenError
        self.check_vvb(activity, act.data.vvb_party_id, day_of(act))
        activity.vvb = act.data.vvb_party_id

    def _validate(self, _: int, act: leaves.ActivityValidated) -> None:
        said = act.data
        activity = self._take(act, Step.VALIDATE)
        _require_all_same(
            ("the body", said.vvb_party_id, activity.vvb),
            ("the party that acts", said.by_party_id, activity.vvb),
        )
        if activity.opinion is Conclusion.POSITIVE:
            raise OpinionGivenError
        self.check_vvb(activity, said.vvb_party_id, day_of(act))
        self._catalogue.check_evidence(said.document_ids, activity.id)
        activity.opinion = said.conclusion

    def find_rule(self, activity: KnownActivity, key: RuleKey, on: date) -> str | None:
        """Return the value of a rule for an activity's programme; None: it is not in use."""
        return self._catalogue.find_rule(activity.programme, key, on)

    def check_vvb(self, activity: KnownActivity, party_id: str, on: date) -> None:
        """
        Refuse a body that may not give opinions on an activity on a day.

        Raises:
            ValidationNotAskedError: the programme asks for none.
            ValidatorNotFitError: it is no active VVB, not accredited, not independent.
        """
        if not self.programme_of(activity).needs_verification:
            raise ValidationNotAskedError(programme_code=activity.programme)
        vvb = self._standing.parties.get(party_id)
        fits = (
            vvb.kind is PartyKind.VVB
            and vvb.is_active
            and vvb.id != activity.owner
            and not vvb.has_account
            and is_accredited(vvb.as_accredited(), sectoral_scope=activity.sectoral_scope, on=on)
        )
        if not fits:
            raise ValidatorNotFitError(sectoral_scope=activity.sectoral_scope)

    # --------------------------------------------------------------------------- decisions

    def _register(self, _: int, act: leaves.ActivityRegistered) -> None:
        said = act.data
        activity = self._decide(act, said, Step.REGISTER)
        methodology = self._catalogue.methodologies.get(activity.methodology)
        start = activity.proposed_crediting_start
        assert start is not None  # what is under review was submitted
        end = crediting_end(start, methodology.crediting_years)
        named = f"{said.methodology_code}/{said.methodology_version}"
        _require_all_same(
            ("the owner", said.owner_party_id, activity.owner),
            ("the methodology", named, activity.methodology),
            ("crediting_start", said.crediting_start, start),
            ("crediting_end", said.crediting_end, end),
            ("registered_on", said.registered_on, day_of(act)),
        )
        activity.crediting_start, activity.crediting_end = start, end

    def _refuse(self, _: int, act: leaves.ActivityRefused) -> None:
        self._release(self._decide(act, act.data, Step.REFUSE))

    def _decide(
        self,
        act: leaves.ActivityRegistered | leaves.ActivityRefused,
        said: leaves.DecidedFacts,
        step: Step,
    ) -> KnownActivity:
        activity = self._take(act, step)
        if not activity.review_completed:
            raise ReviewNotCompleteError
        opinion = activity.opinion
        is_enough = opinion is Conclusion.POSITIVE or (opinion and step is Step.REFUSE)
        if self.programme_of(activity).needs_verification and not is_enough:
            raise OpinionMissingError
        grounds = Grounds(said.decided_on, said.decision_document_id, said.meeting)
        self._catalogue.check_decision(grounds, activity.id, day_of(act))
        return activity

    # ------------------------------------------------------------------------------- steps

    def _take(self, act: leaves.ActivityAct, step: Step) -> KnownActivity:
        """Take a step that the table of an activity's life allows, by whom it allows it."""
        said = act.data
        activity = self.known.get(act.subject)
        rule = STEPS[step]
        owner = activity.vvb if step is Step.VALIDATE else activity.owner
        self._standing.require_any(act, rule.permissions, *([] if owner is None else [owner]))
        if activity.status not in rule.leads:
            possible = ", ".join(status.value for status in rule.leads)
            raise ActivityStateError(
                status=activity.status.value, step=step.value, possible=possible
            )
        _require_all_same(
            ("code", said.code, activity.code),
            ("the party that acts", said.by_party_id, self._standing.party_of(act).id),
            ("from", said.from_, activity.status),
            ("to", said.to, rule.leads[activity.status]),
        )
        require_same(said.version, activity.version + 1, what="version", code="version_not_next")
        activity.status, activity.version = said.to, said.version
        self.known.changed(activity.id)
        return activity

    def _claim(self, activity: KnownActivity, installations: list[str]) -> None:
        for installation in installations:
            claim = self._claims.find(installation)
            if claim is not None and claim.activity:
                raise InstallationTakenError(installation_id=installation)
            self._claims.put(installation, Claim(activity.id))
        activity.installations = installations

    def _release(self, activity: KnownActivity) -> None:
        assert activity.status not in LIVE
        for installation in activity.installations:
            self._claims.put(installation, Claim(""))
        activity.installations = []

    def _require_open(self, programme: KnownProgramme) -> None:
        if not programme.is_open:
            raise ProgrammeClosedError(programme=programme.code)


def _require_all_same(*told: tuple[str, object, object]) -> None:
    for what, said, known in told:
        require_same(said, known, what=what)
