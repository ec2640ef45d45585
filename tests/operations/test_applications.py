"""Applications against a real database: the way in, and everybody who is kept out."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kernel.clock import bangkok_date
from app.registry.applications import operations, store
from app.registry.applications.operations import applicants
from app.registry.applications.refusals import (
    ApplicationDocumentMissingError,
    ApplicationErasedError,
    ApplicationNotFoundError,
    ApplicationStaleError,
    ApplicationStateError,
    ApplicationTooLongError,
    KindOfHolderError,
    NotRecommendedError,
    RepresentativesTooFewError,
    SameOfficerError,
    TooManyApplicationsError,
)
from app.registry.applications.rules import Application, ApplicationStatus, HolderKind, standing
from app.registry.calendar.rules import add_working_days
from app.registry.calendar.store import find_day
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.ledger.operations import close_account, close_owner
from app.registry.ledger.refusals import PartyCannotHoldError
from app.registry.log import store as log
from app.registry.log.pen import Pen
from app.registry.parties import store as parties
from app.registry.parties.operations import (
    DecideOnParty,
    DecideOnUser,
    SetRoles,
    reinstate_party,
    reinstate_user,
    set_roles,
    suspend_user,
)
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.refusals import (
    EmailTakenError,
    LastAdministratorError,
    PartyClosedError,
    PartyHasAccountError,
    ProvinceNeededError,
    RepresentativesMissingError,
)
from app.registry.parties.rules import PartyKind, Role, Status, User
from app.registry.programmes.rules import RuleKey
from tests.builders.applications import (
    NOBODY,
    a_content,
    a_document,
    a_draft,
    a_person,
    a_renewal,
    admitting,
    an_admitted,
    answering,
    asking,
    desk,
    own,
    recommending,
    refusing,
    submitting,
    two_people,
    withdrawing,
)
from tests.builders.ledger import an_account
from tests.builders.parties import Register, a_holder, actor_of, an_authority, do
from tests.builders.reference import a_rule, today

Authority = dict[Role, Actor]


@pytest.fixture
async def authority(registry: Register) -> Authority:
    """Return one actor for each role of the authority."""
    return await an_authority(registry)


async def users_of(registry: Register, application: Application) -> list[User]:
    async with registry.read() as connection:
        administrator = await parties.find_administrator(connection)
        assert administrator is not None
        seen_by = await parties.get_user(connection, administrator)
        actor = Actor(seen_by.id, seen_by.party_id, seen_by.party_kind, seen_by.roles)
        return await parties.list_users(
            connection, seen_by=actor, party_id=application.party_id, limit=10
        )


async def in_both_officers_roles(registry: Register, authority: Authority) -> Actor:
    """Return an officer who is an approver too."""
    both = frozenset({Role.OFFICER, Role.APPROVER})
    command = SetRoles(authority[Role.OFFICER].user_id, both, 1)
    await do(registry, authority[Role.ADMINISTRATOR], set_roles, command)
    return replace(authority[Role.OFFICER], roles=both)


# ----------------------------------------------------------------------------- the way in


async def test_an_applicant_comes_in_by_two_officers(
    registry: Register, authority: Authority
) -> None:
    """The party and its representatives come into being with the decision, and not before."""
    people = two_people()
    draft = await a_draft(registry, content=a_content(people=people))
    assert (draft.status, draft.due_on, draft.version) == (ApplicationStatus.DRAFT, None, 1)
    submitted = await submitting(registry, draft)
    recommended = await recommending(registry, authority[Role.OFFICER], submitted)
    async with registry.read() as connection:
        before = await parties.list_parties(connection, kind=PartyKind.HOLDER, limit=5)
    assert before == []
    admitted = await admitting(registry, authority[Role.APPROVER], recommended)
    assert admitted.party_id is not None
    async with registry.read() as connection:
        party = await parties.get_party(connection, admitted.party_id)
        kept = await store.get_application(connection, admitted.id)
        events = await store.list_events(connection, admitted.id)
    assert kept == admitted
    assert (party.kind, party.name_en) == (PartyKind.HOLDER, "Example Company Limited")
    assert party.representatives_min == 2
    users = await users_of(registry, admitted)
    assert {(u.email, u.roles) for u in users} == {(p.email, p.roles) for p in people}
    assert [event.to_status for event in events] == [
        "draft",
        "submitted",
        "recommended",
        "admitted",
    ]


async def test_a_province_comes_in_with_its_code(registry: Register, authority: Authority) -> None:
    kind, party_kind = HolderKind.STATE_BODY, PartyKind.PROVINCE
    with pytest.raises(ProvinceNeededError):
        await a_draft(registry, kind, party_kind=party_kind)
    draft = await a_draft(registry, kind, party_kind=party_kind, province="40")
    submitted = await submitting(registry, draft)
    recommended = await recommending(registry, authority[Role.OFFICER], submitted)
    admitted = await admitting(registry, authority[Role.APPROVER], recommended)
    async with registry.read() as connection:
        party = await parties.get_party(connection, str(admitted.party_id))
    assert (party.kind, party.province_code) == (party_kind, "40")


async def test_a_natural_person_has_no_name_in_the_log(
    registry: Register, authority: Authority
) -> None:
    """The party is called a natural person; who it is stands with the user, who can be erased."""
    person = a_person(Role.HOLDER_INITIATOR)
    content = a_content(HolderKind.NATURAL_PERSON, people=(person,))
    admitted = await an_admitted(registry, authority, HolderKind.NATURAL_PERSON, content=content)
    async with registry.read() as connection:
        party = await parties.get_party(connection, str(admitted.party_id))
    assert party.name_en == "Natural person"
    assert party.representatives_min is None


async def test_the_log_knows_nobody(registry: Register, authority: Authority) -> None:
    """Of what an applicant says and of what is asked, leaves hold commitments."""
    content = a_content(HolderKind.NATURAL_PERSON, people=(a_person(Role.HOLDER_INITIATOR),))
    draft = await a_draft(registry, HolderKind.NATURAL_PERSON, content=content)
    asked = await asking(registry, authority[Role.OFFICER], await submitting(registry, draft))
    await answering(registry, asked)
    async with registry.read() as connection:
        leaves = b"".join(
            leaf for _, leaf, _ in await log.list_leaves(connection, first=0, rows_max=1_000)
        )
    person = content.representatives[0]
    said = (person.email, person.display_name, content.contact_email, content.name_en)
    for words in (*said, content.documents[0].sha256, "Who signs?", "Mali signs."):
        assert words.encode() not in leaves


# ------------------------------------------------------------------------------ the clock


async def test_rule_16_the_clock_stops_while_an_answer_is_owed(
    registry: Register, authority: Authority
) -> None:
    """15 working days from the submission; none is known while TGO waits."""
    submitted = await submitting(registry, await a_draft(registry))
    assert submitted.submitted_at is not None
    first = bangkok_date(submitted.submitted_at)
    async with registry.read() as connection:
        due = await find_day(connection, first, partial(add_working_days, first, 15))
    assert submitted.due_on == due
    asked = await asking(registry, authority[Role.OFFICER], submitted)
    assert asked.due_on is None
    # Asked and answered on one day (but for a midnight in between): no day was lost.
    answered = await answering(registry, asked)
    assert answered.due_on is not None
    assert due is not None
    assert due <= answered.due_on <= due + timedelta(days=30)
    recommended = await recommending(registry, authority[Role.OFFICER], answered)
    assert recommended.due_on == answered.due_on
    refused = await refusing(registry, authority[Role.APPROVER], recommended)
    assert refused.due_on is None


async def test_rule_16_the_days_are_a_dated_rule(registry: Register) -> None:
    """Another count from today on is another day."""
    before = await submitting(registry, await a_draft(registry))
    await a_rule(registry, RuleKey.ACCOUNT_OPENING_DAYS, "1", programme_code=None)
    after = await submitting(registry, await a_draft(registry))
    assert before.due_on is not None
    assert after.due_on is not None
    assert after.due_on < before.due_on


# ------------------------------------------------------------------------ who is kept out


async def test_nobody_is_let_in_by_one_officer(registry: Register, authority: Authority) -> None:
    """Somebody with both roles does one of the two, whatever else they may do."""
    both = await in_both_officers_roles(registry, authority)
    submitted = await submitting(registry, await a_draft(registry))
    recommended = await recommending(registry, both, submitted)
    for decide in (admitting, refusing):
        with pytest.raises(SameOfficerError):
            await decide(registry, both, recommended)
    assert (await admitting(registry, authority[Role.APPROVER], recommended)).party_id


async def test_one_officer_is_refused_by_the_database_too(
    registry: Register, authority: Authority
) -> None:
    recommended = await recommending(
        registry,
        authority[Role.OFFICER],
        await submitting(registry, await a_draft(registry)),
    )

    async def wrong(pen: Pen) -> None:
        await pen.connection.execute(
            text(
                "UPDATE applications SET decided_by = recommended_by, status = 'refused',"
                " due_on = NULL WHERE id = :id"
            ),
            {"id": recommended.id},
        )

    with pytest.raises((IntegrityError, SameOfficerError)):
        await registry.do(authority[Role.APPROVER], wrong)


async def test_nobody_is_let_in_against_the_recommendation(
    registry: Register, authority: Authority
) -> None:
    submitted = await submitting(registry, await a_draft(registry))
    advised = await recommending(registry, authority[Role.OFFICER], submitted, favourable=False)
    with pytest.raises(NotRecommendedError):
        await admitting(registry, authority[Role.APPROVER], advised)
    refused = await refusing(registry, authority[Role.APPROVER], advised)
    assert (refused.status, refused.party_id) == (ApplicationStatus.REFUSED, None)


async def test_each_step_is_taken_by_its_role(registry: Register, authority: Authority) -> None:
    submitted = await submitting(registry, await a_draft(registry))
    for role in (Role.APPROVER, Role.ADMINISTRATOR, Role.AUDITOR):
        for step in (asking, recommending):
            with pytest.raises(NotAllowedError):
                await step(registry, authority[role], submitted)
    recommended = await recommending(registry, authority[Role.OFFICER], submitted)
    for role in (Role.OFFICER, Role.ADMINISTRATOR, Role.AUDITOR):
        for decide in (admitting, refusing):
            with pytest.raises(NotAllowedError):
                await decide(registry, authority[role], recommended)


async def test_an_applicant_without_the_secret_finds_nothing(registry: Register) -> None:
    draft = await a_draft(registry)
    wrong = own(draft, secret=b"\x01" * 32)
    for step in (
        partial(operations.submit, command=wrong),
        partial(operations.amend, command=wrong, content=a_content()),
        partial(operations.answer, command=wrong, words="x"),
    ):
        with pytest.raises(ApplicationNotFoundError):
            await registry.do(NOBODY, step)


async def test_steps_are_taken_in_their_order(registry: Register, authority: Authority) -> None:
    officer, approver = authority[Role.OFFICER], authority[Role.APPROVER]
    draft = await a_draft(registry)
    with pytest.raises(ApplicationStateError):
        await recommending(registry, officer, draft)
    with pytest.raises(ApplicationStateError):
        await answering(registry, draft)
    submitted = await submitting(registry, draft)
    with pytest.raises(ApplicationStaleError):
        await submitting(registry, draft)
    with pytest.raises(ApplicationStateError):
        await submitting(registry, submitted)
    with pytest.raises(ApplicationStateError):
        await admitting(registry, approver, submitted)
    with pytest.raises(ApplicationStateError):
        await registry.do(NOBODY, lambda pen: operations.amend(pen, own(submitted), a_content()))


async def test_only_what_is_complete_is_submitted(registry: Register) -> None:
    bare = await a_draft(registry, content=a_content(documents=()))
    with pytest.raises(ApplicationDocumentMissingError):
        await submitting(registry, bare)
    alone = await a_draft(registry, content=a_content(people=two_people()[:1]))
    with pytest.raises(RepresentativesTooFewError):
        await submitting(registry, alone)
    amended = await registry.do(NOBODY, lambda pen: operations.amend(pen, own(alone), a_content()))
    assert (await submitting(registry, amended)).status is ApplicationStatus.SUBMITTED


async def test_the_required_documents_are_a_dated_rule(registry: Register) -> None:
    draft = await a_draft(registry)
    await a_rule(
        registry, RuleKey.KYC_DOCUMENTS_JURISTIC_PERSON, "sworn_statement", programme_code=None
    )
    with pytest.raises(ApplicationDocumentMissingError) as refused:
        await submitting(registry, draft)
    assert refused.value.facts == {"missing": "sworn_statement"}


async def test_who_was_to_come_in_must_still_be_able_to(
    registry: Register, authority: Authority
) -> None:
    """An address that became somebody's in the meantime takes the whole admission back."""
    people = two_people()
    await an_admitted(registry, authority, content=a_content(people=people))
    again = a_content(people=(people[0], two_people()[1]))
    submitted = await submitting(registry, await a_draft(registry, content=again))
    recommended = await recommending(registry, authority[Role.OFFICER], submitted)
    with pytest.raises(EmailTakenError):
        await admitting(registry, authority[Role.APPROVER], recommended)
    async with registry.read() as connection:
        kept = await store.get_application(connection, recommended.id)
        holders = await parties.list_parties(connection, kind=PartyKind.HOLDER, limit=5)
    assert kept == recommended
    assert len(holders) == 1


async def test_drafts_and_changes_are_bounded(
    registry: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may apply, and the log keeps every act for good."""
    draft = await a_draft(registry)
    monkeypatch.setattr(standing, "VERSIONS_MAX", 1)
    with pytest.raises(ApplicationTooLongError):
        await submitting(registry, draft)
    monkeypatch.setattr(applicants, "BEGUN_MAX", 2)
    await a_draft(registry)
    with pytest.raises(TooManyApplicationsError):
        await a_draft(registry)


async def test_what_was_taken_back_or_handed_in_was_begun_all_the_same(
    registry: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or whoever begins and withdraws could go on for ever. Renewals are people who are known."""
    monkeypatch.setattr(applicants, "BEGUN_MAX", 3)
    await withdrawing(registry, await a_draft(registry))
    await submitting(registry, await a_draft(registry))
    await a_renewal(registry, await a_holder(registry))
    await withdrawing(registry, await a_draft(registry))
    with pytest.raises(TooManyApplicationsError):
        await a_draft(registry)


async def test_a_kind_of_holder_has_its_kinds_of_party(registry: Register) -> None:
    with pytest.raises(KindOfHolderError):
        await a_draft(registry, HolderKind.NATURAL_PERSON, party_kind=PartyKind.DEVELOPER)


# ------------------------------------------------------------------------------ afterwards


async def test_parties_come_up_for_renewal_before_a_document_expires(
    registry: Register, authority: Authority
) -> None:
    soon, later = today() + timedelta(days=30), today() + timedelta(days=60)
    found: list[str] = []
    for day in (later, soon, later):
        documents = tuple(replace(document, expires_on=day) for document in a_content().documents)
        content = a_content(documents=(*documents, a_document("other")))
        found.append((await an_admitted(registry, authority, content=content)).id)
    await submitting(registry, await a_draft(registry))
    async with registry.read() as connection:
        listed = await store.list_renewals(connection, until=later, limit=10)
        assert [one.id for one in listed] == [found[1], found[0], found[2]]
        assert await store.list_renewals(connection, until=soon, limit=10) == listed[:1]
        assert await store.list_renewals(connection, until=soon - timedelta(1), limit=10) == []
        rest = await store.list_renewals(connection, until=later, after=(later, found[0]), limit=10)
        assert [one.id for one in rest] == [found[2]]


async def test_an_organisation_keeps_one_who_initiates_and_another_who_approves(
    registry: Register, authority: Authority
) -> None:
    administrator = authority[Role.ADMINISTRATOR]
    admitted = await an_admitted(registry, authority)
    users = {next(iter(user.roles)): user for user in await users_of(registry, admitted)}
    for role in (Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER):
        user = users[role]
        with pytest.raises(RepresentativesMissingError):
            await do(registry, administrator, suspend_user, DecideOnUser(user.id, "Left."))
        viewer = SetRoles(user.id, frozenset({Role.HOLDER_VIEWER}), user.version)
        with pytest.raises(RepresentativesMissingError):
            await do(registry, administrator, set_roles, viewer)
        with pytest.raises(RepresentativesMissingError):
            await do(registry, administrator, erase_person, ErasePerson(user_id=user.id))
    approver = users[Role.HOLDER_APPROVER]
    more = SetRoles(approver.id, approver.roles | {Role.HOLDER_INITIATOR}, approver.version)
    changed = await do(registry, administrator, set_roles, more)
    # Still only two people: neither can go.
    initiator = users[Role.HOLDER_INITIATOR]
    with pytest.raises(RepresentativesMissingError):
        await do(registry, administrator, suspend_user, DecideOnUser(initiator.id, "Left."))
    back = SetRoles(approver.id, approver.roles, changed.version)
    await do(registry, administrator, set_roles, back)


async def test_a_representative_can_go_when_another_has_come(
    registry: Register, authority: Authority
) -> None:
    administrator = authority[Role.ADMINISTRATOR]
    people = (*two_people(), a_person(Role.HOLDER_INITIATOR))
    admitted = await an_admitted(registry, authority, content=a_content(people=people))
    first = next(u for u in await users_of(registry, admitted) if u.email == people[0].email)
    suspended = await do(registry, administrator, suspend_user, DecideOnUser(first.id, "Left."))
    assert suspended.roles == {Role.HOLDER_INITIATOR}
    await do(registry, administrator, reinstate_user, DecideOnUser(first.id, "Back."))
    third = next(u for u in await users_of(registry, admitted) if u.email == people[2].email)
    await do(registry, administrator, erase_person, ErasePerson(user_id=third.id))


async def test_what_an_applicant_wrote_can_be_erased(
    registry: Register, authority: Authority
) -> None:
    """With it the application is at an end: nobody knows any more who it was."""
    draft = await a_draft(registry)
    amended = await registry.do(NOBODY, lambda pen: operations.amend(pen, own(draft), a_content()))
    submitted = await submitting(registry, amended)
    recommended = await recommending(registry, authority[Role.OFFICER], submitted)
    erased = await do(
        registry,
        authority[Role.ADMINISTRATOR],
        erase_person,
        ErasePerson(acts=(draft.content_log_index,)),
    )
    # The draft and what took its place go together.
    assert erased.acts == (draft.content_log_index, amended.content_log_index)
    async with registry.read() as connection:
        kept = await store.get_application(connection, draft.id)
    assert kept.content is None
    with pytest.raises(ApplicationErasedError):
        await registry.do(
            authority[Role.APPROVER],
            lambda pen: operations.admit(pen, authority[Role.APPROVER], desk(recommended)),
        )
    assert (await refusing(registry, authority[Role.APPROVER], recommended)).party_id is None


async def test_a_user_is_erased_with_what_brought_them_in(
    registry: Register, authority: Authority
) -> None:
    people = (*two_people(), a_person(Role.HOLDER_VIEWER))
    admitted = await an_admitted(registry, authority, content=a_content(people=people))
    viewer = next(u for u in await users_of(registry, admitted) if u.email == people[2].email)
    command = ErasePerson(user_id=viewer.id)
    await do(registry, authority[Role.ADMINISTRATOR], erase_person, command)
    async with registry.read() as connection:
        kept = await store.get_application(connection, admitted.id)
    assert kept.content is None


# ------------------------------------------------------------------------------- the end


async def test_a_party_is_closed_when_its_accounts_are(
    registry: Register, authority: Authority
) -> None:
    """For good: it is suspended, opens no account and is never reinstated."""
    administrator = authority[Role.ADMINISTRATOR]
    admitted = await an_admitted(registry, authority)
    first = (await users_of(registry, admitted))[0]
    account = await an_account(registry, administrator, actor_of(first))
    command = DecideOnParty(str(admitted.party_id), "Dissolved.")
    with pytest.raises(PartyHasAccountError):
        await do(registry, administrator, close_owner, command)
    await registry.do(
        administrator,
        lambda pen: close_account(pen, administrator, account.id, expected_version=1),
    )
    closed = await do(registry, administrator, close_owner, command)
    assert (closed.status, closed.closed_at is not None) == (Status.SUSPENDED, True)
    for again in (close_owner, reinstate_party):
        with pytest.raises(PartyClosedError):
            await do(registry, administrator, again, command)
    with pytest.raises(PartyCannotHoldError):
        await an_account(registry, administrator, actor_of(first))
    # Nobody is counted any more: its people may go.
    await do(registry, administrator, suspend_user, DecideOnUser(first.id, "Left."))


async def test_the_last_authority_is_not_closed(registry: Register, authority: Authority) -> None:
    administrator = authority[Role.ADMINISTRATOR]
    command = DecideOnParty(administrator.party_id, "No more.")
    with pytest.raises(LastAdministratorError):
        await do(registry, administrator, close_owner, command)
    with pytest.raises(NotAllowedError):
        await do(registry, authority[Role.OFFICER], close_owner, command)


async def test_the_database_itself_closes_no_party_with_an_account(
    registry: Register, authority: Authority
) -> None:
    administrator = authority[Role.ADMINISTRATOR]
    admitted = await an_admitted(registry, authority)
    first = actor_of((await users_of(registry, admitted))[0])
    await an_account(registry, administrator, first)

    async def closing(pen: Pen) -> None:
        await pen.connection.execute(
            text("UPDATE parties SET closed_at = now(), status = 'suspended' WHERE id = :id"),
            {"id": admitted.party_id},
        )

    with pytest.raises(IntegrityError, match="a closed party has no open account"):
        await registry.do(administrator, closing)

    async def active(pen: Pen) -> None:
        await pen.connection.execute(text("UPDATE parties SET closed_at = now()"))

    with pytest.raises((IntegrityError, PartyClosedError)):
        await registry.do(administrator, active)
