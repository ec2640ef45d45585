"""
Transfers that take two people and wait: who may do what, when they are made, and what comes back.

All are played by the replay too: the credits were issued, not invented.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta

import asyncpg
import pytest
from sqlalchemy import CheckConstraint, text

from app.entry.committer import Committer
from app.entry.delivering import Deliverer, SteadyClock
from app.kernel.clock import bangkok_date
from app.kernel.db import make_engine
from app.kernel.errors import RegistryError
from app.registry.calendar.rules import at_bangkok
from app.registry.ledger import operations as ledger
from app.registry.ledger import store as accounts
from app.registry.ledger.operations import Transfer
from app.registry.ledger.rules import TRANSIT, Account
from app.registry.ledger.terms import Terms
from app.registry.log import store as log
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf
from app.registry.stores import refusals_by_constraint
from app.registry.transfers import store
from app.registry.transfers.operations import (
    Approve,
    abort,
    approve,
    approve_trust,
    get_terms,
    propose_trust,
)
from app.registry.transfers.rules import Hindrance, Proposal, State
from tests.builders.answers import code_of
from tests.builders.ledger import an_account, named, oldest
from tests.builders.transfers import (
    AFTER,
    CREDITS,
    EVE,
    MONDAY,
    YEAR,
    Watch,
    World,
    a_world,
    bangkok,
    use_watch,
)
from tests.conftest import Registry

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
WAITED = {
    "transfer.proposed": 4,
    "transfer.withdrawn": 1,
    "transfer.lapsed": 1,
    "credits.sent": 2,
    "credits.returned": 1,
    "credits.delivered": 1,
}
# A scheduled transfer with some columns changed.
_OVER = {"ended_index": "1", "ended_by": "'registry'"}
_UNAPPROVED = dict.fromkeys(
    ("approved_by", "approved_at", "sent_index", "executes_at", "is_trusted"), "NULL"
)
_ASKED = {"accept_until": "approved_at + interval '1 hour'"}
_BACK_AGAIN = {"state": "'returned'", **_OVER}
WRONG: list[tuple[str, dict[str, str]]] = [
    (f"ck_transfer_proposals_{name}", changes)
    for name, changes in (
        ("state", {"state": "'lost'", **_UNAPPROVED, **_OVER, "ended_at": "expires_at"}),
        ("two_accounts", {"to_account": "from_account"}),
        ("credits", {"credits": "0"}),
        ("digest_of_content", {"content": "content || ' '"}),
        ("expires_later", {"state": "'proposed'", **_UNAPPROVED, "expires_at": "proposed_at"}),
        ("two_people", {"approved_by": "proposed_by"}),
        ("approved", {"approved_by": "NULL"}),
        ("approved", {"state": "'proposed'"}),
        ("approved", _UNAPPROVED),
        ("ended", {"ended_at": "executes_at"}),
        ("ended", {"state": "'delivered'"}),
        ("returned_for", {"state": "'returned'", **_OVER, "ended_at": "executes_at"}),
        ("returned_for", {"reason": "'receiver_closed'"}),
        ("reason", {"state": "'returned'", **_OVER, "ended_at": "executes_at", "reason": "'x'"}),
        (
            "approved_in_time",
            {"expires_at": "approved_at", "proposed_at": "proposed_at - interval '1 second'"},
        ),
        ("executes_later", {"executes_at": "approved_at - interval '1 second'"}),
        ("aborted_in_time", {"state": "'aborted'", **_OVER, "ended_at": "executes_at"}),
        (
            "not_early",
            {"state": "'delivered'", **_OVER, "ended_at": "executes_at - interval '1 second'"},
        ),
        (
            "lapsed_late",
            {
                "state": "'lapsed'",
                **_UNAPPROVED,
                **_OVER,
                "ended_at": "expires_at - interval '1 second'",
            },
        ),
        ("acceptance_asked", {"accept_until": "approved_at"}),
        ("accepted_in_time", {"accepted_by": "approved_by", "accepted_at": "approved_at"}),
        ("accepted_in_time", {**_ASKED, "accepted_by": "approved_by"}),
        (
            "accepted_in_time",
            {**_ASKED, "accepted_by": "approved_by", "accepted_at": "executes_at"},
        ),
        (
            "delivered_accepted",
            {**_ASKED, "state": "'delivered'", **_OVER, "ended_at": "executes_at"},
        ),
        (
            "unanswered",
            {**_BACK_AGAIN, "ended_at": "approved_at", "reason": "'declined'"},
        ),
        (
            "unanswered",
            {**_BACK_AGAIN, **_ASKED, "ended_at": "approved_at", "reason": "'not_accepted'"},
        ),
        (
            "unanswered",
            {**_BACK_AGAIN, **_ASKED, "ended_at": "executes_at", "reason": "'declined'"},
        ),
    )
]
# To where nobody has approved it.
BACK = (
    "state = 'proposed', approved_by = NULL, approved_at = NULL, sent_index = NULL,"
    " is_trusted = NULL, executes_at = NULL"
)


async def held(world: World, account: int) -> int:
    async with world.registry.read() as connection:
        return await accounts.get_total(connection, account, size=2**40)


async def standing(world: World) -> tuple[int, int, int]:
    """What the account, transit and the other account hold."""
    return (
        await held(world, world.account.id),
        await held(world, TRANSIT),
        await held(world, world.elsewhere.id),
    )


@asynccontextmanager
async def another_process(registry: Registry, watch: Watch) -> AsyncIterator[Registry]:
    """A second committer on the same database, with a memory of its own."""
    engine = make_engine(registry.url, connections_max=4)
    committer = Committer(engine, refusals_by_constraint())
    await committer.start()
    other = Registry(registry.url, engine, committer)
    use_watch(other, watch)
    yield other
    await committer.stop()
    await engine.dispose()


@pytest.fixture
def database_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's clock is far ahead, so that the server's own decides."""
    asked = store._LIST_DUE.text.replace("clock_timestamp()", "timestamptz '2040-01-01'")
    monkeypatch.setattr(store, "_LIST_DUE", text(asked))


# --------------------------------------------------------------------------- the stranger's path


async def test_a_transfer_on_the_eve_of_a_long_holiday_is_made_at_the_right_minute(
    registry: Registry,
) -> None:
    """Approved on the Friday before Songkran: the first working noon is ten days later."""
    world = await a_world(registry, at=EVE - timedelta(minutes=10))
    proposal = await world.propose(oldest(100))
    assert await standing(world) == (CREDITS, 0, 0)
    world.watch.shows = EVE
    scheduled = await world.approve(proposal)
    assert (scheduled.state, scheduled.executes_at) == (State.SCHEDULED, AFTER)
    assert scheduled.is_trusted is False
    assert await standing(world) == (CREDITS - 100, 100, 0)
    world.watch.shows = AFTER - SECOND
    assert await world.settle(proposal) is None
    assert await standing(world) == (CREDITS - 100, 100, 0)
    world.watch.shows = AFTER
    delivered = await world.settle(proposal)
    assert delivered is not None
    assert (delivered.state, delivered.ended_at) == (State.DELIVERED, AFTER)
    assert await standing(world) == (CREDITS - 100, 0, 100)
    assert await world.settle(proposal) is None  # once


async def test_a_transfer_is_aborted_until_one_second_before(registry: Registry) -> None:
    world = await a_world(registry)
    scheduled = await world.send()
    assert scheduled.executes_at == MONDAY + timedelta(hours=25)  # Tuesday noon
    world.watch.shows = scheduled.executes_at - SECOND
    aborted = await world.abort(scheduled, by=world.initiator)
    assert (aborted.state, aborted.ended_by) == (State.ABORTED, world.initiator.user_id)
    assert await standing(world) == (CREDITS, 0, 0)
    world.watch.wind(seconds=2)
    assert await world.settle(scheduled) is None


async def test_one_second_after_a_transfer_is_not_aborted_though_nobody_has_made_it(
    registry: Registry,
) -> None:
    """Late execution must not become a longer time to call back."""
    world = await a_world(registry)
    scheduled = await world.send()
    assert scheduled.executes_at is not None
    for late in (timedelta(0), SECOND):
        world.watch.shows = scheduled.executes_at + late
        assert await code_of(world.abort(scheduled)) == "transfer_due"
    settled = await world.settle(scheduled)
    assert settled is not None
    assert settled.state is State.DELIVERED
    assert await code_of(world.abort(scheduled)) == "transfer_proposal_state"


async def test_before_its_approval_a_proposal_is_withdrawn_and_nothing_has_moved(
    registry: Registry,
) -> None:
    world = await a_world(registry)
    proposal = await world.propose()
    withdrawn = await world.abort(proposal, by=world.initiator)
    assert withdrawn.state is State.WITHDRAWN
    assert await code_of(world.approve(proposal)) == "transfer_proposal_state"
    assert await standing(world) == (CREDITS, 0, 0)


async def test_exactly_the_serials_that_were_approved_arrive(registry: Registry) -> None:
    """Named serials of the middle: they leave as one block, and come back as one."""
    world = await a_world(registry)
    middle = named((world.batch, 501, 520), (world.batch, 601, 610))
    sent = await world.send(middle)
    await world.abort(sent)
    again = await world.send(middle)
    world.watch.wind(days=2)
    await world.settle(again)
    delivered = await world.read(again)
    assert delivered.ended_index is not None
    async with registry.read() as connection:
        entries = await accounts.list_movement(connection, delivered.ended_index)
    assert [(e.first, e.last, e.to_account) for e in entries] == [
        (501, 520, world.elsewhere.id),
        (601, 610, world.elsewhere.id),
    ]


async def test_an_outsider_plays_all_that_waited(registry: Registry) -> None:
    """Or the replay after every test here would have played nothing of it."""
    world = await a_world(registry)
    await world.abort(await world.send())
    await world.abort(await world.propose())
    scheduled, proposed = await world.send(), await world.propose()
    world.watch.wind(days=3)
    await world.settle(scheduled)
    await world.settle(proposed)
    replay = Replay(Shelf())
    async with registry.read() as connection:
        for index, leaf, _ in await log.list_leaves(connection, first=0, rows_max=5_000):
            replay.play(index, leaf)
    kinds = replay.totals().kinds
    assert {kind: kinds.get(kind) for kind in WAITED} == WAITED


async def test_credits_under_way_cannot_be_spent_twice(registry: Registry) -> None:
    world = await a_world(registry)
    await world.send(oldest(CREDITS))
    second = await world.propose(oldest(1))
    assert await code_of(world.approve(second)) == "insufficient_credits"


# ------------------------------------------------------------------------------- two people


async def test_whoever_proposed_a_transfer_does_not_approve_it(registry: Registry) -> None:
    """By rule, and by the database where no rule is asked."""
    world = await a_world(registry)
    proposal = await world.propose(by=world.both)
    assert await code_of(world.approve(proposal, by=world.both)) == "own_proposal"
    connection = await asyncpg.connect(registry.url)
    try:
        with pytest.raises(asyncpg.CheckViolationError, match="two_people"):
            await connection.execute(
                "UPDATE transfer_proposals SET state = 'scheduled', approved_by = proposed_by,"
                " approved_at = proposed_at, sent_index = 1, is_trusted = false,"
                " executes_at = proposed_at + interval '1 day'"
            )
    finally:
        await connection.close()
    assert (await world.approve(proposal)).state is State.SCHEDULED


async def test_somebody_with_both_roles_approves_what_another_proposed(registry: Registry) -> None:
    world = await a_world(registry)
    assert (await world.approve(await world.propose(), by=world.both)).state is State.SCHEDULED


async def test_an_approval_is_of_exactly_what_was_proposed_and_counts_once(
    registry: Registry,
) -> None:
    world = await a_world(registry)
    proposal = await world.propose(oldest(10))
    other = await world.propose(oldest(1_000))
    assert await code_of(world.approve(proposal, digest=other.digest)) == "digest_differs"
    await world.approve(proposal)
    assert await code_of(world.approve(proposal)) == "transfer_proposal_state"
    assert await code_of(world.approve(proposal, by=world.both)) == "transfer_proposal_state"


async def test_what_is_proposed_cannot_be_changed_afterwards(registry: Registry) -> None:
    """Not even by whoever owns the tables: the digest is of the content, and both stay."""
    world = await a_world(registry)
    await world.send()
    connection = await asyncpg.connect(registry.url)
    try:
        for change in (
            f"to_account = {world.account.id + 1}",
            "content = '{}'",
            "content = '{}', digest = encode(sha256('{}'), 'hex')",
            "executes_at = approved_at",
            "proposed_by = 'usr_1'",
            BACK,
        ):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await connection.execute(f"UPDATE transfer_proposals SET {change}")  # noqa: S608
    finally:
        await connection.close()


async def test_no_row_can_say_what_cannot_be(registry: Registry) -> None:
    """Which facts a state has, and in which order they came, is for the database to know."""
    world = await a_world(registry)
    await world.send()
    assert {name for name, _ in WRONG} == {
        str(constraint.name)
        for constraint in store.transfer_proposals.constraints
        if isinstance(constraint, CheckConstraint)
    }
    columns = store.transfer_proposals.c.keys()
    connection = await asyncpg.connect(registry.url)
    try:
        for name, changes in WRONG:
            changed = {"id": "'prp_2'", "sent_index": "sent_index + 1", **changes}
            values = ", ".join(changed.get(column, column) for column in columns)
            with pytest.raises(asyncpg.CheckViolationError) as wrong:
                await connection.execute(
                    f"INSERT INTO transfer_proposals ({', '.join(columns)})"  # noqa: S608
                    f" SELECT {values} FROM transfer_proposals"
                )
            assert wrong.value.constraint_name == name, changes
    finally:
        await connection.close()


@pytest.mark.parametrize("who", ["initiator", "viewer", "receiver", "administrator"])
async def test_only_an_approver_of_the_party_approves(registry: Registry, who: str) -> None:
    """As the wrong role, the wrong party, and the authority."""
    world = await a_world(registry)
    proposal = await world.propose(by=world.both)
    actor: Actor = getattr(world, who)
    expected = (
        "not_allowed" if actor.party_id == world.both.party_id else ("transfer_proposal_not_found")
    )
    assert await code_of(world.approve(proposal, by=actor)) == expected
    if who != "initiator":
        assert await code_of(world.abort(proposal, by=actor)) == expected
        refused = await code_of(world.propose(by=actor))
        assert refused in {"not_allowed", "account_not_found"}


async def test_an_approver_demoted_in_between_approves_nothing(registry: Registry) -> None:
    """The service may remember a role for a second: the act asks again, pen in hand."""
    world = await a_world(registry)
    proposal = await world.propose()
    await world.set_roles(world.approver, Role.HOLDER_VIEWER)
    assert Role.HOLDER_APPROVER in world.approver.roles  # as it was remembered
    assert await code_of(world.approve(proposal)) == "not_allowed"
    assert await standing(world) == (CREDITS, 0, 0)


async def test_a_proposal_of_somebody_who_was_suspended_is_not_approved(
    registry: Registry,
) -> None:
    world = await a_world(registry)
    proposal = await world.propose()
    await world.suspend(world.initiator)
    assert await code_of(world.approve(proposal)) == "proposer_not_allowed"


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("initiator", Hindrance.PROPOSER_NOT_ALLOWED),
        ("approver", Hindrance.APPROVER_NOT_ALLOWED),
    ],
)
@pytest.mark.parametrize("how", ["suspended", "demoted"])
async def test_rights_are_asked_for_again_when_a_transfer_is_made(
    registry: Registry, who: str, reason: Hindrance, how: str
) -> None:
    world = await a_world(registry)
    scheduled = await world.send()
    if how == "suspended":
        await world.suspend(getattr(world, who))
    else:
        await world.set_roles(getattr(world, who), Role.HOLDER_VIEWER)
    world.watch.wind(days=2)
    returned = await world.settle(scheduled)
    assert returned is not None
    assert (returned.state, returned.reason) == (State.RETURNED, reason)
    assert await standing(world) == (CREDITS, 0, 0)


async def close(world: World, account: Account) -> None:
    await world.registry.do(
        world.administrator,
        lambda pen: ledger.close_account(
            pen, world.administrator, account.id, expected_version=account.version
        ),
    )


async def test_an_account_that_was_closed_meanwhile_receives_nothing(registry: Registry) -> None:
    world = await a_world(registry)
    scheduled = await world.send()
    await close(world, world.elsewhere)
    world.watch.wind(days=2)
    returned = await world.settle(scheduled)
    assert returned is not None
    assert returned.reason is Hindrance.RECEIVER_CLOSED
    assert await standing(world) == (CREDITS, 0, 0)


async def test_an_account_whose_credits_are_under_way_is_not_closed(registry: Registry) -> None:
    """By rule, and by the database: they could not come back."""
    world = await a_world(registry)
    scheduled = await world.send(oldest(CREDITS))
    assert await code_of(close(world, world.account)) == "credits_underway"
    connection = await asyncpg.connect(registry.url)
    try:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="under way"):
            await connection.execute(
                "UPDATE accounts SET status = 'closed', closed_at = now() WHERE id = $1",
                world.account.id,
            )
    finally:
        await connection.close()
    world.watch.wind(days=2)
    await world.settle(scheduled)
    assert await code_of(close(world, world.account)) == "done"


# -------------------------------------------------------------------------------------- time


async def test_what_nobody_approves_in_time_lapses(registry: Registry) -> None:
    """Every act treats it as lapsed from the moment on, before anybody has noted it."""
    world = await a_world(registry)
    proposal = await world.propose()
    assert proposal.expires_at == MONDAY + timedelta(hours=48)
    world.watch.shows = proposal.expires_at - SECOND
    assert await world.settle(proposal) is None
    world.watch.wind(seconds=1)
    assert await code_of(world.approve(proposal)) == "transfer_proposal_lapsed"
    assert await code_of(world.abort(proposal)) == "transfer_proposal_state"
    lapsed = await world.settle(proposal)
    assert lapsed is not None
    assert lapsed.state is State.LAPSED
    assert await world.settle(proposal) is None


@pytest.mark.usefixtures("database_ahead")
async def test_clocks_that_jump_release_nothing_early_and_lose_nothing(registry: Registry) -> None:
    """Two hours ahead, back again, two hours behind, and right again."""
    world = await a_world(registry)
    scheduled = await world.send()
    assert scheduled.executes_at is not None
    jump, passed = 2 * HOUR, [0.0]
    began = world.watch()
    deliverer = Deliverer(
        registry.engine, registry.committer, SteadyClock(world.watch, lambda: passed[0])
    )

    async def delivered(at: datetime, *, shown: timedelta) -> list[State]:
        passed[0] = (at - began).total_seconds()
        world.watch.shows = at + shown
        return [proposal.state for proposal in await deliverer.deliver()]

    due = scheduled.executes_at
    assert await delivered(due - HOUR, shown=jump) == []
    assert await delivered(due - SECOND, shown=jump) == []
    assert await delivered(due - SECOND, shown=timedelta(0)) == []
    assert await delivered(due + SECOND, shown=-jump) == []
    assert await standing(world) == (CREDITS - 10, 10, 0)
    assert await delivered(due + HOUR, shown=timedelta(0)) == [State.DELIVERED]
    assert await standing(world) == (CREDITS - 10, 0, 10)


async def test_a_database_whose_clock_is_behind_holds_everything_back(registry: Registry) -> None:
    """Its clock is the real one here, years before the server's."""
    world = await a_world(registry)
    await world.send()
    world.watch.wind(days=2)
    deliverer = Deliverer(registry.engine, registry.committer, SteadyClock(world.watch))
    assert await deliverer.deliver() == []


@pytest.mark.usefixtures("database_ahead")
async def test_two_servers_deliver_once(registry: Registry) -> None:
    """Each lists what is due before either has done it; every act looks again."""
    world = await a_world(registry)
    sent = [await world.send() for _ in range(5)]
    lapsing = await world.propose()
    world.watch.wind(days=3)
    async with another_process(registry, world.watch) as other:
        deliverers = [
            Deliverer(one.engine, one.committer, SteadyClock(world.watch, lambda: 0.0))
            for one in (registry, other)
        ]
        done = await asyncio.gather(*(one.deliver() for one in deliverers * 3))
    settled = [proposal.id for turn in done for proposal in turn]
    assert sorted(settled) == sorted([lapsing.id, *(proposal.id for proposal in sent)])
    assert await standing(world) == (CREDITS - 50, 0, 50)


@pytest.mark.usefixtures("database_ahead")
async def test_a_server_that_starts_anew_finds_what_is_due(registry: Registry) -> None:
    """As a task of the server, without being asked."""
    world = await a_world(registry)
    scheduled = await world.send()
    world.watch.wind(days=2)
    deliverer = Deliverer(registry.engine, registry.committer, SteadyClock(world.watch))
    async with deliverer.running(), asyncio.timeout(5):
        while (await world.read(scheduled)).state is State.SCHEDULED:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await standing(world) == (CREDITS - 10, 0, 10)


async def test_of_approvals_and_aborts_at_once_one_outcome_comes(registry: Registry) -> None:
    """Twenty of each, from two processes: approved once at most, and aborted once at most."""
    world = await a_world(registry)
    proposal = await world.propose()
    approving = Approve(proposal.id, proposal.digest)
    async with another_process(registry, world.watch) as other:

        async def one(number: int) -> str:
            through = (registry, other)[number % 2]
            try:
                if number % 4 < 2:
                    await through.do(
                        world.approver, lambda pen: approve(pen, world.approver, approving)
                    )
                    return "approved"
                await through.do(
                    world.initiator, lambda pen: abort(pen, world.initiator, proposal.id)
                )
            except RegistryError as refusal:
                return refusal.code
            return "aborted"

        outcomes = await asyncio.gather(*map(one, range(40)))
    ended = await world.read(proposal)
    assert outcomes.count("aborted") == 1
    assert outcomes.count("approved") == (1 if ended.state is State.ABORTED else 0)
    assert ended.state in {State.ABORTED, State.WITHDRAWN}
    assert set(outcomes) <= {"approved", "aborted", "transfer_proposal_state"}
    assert await standing(world) == (CREDITS, 0, 0)


# ------------------------------------------------------------------------------ trusted lists


async def test_an_account_is_trusted_from_noon_of_the_fourth_working_day(
    registry: Registry,
) -> None:
    """Over Songkran: a Friday, five holidays, and then Monday to Thursday."""
    world = await a_world(registry, at=EVE)
    await world.trust(world.elsewhere)
    trusted_from = bangkok(YEAR, 4, 22)
    world.watch.shows = trusted_from - SECOND
    assert (await world.send()).is_trusted is False
    world.watch.shows = trusted_from
    at_once = await world.send()
    assert (at_once.is_trusted, at_once.state) == (True, State.DELIVERED)
    assert at_once.executes_at == at_once.approved_at == trusted_from
    assert await held(world, world.elsewhere.id) == 10


async def test_a_removed_account_is_not_trusted_from_that_moment_on(registry: Registry) -> None:
    """Also where another process removed it, and this one remembers the list."""
    world = await a_world(registry)
    entry = await world.trust(world.elsewhere)
    world.watch.wind(days=7)
    assert (await world.send()).state is State.DELIVERED
    async with another_process(registry, world.watch) as other:
        await other.do(
            world.initiator,
            lambda pen: ledger.remove_trust(pen, world.initiator, world.account.id, entry),
        )
    assert (await world.send()).is_trusted is False
    removing = registry.do(
        world.approver,
        lambda pen: ledger.remove_trust(pen, world.approver, world.account.id, entry),
    )
    assert await code_of(removing) == "trusted_account_ended"


async def test_a_transfer_to_an_account_no_longer_trusted_comes_back(registry: Registry) -> None:
    """Approved in the evening for the next morning; removed at night."""
    world = await a_world(registry)
    entry = await world.trust(world.elsewhere)
    world.watch.shows = bangkok(YEAR, 3, 8, 20)
    scheduled = await world.send()
    assert scheduled.executes_at == bangkok(YEAR, 3, 9, 10)
    await registry.do(
        world.approver,
        lambda pen: ledger.remove_trust(pen, world.approver, world.account.id, entry),
    )
    world.watch.shows = bangkok(YEAR, 3, 9, 10)
    returned = await world.settle(scheduled)
    assert returned is not None
    assert returned.reason is Hindrance.NO_LONGER_TRUSTED


async def test_a_trusted_account_takes_two_people_too(registry: Registry) -> None:
    world = await a_world(registry)
    mine = world.account.id

    async def propose(actor: Actor, account: Account = world.elsewhere) -> str:
        proposed = await registry.do(
            actor,
            lambda pen: propose_trust(pen, actor, account_id=mine, trusted_id=account.id),
        )
        return str(proposed.id)

    async def approved(actor: Actor, entry: str) -> str:
        return await code_of(
            registry.do(
                actor, lambda pen: approve_trust(pen, actor, account_id=mine, entry_id=entry)
            )
        )

    own = await propose(world.both)
    assert await approved(world.both, own) == "own_trusted_account"
    assert await approved(world.initiator, own) == "not_allowed"
    assert await approved(world.receiver, own) == "account_not_found"
    second = await propose(world.initiator)
    assert await approved(world.approver, own) == "done"
    assert await approved(world.approver, own) == "trusted_account_ended"
    assert await approved(world.approver, second) == "trusted_account_taken"
    assert await code_of(propose(world.viewer)) == "not_allowed"
    assert await code_of(propose(world.initiator, world.account)) == "same_account"
    late = await propose(world.initiator)
    world.watch.wind(hours=48)
    assert await approved(world.approver, late) == "trusted_account_ended"


# -------------------------------------------------------------- one person, at once, on terms


async def transfer(world: World, *, to: Account | None = None) -> str:
    """Transfer one credit at once, on the terms of the day."""
    async with world.registry.read() as connection:
        terms = await get_terms(connection, bangkok_date(world.watch()))
    command = Transfer(world.account.id, (to or world.elsewhere).id, oldest(1), terms)
    return await code_of(
        world.registry.do(
            world.initiator,
            lambda pen: ledger.transfer(pen, world.initiator, command),
            touches=command.touches(),
        )
    )


async def test_transfers_are_not_governed_until_somebody_says_so(registry: Registry) -> None:
    world = await a_world(registry, at=bangkok(YEAR, 3, 6, 3))  # a Saturday night
    assert await transfer(world) == "done"


async def test_where_transfers_are_governed_one_person_sends_to_trusted_accounts_in_hours(
    registry: Registry,
) -> None:
    world = await a_world(registry)
    await world.set_rule(RuleKey.TRANSFERS_GOVERNED, "yes")
    own = await an_account(registry, world.administrator, world.initiator, name="Second")
    world.watch.wind(minutes=5)
    assert await transfer(world) == "second_person_needed"
    assert await transfer(world, to=own) == "done"
    await world.trust(world.elsewhere)
    assert await transfer(world) == "second_person_needed"
    for moment, code in (
        (bangkok(YEAR, 3, 8, 9, 59), "outside_hours"),
        (bangkok(YEAR, 3, 8, 10), "done"),
        (bangkok(YEAR, 3, 8, 15, 59), "done"),
        (bangkok(YEAR, 3, 8, 16), "outside_hours"),
        (bangkok(YEAR, 4, 10, 12), "outside_hours"),  # a Saturday
        (bangkok(YEAR, 4, 14, 12), "outside_hours"),  # Songkran
        (AFTER, "done"),
    ):
        world.watch.shows = moment
        assert await transfer(world) == code, moment
        assert await transfer(world, to=own) == code, moment


async def test_terms_are_of_one_day(registry: Registry) -> None:
    """Of a holiday they allow nothing; without the rule there are none."""
    world = await a_world(registry)
    async with registry.read() as connection:
        assert await get_terms(connection, date(YEAR, 3, 1)) is None
    await world.set_rule(RuleKey.TRANSFERS_GOVERNED, "yes")
    async with registry.read() as connection:
        assert await get_terms(connection, date(YEAR, 3, 1)) == Terms(
            at_bangkok(date(YEAR, 3, 1), time(10)), at_bangkok(date(YEAR, 3, 1), time(16))
        )
        holiday = await get_terms(connection, date(YEAR, 4, 14))
        assert holiday is not None
        assert holiday.opens_at == holiday.closes_at


async def test_the_lowest_limit_counts(registry: Registry) -> None:
    """Of the register and of the credits' programme, for one transfer and for a day."""
    world = await a_world(registry)
    await world.set_rule(RuleKey.TRANSFER_CREDITS_MAX, "100")
    await world.set_rule(RuleKey.TRANSFER_CREDITS_MAX, "200", programme="CITY")
    await world.set_rule(RuleKey.TRANSFER_CREDITS_PER_DAY_MAX, "500")
    await world.set_rule(RuleKey.TRANSFER_CREDITS_PER_DAY_MAX, "150", programme="CITY")
    assert await code_of(world.send(oldest(101))) == "transfer_over_limit"
    first = await world.send(oldest(100))
    assert await code_of(world.send(oldest(51))) == "transfers_of_day_over_limit"
    await world.abort(first)  # what is taken back does not count
    assert await code_of(world.send(oldest(100))) == "done"
    assert await code_of(world.send(oldest(50))) == "done"
    world.watch.shows = bangkok(YEAR, 3, 2, 0)
    assert await code_of(world.send(oldest(100))) == "done"


async def test_limits_do_not_bind_transfers_to_trusted_accounts(registry: Registry) -> None:
    world = await a_world(registry)
    await world.set_rule(RuleKey.TRANSFER_CREDITS_MAX, "10")
    await world.trust(world.elsewhere)
    world.watch.wind(days=7)
    assert (await world.send(oldest(500))).state is State.DELIVERED


async def test_without_the_years_holidays_nobody_can_say_when_a_transfer_is_made(
    registry: Registry,
) -> None:
    world = await a_world(registry)
    proposal: Proposal = await world.propose()
    world.watch.shows = bangkok(YEAR + 1, 12, 30)
    late = await world.propose()
    assert await code_of(world.approve(late)) == "calendar_year_missing"
    assert await code_of(world.approve(proposal)) == "transfer_proposal_lapsed"


async def test_rule_17_two_people_digest_expiry_hours_trust_limits_and_abort(
    registry: Registry,
) -> None:
    """
    DOMAIN.md section 10, rule 17, in one story.

    Initiator is not approver; the approval is bound to the content and expires; working hours; four
    working days of activation, immediate removal; the lowest limit; abort until execution.
    """
    world = await a_world(registry)
    await world.set_rule(RuleKey.TRANSFERS_GOVERNED, "yes")
    await world.set_rule(RuleKey.TRANSFER_CREDITS_MAX, "100")
    world.watch.wind(minutes=5)
    assert await transfer(world) == "second_person_needed"
    proposal = await world.propose(by=world.both)
    assert await code_of(world.approve(proposal, by=world.both)) == "own_proposal"
    assert await code_of(world.approve(proposal, digest="0" * 64)) == "digest_differs"
    scheduled = await world.approve(proposal)
    assert scheduled.executes_at is not None
    world.watch.shows = scheduled.executes_at - SECOND
    assert (await world.abort(scheduled)).state is State.ABORTED
    expired = await world.propose()
    world.watch.wind(hours=48)
    assert await code_of(world.approve(expired)) == "transfer_proposal_lapsed"
    assert await code_of(world.send(oldest(101))) == "transfer_over_limit"
    entry = await world.trust(world.elsewhere)
    assert await transfer(world) == "second_person_needed"
    world.watch.shows = bangkok(YEAR, 3, 10, 12)
    assert await transfer(world) == "done"
    world.watch.shows = bangkok(YEAR, 3, 10, 16)
    assert await transfer(world) == "outside_hours"
    world.watch.shows = bangkok(YEAR, 3, 11, 12)
    await registry.do(
        world.approver,
        lambda pen: ledger.remove_trust(pen, world.approver, world.account.id, entry),
    )
    assert await transfer(world) == "second_person_needed"
