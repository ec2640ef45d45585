"""Renewals of a party's documents: who begins them, what comes of them, and what never does."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kernel.db import constraint_of
from app.registry.applications import operations, store
from app.registry.applications.content import Content
from app.registry.applications.refusals import (
    ApplicationDocumentMissingError,
    ApplicationErasedError,
    ApplicationNotFoundError,
    ApplicationStateError,
    KindOfHolderError,
    NotRecommendedError,
    RenewalOpenError,
    RenewalPeopleError,
    SameOfficerError,
)
from app.registry.applications.rules import Application, ApplicationStatus, HolderKind, Step
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.ledger.operations import close_owner
from app.registry.log import store as log
from app.registry.parties import store as parties
from app.registry.parties.operations import DecideOnParty
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.refusals import PartyClosedError
from app.registry.parties.rules import PartyKind, Role
from tests.builders.applications import (
    NOBODY,
    a_content,
    a_document,
    a_draft,
    a_person,
    a_recommended,
    a_renewal,
    admitting,
    an_admitted,
    answering,
    asking,
    own,
    recommending,
    refusing,
    renewing,
    submitting,
    two_people,
)
from tests.builders.parties import Register, a_holder, a_party, a_vvb, an_actor, an_authority, do
from tests.builders.reference import today
from tests.builders.rows import writing
from tests.conftest import Registry

Authority = Mapping[Role, Actor]
DECIDING = {Step.RECOMMEND, Step.ADMIT}


@pytest.fixture
async def authority(registry: Register) -> Authority:
    """Return one actor for each role of the authority."""
    return await an_authority(registry)


def valid_until(day: date) -> Content:
    """Return what a complete renewal says, with one document that is valid until a day."""
    said = a_content(people=())
    first, *others = said.documents
    return replace(said, documents=(replace(first, expires_on=day), *others))


async def the_people_of(registry: Register, admitted: Application) -> tuple[Actor, ...]:
    """Return who was let in with an application."""
    async with registry.read() as connection:
        assert admitted.content is not None
        found = []
        for person in admitted.content.representatives:
            user_id = await parties.find_user_id_by_email(connection, person.email)
            assert user_id is not None
            user = await parties.get_user(connection, user_id)
            found.append(Actor(user.id, user.party_id, user.party_kind, user.roles))
        return tuple(found)


async def current(registry: Register, party_id: str) -> Application | None:
    async with registry.read() as connection:
        return await store.find_current(connection, party_id)


async def counted(registry: Register) -> tuple[int, ...]:
    async with registry.read() as connection:
        found = await connection.execute(
            text(
                "SELECT (SELECT count(*) FROM parties), (SELECT count(*) FROM users),"
                " (SELECT count(*) FROM accounts)"
            )
        )
        return tuple(found.one())


async def test_what_is_approved_takes_the_place_of_what_there_was_and_nothing_else(
    registry: Register, authority: Authority
) -> None:
    admitted = await an_admitted(registry, authority)
    actor, _ = await the_people_of(registry, admitted)
    before, day = await counted(registry), today() + timedelta(days=900)
    far = tuple(
        replace(one, expires_on=day + timedelta(days=5)) for one in a_content().documents[1:]
    )
    said = valid_until(day)
    said = replace(said, documents=(said.documents[0], *far))
    renewal = await a_renewal(registry, actor, content=said)
    assert (renewal.party_id, renewal.secret_sha256) == (admitted.party_id, None)
    assert await current(registry, actor.party_id) == admitted
    advised = await a_recommended(registry, actor, authority[Role.OFFICER], renewal)
    assert advised.due_on is not None
    renewed = await admitting(registry, authority[Role.APPROVER], advised)
    assert (renewed.status, renewed.party_id) == (ApplicationStatus.ADMITTED, admitted.party_id)
    holds = await current(registry, actor.party_id)
    assert holds is not None
    assert (holds.id, holds.content, holds.documents_expire_on) == (renewal.id, said, day)
    assert await counted(registry) == before
    # And once more: of three, one holds, and one is listed.
    again = await a_recommended(
        registry, actor, authority[Role.OFFICER], await a_renewal(registry, actor)
    )
    last = await admitting(registry, authority[Role.APPROVER], again)
    async with registry.read() as connection:
        listed = await store.list_renewals(connection, until=date(2199, 1, 1), limit=10)
    assert [one.id for one in listed] == [last.id]


async def test_a_refused_renewal_leaves_what_was(registry: Register, authority: Authority) -> None:
    admitted = await an_admitted(registry, authority)
    _, actor = await the_people_of(registry, admitted)
    renewal = await a_renewal(registry, actor)
    advised = await a_recommended(
        registry, actor, authority[Role.OFFICER], renewal, favourable=False
    )
    with pytest.raises(NotRecommendedError):
        await admitting(registry, authority[Role.APPROVER], advised)
    refused = await refusing(registry, authority[Role.APPROVER], advised)
    assert refused.status is ApplicationStatus.REFUSED
    assert await current(registry, actor.party_id) == admitted
    assert (await a_renewal(registry, actor)).status is ApplicationStatus.DRAFT


async def test_it_is_decided_by_two(registry: Registry, authority: Authority) -> None:
    actor = await a_holder(registry)
    approver = authority[Role.APPROVER]
    officer = authority[Role.OFFICER]
    both = replace(officer, roles=frozenset({Role.OFFICER, Role.APPROVER}))
    advised = await a_recommended(registry, actor, officer, await a_renewal(registry, actor))
    with pytest.raises(SameOfficerError):
        await admitting(registry, both, advised)
    assert (await admitting(registry, approver, advised)).decided_by == approver.user_id


async def test_only_who_initiates_or_approves_for_the_party_begins_and_goes_on(
    registry: Register, authority: Authority
) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    initiator = await an_actor(registry, party, Role.HOLDER_INITIATOR)
    approver = await an_actor(registry, party, Role.HOLDER_APPROVER)
    viewer = await an_actor(registry, party, Role.HOLDER_VIEWER)
    lead, _ = await a_vvb(registry)
    others = (viewer, await a_holder(registry), lead, *authority.values())
    for actor in others:
        with pytest.raises(NotAllowedError):
            await registry.do(
                actor,
                lambda pen, actor=actor: operations.begin_renewal(  # type: ignore[misc]
                    pen,
                    actor,
                    operations.BeginRenewal(
                        party.id, HolderKind.JURISTIC_PERSON, a_content(people=())
                    ),
                ),
            )
    renewal = await a_renewal(registry, initiator)
    for actor in others:
        with pytest.raises(ApplicationNotFoundError):
            await registry.do(
                actor,
                lambda pen, actor=actor: operations.submit(  # type: ignore[misc]
                    pen, renewing(renewal, actor)
                ),
            )
    # A secret is nothing here, and what is begun by one goes on by another.
    with pytest.raises(ApplicationNotFoundError):
        await registry.do(NOBODY, lambda pen: operations.submit(pen, own(renewal)))
    done = await registry.do(
        approver, lambda pen: operations.submit(pen, renewing(renewal, approver))
    )
    async with registry.read() as connection:
        events = await store.list_events(connection, renewal.id)
    assert [event.by for event in events] == [initiator.user_id, approver.user_id]
    asked = await asking(registry, authority[Role.OFFICER], done)
    answered = await registry.do(
        initiator, lambda pen: operations.answer(pen, renewing(asked, initiator), "Mali signs.")
    )
    assert answered.status is ApplicationStatus.ANSWERED


async def test_nobody_goes_on_with_an_application_because_they_are_signed_in(
    registry: Register, authority: Authority
) -> None:
    draft, actor = await a_draft(registry), await a_holder(registry)
    wrong = replace(own(draft, secret=b"0" * 32), actor=actor)
    with pytest.raises(ApplicationNotFoundError):
        await registry.do(actor, lambda pen: operations.submit(pen, wrong))
    del authority


async def test_what_it_says_is_bounded_by_what_the_party_is(
    registry: Register, authority: Authority
) -> None:
    """Its kind of holder stays, people are changed elsewhere, and documents are those listed."""
    admitted = await an_admitted(registry, authority)
    actor, _ = await the_people_of(registry, admitted)
    with pytest.raises(KindOfHolderError):
        await a_renewal(registry, actor, HolderKind.STATE_BODY)
    with pytest.raises(RenewalPeopleError):
        await a_renewal(registry, actor, content=a_content())
    draft = await a_renewal(registry, actor)
    with pytest.raises(RenewalPeopleError):
        await registry.do(
            actor, lambda pen: operations.amend(pen, renewing(draft, actor), a_content())
        )
    little = a_content(people=(), documents=(a_document("request_letter"),))
    amended = await registry.do(
        actor, lambda pen: operations.amend(pen, renewing(draft, actor), little)
    )
    with pytest.raises(ApplicationDocumentMissingError):
        await registry.do(actor, lambda pen: operations.submit(pen, renewing(amended, actor)))


async def test_a_closed_party_renews_nothing(registry: Register, authority: Authority) -> None:
    actor = await a_holder(registry)
    closing = DecideOnParty(actor.party_id, "Dissolved.")
    await do(registry, authority[Role.ADMINISTRATOR], close_owner, closing)
    with pytest.raises(PartyClosedError):
        await a_renewal(registry, actor)


@pytest.mark.parametrize("count", [2, 5])
async def test_of_renewals_begun_at_once_one_is_begun(
    registry: Register, authority: Authority, count: int
) -> None:
    actor = await a_holder(registry)
    begun = await asyncio.gather(
        *(a_renewal(registry, actor) for _ in range(count)), return_exceptions=True
    )
    assert sum(isinstance(one, Application) for one in begun) == 1
    assert sum(isinstance(one, RenewalOpenError) for one in begun) == count - 1
    (first,) = (one for one in begun if isinstance(one, Application))
    await registry.do(actor, lambda pen: operations.withdraw(pen, renewing(first, actor)))
    assert (await a_renewal(registry, actor)).id != first.id
    del authority


async def test_the_database_itself_keeps_one_open_one_in_force_and_whose_it_is(
    registry: Registry, authority: Authority
) -> None:
    admitted = await an_admitted(registry, authority)
    actor, _ = await the_people_of(registry, admitted)
    renewal = await a_renewal(registry, actor)
    other = await a_holder(registry)
    copied = (
        "INSERT INTO applications SELECT r.* FROM applications a, LATERAL jsonb_populate_record("
        'NULL::applications, to_jsonb(a) || \'{"id": "apl_copy"}\') r WHERE a.id = :id'
    )
    changed = "UPDATE applications SET {} WHERE id = :id"
    approved = (
        "status = 'admitted', submitted_at = now(), is_favourable = true,"
        " recommended_by = :officer, decided_by = :approver"
    )
    officers = {
        "officer": authority[Role.OFFICER].user_id,
        "approver": authority[Role.APPROVER].user_id,
    }
    stays = "application_stays_of_its_party"
    for statement, of, constraint, more in (
        (copied, renewal, "uq_applications_open_renewal", {}),
        (copied, admitted, "uq_applications_opening", {}),
        (changed.format("party_id = NULL"), renewal, stays, {}),
        (changed.format("party_id = :other"), admitted, stays, {"other": other.party_id}),
        (changed.format("kind = 'renewal'"), admitted, stays, {}),
        (
            changed.format("secret_sha256 = sha256('')"),
            renewal,
            "ck_applications_secret_or_party",
            {},
        ),
        (changed.format("is_superseded = true"), renewal, "ck_applications_superseded", {}),
        (changed.format(approved), renewal, "uq_applications_current", officers),
    ):
        with pytest.raises(IntegrityError) as failure:
            async with writing(registry.url) as connection:
                await connection.execute(text(statement), {"id": of.id, **more})
        assert constraint_of(failure.value) == constraint


async def test_its_words_are_erased_and_then_it_cannot_be_approved(
    registry: Register, authority: Authority
) -> None:
    """The log knows nobody of it, and the day until which the documents hold stays."""
    admitted = await an_admitted(registry, authority)
    actor, _ = await the_people_of(registry, admitted)
    renewal = await a_renewal(registry, actor)
    assert renewal.content is not None
    async with registry.read() as connection:
        leaves = b"".join(
            leaf for _, leaf, _ in await log.list_leaves(connection, first=0, rows_max=1_000)
        )
    assert renewal.content.contact_email.encode() not in leaves
    advised = await a_recommended(registry, actor, authority[Role.OFFICER], renewal)
    erasing = ErasePerson(acts=(renewal.content_log_index,))
    await do(registry, authority[Role.ADMINISTRATOR], erase_person, erasing)
    async with registry.read() as connection:
        assert (await store.get_application(connection, renewal.id)).content is None
    with pytest.raises(ApplicationErasedError):
        await admitting(registry, authority[Role.APPROVER], advised)
    assert await current(registry, actor.party_id) == admitted


async def test_with_a_natural_person_goes_what_they_wrote_to_renew(
    registry: Register, authority: Authority
) -> None:
    """Nobody is named in it as acting; an organisation's stays when one of its people goes."""
    for kind, stays in ((HolderKind.NATURAL_PERSON, False), (HolderKind.JURISTIC_PERSON, True)):
        people = (
            (a_person(Role.HOLDER_INITIATOR),)
            if not stays
            else (
                *two_people(),
                a_person(Role.HOLDER_INITIATOR),
            )
        )
        admitted = await an_admitted(
            registry, authority, kind, content=a_content(kind, people=people)
        )
        *_, actor = await the_people_of(registry, admitted)
        renewal = await a_renewal(registry, actor, kind)
        command = ErasePerson(user_id=actor.user_id)
        await do(registry, authority[Role.ADMINISTRATOR], erase_person, command)
        async with registry.read() as connection:
            kept = await store.get_application(connection, renewal.id)
        assert (kept.content is not None) is stays


async def words_of(registry: Register, application: Application) -> list[str | None]:
    """Return why each step of an application was done that says why."""
    async with registry.read() as connection:
        events = await store.list_events(connection, application.id)
    return [event.reason for event in events if event.step in {Step.ASK, Step.ANSWER, *DECIDING}]


async def test_with_somebody_go_the_questions_and_answers_of_what_let_them_in(
    registry: Register, authority: Authority
) -> None:
    """And of a natural person's renewals; another applicant's stay."""
    kind = HolderKind.NATURAL_PERSON
    officer, administrator = authority[Role.OFFICER], authority[Role.ADMINISTRATOR]
    admitted = []
    for _ in range(2):
        said = a_content(kind, people=(a_person(Role.HOLDER_INITIATOR),))
        submitted = await submitting(registry, await a_draft(registry, kind, content=said))
        answered = await answering(registry, await asking(registry, officer, submitted))
        advised = await recommending(registry, officer, answered)
        admitted.append(await admitting(registry, authority[Role.APPROVER], advised))
    person, other = admitted
    (actor,) = await the_people_of(registry, person)
    renewal = await a_renewal(registry, actor, kind)
    submitted = await registry.do(
        actor, lambda pen: operations.submit(pen, renewing(renewal, actor))
    )
    await asking(registry, officer, submitted)
    await do(registry, administrator, erase_person, ErasePerson(user_id=actor.user_id))
    assert await words_of(registry, person) == [None] * 4
    assert await words_of(registry, renewal) == [None]
    assert None not in await words_of(registry, other)


async def test_what_is_recommended_is_not_withdrawn(
    registry: Register, authority: Authority
) -> None:
    actor = await a_holder(registry)
    advised = await a_recommended(
        registry, actor, authority[Role.OFFICER], await a_renewal(registry, actor)
    )
    with pytest.raises(ApplicationStateError):
        await registry.do(actor, lambda pen: operations.withdraw(pen, renewing(advised, actor)))
    with pytest.raises(ApplicationStateError):
        await recommending(registry, authority[Role.OFFICER], advised)
