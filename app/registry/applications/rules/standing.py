"""What an application for an account is, how it goes on, and what it must have."""

import hmac
from calendar import monthrange
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from app.registry.applications.content import Content, Representative
from app.registry.applications.refusals import (
    ApplicationDocumentExpiredError,
    ApplicationDocumentMissingError,
    ApplicationNotFoundError,
    ApplicationStaleError,
    ApplicationStateError,
    ApplicationTooLongError,
    CertificateTooOldError,
    KindOfHolderError,
    NotRecommendedError,
    RepresentativesTooFewError,
    RepresentativeTwiceError,
    SameOfficerError,
    TooManyApplicationsError,
)
from app.registry.calendar.rules import Stop
from app.registry.parties.rules import PartyKind, Role, are_represented, require_roles_of_kind
from app.registry.programmes.rules import RuleKey

APPLICANT: Final = "applicant"  # who acts in the log for somebody who has no user yet
REPRESENTATIVES_MAX: Final = 20
DOCUMENTS_MAX: Final = 40
# Whoever comes may apply, and every act stays in the log for good.
VERSIONS_MAX: Final = 100  # after which an applicant can do no more
BEGUN_MAX: Final = 200  # for an account, within `BEGUN_WITHIN`, whatever became of them
BEGUN_WITHIN: Final = timedelta(hours=1)


class HolderKind(StrEnum):
    """Who may open an account."""

    NATURAL_PERSON = "natural_person"
    JURISTIC_PERSON = "juristic_person"
    STATE_BODY = "state_body"


_COMPANIES: Final = (PartyKind.HOLDER, PartyKind.DEVELOPER)
# What applicants can become in the register: our reading, as TGO's account types are not published.
PARTY_KINDS: Final = {
    HolderKind.NATURAL_PERSON: (PartyKind.HOLDER,),
    HolderKind.JURISTIC_PERSON: _COMPANIES,
    HolderKind.STATE_BODY: (*_COMPANIES, PartyKind.PROVINCE, PartyKind.MUNICIPALITY),
}
# Which dated rule lists what they have to hand in.
REQUIRED: Final = {
    HolderKind.NATURAL_PERSON: RuleKey.KYC_DOCUMENTS_NATURAL_PERSON,
    HolderKind.JURISTIC_PERSON: RuleKey.KYC_DOCUMENTS_JURISTIC_PERSON,
    HolderKind.STATE_BODY: RuleKey.KYC_DOCUMENTS_STATE_BODY,
}
# The public name of a natural person: the log is for ever, so the real one stands with their user.
NATURAL_PERSON_NAMES: Final = ("บุคคลธรรมดา", "Natural person")
CERTIFICATE: Final = "registration_certificate"  # the one document whose age is limited


class ApplicationKind(StrEnum):
    """What is applied for."""

    OPENING = "opening"
    RENEWAL = "renewal"  # of the documents of a party that is in the register


class ApplicationStatus(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ASKED = "asked"
    ANSWERED = "answered"
    RECOMMENDED = "recommended"
    ADMITTED = "admitted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What can be done with an application once it was begun."""

    AMEND = "amend"
    SUBMIT = "submit"
    ASK = "ask"
    ANSWER = "answer"
    RECOMMEND = "recommend"
    ADMIT = "admit"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


_S = ApplicationStatus
# From which status a step leads where.
STEPS: Final = {
    Step.AMEND: {_S.DRAFT: _S.DRAFT, _S.ASKED: _S.ASKED},
    Step.SUBMIT: {_S.DRAFT: _S.SUBMITTED},
    Step.ASK: {_S.SUBMITTED: _S.ASKED, _S.ANSWERED: _S.ASKED},
    Step.ANSWER: {_S.ASKED: _S.ANSWERED},
    Step.RECOMMEND: {_S.SUBMITTED: _S.RECOMMENDED, _S.ANSWERED: _S.RECOMMENDED},
    Step.ADMIT: {_S.RECOMMENDED: _S.ADMITTED},
    Step.REFUSE: {_S.RECOMMENDED: _S.REFUSED},
    # Once somebody has recommended, what comes next is the decision.
    Step.WITHDRAW: dict.fromkeys((_S.DRAFT, _S.SUBMITTED, _S.ASKED, _S.ANSWERED), _S.WITHDRAWN),
}
# Whose clock runs: TGO has this long from the complete submission, less what the applicant takes.
RUNNING: Final = frozenset({_S.SUBMITTED, _S.ANSWERED, _S.RECOMMENDED})
ENDED: Final = frozenset({_S.ADMITTED, _S.REFUSED, _S.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Event:
    """One act on an application."""

    log_index: int
    application_id: str
    step: Step | None  # None: it was begun
    to_status: ApplicationStatus
    by: str  # identifier of the officer, or of who renews; or `APPLICANT`
    reason: str | None  # question, answer, or why; None: the step asks for none, or it was erased
    recorded_at: datetime
    salt: bytes | None = None  # of what the act sealed; None: erased, nothing sealed, or not read


@dataclass(frozen=True, slots=True)
class Application:
    """An application as it stands."""

    id: str
    status: ApplicationStatus
    holder_kind: HolderKind
    party_kind: PartyKind
    province_code: str | None
    secret_sha256: bytes | None  # of what the applicant comes back with; None: a renewal
    content_log_index: int  # the act that brought the present content
    content: Content | None  # None: erased
    begun_at: datetime
    version: int
    documents_expire_on: date | None  # the first of its documents; None: none does
    submitted_at: datetime | None = None  # None: a draft
    due_on: date | None = None  # last day for the decision; None: no clock of TGO's runs
    recommended_by: str | None = None
    is_favourable: bool | None = None
    decided_by: str | None = None
    party_id: str | None = None  # who came of it, or renews
    kind: ApplicationKind = ApplicationKind.OPENING
    is_superseded: bool = False  # admitted, and the party's documents are those of a later one

    @property
    def is_renewal(self) -> bool:
        """Whether a party of the register applies, by people who sign in."""
        return self.kind is ApplicationKind.RENEWAL


def require_secret(application: Application, given_sha256: bytes) -> None:
    """
    Refuse whoever does not have the application's secret, as if there were none.

    Raises:
        ApplicationNotFoundError: it is another secret, or there is none: a renewal.
    """
    if application.secret_sha256 is None or not hmac.compare_digest(
        application.secret_sha256, given_sha256
    ):
        raise ApplicationNotFoundError


def require_version(application: Application, *, expected: int) -> None:
    """
    Refuse a step that was decided on another version than the present one.

    Raises:
        ApplicationStaleError: something happened in between.
    """
    if application.version != expected:
        raise ApplicationStaleError(version=application.version)


def require_room(application: Application) -> None:
    """
    Refuse a further step of the applicant where too much has happened.

    Raises:
        ApplicationTooLongError: it has.
    """
    if application.version >= VERSIONS_MAX:
        raise ApplicationTooLongError(versions_max=VERSIONS_MAX)


def status_after(application: Application, step: Step) -> ApplicationStatus:
    """
    Return where a step leads.

    Raises:
        ApplicationStateError: the application is not where the step begins.
    """
    found = STEPS[step].get(application.status)
    if found is None:
        raise ApplicationStateError(status=application.status.value, application_id=application.id)
    return found


def check_kinds(holder_kind: HolderKind, party_kind: PartyKind) -> None:
    """
    Refuse a kind of party that a holder of this kind cannot be.

    Raises:
        KindOfHolderError: it cannot.
    """
    possible = PARTY_KINDS[holder_kind]
    if party_kind not in possible:
        raise KindOfHolderError(holder_kind=holder_kind.value, possible=", ".join(possible))


def check_content(content: Content, *, party_kind: PartyKind) -> None:
    """
    Refuse what no application may say, complete or not.

    Raises:
        RepresentativeTwiceError: two people have one address.
        RoleNotOfKindError: the party could not give one of the roles.
    """
    emails = [person.email for person in content.representatives]
    if len(set(emails)) != len(emails):
        raise RepresentativeTwiceError
    for person in content.representatives:
        require_roles_of_kind(party_kind, person.roles)


def check_complete(
    content: Content, *, required: Sequence[str], months_max: int, today: date
) -> None:
    """
    Refuse to take in an application whose documents are not all there and valid.

    Args:
        content: what the applicant says.
        required: what has to be handed in; more does no harm.
        months_max: how old a certificate may be.
        today: the date in Thailand.

    Raises:
        ApplicationDocumentMissingError, ApplicationDocumentExpiredError, CertificateTooOldError: as
            named.
    """
    there = {document.requirement for document in content.documents}
    missing = [code for code in required if code not in there]
    if missing:
        raise ApplicationDocumentMissingError(missing=", ".join(missing))
    earliest = months_before(today, months_max)
    for document in content.documents:
        if document.expires_on is not None and document.expires_on < today:
            raise ApplicationDocumentExpiredError(
                requirement=document.requirement, expires_on=document.expires_on.isoformat()
            )
        if document.requirement == CERTIFICATE and (
            document.issued_on is None or document.issued_on < earliest
        ):
            raise CertificateTooOldError(earliest=earliest.isoformat())


def check_representatives(
    representatives: Collection[Representative], *, holder_kind: HolderKind, least: int
) -> None:
    """
    Refuse an organisation that one person alone would act for, and anybody without an initiator.

    Args:
        representatives: who is to act; a natural person acts for themselves.
        holder_kind: whether it is an organisation.
        least: how many an organisation needs.

    Raises:
        RepresentativesTooFewError: they are too few, or all of one kind.
    """
    initiators = {p.email for p in representatives if Role.HOLDER_INITIATOR in p.roles}
    approvers = {p.email for p in representatives if Role.HOLDER_APPROVER in p.roles}
    if holder_kind is HolderKind.NATURAL_PERSON:
        if not initiators:
            raise RepresentativesTooFewError(least=1)
    elif not are_represented(initiators, approvers, least=least):
        raise RepresentativesTooFewError(least=least)


def check_decision(application: Application, *, decided_by: str, admit: bool) -> None:
    """
    Refuse a decision by the one who recommended, and an admission that nobody else wants.

    Raises:
        SameOfficerError: it is the same person.
        NotRecommendedError: the recommendation was to refuse.
    """
    check_officers(application.recommended_by, decided_by)
    if admit and not application.is_favourable:
        raise NotRecommendedError


def check_officers(recommended_by: str | None, decided_by: str) -> None:
    """
    Refuse a decision by the one who recommended.

    Raises:
        SameOfficerError: it is the same person.
    """
    if recommended_by == decided_by:
        raise SameOfficerError


def check_rate(begun_at: datetime | None, *, now: datetime) -> None:
    """
    Refuse one more application where as many as `BEGUN_MAX` are young.

    Args:
        begun_at: when the one of that place, from the newest, was begun; None: there are fewer.
        now: the present moment.

    Raises:
        TooManyApplicationsError: it is young too.
    """
    if begun_at is not None and begun_at + BEGUN_WITHIN > now:
        wait = begun_at + BEGUN_WITHIN - now
        raise TooManyApplicationsError(retry_after_s=int(wait.total_seconds()) + 1)


def stops_of(events: Iterable[Event]) -> tuple[Stop, ...]:
    """Return when the clock stood still: from each question to its answer."""
    stops: list[Stop] = []
    for event in events:
        if event.step is Step.ASK:
            stops.append(Stop(event.recorded_at, None))
        elif event.step is Step.ANSWER:
            stops[-1] = Stop(stops[-1].since, event.recorded_at)
    return tuple(stops)


def first_expiry(content: Content) -> date | None:
    """Return the day on which its first document expires; None: none does."""
    return min((d.expires_on for d in content.documents if d.expires_on), default=None)


def months_before(day: date, months: int) -> date:
    """Return the day so many months earlier, or the last of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    _, days = monthrange(year, month + 1)
    return date(year, month + 1, min(day.day, days))
