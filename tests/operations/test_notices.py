"""
Whoever has to hear of an act is told of it, in the transaction of the act; nobody else, and never
of what did not happen.
"""

import asyncio
import random
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from app.entry import attempt
from app.entry.committer import DatabaseAwayError
from app.entry.trail import Trail
from app.kernel import clock
from app.kernel.clock import bangkok_date
from app.kernel.db import make_engine, noting, sqlstate_of
from app.kernel.encoding import sha256
from app.kernel.errors import RegistryError
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.ledger import operations as ledger
from app.registry.ledger.operations import Named, Transfer
from app.registry.ledger.rules import Account
from app.registry.notices import operations, store
from app.registry.notices.refusals import NoticeNotFoundError
from app.registry.notices.rules import Notice, NoticeKind
from app.registry.notices.store import notices
from app.registry.parties import operations as parties
from app.registry.parties.operations import DecideOnUser, IssueKey, RevokeKey, SetPassword
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.parties.store import get_party
from app.registry.programmes.operations import SetRule, set_rule
from app.registry.programmes.rules import RuleKey
from app.registry.signin import operations as signin
from app.registry.transfers import operations as transfers
from app.registry.transfers.rules import Hindrance, State
from tests.builders import cases
from tests.builders.answers import code_of
from tests.builders.issuance import an_issuance
from tests.builders.ledger import an_account, move, named, oldest
from tests.builders.orders import the_officers
from tests.builders.parties import (
    PASSWORD_HASH,
    a_holder,
    a_user,
    a_vvb,
    an_actor,
    do,
    the_administrator,
)
from tests.builders.transfers import World, a_world
from tests.conftest import Registry

K: Final = NoticeKind
Told = set[tuple[str, str, int | None]]  # kind, user, account


async def all_notices(registry: Registry) -> list[Notice]:
    async with registry.read() as connection:
        rows = await connection.execute(text("SELECT id, user_id FROM notices ORDER BY id"))
        found = [
            await store.find_notice(connection, row.id, user_id=row.user_id) for row in rows.all()
        ]
        return [notice for notice in found if notice is not None]


async def told_by(registry: Registry, act: Awaitable[object]) -> Told:
    """Do something, and return who was told what of it."""
    before = {notice.id for notice in await all_notices(registry)}
    await act
    return {
        (notice.kind.value, notice.user_id, notice.account_id)
        for notice in await all_notices(registry)
        if notice.id not in before
    }


async def representing(registry: Registry, account: Account) -> set[str]:
    """Return who represents an account, found another way than by what is tested."""
    async with registry.read() as connection:
        rows = await connection.execute(
            text(
                "SELECT u.id FROM users u JOIN accounts a ON a.owner_party_id = u.party_id"
                " WHERE a.id = :account AND u.status = 'active'"
                " AND EXISTS (SELECT FROM unnest(u.roles) r WHERE r LIKE 'holder_%')"
            ),
            {"account": account.id},
        )
        return set(rows.scalars())


def to(kind: NoticeKind, people: set[str], account: Account, *, but: Actor | None = None) -> Told:
    done_by = None if but is None else but.user_id
    return {(kind.value, person, account.id) for person in people if person != done_by}


class Sides:
    """A world, and who represents either side of its transfers."""

    def __init__(self, world: World, senders: set[str], receivers: set[str]) -> None:
        self.world = world
        self.senders = senders
        self.receivers = receivers

    def sender(self, kind: NoticeKind, *, but: Actor | None = None) -> Told:
        return to(kind, self.senders, self.world.account, but=but)

    def receiver(self, kind: NoticeKind, *, but: Actor | None = None) -> Told:
        return to(kind, self.receivers, self.world.elsewhere, but=but)


@pytest.fixture
async def sides(registry: Registry) -> Sides:
    world = await a_world(registry)
    async with registry.read() as connection:
        receiver = await get_party(connection, world.receiver.party_id)
        sender = await get_party(connection, world.initiator.party_id)
    await an_actor(registry, receiver, Role.HOLDER_VIEWER)
    # Of the same party, and none of its representatives.
    await an_actor(registry, sender, Role.DEVELOPER)
    gone = await an_actor(registry, sender, Role.HOLDER_APPROVER)
    await world.suspend(gone)
    senders = await representing(registry, world.account)
    assert len(senders) == 5
    assert gone.user_id not in senders
    return Sides(world, senders, await representing(registry, world.elsewhere))


async def approver_of(world: World) -> Actor:
    async with world.registry.read() as connection:
        party = await get_party(connection, world.receiver.party_id)
    return await an_actor(world.registry, party, Role.HOLDER_APPROVER)


# ------------------------------------------------------------------------------ transfers


async def test_a_transfer_of_two_people_is_told_step_by_step(
    registry: Registry, sides: Sides
) -> None:
    world = sides.world
    assert await told_by(registry, world.propose()) == sides.sender(
        K.TRANSFER_PROPOSED, but=world.initiator
    )
    proposal = await world.propose()
    assert await told_by(registry, world.approve(proposal)) == sides.sender(
        K.TRANSFER_APPROVED, but=world.approver
    )
    scheduled = await world.read(proposal)
    assert scheduled.executes_at is not None
    world.watch.shows = scheduled.executes_at
    assert await told_by(registry, world.settle(proposal)) == sides.sender(
        K.TRANSFER_DELIVERED
    ) | sides.receiver(K.CREDITS_RECEIVED)
    assert (await world.read(proposal)).state is State.DELIVERED


async def test_what_does_not_come_is_told_too(registry: Registry, sides: Sides) -> None:
    world = sides.world
    withdrawn = await world.propose()
    assert await told_by(registry, world.abort(withdrawn, by=world.both)) == sides.sender(
        K.TRANSFER_WITHDRAWN, but=world.both
    )
    sent = await world.send()
    assert await told_by(registry, world.abort(sent)) == sides.sender(
        K.TRANSFER_ABORTED, but=world.approver
    )
    lapsing, frozen = await world.propose(), await world.send()
    world.watch.shows = lapsing.expires_at
    assert await told_by(registry, world.settle(lapsing)) == sides.sender(K.TRANSFER_LAPSED)
    officers = await the_officers(registry)
    await officers.freeze_account(world.elsewhere)
    scheduled = await world.read(frozen)
    assert scheduled.executes_at is not None
    world.watch.shows = max(world.watch.shows, scheduled.executes_at)
    assert await told_by(registry, world.settle(frozen)) == sides.sender(K.TRANSFER_RETURNED)
    assert (await world.read(frozen)).reason is Hindrance.FROZEN


async def test_whoever_is_to_accept_hears_of_it_and_of_its_end(
    registry: Registry, sides: Sides
) -> None:
    world = sides.world
    approver = await approver_of(world)
    sides.receivers.add(approver.user_id)
    asking = registry.do(
        approver, lambda pen: ledger.set_acceptance(pen, approver, world.elsewhere.id, asks=True)
    )
    assert await told_by(registry, asking) == sides.receiver(K.ACCEPTANCE_SET, but=approver)

    proposals = [await world.propose() for _ in range(3)]
    for proposal in proposals:
        assert await told_by(registry, world.approve(proposal)) == sides.sender(
            K.TRANSFER_APPROVED, but=world.approver
        ) | sides.receiver(K.ACCEPTANCE_ASKED)
    accepted, declined, aborted = proposals
    accepting = registry.do(
        approver,
        lambda pen: transfers.accept(
            pen, approver, proposal_id=accepted.id, digest=accepted.digest
        ),
    )
    assert await told_by(registry, accepting) == sides.sender(K.TRANSFER_ACCEPTED) | sides.receiver(
        K.TRANSFER_ACCEPTED, but=approver
    )
    declining = registry.do(approver, lambda pen: transfers.decline(pen, approver, declined.id))
    assert await told_by(registry, declining) == sides.sender(K.TRANSFER_RETURNED) | sides.receiver(
        K.TRANSFER_RETURNED, but=approver
    )
    assert await told_by(registry, world.abort(aborted)) == sides.sender(
        K.TRANSFER_ABORTED, but=world.approver
    ) | sides.receiver(K.TRANSFER_ABORTED)


async def test_transfers_at_once_tell_nobody(registry: Registry, sides: Sides) -> None:
    world = sides.world
    command = Transfer(world.account.id, world.elsewhere.id, oldest(1))
    at_once = registry.do(
        world.initiator,
        lambda pen: ledger.transfer(pen, world.initiator, command),
        touches=command.touches(),
    )
    assert await told_by(registry, at_once) == set()


async def test_who_represents_both_accounts_is_told_of_each(registry: Registry) -> None:
    """
    Accounts of one owner: what happened to one is not what happened to the other. Approved in
    working hours it is delivered in the same act, by the register.
    """
    world = await a_world(registry)
    own = await an_account(registry, world.administrator, world.initiator)
    proposal = await world.propose(to=own)
    people = await representing(registry, own)
    assert await told_by(registry, world.approve(proposal)) == to(
        K.TRANSFER_APPROVED, people, world.account, but=world.approver
    ) | to(K.TRANSFER_DELIVERED, people, world.account) | to(K.CREDITS_RECEIVED, people, own)


# ------------------------------------------------------------------- accounts and orders


async def test_what_an_account_sets_for_itself_is_told(registry: Registry, sides: Sides) -> None:
    world = sides.world
    mine = world.account.id
    proposing = registry.do(
        world.initiator,
        lambda pen: transfers.propose_trust(
            pen, world.initiator, account_id=mine, trusted_id=world.elsewhere.id
        ),
    )
    assert await told_by(registry, proposing) == sides.sender(K.TRUST_PROPOSED, but=world.initiator)
    async with registry.read() as connection:
        entry = (await connection.execute(text("SELECT id FROM trusted_accounts"))).scalar_one()
    approving = registry.do(
        world.approver,
        lambda pen: transfers.approve_trust(pen, world.approver, account_id=mine, entry_id=entry),
    )
    assert await told_by(registry, approving) == sides.sender(K.TRUST_APPROVED, but=world.approver)
    removing = registry.do(
        world.both, lambda pen: ledger.remove_trust(pen, world.both, mine, entry)
    )
    assert await told_by(registry, removing) == sides.sender(K.TRUST_REMOVED, but=world.both)
    limiting = registry.do(
        world.approver,
        lambda pen: transfers.set_limits(
            pen, world.approver, mine, credits_max=5, credits_per_day_max=None
        ),
    )
    assert await told_by(registry, limiting) == sides.sender(K.LIMITS_SET, but=world.approver)


async def test_freezes_are_told_to_whom_they_touch(registry: Registry, sides: Sides) -> None:
    world = sides.world
    officers = await the_officers(registry)
    proposed = await officers.propose_freeze(Named(world.account.id))
    assert await told_by(registry, officers.propose_freeze(Named(world.account.id))) == set()
    assert await told_by(registry, officers.approve(proposed)) == sides.sender(K.ACCOUNT_FROZEN)
    release = await officers.propose_release(proposed.id)
    assert await told_by(registry, officers.approve(release)) == sides.sender(K.ACCOUNT_RELEASED)
    command = Transfer(world.account.id, world.elsewhere.id, named((world.batch, 11, 20)))
    await registry.do(
        world.initiator,
        lambda pen: ledger.transfer(pen, world.initiator, command),
        touches=command.touches(),
    )
    # Of serials 15 to 30: the first are the receiver's by now. Of 1 to 5: they never were.
    both = await officers.propose_freeze(Named(batch_prefix=world.batch, first=15, last=30))
    assert await told_by(registry, officers.approve(both)) == sides.sender(
        K.SERIALS_FROZEN
    ) | sides.receiver(K.SERIALS_FROZEN)
    one = await officers.propose_freeze(Named(batch_prefix=world.batch, first=1, last=5))
    assert await told_by(registry, officers.approve(one)) == sides.sender(K.SERIALS_FROZEN)
    received = await officers.propose_freeze(Named(batch_prefix=world.batch, first=12, last=13))
    assert await told_by(registry, officers.approve(received)) == sides.receiver(K.SERIALS_FROZEN)
    assert await told_by(registry, officers.release(received)) == sides.receiver(K.SERIALS_RELEASED)


async def test_a_reversal_is_told_to_both_sides(registry: Registry, sides: Sides) -> None:
    world = sides.world
    officers = await the_officers(registry)
    error = await move(registry, world.initiator, world.account, world.elsewhere, oldest(7))
    order = await officers.propose_reversal(error.log_index)
    assert await told_by(registry, officers.approve(order)) == sides.sender(
        K.TRANSFER_REVERSED
    ) | sides.receiver(K.TRANSFER_REVERSED)
    assert {n.order_id for n in await all_notices(registry) if n.kind is K.TRANSFER_REVERSED} == {
        order.id
    }


async def test_issuing_and_opening_and_closing_are_told(registry: Registry) -> None:
    issuance = await an_issuance(registry)
    told = [n for n in await all_notices(registry) if n.kind is K.CREDITS_ISSUED]
    assert told
    async with registry.read() as connection:
        size = await connection.scalar(text("SELECT log_index FROM issuances"))
    assert {notice.log_index for notice in told} == {size}
    assert issuance.lines
    holder = await a_holder(registry)
    administrator = await the_administrator(registry)
    await told_by(registry, asyncio.sleep(0))
    before = len(await all_notices(registry))
    account = await an_account(registry, administrator, holder)
    (opened,) = (await all_notices(registry))[before:]
    assert (opened.kind, opened.user_id, opened.account_id) == (
        K.ACCOUNT_OPENED,
        holder.user_id,
        account.id,
    )
    closing = registry.do(
        administrator,
        lambda pen: ledger.close_account(
            pen, administrator, account_id=account.id, expected_version=account.version
        ),
    )
    assert await told_by(registry, closing) == to(K.ACCOUNT_CLOSED, {holder.user_id}, account)


async def test_a_case_is_told_to_whom_its_credits_were_issued(registry: Registry) -> None:
    """Not to who holds some of them now: they owe nothing."""
    world = await cases.a_world(registry)
    order = await world.propose(5)
    opening = world.approve(order)
    people = await representing(registry, world.account)
    assert people
    assert await told_by(registry, opening) == to(K.CASE_OPENED, people, world.account)


# ------------------------------------------------------------------------------- people


async def test_who_represents_an_account_is_no_secret_to_the_others(
    registry: Registry, sides: Sides
) -> None:
    world, administrator = sides.world, sides.world.administrator
    before = len(await all_notices(registry))
    added = await a_user(registry, administrator, world.receiver.party_id, Role.HOLDER_APPROVER)
    made = (await all_notices(registry))[before:]
    assert {(n.kind, n.user_id, n.about) for n in made} == {
        (K.REPRESENTATIVE_ADDED, person, added.id) for person in sides.receivers
    } | {(K.OWN_ROLES_SET, added.id, None)}
    others = {(K.REPRESENTATIVE_REMOVED.value, person, None) for person in sides.receivers}
    decided = DecideOnUser(added.id, "ตรวจสอบ")
    assert await told_by(registry, do(registry, administrator, parties.suspend_user, decided)) == (
        others
    )
    again = {(K.REPRESENTATIVE_ADDED.value, person, None) for person in sides.receivers}
    assert await told_by(
        registry, do(registry, administrator, parties.reinstate_user, decided)
    ) == again | {(K.OWN_ROLES_SET.value, added.id, None)}
    changing = world.set_roles(_as_actor(added.id, world), Role.HOLDER_VIEWER)
    assert await told_by(registry, changing) == {
        (K.REPRESENTATIVE_CHANGED.value, person, None) for person in sides.receivers
    } | {(K.OWN_ROLES_SET.value, added.id, None)}
    erasing = do(registry, administrator, erase_person, ErasePerson((), added.id))
    assert await told_by(registry, erasing) == others


def _as_actor(user_id: str, world: World) -> Actor:
    receiver = world.receiver
    return Actor(user_id, receiver.party_id, receiver.party_kind, frozenset())


async def test_of_others_than_representatives_nobody_is_told(
    registry: Registry, sides: Sides
) -> None:
    administrator = sides.world.administrator
    party = sides.world.initiator.party_id
    told = await told_by(registry, a_user(registry, administrator, party, Role.DEVELOPER))
    assert {kind for kind, _, _ in told} == {K.OWN_ROLES_SET.value}
    lead, _ = await a_vvb(registry)
    decided = DecideOnUser(lead.user_id, "ตรวจสอบ")
    assert await told_by(registry, do(registry, administrator, parties.suspend_user, decided)) == (
        set()
    )


async def test_how_one_signs_in_is_told_even_to_who_changed_it(registry: Registry) -> None:
    """It may have been a thief, in the session of the one who is told."""
    person, administrator = await a_holder(registry), await the_administrator(registry)
    for actor in (person, administrator):
        setting = registry.do(
            actor,
            lambda pen, actor=actor: parties.set_password(  # type: ignore[misc]
                pen, actor, SetPassword(person.user_id, PASSWORD_HASH)
            ),
        )
        assert await told_by(registry, setting) == {(K.PASSWORD_SET.value, person.user_id, None)}
    issue = IssueKey(person.user_id, "A system", sha256(b"secret"))
    issuing = registry.do(person, lambda pen: signin.issue_key(pen, person, issue))
    assert await told_by(registry, issuing) == {(K.KEY_ISSUED.value, person.user_id, None)}
    async with registry.read() as connection:
        key = (await connection.execute(text("SELECT id FROM api_keys"))).scalar_one()
    revoke = RevokeKey(person.user_id, key)
    revoking = registry.do(administrator, lambda pen: signin.revoke_key(pen, administrator, revoke))
    assert await told_by(registry, revoking) == {(K.KEY_REVOKED.value, person.user_id, None)}
    linking = registry.do(
        person,
        lambda pen: signin.link_identity(pen, person, issuer="https://id.example", subject="mali"),
    )
    assert await told_by(registry, linking) == {(K.IDENTITY_LINKED.value, person.user_id, None)}


# ------------------------------------------------------- with the act, or not at all


async def test_of_what_is_refused_nobody_is_told(registry: Registry, sides: Sides) -> None:
    """Also where it shares a commit with what is done."""
    world = sides.world
    proposal = await world.propose()
    before = len(await all_notices(registry))

    codes = await asyncio.gather(
        code_of(world.approve(proposal, by=world.initiator)),
        code_of(world.approve(proposal, digest="ab" * 32)),
        code_of(world.propose(by=world.viewer)),
        code_of(world.propose()),
        code_of(world.propose(to=world.account)),
    )
    assert codes.count("done") == 1, codes
    made = (await all_notices(registry))[before:]
    assert {(n.kind.value, n.user_id, n.account_id) for n in made} == sides.sender(
        K.TRANSFER_PROPOSED, but=world.initiator
    )
    assert len({notice.log_index for notice in made}) == 1


async def test_an_act_whose_commit_is_lost_tells_nobody(
    registry: Registry, sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sides.world
    before = len(await all_notices(registry))
    lost = []

    def lose(name: str) -> None:
        if name == "commit_written":
            lost.append(name)
            raise ConnectionResetError

    monkeypatch.setattr(attempt, "failpoint", lose)
    with pytest.raises(DatabaseAwayError):
        await world.propose()
    assert lost
    monkeypatch.undo()
    assert len(await all_notices(registry)) == before


async def test_an_act_that_is_tried_again_is_told_once(
    registry: Registry, sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sides.world
    before = len(await all_notices(registry))
    lost: list[str] = []

    def lose_once(name: str) -> None:
        if name == "commit_written" and not lost:
            lost.append(name)
            raise ConnectionResetError

    monkeypatch.setattr(attempt, "failpoint", lose_once)
    await world.propose()
    assert lost
    made = (await all_notices(registry))[before:]
    assert {n.user_id for n in made} == sides.senders - {world.initiator.user_id}
    assert len(made) == len(sides.senders) - 1


async def test_an_act_that_cannot_be_told_is_not_done(
    registry: Registry, sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other half of "together": no act without its notices."""
    world = sides.world
    (taken, *_) = await all_notices(registry)

    async def proposals() -> int:
        async with registry.read() as connection:
            return int(
                await connection.scalar(text("SELECT count(*) FROM transfer_proposals")) or 0
            )

    before = await proposals()
    monkeypatch.setattr(operations, "new_id", lambda _: taken.id)
    with pytest.raises(Exception, match="pk_notices"):
        await world.propose()
    assert await proposals() == before
    monkeypatch.undo()
    await world.propose()
    assert await proposals() == before + 1


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_done_at_once_each_act_is_told_to_exactly_who_hears(
    registry: Registry, sides: Sides, seed: int
) -> None:
    """
    People propose, approve and take back at random and at once, mostly refused; then every act of
    the log is held against what was told.
    """
    world, dice = sides.world, random.Random(seed)  # noqa: S311  no secret
    people = [world.initiator, world.approver, world.both, world.viewer, world.receiver]
    first = await _log_size(registry)
    known = [await world.propose()]

    async def something() -> None:
        actor, proposal = dice.choice(people), dice.choice(known)
        try:
            match dice.randrange(4):
                case 0:
                    known.append(await world.propose(by=actor))
                case 1 | 2:
                    await world.approve(proposal, by=actor)
                case _:
                    await world.abort(proposal, by=actor)
        except RegistryError:
            return

    for _ in range(8):
        await asyncio.gather(*(something() for _ in range(5)))
    expected: dict[int, Told] = {}
    kinds = {
        "transfer.proposed": K.TRANSFER_PROPOSED,
        "transfer.withdrawn": K.TRANSFER_WITHDRAWN,
        "credits.sent": K.TRANSFER_APPROVED,
        "credits.returned": K.TRANSFER_ABORTED,
    }
    async with registry.read() as connection:
        acts = await connection.execute(
            text(
                "SELECT log_index, kind, convert_from(leaf, 'UTF8')::jsonb ->> 'by' AS by"
                " FROM log_entries WHERE log_index >= :first"
            ),
            {"first": first},
        )
        for act in acts:
            expected[act.log_index] = {
                (kinds[act.kind].value, person, world.account.id)
                for person in sides.senders - {act.by}
            }
    told: dict[int, Told] = {log_index: set() for log_index in expected}
    made = [notice for notice in await all_notices(registry) if notice.log_index >= first]
    for notice in made:
        told[notice.log_index].add((notice.kind.value, notice.user_id, notice.account_id))
    assert told == expected
    assert len(made) == sum(map(len, expected.values())), "told twice"
    assert len(expected) > 5, "nearly all was refused"


async def _log_size(registry: Registry) -> int:
    async with registry.read() as connection:
        return int(await connection.scalar(text("SELECT size FROM log_head")) or 0)


# ------------------------------------------------------- read, erased, dropped


async def test_reading_goes_up_to_a_notice_and_stays(registry: Registry, sides: Sides) -> None:
    world, reader = sides.world, sides.world.viewer
    for _ in range(3):
        await world.propose()

    async def unread() -> list[str]:
        async with registry.read() as connection:
            found = await store.list_notices(connection, reader.user_id, unread=True, limit=50)
            count = await store.get_unread_count(connection, reader.user_id, most=50)
            assert count == len(found)
            return [notice.id for notice in found]

    newest, middle, *older = await unread()
    for _ in range(2):
        async with noting(registry.engine) as connection:
            await operations.mark_read(connection, reader.user_id, up_to=middle, now=clock.now())
        assert await unread() == [newest]
    assert older
    with pytest.raises(NoticeNotFoundError):
        async with noting(registry.engine) as connection:
            await operations.mark_read(
                connection, world.approver.user_id, up_to=newest, now=clock.now()
            )


async def test_who_is_erased_is_told_nothing_any_more(registry: Registry, sides: Sides) -> None:
    world, person = sides.world, sides.world.viewer
    await world.propose()
    assert person.user_id in {notice.user_id for notice in await all_notices(registry)}
    await do(registry, world.administrator, erase_person, ErasePerson((), person.user_id))
    await world.propose()
    assert person.user_id not in {notice.user_id for notice in await all_notices(registry)}
    # Whoever writes, and whatever the service believes.
    mine = (await all_notices(registry))[-1]
    values: dict[str, Any] = {"id": "ntc_x", "user": person.user_id, "at": mine.made_at}
    async with noting(registry.engine) as connection:
        await connection.execute(
            text(
                "INSERT INTO notices (id, user_id, kind, log_index, made_at, mail_due_at)"
                " VALUES (:id, :user, 'password_set', 1, :at, :at)"
            ),
            values,
        )
        assert not await connection.scalar(text("SELECT count(*) FROM notices WHERE id = 'ntc_x'"))


@pytest.mark.parametrize(
    ("statement", "by_service"),
    [
        ("UPDATE notices SET user_id = (SELECT max(id) FROM users)", "42501"),
        ("UPDATE notices SET kind = 'password_set'", "42501"),
        ("UPDATE notices SET read_at = NULL", "23514"),
        ("UPDATE notices SET read_at = read_at + interval '1 hour'", "23514"),
        ("UPDATE notices SET mail_ended = 'refused'", "23514"),
        ("UPDATE notices SET log_index = log_index + 1", "42501"),
        ("DELETE FROM notices", "42501"),
        ("TRUNCATE notices", "42501"),
    ],
)
async def test_what_was_told_was_told(registry: Registry, statement: str, by_service: str) -> None:
    """Neither the service nor the owner of the tables changes it, or takes it away."""
    await a_holder(registry)
    read = "UPDATE notices SET read_at = now(), mail_due_at = NULL, mail_ended = 'sent'"
    owner = make_engine(registry.url, connections_max=1, role=None)
    for engine, state in ((registry.engine, by_service), (owner, "23514")):
        async with engine.connect() as connection:
            await connection.execute(text(read))
            with pytest.raises(Exception, match=r".") as refused:
                await connection.execute(text(statement))
            assert sqlstate_of(refused.value) == state
    await owner.dispose()


async def test_notices_go_when_the_rule_of_the_day_says_so(registry: Registry) -> None:
    person = await a_holder(registry)
    ages = (800, 700, 20, 0)  # by the founding value they are kept for two years
    now = clock.now()
    made = [
        Notice(
            f"ntc_{'0' * 25}{number}",
            person.user_id,
            K.PASSWORD_SET,
            *(None, None, None, None),
            log_index=number,
            made_at=now - timedelta(days=age),
        )
        for number, age in enumerate(ages)
    ]

    async def left(*, rows_max: int = 10) -> list[str]:
        # None of it is of an act: nothing of it is kept.
        async with registry.engine.connect() as connection:
            await store.insert_notices(connection, made)
            await operations.drop_old_notices(connection, rows_max=rows_max)
            found = text("SELECT id FROM notices WHERE kind = 'password_set' ORDER BY id")
            return list((await connection.execute(found)).scalars())

    assert await left() == [notice.id for notice in made[1:]]
    administrator = await the_administrator(registry)
    command = SetRule(
        None,
        RuleKey.NOTICE_DAYS,
        "10",
        bangkok_date(now),
        valid_to=None,
        source="A test",
        is_default=False,
    )
    await registry.do(administrator, lambda pen: set_rule(pen, administrator, command))
    assert await left(rows_max=2) == [notice.id for notice in made[2:]]
    assert await left() == [made[3].id]


async def test_the_service_drops_what_is_old(registry: Registry) -> None:
    person = await a_holder(registry)
    long_ago = clock.now() - timedelta(days=800)
    old = Notice("ntc_x", person.user_id, K.PASSWORD_SET, *(None,) * 4, 1, long_ago)
    async with noting(registry.engine) as connection:
        await store.insert_notices(connection, [old])
    kept = {notice.id for notice in await all_notices(registry)} - {old.id}
    await Trail(registry.engine).tidy()
    assert {notice.id for notice in await all_notices(registry)} == kept


def test_the_table_holds_no_words() -> None:
    """What is text in it is an identifier, or one of the words of a constraint."""
    texts = {c.name for c in notices.columns if str(c.type) == "TEXT"}
    assert texts == {"id", "user_id", "kind", "proposal_id", "order_id", "about", "mail_ended"}


async def test_what_comes_later_is_not_read_by_what_was_read_before(
    registry: Registry, sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine's clock may be behind, and so the identifiers that it makes."""
    world, reader = sides.world, sides.world.viewer
    await world.propose()
    async with registry.read() as connection:
        (shown, *_) = await store.list_notices(connection, reader.user_id, limit=1)
    numbers = iter(range(100))
    monkeypatch.setattr(operations, "new_id", lambda _: f"ntc_{next(numbers):026}")
    await world.propose()
    monkeypatch.undo()
    async with noting(registry.engine) as connection:
        await operations.mark_read(connection, reader.user_id, up_to=shown.id, now=clock.now())
    async with registry.read() as connection:
        newest, read, *_ = await store.list_notices(connection, reader.user_id, limit=5)
    assert (newest.id < read.id, newest.log_index > read.log_index) == (True, True)
    assert (newest.read_at is None, read.id, read.read_at is None) == (True, shown.id, False)
