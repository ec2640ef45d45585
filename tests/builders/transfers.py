"""Transfers that take two people, at moments that a test chooses."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol

from app.entry.committer import Committer
from app.kernel.clock import bangkok_date, now
from app.registry.calendar import store as calendar
from app.registry.calendar.operations import SetYear, set_year
from app.registry.calendar.rules import Holiday, at_bangkok
from app.registry.ledger.rules import Account, Choice
from app.registry.ledger.store import get_account
from app.registry.parties import operations as parties
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.parties.store import get_party, get_user
from app.registry.programmes.operations import SetRule, set_rule
from app.registry.programmes.rules import RuleKey
from app.registry.transfers import operations, store
from app.registry.transfers.operations import Approve, Propose, Settle
from app.registry.transfers.rules import Proposal
from tests.builders.activities import a_registered_activity
from tests.builders.issuance import an_issuance
from tests.builders.ledger import an_account, oldest
from tests.builders.parties import Register, a_holder, an_actor, do, the_administrator

# Songkran of a year that no test will live to see, with the days the cabinet adds around it.
YEAR: Final = 2032
SONGKRAN: Final = tuple(date(YEAR, 4, day) for day in range(12, 17))
NEW_YEAR: Final = (date(YEAR, 1, 1), date(YEAR + 1, 1, 1))
EVE: Final = at_bangkok(date(YEAR, 4, 9), time(15, 30))  # the Friday before
AFTER: Final = at_bangkok(date(YEAR, 4, 19), time(12))  # noon of the Monday after
MONDAY: Final = at_bangkok(date(YEAR, 3, 1), time(11))  # an ordinary week lies ahead
CREDITS: Final = 1_234  # issued to the account


class TimedRegister(Register, Protocol):
    """A register whose committer can be given a clock."""

    committer: Committer


@dataclass
class Watch:
    """A clock that shows what a test wants."""

    shows: datetime

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self.shows

    def wind(self, **by: float) -> datetime:
        """Go on by some time."""
        self.shows += timedelta(**by)
        return self.shows


@dataclass
class World:
    """An account with credits and its people, somebody else's account, and the time."""

    registry: TimedRegister
    watch: Watch
    administrator: Actor
    initiator: Actor
    approver: Actor
    both: Actor  # may do either
    viewer: Actor
    receiver: Actor
    account: Account
    elsewhere: Account
    batch: str
    own: list[Account] = field(default_factory=list)

    async def propose(
        self, choice: Choice | None = None, *, by: Actor | None = None, to: Account | None = None
    ) -> Proposal:
        """Propose a transfer of ten credits, or others."""
        actor = by or self.initiator
        goal = to or self.elsewhere
        command = Propose(self.account.id, goal.id, choice or oldest(10))
        return await self.registry.do(actor, lambda pen: operations.propose(pen, actor, command))

    async def approve(
        self, proposal: Proposal, *, by: Actor | None = None, digest: str | None = None
    ) -> Proposal:
        """Approve a proposal."""
        actor = by or self.approver
        command = Approve(proposal.id, digest or proposal.digest)
        return await self.registry.do(actor, lambda pen: operations.approve(pen, actor, command))

    async def send(self, choice: Choice | None = None, *, to: Account | None = None) -> Proposal:
        """Propose a transfer and have it approved."""
        return await self.approve(await self.propose(choice, to=to))

    async def abort(self, proposal: Proposal, *, by: Actor | None = None) -> Proposal:
        """Take a proposal back."""
        actor = by or self.approver
        return await self.registry.do(actor, lambda pen: operations.abort(pen, actor, proposal.id))

    async def settle(
        self, proposal: Proposal, *, moment: datetime | None = None
    ) -> Proposal | None:
        """Do what is due with a proposal."""
        command = Settle(proposal.id, moment or self.watch())
        return await self.registry.do(
            self.administrator, lambda pen: operations.deliver_due(pen, command)
        )

    async def read(self, proposal: Proposal) -> Proposal:
        """Return a proposal as it stands."""
        async with self.registry.read() as connection:
            return await store.get_proposal(connection, proposal.id)

    async def trust(self, account: Account) -> str:
        """Put an account on the trusted list; it counts some days later. Returns the entry."""
        mine = self.account.id
        proposed = await self.registry.do(
            self.initiator,
            lambda pen: operations.propose_trust(
                pen, self.initiator, account_id=mine, trusted_id=account.id
            ),
        )
        await self.registry.do(
            self.approver,
            lambda pen: operations.approve_trust(
                pen, self.approver, account_id=mine, entry_id=proposed.id
            ),
        )
        return proposed.id

    async def set_roles(self, actor: Actor, *roles: Role) -> None:
        """Make somebody something else."""
        async with self.registry.read() as connection:
            user = await get_user(connection, actor.user_id)
        command = parties.SetRoles(user.id, frozenset(roles), user.version)
        await self.registry.do(
            self.administrator,
            lambda pen: parties.set_roles(pen, self.administrator, command),
        )

    async def suspend(self, actor: Actor) -> None:
        """Suspend somebody."""
        command = parties.DecideOnUser(actor.user_id, "ตรวจสอบ")
        await self.registry.do(
            self.administrator,
            lambda pen: parties.suspend_user(pen, self.administrator, command),
        )

    async def set_rule(self, key: RuleKey, value: str, *, programme: str | None = None) -> None:
        """Give a rule a value from today on."""
        command = SetRule(
            programme_code=programme,
            key=key,
            value=value,
            valid_from=bangkok_date(self.watch()),
            valid_to=None,
            source="a test",
            is_default=False,
        )
        await self.registry.do(
            self.administrator, lambda pen: set_rule(pen, self.administrator, command)
        )


async def a_world(registry: TimedRegister, *, at: datetime = MONDAY) -> World:
    """Issue credits to an account with an initiator and an approver; it is a day in 2032."""
    activity = await a_registered_activity(registry)
    issuance = await an_issuance(registry, activity)
    administrator = await the_administrator(registry)
    assert activity.credit_account_id is not None
    async with registry.read() as connection:
        party = await get_party(connection, activity.owner_party_id)
        account = await get_account(connection, activity.credit_account_id)
    receiver = await a_holder(registry)
    batch = issuance.lines[0].batch
    assert batch is not None
    world = World(
        registry=registry,
        watch=Watch(at),
        administrator=administrator,
        initiator=await an_actor(registry, party, Role.HOLDER_INITIATOR),
        approver=await an_actor(registry, party, Role.HOLDER_APPROVER),
        both=await an_actor(registry, party, Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER),
        viewer=await an_actor(registry, party, Role.HOLDER_VIEWER),
        receiver=receiver,
        account=account,
        elsewhere=await an_account(registry, administrator, receiver),
        batch=batch.serial_prefix,
    )
    await enter_holidays(registry, {YEAR: (NEW_YEAR[0], *SONGKRAN), YEAR + 1: (NEW_YEAR[1],)})
    use_watch(registry, world.watch)
    return world


def use_watch(registry: TimedRegister, watch: Watch) -> None:
    """Let the register go by a watch."""
    registry.committer._now = watch


async def enter_holidays(registry: Register, years: dict[int, Collection[date]]) -> None:
    """Enter the holidays of some years."""
    administrator = await the_administrator(registry)
    for year, days in years.items():
        async with registry.read() as connection:
            found = await calendar.find_year(connection, year)
        holidays = tuple(Holiday(day, "วันหยุด", "Holiday", "a test") for day in days)
        command = SetYear(year, holidays, 0 if found is None else found.version)
        await do(registry, administrator, set_year, command)


async def the_calendar(registry: Register) -> None:
    """Make sure that working days can be counted from the real day on."""
    this_year = bangkok_date(now()).year
    for year in (this_year, this_year + 1):
        async with registry.read() as connection:
            found = await calendar.find_year(connection, year)
        if found is None:
            await enter_holidays(registry, {year: ()})


def bangkok(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    """Return a moment by the clock of Bangkok."""
    return at_bangkok(date(year, month, day), time(hour, minute)).astimezone(UTC)
