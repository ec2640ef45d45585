"""
Rule 15 of the domain: a VVB is active, in scope, and free of any account role; and inside it, lead
and independent reviewer differ. With it: the declaration of impartiality, and rotation.
"""

from datetime import date, timedelta
from itertools import product

import pytest

from app.registry.activities.rules import Activity
from app.registry.ledger.refusals import PartyCannotHoldError
from app.registry.log.pen import Pen
from app.registry.monitoring.rules import Report
from app.registry.parties.operations import (
    DecideOnParty,
    EndAccreditation,
    SetRoles,
    end_accreditation,
    set_roles,
    suspend_party,
)
from app.registry.parties.policy import Actor
from app.registry.parties.refusals import RoleNotOfKindError
from app.registry.parties.rules import ROLES_OF_KIND, Accreditation, Party, PartyKind, Role, Status
from app.registry.parties.store import get_user
from app.registry.programmes.rules import RuleKey
from app.registry.stores import refusals_by_constraint
from app.registry.verification import operations, rules
from app.registry.verification.operations import AssignVerifier, ReviewOpinion
from app.registry.verification.refusals import (
    ConflictOfInterestError,
    ReviewerIsLeadError,
    VerifierNotActiveError,
    VerifierNotIndependentError,
    VerifierOutOfScopeError,
    VerifierRotationError,
)
from tests.builders.activities import a_registered_activity, an_official
from tests.builders.issuance import (
    a_given_opinion,
    a_submitted_report,
    a_verification,
    an_opinion,
    approve,
)
from tests.builders.ledger import an_account
from tests.builders.parties import Register, a_vvb, actor_of, do, the_administrator
from tests.builders.reference import a_rule, today

ALL_SCOPES = tuple(range(1, 17))


async def assigning(registry: Register, report: Report, vvb: Actor) -> None:
    officer = await an_official(registry, Role.OFFICER)
    command = AssignVerifier(report.id, vvb.party_id)
    await do(registry, officer, operations.assign_verifier, command)


async def verified_by(registry: Register, activity: Activity, vvb: Actor, *, year: int) -> None:
    """Have a body verify the report of a year."""
    report = await a_submitted_report(registry, activity, tonnes={year: "10"})
    assigned, lead, reviewer = await a_verification(registry, report, vvb=vvb)
    opinion = an_opinion(assigned, report)
    given = await do(registry, lead, operations.give_opinion, opinion)
    await approve(registry, given, reviewer)


async def test_rule_15_a_suspended_body_verifies_nothing(registry: Register) -> None:
    """Neither is it assigned, nor does its lead give an opinion on what it was assigned before."""
    activity = await a_registered_activity(registry)
    report = await a_submitted_report(registry, activity)
    assigned, lead, _ = await a_verification(registry, report)
    administrator = await the_administrator(registry)
    command = DecideOnParty(lead.party_id, "Licence withdrawn.")
    await do(registry, administrator, suspend_party, command)
    with pytest.raises(VerifierNotActiveError):
        await do(registry, lead, operations.give_opinion, an_opinion(assigned, report))
    other = await a_submitted_report(
        registry, await a_registered_activity(registry), tonnes={2023: "1"}
    )
    with pytest.raises(VerifierNotActiveError):
        await assigning(registry, other, lead)


async def test_rule_15_a_body_verifies_within_its_scopes_and_days(registry: Register) -> None:
    """An accreditation that has ended is out of scope, also for what was assigned before."""
    activity = await a_registered_activity(registry)
    report = await a_submitted_report(registry, activity)
    others = tuple(scope for scope in ALL_SCOPES if scope != activity.sectoral_scope)
    elsewhere, _ = await a_vvb(registry, scopes=others)
    with pytest.raises(VerifierOutOfScopeError):
        await assigning(registry, report, elsewhere)
    assigned, lead, _ = await a_verification(registry, report)
    command = EndAccreditation(
        lead.party_id, activity.sectoral_scope, today() - timedelta(days=1), "Given up."
    )
    await do(registry, await the_administrator(registry), end_accreditation, command)
    with pytest.raises(VerifierOutOfScopeError):
        await do(registry, lead, operations.give_opinion, an_opinion(assigned, report))


async def test_rule_15_a_body_has_no_account(registry: Register) -> None:
    """It is given none, so it cannot profit from what it confirms."""
    lead, _ = await a_vvb(registry)
    with pytest.raises(PartyCannotHoldError):
        await an_account(registry, await the_administrator(registry), lead)


def test_rule_15_a_body_with_an_account_would_verify_nothing() -> None:
    """Should it ever have one, taken over from elsewhere, it is not independent."""
    body = Party("pty", PartyKind.VVB, "ผู้ประเมิน", "A body", None, Status.ACTIVE, 1)
    scope = (Accreditation(1, date(2020, 1, 1), None),)
    asked = {"owner_party_id": "other", "sectoral_scope": 1, "on": date(2026, 1, 1)}
    rules.check_verifier(body, scope, has_account=False, **asked)  # type: ignore[arg-type]
    with pytest.raises(VerifierNotIndependentError):
        rules.check_verifier(body, scope, has_account=True, **asked)  # type: ignore[arg-type]


async def test_rule_15_a_verifiers_user_gets_no_role_of_an_account(registry: Register) -> None:
    lead, _ = await a_vvb(registry)
    administrator = await the_administrator(registry)
    async with registry.read() as connection:
        user = await get_user(connection, lead.user_id)
    for role in ROLES_OF_KIND[PartyKind.HOLDER]:
        command = SetRoles(user.id, user.roles | {role}, user.version)
        with pytest.raises(RoleNotOfKindError):
            await do(registry, administrator, set_roles, command)


async def test_rule_15_the_lead_does_not_review(registry: Register) -> None:
    """Not even one who has both roles; the database holds it too."""
    report = await a_submitted_report(registry, await a_registered_activity(registry))
    given, lead, _ = await a_given_opinion(registry, report)
    async with registry.read() as connection:
        user = await get_user(connection, lead.user_id)
    both = SetRoles(user.id, frozenset({Role.VERIFIER_LEAD, Role.VERIFIER_REVIEWER}), user.version)
    changed = await do(registry, await the_administrator(registry), set_roles, both)
    command = ReviewOpinion(given.id, given.version, approve=True, reason="Mine.")
    with pytest.raises(ReviewerIsLeadError):
        await do(registry, actor_of(changed), operations.review_opinion, command)

    async def wrong(pen: Pen) -> None:
        await pen.connection.exec_driver_sql(
            "UPDATE verifications SET reviewer_user_id = lead_user_id, status = 'concluded'"
        )

    # What the violation of the constraint is told as.
    assert refusals_by_constraint()["ck_verifications_four_eyes"] is ReviewerIsLeadError
    with pytest.raises(ReviewerIsLeadError):
        await registry.do(lead, wrong)


async def test_rule_15_impartiality_is_declared_for_every_opinion(registry: Register) -> None:
    """The lead declares it for the whole team, before the opinion counts for anything."""
    report = await a_submitted_report(registry, await a_registered_activity(registry))
    assigned, lead, _ = await a_verification(registry, report)
    silent = an_opinion(assigned, report, no_conflict_of_interest=False)
    with pytest.raises(ConflictOfInterestError):
        await do(registry, lead, operations.give_opinion, silent)
    given = await do(registry, lead, operations.give_opinion, an_opinion(assigned, report))
    assert given.opinion_number == 1


async def test_rule_15_bodies_take_turns_where_a_rule_says_so(registry: Register) -> None:
    """Two reports in a row; then another body's; then the first one may come back."""
    activity = await a_registered_activity(registry)
    first, _ = await a_vvb(registry, scopes=ALL_SCOPES)
    second, _ = await a_vvb(registry, scopes=ALL_SCOPES)
    for year in (2023, 2024):
        await verified_by(registry, activity, first, year=year)
    third = await a_submitted_report(registry, activity, tonnes={2025: "10"})
    await a_rule(registry, RuleKey.VVB_CONSECUTIVE_REPORTS_MAX, "2", programme_code="CITY")
    with pytest.raises(VerifierRotationError):
        await assigning(registry, third, first)
    await assigning(registry, third, second)


def test_rule_15_a_turn_ends_after_as_many_reports_in_a_row_as_the_rule_says() -> None:
    for most, before in product((1, 2, 3), range(5)):
        bodies = ["a"] * before + ["b"]
        if before >= most:
            with pytest.raises(VerifierRotationError):
                rules.check_rotation("a", bodies, reports_max=most)
        else:
            rules.check_rotation("a", bodies, reports_max=most)
        if before:
            rules.check_rotation("b", bodies, reports_max=most)
