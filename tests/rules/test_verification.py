"""Who may verify, what an opinion must say, and who may approve it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.registry.monitoring.rules import ReportVintage
from app.registry.parties.rules import Accreditation, Party, PartyKind, Status
from app.registry.verification import rules
from app.registry.verification.refusals import (
    BufferMissingError,
    BufferNotApplicableError,
    BufferTooLargeError,
    FindingOpenError,
    LinesWithoutConfirmationError,
    ReviewerIsLeadError,
    VerificationStaleError,
    VerificationStateError,
    VerifiedAboveMonitoredError,
    VerifiedVintagesError,
    VerifierNotActiveError,
    VerifierNotIndependentError,
    VerifierOutOfScopeError,
)
from app.registry.verification.rules import (
    Assurance,
    Claim,
    Conclusion,
    Finding,
    FindingClass,
    Opinion,
    Verification,
    VerificationStatus,
    VerifiedVintage,
)

TODAY = date(2026, 11, 24)
VVB = Party(
    id="pty_01kb5w6yk2e0hr9h5y0s8v2a3b",
    kind=PartyKind.VVB,
    name_th="ผู้ประเมิน",
    name_en="A body",
    province_code=None,
    status=Status.ACTIVE,
    version=1,
)
MONITORED = (
    ReportVintage(2023, Decimal(10), Decimal(0), Decimal(0), Decimal("10.5")),
    ReportVintage(2024, Decimal(20), Decimal(0), Decimal(0), Decimal("20.75")),
)


def check_verifier(vvb: Party = VVB, **changes: Any) -> None:  # noqa: ANN401  any argument
    held = changes.pop("held", (Accreditation(14, date(2024, 1, 1), TODAY),))
    asked: dict[str, Any] = {
        "owner_party_id": "pty_01kb5w6yk2e0hr9h5y0s8v2a3c",
        "sectoral_scope": 14,
        "has_account": False,
        "on": TODAY,
    }
    rules.check_verifier(vvb, held, **{**asked, **changes})


def confirm(
    *claims: tuple[int, str, int | None],
    conclusion: Conclusion = Conclusion.UNMODIFIED,
    buffer_applies: bool = False,
) -> tuple[VerifiedVintage, ...]:
    return rules.confirm(
        [Claim(vintage, Decimal(verified), buffer) for vintage, verified, buffer in claims],
        conclusion=conclusion,
        monitored=MONITORED,
        buffer_applies=buffer_applies,
    )


def a_verification(**changes: Any) -> Verification:  # noqa: ANN401  whatever the test cares about
    verification = Verification(
        id="vrf_01kb5w6yk2e0hr9h5y0s8v2a3b",
        report_id="mrp_01kb5w6yk2e0hr9h5y0s8v2a3b",
        activity_id="act_01kb5w6yk2e0hr9h5y0s8v2a3b",
        vvb_party_id=VVB.id,
        lead_user_id="usr_01kb5w6yk2e0hr9h5y0s8v2a3b",
        reviewer_user_id=None,
        status=VerificationStatus.AWAITING_REVIEW,
        opinion_number=1,
        conclusion=Conclusion.UNMODIFIED,
        version=2,
        assigned_by="usr_01kb5w6yk2e0hr9h5y0s8v2a3c",
        assigned_at=datetime(2026, 1, 1, tzinfo=UTC),
        lines=confirm((2023, "10.5", None), (2024, "20", None)),
    )
    return replace(verification, **changes)


def test_a_body_in_scope_and_free_of_accounts_may_verify() -> None:
    """The plain case, on the last day of its accreditation."""
    check_verifier()


@pytest.mark.parametrize(
    "vvb", [replace(VVB, kind=PartyKind.DEVELOPER), replace(VVB, status=Status.SUSPENDED)]
)
def test_only_an_active_body_may_verify(vvb: Party) -> None:
    """Others are no VVB, or are one no more."""
    with pytest.raises(VerifierNotActiveError):
        check_verifier(vvb)


def test_a_body_does_not_verify_its_own_activity() -> None:
    """Impartiality (ISO 14065)."""
    with pytest.raises(VerifierNotIndependentError):
        check_verifier(owner_party_id=VVB.id)


def test_a_body_with_an_account_does_not_verify() -> None:
    """Who can hold credits has an interest in how many there are."""
    with pytest.raises(VerifierNotIndependentError):
        check_verifier(has_account=True)


@pytest.mark.parametrize(
    "held",
    [
        (),
        (Accreditation(13, date(2024, 1, 1), None),),
        (Accreditation(14, date(2026, 11, 25), None),),
        (Accreditation(14, date(2024, 1, 1), date(2026, 11, 23)),),
    ],
)
def test_a_body_out_of_scope_on_the_day_does_not_verify(held: tuple[Accreditation, ...]) -> None:
    """Not accredited, in another scope, not yet, or not any more."""
    with pytest.raises(VerifierOutOfScopeError):
        check_verifier(held=held)


def test_all_that_was_monitored_can_be_verified_exactly() -> None:
    """The limit itself is allowed, to the last decimal."""
    first, second = confirm((2024, "20.75", None), (2023, "10.5", None))
    assert (first.vintage, first.verified_tco2e) == (2023, Decimal("10.5"))
    assert (second.vintage, second.verified_tco2e) == (2024, Decimal("20.75"))


def test_a_gram_more_than_was_monitored_is_not_verified() -> None:
    """A verifier confirms or lowers, never raises."""
    with pytest.raises(VerifiedAboveMonitoredError):
        confirm((2023, "10.500001", None), (2024, "20", None))


@pytest.mark.parametrize(
    "claims",
    [
        (),
        ((2023, "1", None),),
        ((2023, "1", None), (2023, "1", None)),
        ((2023, "1", None), (2024, "1", None), (2025, "1", None)),
    ],
)
def test_a_confirming_opinion_has_one_line_per_vintage(
    claims: tuple[tuple[int, str, int | None], ...],
) -> None:
    """A vintage left out would stay undecided; a doubled one would count twice."""
    with pytest.raises(VerifiedVintagesError):
        confirm(*claims)


@pytest.mark.parametrize("conclusion", [Conclusion.ADVERSE, Conclusion.DISCLAIMER])
def test_an_opinion_that_confirms_nothing_states_no_tonnes(conclusion: Conclusion) -> None:
    """Tonnes beside an adverse opinion would be read as confirmed."""
    assert confirm(conclusion=conclusion) == ()
    with pytest.raises(LinesWithoutConfirmationError):
        confirm((2023, "1", None), (2024, "1", None), conclusion=conclusion)


def test_where_a_buffer_applies_the_verifier_must_set_it() -> None:
    """Zero is an answer, silence is not."""
    (first, second) = confirm((2023, "10.5", 0), (2024, "20", 4), buffer_applies=True)
    assert (first.buffer_credits, second.buffer_credits) == (0, 4)
    with pytest.raises(BufferMissingError):
        confirm((2023, "10.5", 1), (2024, "20", None), buffer_applies=True)


def test_where_no_buffer_applies_only_zero_is_accepted() -> None:
    """Credits in a buffer that the method does not know would be lost to the owner."""
    confirm((2023, "10.5", 0), (2024, "20", None))
    with pytest.raises(BufferNotApplicableError):
        confirm((2023, "10.5", 1), (2024, "20", None))


def test_the_buffer_takes_at_most_the_whole_credits() -> None:
    """Ten and a half tonnes are ten credits: all of them may go, an eleventh does not exist."""
    confirm((2023, "10.5", 10), (2024, "20", 0), buffer_applies=True)
    with pytest.raises(BufferTooLargeError):
        confirm((2023, "10.5", 11), (2024, "20", 0), buffer_applies=True)


@pytest.mark.parametrize(
    ("conclusion", "finding_class", "is_closed", "stands"),
    [
        (Conclusion.UNMODIFIED, FindingClass.MATERIAL_MISSTATEMENT, False, False),
        (Conclusion.UNMODIFIED, FindingClass.MATERIAL_MISSTATEMENT, True, True),
        (Conclusion.UNMODIFIED, FindingClass.MISSTATEMENT, False, True),
        (Conclusion.MODIFIED, FindingClass.MATERIAL_MISSTATEMENT, False, True),
        (Conclusion.ADVERSE, FindingClass.MATERIAL_MISSTATEMENT, False, True),
    ],
)
def test_an_open_material_misstatement_forbids_an_unmodified_opinion(
    *, conclusion: Conclusion, finding_class: FindingClass, is_closed: bool, stands: bool
) -> None:
    """That is what unmodified means (ISO 14064-3)."""
    finding = Finding(finding_class, "A meter was read wrongly.", None, is_closed)
    if stands:
        rules.check_findings(conclusion, [finding])
    else:
        with pytest.raises(FindingOpenError):
            rules.check_findings(conclusion, [finding])


def test_the_reviewer_is_another_person_than_the_lead() -> None:
    """Four eyes inside the body."""
    rules.require_other_person(lead_user_id="usr_a", reviewer_user_id="usr_b")
    with pytest.raises(ReviewerIsLeadError):
        rules.require_other_person(lead_user_id="usr_a", reviewer_user_id="usr_a")


def test_a_review_names_the_version_that_was_read() -> None:
    """It binds the decision to one opinion: a newer one must not be approved unread."""
    rules.require_version(a_verification(version=2), 2)
    with pytest.raises(VerificationStaleError):
        rules.require_version(a_verification(version=2), 1)


def test_a_step_out_of_turn_is_refused() -> None:
    """A review follows an opinion, an opinion follows an assignment or a sending back."""
    rules.require_status(a_verification(), VerificationStatus.AWAITING_REVIEW)
    with pytest.raises(VerificationStateError):
        rules.require_status(
            a_verification(), VerificationStatus.ASSIGNED, VerificationStatus.SENT_BACK
        )


def test_the_log_learns_tonnes_only_from_an_approved_opinion() -> None:
    """What nobody has confirmed yet is not public."""
    approved = rules.facts_of_review(a_verification(), approve=True)
    assert approved["vintages"] == [
        {
            "vintage": 2023,
            "monitored_tco2e": "10.5",
            "verified_tco2e": "10.5",
            "buffer_credits": 0,
        },
        {"vintage": 2024, "monitored_tco2e": "20.75", "verified_tco2e": "20", "buffer_credits": 0},
    ]
    assert "vintages" not in rules.facts_of_review(a_verification(), approve=False)


def test_the_digest_of_an_opinion_changes_with_what_it_says() -> None:
    """The log holds the verifier to its words before they are approved."""
    opinion = Opinion(
        verification_id="vrf_01kb5w6yk2e0hr9h5y0s8v2a3b",
        number=1,
        lead_user_id="usr_01kb5w6yk2e0hr9h5y0s8v2a3b",
        conclusion=Conclusion.MODIFIED,
        assurance=Assurance.LIMITED,
        materiality_percent=Decimal("5.00"),
        statement="Except for one meter.",
        no_conflict_of_interest=True,
        findings=(Finding(FindingClass.MISSTATEMENT, "One meter.", None, is_closed=False),),
        lines=confirm((2023, "10", None), (2024, "20", None)),
        document_ids=(),
        given_at=datetime(2026, 1, 1, tzinfo=UTC),
        log_index=1,
        review=None,
    )
    others = [
        replace(opinion, statement="Except for two meters."),
        replace(opinion, findings=()),
        replace(opinion, lines=confirm((2023, "9", None), (2024, "20", None))),
        replace(opinion, materiality_percent=Decimal("5.01")),
    ]
    assert len({rules.opinion_digest(said) for said in (opinion, *others)}) == 5
    assert rules.opinion_digest(opinion) == rules.opinion_digest(replace(opinion, log_index=2))
