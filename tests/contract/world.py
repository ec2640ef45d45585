"""A small register with something in every list, and people who may do most things in it."""

from collections.abc import Mapping
from typing import Final

from app.registry.compensation import operations as compensation
from app.registry.compensation.operations import ProposeCase
from app.registry.ledger import operations as ledger
from app.registry.ledger import store as accounts
from app.registry.ledger.operations import End, Named
from app.registry.ledger.rules import Account, Beneficiary, Ending, EntryKind, Statement, Visibility
from app.registry.orders.operations import ApproveOrder
from app.registry.orders.rules import CaseKind
from app.registry.pairs.operations import approve_order
from app.registry.parties import operations as parties
from app.registry.parties import store
from app.registry.parties.operations import SetRoles
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.transfers import operations as transfers
from app.registry.transfers.operations import Approve, Propose
from tests.builders.activities import (
    MANGROVE,
    a_draft_activity,
    a_registered_activity,
    a_submitted_activity,
    an_activity_under_validation,
)
from tests.builders.applications import a_draft, asking, recommending, submitting
from tests.builders.issuance import (
    a_draft_report,
    a_given_opinion,
    a_submitted_report,
    a_verified_report,
    an_issuance,
)
from tests.builders.ledger import an_account, move, oldest
from tests.builders.orders import PAPER, the_officers
from tests.builders.parties import (
    Register,
    a_developer,
    a_holder,
    a_vvb,
    actor_of,
    an_actor,
    do,
    the_administrator,
)
from tests.builders.transfers import the_calendar

_AUTHORITY: Final = frozenset({Role.ADMINISTRATOR, Role.OFFICER, Role.APPROVER, Role.AUDITOR})
_VERIFIER: Final = frozenset({Role.VERIFIER_LEAD, Role.VERIFIER_REVIEWER})


async def a_small_world(registry: Register) -> Mapping[str, str]:
    """
    Fill a register.

    Returns:
        E-mail addresses to sign in with, and `PASSWORD`: one of a user of the authority, one of a
        developer who owns all there is, one of a verifier. Each has every role there is for them.
    """
    administrator = await the_administrator(registry)
    authority = await _in_roles(registry, administrator, administrator, _AUTHORITY)
    developer = await a_developer(registry)
    lead, _ = await a_vvb(registry, scopes=tuple(range(1, 17)))
    verifier = await _in_roles(registry, administrator, lead, _VERIFIER)

    await _credits_that_moved(registry, authority, developer)
    mangroves = await a_registered_activity(registry, owner=developer, methodology=MANGROVE)
    await an_issuance(registry, mangroves, tonnes={2024: "500"}, buffer={2024: 100})

    reporting = await a_registered_activity(registry, owner=developer, province="50")
    await a_verified_report(registry, reporting, tonnes={2023: "10.25"})
    await a_given_opinion(registry, await a_submitted_report(registry, reporting))
    await a_draft_report(registry, reporting, tonnes={2025: "1"})

    await a_draft(registry)
    submitted = await submitting(registry, await a_draft(registry))
    await asking(registry, authority, await submitting(registry, await a_draft(registry)))
    await recommending(registry, authority, submitted)
    await submitting(registry, await a_draft(registry))

    await a_draft_activity(registry, owner=developer)
    await a_submitted_activity(registry, owner=developer)
    await an_activity_under_validation(registry, owner=developer, vvb=verifier)
    return {
        "authority": await _email_of(registry, authority),
        "developer": await _email_of(registry, developer),
        "verifier": await _email_of(registry, verifier),
    }


async def _credits_that_moved(registry: Register, authority: Actor, developer: Actor) -> None:
    activity = await a_registered_activity(registry, owner=developer)
    issued = await an_issuance(registry, activity, tonnes={2023: "900.5", 2024: "1234.567"})
    assert activity.credit_account_id is not None
    async with registry.read() as connection:
        held = await accounts.get_account(connection, activity.credit_account_id)
    elsewhere = await an_account(registry, authority, await a_holder(registry))
    await move(registry, developer, held, elsewhere, oldest(100))
    await _transfers_that_wait(registry, developer, held, elsewhere)
    await _what_is_ordered(registry, authority)
    await _what_is_owed(registry, issued.id)
    for kind, purpose in ((EntryKind.RETIRED, "organisation"), (EntryKind.CANCELLED, "event")):
        await _end(registry, developer, held, kind, purpose)


async def _transfers_that_wait(
    registry: Register, developer: Actor, held: Account, elsewhere: Account
) -> None:
    """Leave one transfer proposed and one under way, and an account proposed for trust."""
    await the_calendar(registry)
    async with registry.read() as connection:
        party = await store.get_party(connection, developer.party_id)
    approver = await an_actor(registry, party, Role.HOLDER_APPROVER)
    command = Propose(held.id, elsewhere.id, oldest(10))
    await do(registry, developer, transfers.propose, command)
    sent = await do(registry, developer, transfers.propose, command)
    await do(registry, approver, transfers.approve, Approve(sent.id, sent.digest))
    await registry.do(
        developer,
        lambda pen: transfers.propose_trust(
            pen, developer, account_id=held.id, trusted_id=elsewhere.id
        ),
    )


async def _what_is_ordered(registry: Register, authority: Actor) -> None:
    """Leave one account frozen that nobody else uses, and an order proposed."""
    officers = await the_officers(registry)
    account = await an_account(registry, authority, await a_holder(registry))
    await officers.freeze_account(account)
    await officers.propose_freeze(Named(account.id))


async def _what_is_owed(registry: Register, issuance_id: str) -> None:
    """Leave one case open, and another proposed."""
    officers = await the_officers(registry)
    command = ProposeCase(issuance_id, CaseKind.REVERSAL, 100, PAPER)
    for number in range(2):
        order = await do(registry, officers.officer, compensation.propose_case, command)
        if number == 0:
            approval = ApproveOrder(order.id, order.digest)
            await do(registry, officers.approver, approve_order, approval)


async def _end(
    registry: Register, actor: Actor, account: Account, kind: EntryKind, purpose: str
) -> None:
    statement = Statement("เทศบาลนครขอนแก่น", Beneficiary.ORGANISATION, None, "Synthetic.")
    ending = Ending(kind, purpose, Visibility.PUBLIC, None, statement)
    command = End(account.id, oldest(50), ending, (purpose,))
    await registry.do(actor, lambda pen: ledger.end(pen, actor, command), touches=command.touches())


async def _in_roles(
    registry: Register, administrator: Actor, whom: Actor, roles: frozenset[Role]
) -> Actor:
    async with registry.read() as connection:
        user = await store.get_user(connection, whom.user_id)
    command = SetRoles(user.id, roles, user.version)
    changed = await registry.do(
        administrator, lambda pen: parties.set_roles(pen, administrator, command)
    )
    return actor_of(changed)


async def _email_of(registry: Register, actor: Actor) -> str:
    async with registry.read() as connection:
        email = (await store.get_user(connection, actor.user_id)).email
    assert email is not None
    return email
