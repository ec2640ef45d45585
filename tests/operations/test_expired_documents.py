"""What a party with expired documents may not do, where a dated rule says so."""

from datetime import date, timedelta

import pytest

from app.kernel.clock import bangkok_date
from app.registry.applications.refusals import DocumentsExpiredError
from app.registry.applications.rules import HolderKind
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey
from tests.builders.applications import (
    DOCUMENTS,
    a_content,
    a_document,
    a_recommended,
    a_renewal,
    admitting,
)
from tests.builders.parties import a_user, actor_of
from tests.builders.transfers import World, a_world
from tests.conftest import Registry

KIND = HolderKind.JURISTIC_PERSON


async def renewing_until(world: World, day: date | None) -> None:
    """Give the sending party documents that are valid until a day."""
    registry, administrator = world.registry, world.administrator
    today = bangkok_date(world.watch())
    documents = tuple(a_document(code, issued_on=today, expires_on=day) for code in DOCUMENTS[KIND])
    officer, approver = [
        actor_of(await a_user(registry, administrator, administrator.party_id, role))
        for role in (Role.OFFICER, Role.APPROVER)
    ]
    content = a_content(people=(), documents=documents)
    renewal = await a_renewal(registry, world.initiator, KIND, content=content)
    advised = await a_recommended(registry, world.initiator, officer, renewal)
    await admitting(registry, approver, advised)


async def test_a_party_with_expired_documents_proposes_nothing_until_it_renews(
    registry: Registry,
) -> None:
    """Their last day is one on which they are valid; and what is proposed already goes on."""
    world = await a_world(registry)
    await renewing_until(world, bangkok_date(world.watch()))
    await world.set_rule(RuleKey.EXPIRED_DOCUMENTS_FORBID, "transfer_proposals")
    before = await world.propose()
    world.watch.shows += timedelta(days=1)
    with pytest.raises(DocumentsExpiredError) as refused:
        await world.propose()
    assert refused.value.facts["party_id"] == world.initiator.party_id
    assert (await world.approve(before)).approved_by == world.approver.user_id
    await renewing_until(world, bangkok_date(world.watch()) + timedelta(days=1))
    assert await world.propose() is not None


async def test_a_trusted_account_takes_no_valid_documents(registry: Registry) -> None:
    world = await a_world(registry)
    await renewing_until(world, bangkok_date(world.watch()))
    await world.set_rule(RuleKey.EXPIRED_DOCUMENTS_FORBID, "transfer_proposals")
    await world.trust(world.elsewhere)
    world.watch.shows += timedelta(days=7)
    assert (await world.propose()).to_account == world.elsewhere.id


@pytest.mark.parametrize("value", ["none", None])
async def test_where_the_rule_names_nothing_nothing_is_forbidden(
    registry: Registry, value: str | None
) -> None:
    """As it was founded, too."""
    world = await a_world(registry)
    await renewing_until(world, bangkok_date(world.watch()))
    if value is not None:
        await world.set_rule(RuleKey.EXPIRED_DOCUMENTS_FORBID, value)
    world.watch.shows += timedelta(days=1)
    assert (await world.propose()).to_account == world.elsewhere.id


@pytest.mark.parametrize("has_documents", [True, False])
async def test_where_no_document_expires_nothing_is_forbidden(
    registry: Registry, *, has_documents: bool
) -> None:
    world = await a_world(registry)
    if has_documents:
        await renewing_until(world, None)
    await world.set_rule(RuleKey.EXPIRED_DOCUMENTS_FORBID, "transfer_proposals")
    world.watch.shows += timedelta(days=1)
    assert (await world.propose()).to_account == world.elsewhere.id
