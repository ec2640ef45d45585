"""What an activity must be: sites, sizes, dates, declarations, validators and decisions."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.clock import BANGKOK
from app.kernel.encoding import LEAF_BYTES_MAX, canonical_bytes
from app.registry.activities import refusals, rules
from app.registry.activities.rules import (
    ActivityForm,
    Content,
    Grounds,
    Limits,
    Opinion,
    SiteContent,
    ValidationConclusion,
)
from app.registry.documents.rules import Purpose
from app.registry.ledger.rules import Account, AccountKind, AccountStatus
from app.registry.methodologies.rules import (
    Family,
    Methodology,
    MethodologySupersededError,
    ScaleClass,
    Variant,
)
from app.registry.parties.rules import Accreditation, Party, PartyKind, Status
from tests.builders.activities import a_content, a_site, an_activity

TODAY = date(2026, 11, 24)
LIMITS = Limits(
    variants=("standard", "premium"),
    start_years_max=3,
    start_exempt_families=("forestry",),
    poa_cap_tco2e=Decimal(60_000),
)


def a_methodology(family: Family = Family.RENEWABLE_ELECTRICITY, **changes: Any) -> Methodology:  # noqa: ANN401
    methodology = Methodology(
        code="T-VER-S-METH-01-01",
        version="03",
        title_th="ระเบียบวิธีสมมติ",
        title_en="A synthetic methodology",
        project_type=1,
        sectoral_scope=1,
        variant=Variant.STANDARD,
        family=family,
        crediting_years=7,
        renewals_max=1,
        buffer_applies=False,
        valid_from=date(2014, 1, 1),
        superseded_on=None,
        last_acceptable_on=None,
        source="a test",
        verified=True,
        note=None,
        log_index=0,
    )
    return replace(methodology, **changes)


def submitted(
    content: Content,
    methodology: Methodology | None = None,
    *,
    evidence: frozenset[Purpose] = frozenset(),
    today: date = TODAY,
) -> ScaleClass:
    return rules.check_submission(
        content,
        methodology=methodology or a_methodology(),
        limits=LIMITS,
        evidence=evidence,
        today=today,
    )


def a_recent(**changes: Any) -> Content:  # noqa: ANN401
    """Return a draft that began to operate this year."""
    recent: dict[str, Any] = {
        "starts_on": date(2026, 1, 1),
        "proposed_crediting_start": date(2026, 1, 1),
        "sites": (a_site(installed_size=Decimal(1)),),
    }
    return a_content(**recent | changes)


def sites(*sizes: str) -> tuple[SiteContent, ...]:
    return tuple(a_site(installed_size=Decimal(size)) for size in sizes)


# ----------------------------------------------------------------------- DOMAIN rule 8: size


@pytest.mark.parametrize(
    ("sizes", "scale"),
    [
        (("5",), ScaleClass.MICRO),
        (("2.5", "2.5"), ScaleClass.MICRO),
        (("2.5", "2.500001"), ScaleClass.SMALL),
        (("10", "5"), ScaleClass.SMALL),
    ],
)
def test_scale_comes_from_the_sum_over_sites(sizes: tuple[str, ...], scale: ScaleClass) -> None:
    """Size is judged on all sites together, and a bound belongs to the smaller class."""
    form = ActivityForm.SINGLE if len(sizes) == 1 else ActivityForm.BUNDLE
    assert submitted(a_recent(form=form, sites=sites(*sizes))) is scale


def test_a_large_activity_needs_proof_of_additionality() -> None:
    """Only the positive list spares smaller ones the proof."""
    content = a_recent(sites=sites("15.000001"))
    with pytest.raises(refusals.AdditionalityMissingError):
        submitted(content, evidence=frozenset({Purpose.DESIGN}))
    evidence = frozenset({Purpose.ADDITIONALITY})
    assert submitted(content, evidence=evidence) is ScaleClass.LARGE


@pytest.mark.parametrize(
    ("form", "count", "fits"),
    [
        (ActivityForm.SINGLE, 1, True),
        (ActivityForm.SINGLE, 2, False),
        (ActivityForm.BUNDLE, 1, False),
        (ActivityForm.BUNDLE, 2, True),
        (ActivityForm.PROGRAMME_OF_ACTIVITIES, 1, True),
        (ActivityForm.PROGRAMME_OF_ACTIVITIES, 40, True),
    ],
)
def test_the_number_of_sites_fits_the_form(form: ActivityForm, count: int, fits: bool) -> None:  # noqa: FBT001
    """A single activity has one site, a bundle several."""
    content = a_recent(form=form, sites=sites(*["0.01"] * count))
    if fits:
        submitted(content)
    else:
        with pytest.raises(refusals.SitesDoNotFitFormError):
            submitted(content)


def test_a_site_without_size_is_refused() -> None:
    """The scale class would come from nothing."""
    with pytest.raises(refusals.SiteSizeZeroError):
        submitted(a_recent(sites=sites("0")))


# ------------------------------------------------------- DOMAIN rule 9: programme of activities


def test_each_part_of_a_programme_of_activities_is_micro() -> None:
    """At the bound it is micro, above it is not; the sum may be larger."""
    form = ActivityForm.PROGRAMME_OF_ACTIVITIES
    assert submitted(a_recent(form=form, sites=sites("5", "5"))) is ScaleClass.SMALL
    with pytest.raises(refusals.SiteNotMicroError):
        submitted(a_recent(form=form, sites=sites("5", "5.000001")))


def test_a_programme_of_activities_stays_below_its_cap() -> None:
    """The cap is a dated rule value; other forms have none."""
    form = ActivityForm.PROGRAMME_OF_ACTIVITIES
    submitted(a_recent(form=form, estimate_tco2e=Decimal(60_000)))
    above = Decimal("60000.000001")
    with pytest.raises(refusals.ProgrammeCapError):
        submitted(a_recent(form=form, estimate_tco2e=above))
    submitted(a_recent(estimate_tco2e=above))


# ---------------------------------------------------------------------- DOMAIN rule 10: start


def test_an_activity_started_at_most_three_years_before_submission() -> None:
    """To the day."""
    earliest = date(2023, 11, 24)
    content = a_recent(starts_on=earliest, proposed_crediting_start=earliest)
    submitted(content)
    with pytest.raises(refusals.StartedTooEarlyError):
        submitted(replace(content, starts_on=earliest - timedelta(days=1)))


def test_a_forest_may_have_started_at_any_time() -> None:
    """Forest and green-area projects are exempt."""
    content = a_recent(starts_on=date(1999, 6, 1))
    submitted(content, a_methodology(Family.FORESTRY))
    with pytest.raises(refusals.StartedTooEarlyError):
        submitted(content, a_methodology(Family.AGRICULTURE))


def test_three_years_before_a_leap_day_is_the_last_of_february() -> None:
    """The 29th has no anniversary in other years."""
    assert rules.years_before(date(2028, 2, 29), 3) == date(2025, 2, 28)
    assert rules.years_before(date(2028, 2, 29), 4) == date(2024, 2, 29)


@given(st.dates(date(1995, 1, 1), date(2199, 12, 31)), st.integers(0, 4))
def test_years_before_is_never_more_than_a_day_off(day: date, years: int) -> None:
    """No year has more than 366 days."""
    earlier = rules.years_before(day, years)
    assert 365 * years <= (day - earlier).days <= 366 * years


def test_crediting_starts_with_or_after_the_activity() -> None:
    """What does not run yet reduces nothing."""
    start = date(2026, 3, 1)
    submitted(a_recent(starts_on=start, proposed_crediting_start=start))
    with pytest.raises(refusals.CreditingTooEarlyError):
        submitted(a_recent(starts_on=start, proposed_crediting_start=date(2026, 2, 28)))


# ----------------------------------------------------------------- DOMAIN rule 12: methodology


def test_the_methodology_version_is_acceptable_on_the_day_of_submission() -> None:
    """A superseded version is taken for 180 days, the last one included."""
    methodology = a_methodology(
        superseded_on=date(2026, 6, 1), last_acceptable_on=date(2026, 11, 28)
    )
    submitted(a_recent(), methodology, today=date(2026, 11, 28))
    with pytest.raises(MethodologySupersededError):
        submitted(a_recent(), methodology, today=date(2026, 11, 29))


def test_a_programme_takes_only_its_variants_of_methodology() -> None:
    """A LESS activity can never get into a programme that mints."""
    with pytest.raises(refusals.VariantNotTakenError):
        submitted(a_recent(), a_methodology(variant=Variant.LESS))
    submitted(a_recent(), a_methodology(variant=Variant.PREMIUM))


# ------------------------------------------------------- DOMAIN rule 14: one mechanism, one meter


def test_an_activity_in_another_mechanism_is_not_registrable() -> None:
    """Its tonnes would be counted twice."""
    with pytest.raises(refusals.OtherMechanismError):
        submitted(a_recent(in_other_mechanism=True, other_mechanism_note="CDM 1234"))


def test_an_installation_is_named_once_in_an_activity() -> None:
    """One meter would count as two; sites without a number do not clash."""
    twice = tuple(a_site(installed_size=Decimal(1), installation_id="PEA-1") for _ in range(2))
    with pytest.raises(refusals.InstallationTakenError):
        submitted(a_recent(form=ActivityForm.BUNDLE, sites=twice))
    submitted(a_recent(form=ActivityForm.BUNDLE, sites=sites("1", "1")))


# ------------------------------------------------------------------------------------ drafts


@pytest.mark.parametrize(
    ("latitude", "longitude", "inside"),
    [
        ("5.5", "97.2", True),
        ("20.6", "105.8", True),
        ("5.499999", "100", False),
        ("20.600001", "100", False),
        ("15", "97.199999", False),
        ("15", "105.800001", False),
    ],
)
def test_sites_lie_in_thailand(latitude: str, longitude: str, inside: bool) -> None:  # noqa: FBT001
    """Swapped or mistyped coordinates are caught before anybody looks at a map."""
    site = a_site(latitude=Decimal(latitude), longitude=Decimal(longitude))
    if inside:
        rules.check_content(a_content(sites=(site,)))
    else:
        with pytest.raises(refusals.SiteOutsideThailandError):
            rules.check_content(a_content(sites=(site,)))


@pytest.mark.parametrize("field", ["starts_on", "proposed_crediting_start"])
@pytest.mark.parametrize(
    ("day", "fits"),
    [
        (date(1990, 1, 1), True),
        (date(2199, 12, 31), True),
        (date(1989, 12, 31), False),
        (date(2200, 1, 1), False),
    ],
)
def test_dates_are_ones_that_can_be_computed_with(field: str, day: date, fits: bool) -> None:  # noqa: FBT001
    """A crediting period of a date in the year 9999 would leave the calendar."""
    content = a_content(**{field: day})
    if fits:
        rules.check_content(content)
    else:
        with pytest.raises(refusals.DateOutOfRangeError):
            rules.check_content(content)


def test_the_digest_of_a_draft_changes_with_every_field() -> None:
    """The log must hold the owner to all that they wrote."""
    content = a_content()
    changed = [
        replace(content, name_th="อื่น"),
        replace(content, description="Other"),
        replace(content, form=ActivityForm.BUNDLE),
        replace(content, estimate_tco2e=Decimal(751)),
        replace(content, starts_on=date(2022, 1, 1)),
        replace(content, in_other_mechanism=True),
        replace(content, credit_account_id=1_001),
        replace(content, sites=(a_site(name="อื่น"),)),
        replace(content, sites=(a_site(installation_id="PEA-1"),)),
    ]
    digests = {rules.content_digest(other) for other in (content, *changed)}
    assert len(digests) == len(changed) + 1


def test_the_digest_does_not_depend_on_how_a_number_is_written() -> None:
    """The database returns 800.000000 for 800."""
    written = a_content(sites=(a_site(installed_size=Decimal("800.000000")),))
    assert rules.content_digest(written) == rules.content_digest(a_content())


def test_the_largest_submission_fits_one_leaf() -> None:
    """Or nobody could submit an activity of as many sites as the form takes."""
    site = a_site(
        latitude=Decimal("20.123456"),
        longitude=Decimal("105.123456"),
        installed_size=Decimal("999999999999.999999"),
        installation_id="X" * 60,
    )
    leaf = canonical_bytes({"sites": [rules.site_facts(site)] * rules.SITES_MAX})
    assert len(leaf) < LEAF_BYTES_MAX - 5_000  # what else a submission says stays far below


# ----------------------------------------------------------------------------------- account


def test_credits_go_to_an_open_account_of_the_owner() -> None:
    """Nobody's credits go to a stranger or to the registry's own accounts."""
    account = Account(
        id=1_001,
        owner_party_id="pty_owner",
        kind=AccountKind.HOLDING,
        status=AccountStatus.OPEN,
        name="Credits",
        version=1,
        opened_at=an_activity().created_at,
    )
    rules.check_credit_account(account, owner_party_id="pty_owner")
    unfit = [
        replace(account, owner_party_id="pty_other"),
        replace(account, status=AccountStatus.CLOSED),
        replace(account, kind=AccountKind.BUFFER),
    ]
    for other in unfit:
        with pytest.raises(refusals.CreditAccountForeignError):
            rules.check_credit_account(other, owner_party_id="pty_owner")


# --------------------------------------------------------------------- DOMAIN rule 15: the VVB

VVB = Party("pty_vvb", PartyKind.VVB, "หน่วยตรวจสอบ", "A body", None, Status.ACTIVE, 1)
FOREST_SCOPE = Accreditation(14, date(2026, 1, 1), date(2026, 12, 31))


def check_validator(
    vvb: Party = VVB,
    accreditation: Accreditation = FOREST_SCOPE,
    *,
    has_account: bool = False,
    today: date = TODAY,
) -> None:
    rules.check_validator(
        vvb, (accreditation,), activity=an_activity(), has_account=has_account, today=today
    )


def test_a_validator_is_active_in_scope_and_free_of_accounts() -> None:
    """On the first and last day of its accreditation too."""
    check_validator()
    check_validator(today=date(2026, 1, 1))
    check_validator(today=date(2026, 12, 31))


@pytest.mark.parametrize(
    "unfit",
    [
        {"vvb": replace(VVB, status=Status.SUSPENDED)},
        {"vvb": replace(VVB, kind=PartyKind.DEVELOPER)},
        {"vvb": replace(VVB, id=an_activity().owner_party_id)},
        {"accreditation": replace(FOREST_SCOPE, sectoral_scope=1)},
        {"today": date(2027, 1, 1)},
        {"today": date(2025, 12, 31)},
        {"has_account": True},
    ],
)
def test_any_other_validator_is_refused(unfit: dict[str, Any]) -> None:
    """One reason is enough."""
    with pytest.raises(refusals.ValidatorNotFitError):
        check_validator(**unfit)


# --------------------------------------------------------------------------------- decisions


def an_opinion(conclusion: ValidationConclusion) -> Opinion:
    return Opinion(
        id="opn_1",
        activity_id="act_1",
        vvb_party_id="pty_vvb",
        lead_user_id="usr_1",
        conclusion=conclusion,
        statement="Checked.",
        document_ids=(),
        given_at=an_activity().created_at.astimezone(BANGKOK),
        log_index=1,
    )


POSITIVE = an_opinion(ValidationConclusion.POSITIVE)
NEGATIVE = an_opinion(ValidationConclusion.NEGATIVE)


@pytest.mark.parametrize(
    ("opinion", "approve", "decidable"),
    [
        (POSITIVE, True, True),
        (POSITIVE, False, True),
        (NEGATIVE, True, False),
        (NEGATIVE, False, True),
        (None, True, False),
        (None, False, False),
    ],
)
def test_registration_needs_a_positive_opinion_and_refusal_any(
    opinion: Opinion | None,
    approve: bool,  # noqa: FBT001
    decidable: bool,  # noqa: FBT001
) -> None:
    """The authority decides on an opinion, never instead of one."""
    activity = an_activity(review_completed_on=TODAY)
    if decidable:
        rules.check_decidable(activity, opinion, needs_validation=True, approve=approve)
    else:
        with pytest.raises(refusals.OpinionMissingError):
            rules.check_decidable(activity, opinion, needs_validation=True, approve=approve)


def test_without_validation_a_complete_review_is_enough() -> None:
    """A LESS activity is assessed by its developer; but nobody skips the review."""
    complete = an_activity(review_completed_on=TODAY)
    rules.check_decidable(complete, None, needs_validation=False, approve=True)
    with pytest.raises(refusals.ReviewNotCompleteError):
        rules.check_decidable(an_activity(), None, needs_validation=False, approve=True)


def test_a_decision_says_where_and_when_it_was_taken() -> None:
    """Meeting or document, dated today or before."""
    rules.check_grounds(Grounds(TODAY, document_id="doc_1"), today=TODAY)
    rules.check_grounds(Grounds(TODAY, meeting="อบก. 11/2569"), today=TODAY)
    with pytest.raises(refusals.DecisionUngroundedError):
        rules.check_grounds(Grounds(TODAY), today=TODAY)
    tomorrow = TODAY + timedelta(days=1)
    with pytest.raises(refusals.DecisionAheadError):
        rules.check_grounds(Grounds(tomorrow, meeting="อบก. 11/2569"), today=TODAY)
    with pytest.raises(refusals.DateOutOfRangeError):
        rules.check_grounds(Grounds(date(1, 1, 1), meeting="อบก. 11/2569"), today=TODAY)


def test_a_return_gives_its_reason() -> None:
    """The owner must know what to mend."""
    rules.check_reason("Annex 2 is missing.")
    with pytest.raises(refusals.ReasonMissingError):
        rules.check_reason(None)
