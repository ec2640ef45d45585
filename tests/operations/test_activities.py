"""Activities against the real database: each step, and who sees what."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kernel.clock import bangkok_date, now
from app.kernel.db import constraint_of
from app.registry.activities import operations, refusals, store
from app.registry.activities.operations import (
    Advance,
    AmendActivity,
    DecideRegistration,
    DraftActivity,
    EndReview,
    GiveOpinion,
)
from app.registry.activities.rules import (
    Activity,
    ActivityForm,
    ActivityStatus,
    Grounds,
    ValidationConclusion,
)
from app.registry.documents.rules import Purpose
from app.registry.methodologies.rules import MethodologyNotFoundError, ScaleClass
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import PartyNotFoundError, Role
from app.registry.programmes.refusals import ProgrammeNotFoundError
from app.registry.provinces.rules import ProvinceNotFoundError
from tests.builders.activities import (
    MANGROVE,
    RECOGNISED,
    SOLAR,
    a_cleared_activity,
    a_content,
    a_document,
    a_draft_activity,
    a_meeting,
    a_registered_activity,
    a_site,
    a_submitted_activity,
    a_validated_activity,
    an_account_of,
    an_activity_under_review,
    an_activity_under_validation,
    an_official,
    assign,
)
from tests.builders.parties import Register, a_developer, a_vvb


async def amend(registry: Register, actor: Actor, activity: Activity, **changes: Any) -> Activity:  # noqa: ANN401
    command = AmendActivity(activity.id, activity.version, changes)
    return await registry.do(actor, lambda pen: operations.amend_activity(pen, actor, command))


async def submit(registry: Register, actor: Actor, activity: Activity) -> Activity:
    command = Advance(activity.id, activity.version)
    return await registry.do(actor, lambda pen: operations.submit_activity(pen, actor, command))


async def withdraw(registry: Register, actor: Actor, activity: Activity) -> Activity:
    command = Advance(activity.id, activity.version, "No money.")
    return await registry.do(actor, lambda pen: operations.withdraw_activity(pen, actor, command))


async def close(registry: Register, actor: Actor, activity: Activity) -> Activity:
    command = Advance(activity.id, activity.version, "The roof is gone.")
    return await registry.do(actor, lambda pen: operations.close_activity(pen, actor, command))


async def decide(
    registry: Register,
    activity: Activity,
    *,
    approve: bool,
    grounds: Grounds | None = None,
    reason: str | None = None,
) -> Activity:
    approver = await an_official(registry, Role.APPROVER)
    command = DecideRegistration(
        activity.id, activity.version, approve, grounds or a_meeting(), reason
    )
    return await registry.do(
        approver, lambda pen: operations.decide_registration(pen, approver, command)
    )


async def opine(
    registry: Register,
    lead: Actor,
    activity: Activity,
    conclusion: ValidationConclusion = ValidationConclusion.POSITIVE,
    *,
    document_ids: tuple[str, ...] = (),
) -> Activity:
    command = GiveOpinion(activity.id, activity.version, conclusion, "Checked.", document_ids)
    await registry.do(lead, lambda pen: operations.give_opinion(pen, lead, command))
    async with registry.read() as connection:
        return await store.get_activity(connection, activity.id)


async def test_a_draft_is_read_back_as_it_was_written(registry: Register) -> None:
    """Nothing is rounded, renamed or lost on the way."""
    sites = (
        a_site(latitude=Decimal("16.123456"), installation_id="pea-0200.1"),
        a_site(name="ตลาด", province_code="81", installed_size=Decimal("0.000001")),
    )
    draft, owner = await a_draft_activity(registry, sites=sites, form=ActivityForm.BUNDLE)
    async with registry.read() as connection:
        assert await store.get_activity(connection, draft.id) == draft
        kept = await store.list_sites(connection, draft.id)
        provinces = await store.list_provinces_of(connection, [draft.id])
        events = await store.list_events(connection, draft.id, limit=10)
    assert [site.content() for site in kept] == [
        replace(sites[0], installation_id="PEA-0200.1"),
        sites[1],
    ]
    assert [site.position for site in kept] == [1, 2]
    assert provinces == {draft.id: ("40", "81")}
    assert [(event.step, event.from_status, event.to_status) for event in events] == [
        ("draft", None, ActivityStatus.DRAFT)
    ]
    assert events[0].by_user_id == owner.user_id


async def test_numbers_count_up_in_each_programme(registry: Register) -> None:
    """The number is part of serial numbers."""
    first, owner = await a_draft_activity(registry)
    second, _ = await a_draft_activity(registry, owner=owner)
    other, _ = await a_draft_activity(registry, owner=owner, programme="PROV")
    assert [draft.code for draft in (first, second, other)] == [
        "CITY-0001",
        "CITY-0002",
        "PROV-0001",
    ]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"programme_code": "NONE"}, ProgrammeNotFoundError),
        ({"methodology_version": "99"}, MethodologyNotFoundError),
        ({"sites": (a_site(province_code="98"),)}, ProvinceNotFoundError),
        ({"sites": (a_site(latitude=Decimal("48.1")),)}, refusals.SiteOutsideThailandError),
        ({"starts_on": date(1980, 1, 1)}, refusals.DateOutOfRangeError),
        ({"credit_account_id": 999_999}, refusals.CreditAccountForeignError),
    ],
)
async def test_a_draft_names_only_what_there_is(
    registry: Register, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    """A wrong code is told at once, not at submission."""
    owner = await a_developer(registry)
    command = DraftActivity(a_content(**changes))
    with pytest.raises(refusal):
        await registry.do(owner, lambda pen: operations.draft_activity(pen, owner, command))


async def test_only_developers_draft(registry: Register) -> None:
    """Neither officers nor verifiers bring activities in."""
    command = DraftActivity(a_content())
    lead, _ = await a_vvb(registry)
    for actor in (await an_official(registry, Role.OFFICER), lead):
        with pytest.raises(NotAllowedError):
            await registry.do(actor, lambda pen: operations.draft_activity(pen, actor, command))  # noqa: B023


async def test_an_amended_draft_keeps_what_was_not_named(registry: Register) -> None:
    """Sites are replaced all together, or not at all."""
    draft, owner = await a_draft_activity(registry)
    renamed = await amend(registry, owner, draft, name_en="Street trees")
    assert renamed == replace(draft, name_en="Street trees", version=2)
    moved = await amend(
        registry,
        owner,
        renamed,
        sites=(a_site(province_code="81"),),
        methodology_code=MANGROVE[0],
        methodology_version=MANGROVE[1],
    )
    assert moved.buffer_applies
    async with registry.read() as connection:
        kept = await store.list_sites(connection, draft.id)
    assert [site.province_code for site in kept] == ["81"]


async def test_an_amendment_of_an_old_version_is_refused(registry: Register) -> None:
    """Two people of one office do not overwrite each other."""
    draft, owner = await a_draft_activity(registry)
    await amend(registry, owner, draft, name_en="Street trees")
    with pytest.raises(refusals.ActivityStaleError):
        await amend(registry, owner, draft, name_en="Park trees")


async def test_a_stranger_does_not_learn_of_a_draft(registry: Register) -> None:
    """The same answer as for an activity that does not exist."""
    draft, _ = await a_draft_activity(registry)
    stranger = await a_developer(registry)
    with pytest.raises(refusals.ActivityNotFoundError):
        await amend(registry, stranger, draft, name_en="Mine")


async def test_submission_locks_scale_and_methodology(registry: Register) -> None:
    """What counts is the day of submission."""
    submitted, _ = await a_submitted_activity(registry)
    assert submitted.status is ActivityStatus.SUBMITTED
    assert submitted.scale is ScaleClass.MICRO
    assert submitted.submitted_on == bangkok_date(now())
    assert (submitted.project_type, submitted.sectoral_scope) == (13, 14)


async def test_submission_holds_the_draft_to_the_rules(registry: Register) -> None:
    """A solar roof that runs since 2019 came too late."""
    old = date(2019, 1, 1)
    draft, owner = await a_draft_activity(
        registry, methodology=SOLAR, sites=(a_site(installed_size=Decimal(1)),), starts_on=old
    )
    with pytest.raises(refusals.StartedTooEarlyError):
        await submit(registry, owner, draft)
    recent = bangkok_date(now()) - timedelta(days=365)
    mended = await amend(registry, owner, draft, starts_on=recent, proposed_crediting_start=recent)
    assert (await submit(registry, owner, mended)).status is ActivityStatus.SUBMITTED


async def test_credits_need_somewhere_to_go(registry: Register) -> None:
    """An open account of the owner; no other party's."""
    draft, owner = await a_draft_activity(registry, credit_account_id=None)
    with pytest.raises(refusals.CreditAccountNeededError):
        await submit(registry, owner, draft)
    foreign = await an_account_of(registry, await a_developer(registry))
    with pytest.raises(refusals.CreditAccountForeignError):
        await amend(registry, owner, draft, credit_account_id=foreign.id)
    own = await an_account_of(registry, owner)
    named = await amend(registry, owner, draft, credit_account_id=own.id)
    assert (await submit(registry, owner, named)).credit_account_id == own.id


async def test_a_large_activity_shows_that_it_is_additional(registry: Register) -> None:
    """The document must be there before the submission."""
    draft, owner = await a_draft_activity(
        registry, sites=(a_site(installed_size=Decimal("16000.000001")),)
    )
    with pytest.raises(refusals.AdditionalityMissingError):
        await submit(registry, owner, draft)
    await a_document(registry, owner, activity_id=draft.id, purpose=Purpose.ADDITIONALITY)
    assert (await submit(registry, owner, draft)).scale is ScaleClass.LARGE


async def test_an_installation_is_in_one_live_activity(registry: Register) -> None:
    """Drafts claim nothing; a submitted activity does until it ends; case does not matter."""
    first, owner = await a_draft_activity(registry, sites=(a_site(installation_id="PEA-1"),))
    second, other = await a_draft_activity(registry, sites=(a_site(installation_id="pea-1"),))
    live = await submit(registry, owner, first)
    with pytest.raises(refusals.InstallationTakenError):
        await submit(registry, other, second)
    await withdraw(registry, owner, live)
    assert (await submit(registry, other, second)).status is ActivityStatus.SUBMITTED


async def test_the_database_refuses_a_second_claim(registry: Register) -> None:
    """Even if the rule were forgotten."""
    draft, owner = await a_draft_activity(registry, sites=(a_site(installation_id="PEA-1"),))
    await submit(registry, owner, draft)
    other, _ = await a_draft_activity(registry, sites=(a_site(installation_id="PEA-1"),))
    claim = text("UPDATE sites SET claims_installation = true WHERE activity_id = :id")
    with pytest.raises(DBAPIError) as refused:
        async with registry.engine.begin() as connection:  # type: ignore[attr-defined]
            await connection.execute(claim, {"id": other.id})
    assert constraint_of(refused.value) in store.REFUSALS


async def test_an_incomplete_file_goes_back_with_a_reason(registry: Register) -> None:
    """It is a draft again, claims nothing, and can be mended and submitted anew."""
    reviewed, owner, officer = await an_activity_under_review(
        registry, sites=(a_site(installation_id="PEA-1"),)
    )
    no_reason = EndReview(reviewed.id, reviewed.version, is_complete=False)
    with pytest.raises(refusals.ReasonMissingError):
        await registry.do(officer, lambda pen: operations.end_review(pen, officer, no_reason))
    command = replace(no_reason, reason="Annex 2 is missing.")
    returned = await registry.do(officer, lambda pen: operations.end_review(pen, officer, command))
    assert (returned.status, returned.submitted_on) == (ActivityStatus.DRAFT, None)
    async with registry.read() as connection:
        last = (await store.list_events(connection, returned.id, limit=10))[-1]
        other = "act_01kb5w6yk2e0hr9h5y0s8v2a3b"
        assert not await store.find_installation_claim(connection, ["PEA-1"], activity_id=other)
    assert (last.step, last.reason) == ("return", "Annex 2 is missing.")
    assert (await submit(registry, owner, returned)).status is ActivityStatus.SUBMITTED


async def test_a_complete_file_needs_a_vvb(registry: Register) -> None:
    """Validation without a validator would wait for ever."""
    reviewed, owner, officer = await an_activity_under_review(registry)
    command = EndReview(reviewed.id, reviewed.version, is_complete=True)
    with pytest.raises(refusals.ValidatorMissingError):
        await registry.do(officer, lambda pen: operations.end_review(pen, officer, command))
    lead, _ = await a_vvb(registry, scopes=(14,))
    assigned = await assign(registry, owner, reviewed, lead)
    command = replace(command, expected_version=assigned.version)
    complete = await registry.do(officer, lambda pen: operations.end_review(pen, officer, command))
    assert complete.status is ActivityStatus.UNDER_VALIDATION
    assert complete.vvb_party_id == lead.party_id


async def test_only_a_fit_vvb_is_assigned(registry: Register) -> None:
    """Wrong scope, no VVB, nobody at all."""
    submitted, owner = await a_submitted_activity(registry)
    wrong_scope, _ = await a_vvb(registry, scopes=(1,))
    for unfit in (wrong_scope, await a_developer(registry)):
        with pytest.raises(refusals.ValidatorNotFitError):
            await assign(registry, owner, submitted, unfit)
    with pytest.raises(PartyNotFoundError):
        await assign(
            registry, owner, submitted, replace(owner, party_id="pty_01kb5w6yk2e0hr9h5y0s8v2a3b")
        )


async def test_the_assigned_vvb_reads_what_others_do_not(registry: Register) -> None:
    """Drafts and confidential documents included; until then it does not know of the activity."""
    submitted, owner = await a_submitted_activity(registry)
    document = await a_document(registry, owner, activity_id=submitted.id, is_confidential=True)
    lead, reviewer = await a_vvb(registry, scopes=(14,))
    async with registry.read() as connection:
        with pytest.raises(refusals.ActivityNotFoundError):
            await store.get_visible_activity(connection, lead, submitted.id)
    await assign(registry, owner, submitted, lead)
    async with registry.read() as connection:
        for member in (lead, reviewer):
            seen = await store.get_visible_activity(connection, member, submitted.id)
            assert seen.vvb_party_id == lead.party_id
            assert await store.get_visible_document(connection, member, document.id) == document


async def test_an_opinion_is_the_assigned_bodys_lead(registry: Register) -> None:
    """Neither its reviewer, nor another VVB, nor the owner."""
    activity, owner, lead = await an_activity_under_validation(registry)
    _, reviewer = await a_vvb(registry, scopes=(14,))
    with pytest.raises(refusals.ActivityNotFoundError):
        await opine(registry, reviewer, activity)
    with pytest.raises(NotAllowedError):
        await opine(registry, owner, activity)
    foreign = await a_document(registry, owner)
    with pytest.raises(refusals.EvidenceForeignError):
        await opine(registry, lead, activity, document_ids=(foreign.id,))
    own = await a_document(registry, lead, activity_id=activity.id, purpose=Purpose.VALIDATION)
    after = await opine(registry, lead, activity, document_ids=(own.id, own.id))
    async with registry.read() as connection:
        opinion = await store.find_latest_opinion(connection, activity.id)
    assert opinion is not None
    assert opinion.document_ids == (own.id,)
    assert opinion.lead_user_id == lead.user_id
    assert after.version == activity.version + 1


async def test_after_a_positive_opinion_there_is_none(registry: Register) -> None:
    """Nor another VVB; after a negative one both are possible."""
    activity, owner, lead = await a_validated_activity(
        registry, conclusion=ValidationConclusion.NEGATIVE
    )
    with pytest.raises(refusals.OpinionMissingError):
        await decide(registry, activity, approve=True)
    positive = await opine(registry, lead, activity)
    with pytest.raises(refusals.OpinionGivenError):
        await opine(registry, lead, positive)
    other, _ = await a_vvb(registry, scopes=(14,))
    with pytest.raises(refusals.OpinionGivenError):
        await assign(registry, owner, positive, other)
    assert (await decide(registry, positive, approve=True)).status is ActivityStatus.REGISTERED


async def test_registration_fixes_the_crediting_period(registry: Register) -> None:
    """Ten years of the methodology, the last day included."""
    activity = await a_registered_activity(registry, crediting_start=date(2024, 2, 29))
    assert activity.status is ActivityStatus.REGISTERED
    assert activity.crediting_start == date(2024, 2, 29)
    assert activity.crediting_end == date(2034, 2, 28)
    assert activity.registered_on == bangkok_date(now())
    async with registry.read() as connection:
        assert await store.get_activity(connection, activity.id) == activity
        events = await store.list_events(connection, activity.id, limit=20)
    assert [event.step for event in events] == [
        "draft",
        "submit",
        "start_review",
        "complete_review",
        "validate",
        "register",
    ]
    assert events[-1].meeting == "อบก. 11/2569"
    assert len({event.log_index for event in events}) == 6


async def test_a_decision_rests_on_evidence_of_the_activity(registry: Register) -> None:
    """Not on somebody else's document."""
    activity, owner, _ = await a_validated_activity(registry)
    today = bangkok_date(now())
    foreign = await a_document(registry, owner)
    with pytest.raises(refusals.EvidenceForeignError):
        await decide(
            registry, activity, approve=True, grounds=Grounds(today, document_id=foreign.id)
        )
    officer = await an_official(registry, Role.OFFICER)
    minutes = await a_document(registry, officer, activity_id=activity.id, purpose=Purpose.DECISION)
    decided = await decide(
        registry, activity, approve=True, grounds=Grounds(today, document_id=minutes.id)
    )
    assert decided.status is ActivityStatus.REGISTERED


async def test_refusal_needs_a_reason_and_is_final(registry: Register) -> None:
    """A refused activity can be taken no further, and claims no installation."""
    activity, owner, _ = await a_validated_activity(
        registry, conclusion=ValidationConclusion.NEGATIVE
    )
    with pytest.raises(refusals.ReasonMissingError):
        await decide(registry, activity, approve=False)
    refused = await decide(registry, activity, approve=False, reason="Not measurable.")
    assert (refused.status, refused.crediting_start) == (ActivityStatus.REFUSED, None)
    with pytest.raises(refusals.ActivityStateError):
        await withdraw(registry, owner, refused)


async def test_registration_does_not_come_before_validation(registry: Register) -> None:
    """In a programme that asks for it, not even after a complete review."""
    reviewed, _, _ = await an_activity_under_review(registry)
    with pytest.raises(refusals.ReviewNotCompleteError):
        await decide(registry, reviewed, approve=True)
    activity, _, _ = await an_activity_under_validation(registry)
    with pytest.raises(refusals.OpinionMissingError):
        await decide(registry, activity, approve=True)


async def test_a_less_activity_goes_from_review_to_registration(registry: Register) -> None:
    """No VVB, no account: it ends in recognition, never in credits."""
    today = bangkok_date(now())
    reviewed, owner, officer = await an_activity_under_review(
        registry,
        programme="LESS",
        methodology=RECOGNISED,
        starts_on=today,
        proposed_crediting_start=today,
    )
    lead, _ = await a_vvb(registry, scopes=(reviewed.sectoral_scope,))
    with pytest.raises(refusals.ValidationNotAskedError):
        await assign(registry, owner, reviewed, lead)
    with pytest.raises(refusals.ReviewNotCompleteError):
        await decide(registry, reviewed, approve=True)
    command = EndReview(reviewed.id, reviewed.version, is_complete=True)
    cleared = await registry.do(officer, lambda pen: operations.end_review(pen, officer, command))
    assert cleared.status is ActivityStatus.UNDER_REVIEW
    again = replace(command, expected_version=cleared.version)
    with pytest.raises(refusals.ReviewAlreadyCompleteError):
        await registry.do(officer, lambda pen: operations.end_review(pen, officer, again))
    registered = await decide(registry, cleared, approve=True)
    assert registered.status is ActivityStatus.REGISTERED
    assert registered.vvb_party_id is None
    assert registered.credit_account_id is None


async def test_a_registered_activity_is_closed_by_owner_or_approver(registry: Register) -> None:
    """Not withdrawn, and not by an officer."""
    owner = await a_developer(registry)
    activity = await a_registered_activity(registry, owner=owner)
    with pytest.raises(refusals.ActivityStateError):
        await withdraw(registry, owner, activity)
    with pytest.raises(NotAllowedError):
        await close(registry, await an_official(registry, Role.OFFICER), activity)
    with pytest.raises(NotAllowedError):
        await close(registry, await a_developer(registry), activity)
    closed = await close(registry, owner, activity)
    assert closed.status is ActivityStatus.CLOSED
    other = await a_registered_activity(registry)
    by_approver = await close(registry, await an_official(registry, Role.APPROVER), other)
    assert by_approver.status is ActivityStatus.CLOSED


async def test_lists_show_what_the_caller_may_see(registry: Register) -> None:
    """The public the registered ones; owners theirs; TGO all; each narrowed by filters."""
    owner = await a_developer(registry)
    public = await a_registered_activity(registry, owner=owner, name_en="Mangrove 100% of Krabi")
    draft, _ = await a_draft_activity(registry, owner=owner, province="81")
    foreign, _ = await a_draft_activity(registry)
    officer = await an_official(registry, Role.OFFICER)
    lead, _ = await a_vvb(registry)

    async def seen(visitor: Actor | None, **asked: Any) -> list[str]:  # noqa: ANN401
        async with registry.read() as connection:
            found = await store.list_visible_activities(
                connection, visitor, store.Filter(**asked), limit=10
            )
        return [activity.id for activity in found]

    assert await seen(None) == await seen(lead) == [public.id]
    assert await seen(owner) == [draft.id, public.id]
    assert await seen(officer) == [foreign.id, draft.id, public.id]
    assert await seen(officer, status=ActivityStatus.REGISTERED) == [public.id]
    assert await seen(officer, province_code="81") == [draft.id]
    assert await seen(officer, owner_party_id=owner.party_id) == [draft.id, public.id]
    assert await seen(officer, q="100% OF") == [public.id]
    assert await seen(officer, q="100_") == []
    assert await seen(officer, q=draft.code.lower()) == [draft.id]
    assert await seen(officer, programme_code="PROV") == []
    assert await seen(officer, methodology_code=MANGROVE[0]) == []
    assert await seen(officer, project_type=13) == [foreign.id, draft.id, public.id]


async def test_a_list_is_read_page_by_page(registry: Register) -> None:
    """Every activity once, newest first."""
    owner = await a_developer(registry)
    drafts = [(await a_draft_activity(registry, owner=owner))[0].id for _ in range(3)]
    shown: list[str] = []
    async with registry.read() as connection:
        while page := await store.list_visible_activities(
            connection, owner, store.Filter(), limit=2, before=shown[-1] if shown else None
        ):
            shown += [activity.id for activity in page]
    assert shown == drafts[::-1]


async def test_a_cleared_activity_can_still_be_withdrawn(registry: Register) -> None:
    """Until it is registered it is the owner's to take back."""
    owner = await a_developer(registry)
    today = bangkok_date(now())
    cleared = await a_cleared_activity(
        registry,
        owner=owner,
        programme="LESS",
        methodology=RECOGNISED,
        starts_on=today,
        proposed_crediting_start=today,
    )
    assert (await withdraw(registry, owner, cleared)).status is ActivityStatus.WITHDRAWN


async def test_nobody_changes_a_step_that_was_taken(registry: Register) -> None:
    """The application's role has no right to, and a trigger stands behind it."""
    await a_draft_activity(registry)
    for table in ("activity_events", "validation_opinions", "activity_readers", "documents"):
        with pytest.raises(DBAPIError):
            async with registry.engine.begin() as connection:  # type: ignore[attr-defined]
                await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
