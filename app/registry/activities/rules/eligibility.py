"""What an activity must be to be drafted, submitted, validated and registered."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from app.kernel.encoding import canonical_bytes, sha256
from app.kernel.quantities import format_tonnes
from app.registry.activities.refusals import (
    ActivityStaleError,
    ActivityStateError,
    AdditionalityMissingError,
    CreditAccountForeignError,
    CreditingTooEarlyError,
    DateOutOfRangeError,
    DecisionAheadError,
    DecisionUngroundedError,
    InstallationTakenError,
    OpinionMissingError,
    OtherMechanismError,
    ProgrammeCapError,
    ReasonMissingError,
    ReviewNotCompleteError,
    SiteNotMicroError,
    SiteOutsideThailandError,
    SitesDoNotFitFormError,
    SiteSizeZeroError,
    StartedTooEarlyError,
    ValidatorNotFitError,
    VariantNotTakenError,
)
from app.registry.activities.rules.entities import (
    Activity,
    ActivityForm,
    Content,
    Grounds,
    Limits,
    Opinion,
    SiteContent,
    ValidationConclusion,
)
from app.registry.activities.rules.life import STEPS, ActivityStatus, Step
from app.registry.documents.rules import Purpose
from app.registry.ledger.rules import Account, AccountKind, AccountStatus
from app.registry.methodologies.rules import (
    SCALES,
    Methodology,
    ScaleClass,
    require_acceptable,
    scale_class,
)
from app.registry.parties.policy import Actor, NotAllowedError, allows
from app.registry.parties.rules import Accreditation, Party, PartyKind, is_accredited
from app.registry.parties.rules import Status as PartyStatus

SITES_MAX: Final = 200  # One submission must fit one leaf; a site takes up to 250 bytes of it.
SITES_OF_FORM: Final = {  # least and most
    ActivityForm.SINGLE: (1, 1),
    ActivityForm.BUNDLE: (2, SITES_MAX),
    ActivityForm.PROGRAMME_OF_ACTIVITIES: (1, SITES_MAX),
}
DATE_EARLIEST: Final = date(1990, 1, 1)
DATE_LATEST: Final = date(2199, 12, 31)
LATITUDE_BOUNDS: Final = (Decimal("5.5"), Decimal("20.6"))
LONGITUDE_BOUNDS: Final = (Decimal("97.2"), Decimal("105.8"))


def take_step(
    actor: Actor, activity: Activity, step: Step, *, expected_version: int
) -> ActivityStatus:
    """
    Return the status that a step leads to.

    Raises:
        NotAllowedError: the actor may not take this step on this activity.
        ActivityStaleError: the step was decided on another version than the present one.
        ActivityStateError: the activity does not stand where the step begins.
    """
    rule = STEPS[step]
    # Only the opinion is the VVB's own; the other steps are the owner's or the authority's.
    owner_id = activity.vvb_party_id if step is Step.VALIDATE else activity.owner_party_id
    owner_ids = () if owner_id is None else (owner_id,)
    if not any(allows(actor, permission, owner_ids=owner_ids) for permission in rule.permissions):
        raise NotAllowedError(permission=rule.permissions[0].value)
    if activity.version != expected_version:
        raise ActivityStaleError(version=activity.version)
    if activity.status not in rule.leads:
        possible = ", ".join(status.value for status in rule.leads)
        raise ActivityStateError(status=activity.status.value, step=step.value, possible=possible)
    return rule.leads[activity.status]


# -------------------------------------------------------------------------------- drafts


def check_content(content: Content) -> None:
    """
    Refuse a draft that could not even be written down.

    Raises:
        DateOutOfRangeError: a date beyond the years that the registry takes.
        SiteOutsideThailandError: a point that is not in Thailand.
    """
    for day in (content.starts_on, content.proposed_crediting_start):
        check_date(day)
    for site in content.sites:
        north, east = LATITUDE_BOUNDS, LONGITUDE_BOUNDS
        if not (north[0] <= site.latitude <= north[1] and east[0] <= site.longitude <= east[1]):
            raise SiteOutsideThailandError(
                site=site.name, latitude=str(site.latitude), longitude=str(site.longitude)
            )


def check_date(day: date) -> None:
    """
    Refuse a date whose arithmetic could leave the calendar.

    Raises:
        DateOutOfRangeError: it is before `DATE_EARLIEST` or after `DATE_LATEST`.
    """
    if not DATE_EARLIEST <= day <= DATE_LATEST:
        raise DateOutOfRangeError(
            earliest=DATE_EARLIEST.isoformat(), latest=DATE_LATEST.isoformat()
        )


def check_credit_account(account: Account, *, owner_party_id: str) -> None:
    """
    Refuse an account that cannot receive the activity's credits.

    Raises:
        CreditAccountForeignError: it is somebody else's, closed, or one of the registry's own.
    """
    fits = (
        account.owner_party_id == owner_party_id
        and account.kind is AccountKind.HOLDING
        and account.status is AccountStatus.OPEN
    )
    if not fits:
        raise CreditAccountForeignError


def content_digest(content: Content) -> str:
    """Return the SHA-256 of all that the owner wrote: what the public log seals of a draft."""
    return sha256(
        canonical_bytes(
            {
                "programme_code": content.programme_code,
                "name_th": content.name_th,
                "name_en": content.name_en,
                "description": content.description,
                "methodology_code": content.methodology_code,
                "methodology_version": content.methodology_version,
                "form": content.form.value,
                "sites": [{"name": site.name, **site_facts(site)} for site in content.sites],
                "estimate_tco2e": format_tonnes(content.estimate_tco2e),
                "starts_on": content.starts_on.isoformat(),
                "proposed_crediting_start": content.proposed_crediting_start.isoformat(),
                "in_other_mechanism": content.in_other_mechanism,
                "other_mechanism_note": content.other_mechanism_note,
                "credit_account_id": content.credit_account_id,
            }
        )
    ).hex()


def site_facts(site: SiteContent) -> dict[str, str | None]:
    """Return a site as the log keeps it: where and how large, without its name."""
    return {
        "province_code": site.province_code,
        "latitude": format_tonnes(site.latitude),
        "longitude": format_tonnes(site.longitude),
        "installed_size": format_tonnes(site.installed_size),
        "installation_id": site.installation_id,
    }


# ---------------------------------------------------------------------------- submission


def check_submission(
    content: Content,
    *,
    methodology: Methodology,
    limits: Limits,
    evidence: frozenset[Purpose],
    today: date,
) -> ScaleClass:
    """
    Refuse to submit what could never be registered.

    Args:
        content: what the owner wrote.
        methodology: the version it names.
        limits: the programme's rule values today.
        evidence: purposes of the documents that were uploaded for it.
        today: date of submission in Thailand, which decides.

    Returns:
        The scale class, from the sum over all sites.

    Source:
        TGO, conditions of a project; forms of implementation; project sizes; 180-day overlap.
    """
    _check_methodology(methodology, limits, today)
    _check_sites(content, methodology, limits)
    _check_dates(content, methodology, limits, today)
    if content.in_other_mechanism:
        raise OtherMechanismError
    total = sum((site.installed_size for site in content.sites), Decimal(0))
    scale = scale_class(methodology.family, total)
    if scale is ScaleClass.LARGE and Purpose.ADDITIONALITY not in evidence:
        raise AdditionalityMissingError
    return scale


def _check_methodology(methodology: Methodology, limits: Limits, today: date) -> None:
    require_acceptable(methodology, today)
    if methodology.variant.value not in limits.variants:
        raise VariantNotTakenError(
            variant=methodology.variant.value, possible=", ".join(limits.variants)
        )


def _check_sites(content: Content, methodology: Methodology, limits: Limits) -> None:
    count = len(content.sites)
    least, most = SITES_OF_FORM[content.form]
    if not least <= count <= most:
        raise SitesDoNotFitFormError(form=content.form.value, sites=count)
    for site in content.sites:
        if site.installed_size <= 0:
            raise SiteSizeZeroError(site=site.name)
    _check_installations_differ(content.sites)
    if content.form is ActivityForm.PROGRAMME_OF_ACTIVITIES:
        _check_programme_of_activities(content, methodology, limits)


def _check_installations_differ(sites: Sequence[SiteContent]) -> None:
    seen: set[str] = set()
    for site in sites:
        if site.installation_id in seen:
            raise InstallationTakenError(installation_id=site.installation_id)
        if site.installation_id is not None:
            seen.add(site.installation_id)


def _check_programme_of_activities(
    content: Content, methodology: Methodology, limits: Limits
) -> None:
    scale = SCALES[methodology.family]
    for site in content.sites:
        if site.installed_size > scale.micro_max:
            raise SiteNotMicroError(
                site=site.name,
                size=format_tonnes(site.installed_size),
                unit=scale.unit,
                size_max=format_tonnes(scale.micro_max),
            )
    if content.estimate_tco2e > limits.poa_cap_tco2e:
        raise ProgrammeCapError(
            estimate=format_tonnes(content.estimate_tco2e),
            cap=format_tonnes(limits.poa_cap_tco2e),
        )


def _check_dates(content: Content, methodology: Methodology, limits: Limits, today: date) -> None:
    earliest = years_before(today, limits.start_years_max)
    is_bound = methodology.family.value not in limits.start_exempt_families
    if is_bound and content.starts_on < earliest:
        raise StartedTooEarlyError(
            starts_on=content.starts_on.isoformat(), earliest=earliest.isoformat()
        )
    if content.proposed_crediting_start < content.starts_on:
        raise CreditingTooEarlyError(
            crediting_start=content.proposed_crediting_start.isoformat(),
            starts_on=content.starts_on.isoformat(),
        )


def years_before(day: date, years: int) -> date:
    """Return the same day some years earlier; of a 29 February, the 28th where there is no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


# -------------------------------------------------------------- validation and decisions


def check_validator(
    vvb: Party,
    accreditations: Sequence[Accreditation],
    *,
    activity: Activity,
    has_account: bool,
    today: date,
) -> None:
    """
    Refuse a body that may not give an opinion on the activity.

    Raises:
        ValidatorNotFitError: it is no active VVB, is not accredited for the scope today, owns the
            activity, or holds an account.

    Source:
        Regulation (EU) 2019/1122, Article 20(3): a verifier cannot act for an account.
    """
    fits = (
        vvb.kind is PartyKind.VVB
        and vvb.status is PartyStatus.ACTIVE
        and vvb.id != activity.owner_party_id
        and not has_account
        and is_accredited(accreditations, sectoral_scope=activity.sectoral_scope, on=today)
    )
    if not fits:
        raise ValidatorNotFitError(sectoral_scope=activity.sectoral_scope)


def is_positive(opinion: Opinion | None) -> bool:
    """Say whether an opinion was given and is positive."""
    return opinion is not None and opinion.conclusion is ValidationConclusion.POSITIVE


def check_decidable(
    activity: Activity, opinion: Opinion | None, *, needs_validation: bool, approve: bool
) -> None:
    """
    Refuse a decision on registration that comes too early.

    Args:
        activity: the activity, under review or under validation.
        opinion: the latest validation opinion; None where there is none.
        needs_validation: whether the programme asks for one.
        approve: whether the decision is to register.

    Raises:
        ReviewNotCompleteError: the completeness review has not ended.
        OpinionMissingError: no opinion yet, or not the positive one that registering needs.
    """
    if activity.review_completed_on is None:
        raise ReviewNotCompleteError
    if needs_validation and (opinion is None or (approve and not is_positive(opinion))):
        raise OpinionMissingError


def check_grounds(grounds: Grounds, *, today: date) -> None:
    """
    Refuse a decision that does not say where and when it was taken.

    Raises:
        DecisionUngroundedError: neither a document nor a meeting.
        DecisionAheadError: it is dated after today.
        DateOutOfRangeError: it is dated absurdly early.
    """
    if grounds.document_id is None and grounds.meeting is None:
        raise DecisionUngroundedError
    if grounds.decided_on > today:
        raise DecisionAheadError(decided_on=grounds.decided_on.isoformat(), today=today.isoformat())
    check_date(grounds.decided_on)


def check_reason(reason: str | None) -> None:
    """
    Refuse to send something back without saying why.

    Raises:
        ReasonMissingError: there is no reason.
    """
    if reason is None:
        raise ReasonMissingError
