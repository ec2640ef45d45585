"""Acts of the authority that take two of its people, and the people."""

from dataclasses import dataclass
from typing import Final

from app.registry.orders.operations import ApproveOrder, Ground
from app.registry.orders.rules import Order
from app.registry.pairs import operations
from app.registry.pairs.operations import Command, ProposeAct
from app.registry.parties import store
from app.registry.parties.operations import DecideOnUser, SetRoles
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role, User
from app.registry.programmes.rules import RuleKey, TwoPersonAct
from tests.builders.parties import Register, a_user, actor_of, an_authority, do, the_administrator
from tests.builders.reference import a_rule

PAPER: Final = Ground("มติที่ประชุม 7/2569", document_sha256="ef" * 32)
ALL: Final = ",".join(TwoPersonAct)


@dataclass(frozen=True)
class Two:
    """Two of each kind of people, and one who reads."""

    registry: Register
    administrator: Actor
    second: Actor  # another administrator
    approver: Actor
    other: Actor  # another approver
    spare: Actor  # who can be one of either, so that another may go
    auditor: Actor

    async def propose(
        self, command: Command, *, by: Actor | None = None, ground: Ground = PAPER
    ) -> Order:
        """Propose an act, as whoever usually does."""
        proposal = ProposeAct(command, ground)
        return await do(self.registry, by or self.approver, operations.propose_act, proposal)

    async def approve(
        self, order: Order, *, by: Actor | None = None, digest: str | None = None
    ) -> Order:
        """Approve an order."""
        command = ApproveOrder(order.id, digest or order.digest)
        return await do(self.registry, by or self.other, operations.approve_order, command)

    async def by_administrators(self, command: Command) -> Order:
        """Have an act of administrators done by both."""
        order = await self.propose(command, by=self.administrator)
        return await self.approve(order, by=self.second)

    async def turn_on(self, value: str = ALL) -> None:
        """Let acts take two people."""
        await a_rule(self.registry, RuleKey.TWO_PERSON_ACTS, value, programme_code=None)

    async def user(self, whom: Actor) -> User:
        """Return somebody as they are now."""
        async with self.registry.read() as connection:
            return await store.get_user(connection, whom.user_id)

    async def demote(self, whom: Actor) -> None:
        """Take somebody's roles away."""
        user = await self.user(whom)
        command = SetRoles(user.id, frozenset({Role.AUDITOR}), user.version)
        by, then = [a for a in (self.administrator, self.second, self.spare) if a != whom][:2]
        await self.approve(await self.propose(command, by=by), by=then)

    async def suspend(self, whom: Actor) -> None:
        """Suspend somebody."""
        by = self.spare if whom == self.administrator else self.administrator
        command = DecideOnUser(whom.user_id, "Left.")
        await do(self.registry, by, operations.suspend_user, command)


async def two_of_each(registry: Register, value: str | None = None) -> Two:
    """Fill the authority, and let acts take two people: those named, if any."""
    async with registry.read() as connection:
        is_new = await store.find_any_party(connection) is None
    founders = await an_authority(registry) if is_new else {}
    administrator = await the_administrator(registry)

    async def another(*roles: Role) -> Actor:
        return actor_of(await a_user(registry, administrator, administrator.party_id, *roles))

    second = await another(Role.ADMINISTRATOR)
    approver = founders.get(Role.APPROVER) or await another(Role.APPROVER)
    other = await another(Role.APPROVER)
    spare, auditor = await another(Role.ADMINISTRATOR, Role.APPROVER), await another(Role.AUDITOR)
    two = Two(registry, administrator, second, approver, other, spare, auditor)
    if value is not None:
        await two.turn_on(value)
    return two
