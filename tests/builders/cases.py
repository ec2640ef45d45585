"""Cases against issuances, and what makes them good, brought about through operations."""

from dataclasses import dataclass
from typing import Final

from app.registry.compensation import operations, store
from app.registry.compensation.operations import (
    Compensate,
    Compensated,
    ProposeBuffer,
    ProposeCase,
)
from app.registry.compensation.rules import Case, Step, StepKind
from app.registry.issuance.rules import Issuance
from app.registry.ledger.rules import Account, Choice
from app.registry.ledger.store import get_account
from app.registry.orders.operations import ApproveOrder, Ground
from app.registry.orders.rules import CaseKind, Order
from app.registry.pairs.operations import approve_order
from app.registry.parties.policy import Actor
from tests.builders.activities import FOREST, MANGROVE, a_registered_activity
from tests.builders.issuance import an_issuance
from tests.builders.ledger import an_account, move, oldest
from tests.builders.orders import Officers, the_officers
from tests.builders.parties import Register, a_developer, a_holder, do, the_administrator

PAPER: Final = Ground("ผลการตรวจสอบซ้ำ 7/2569", document_sha256="ce" * 32)
ISSUED: Final = 100  # by the issuance at fault, of which
BUFFERED: Final = 20  # are in the buffer
OTHERS: Final = 60  # by another issuance of the same developer
ELSEWHERE: Final = 10  # of each issuance, with somebody else


@dataclass(frozen=True)
class World:
    """Two issuances of one developer, some of both with another holder, and officers."""

    registry: Register
    administrator: Actor
    officers: Officers
    developer: Actor
    holder: Actor
    account: Account  # the developer's
    elsewhere: Account  # the holder's
    faulty: Issuance
    other: Issuance

    @property
    def batch(self) -> str:
        """Serial prefix of the batch at fault."""
        return self.faulty.batches[0].serial_prefix

    @property
    def other_batch(self) -> str:
        """Serial prefix of a batch that is well."""
        return self.other.batches[0].serial_prefix

    async def propose(
        self,
        credits_claimed: int,
        kind: CaseKind = CaseKind.OVER_ISSUANCE,
        *,
        by: Actor | None = None,
        ground: Ground = PAPER,
        issuance_id: str | None = None,
    ) -> Order:
        """Propose a case."""
        command = ProposeCase(issuance_id or self.faulty.id, kind, credits_claimed, ground)
        actor = by or self.officers.officer
        return await do(self.registry, actor, operations.propose_case, command)

    async def approve(
        self, order: Order, *, by: Actor | None = None, digest: str | None = None
    ) -> Order:
        """Approve an order."""
        command = ApproveOrder(order.id, digest or order.digest)
        actor = by or self.officers.approver
        return await do(self.registry, actor, approve_order, command)

    async def open(self, credits_claimed: int, kind: CaseKind = CaseKind.OVER_ISSUANCE) -> Case:
        """Have a case opened."""
        given = await self.approve(await self.propose(credits_claimed, kind))
        return await self.read(given.id)

    async def propose_buffer(
        self, case: Case, credits_given: int, *, by: Actor | None = None
    ) -> Order:
        """Propose to take credits out of the buffer."""
        command = ProposeBuffer(case.id, credits_given, PAPER)
        actor = by or self.officers.officer
        return await do(self.registry, actor, operations.propose_buffer, command)

    async def take_from_buffer(self, case: Case, credits_given: int) -> Order:
        """Have credits taken out of the buffer."""
        return await self.approve(await self.propose_buffer(case, credits_given))

    async def compensate(
        self,
        case: Case,
        kind: StepKind,
        choice: Choice,
        *,
        by: Actor | None = None,
        out_of: Account | None = None,
    ) -> Compensated:
        """Cancel credits of the developer's account for a case, or of another."""
        command = Compensate(case.id, kind, (out_of or self.account).id, choice)
        return await do(self.registry, by or self.developer, operations.compensate, command)

    async def deduct(self, case: Case, count: int) -> Compensated:
        """Deduct credits of the issuance itself."""
        return await self.compensate(case, StepKind.DEDUCTION, oldest(count, batch=self.batch))

    async def replace(self, case: Case, count: int) -> Compensated:
        """Replace credits by the developer's others."""
        choice = oldest(count, batch=self.other_batch)
        return await self.compensate(case, StepKind.REPLACEMENT, choice)

    async def read(self, case_id: str) -> Case:
        """Return a case as it stands."""
        async with self.registry.read() as connection:
            return await store.get_case(connection, case_id)

    async def steps(self, case: Case) -> list[Step]:
        """Return all steps of a case."""
        async with self.registry.read() as connection:
            return await store.list_steps(connection, case.id, limit=1_000)


async def a_world(registry: Register) -> World:
    """Issue credits twice for one developer, and transfer some of each."""
    administrator = await the_administrator(registry)
    developer, holder = await a_developer(registry), await a_holder(registry)
    account = await an_account(registry, administrator, developer)
    elsewhere = await an_account(registry, administrator, holder)
    made = []
    for methodology, tonnes, shares in (
        (MANGROVE, ISSUED, {2024: BUFFERED}),
        (FOREST, OTHERS, None),
    ):
        activity = await a_registered_activity(
            registry, owner=developer, methodology=methodology, credit_account_id=account.id
        )
        made.append(
            await an_issuance(registry, activity, tonnes={2024: str(tonnes)}, buffer=shares)
        )
    for issuance in made:
        batch = issuance.batches[0].serial_prefix
        await move(registry, developer, account, elsewhere, oldest(ELSEWHERE, batch=batch))
    async with registry.read() as connection:
        account = await get_account(connection, account.id)
    return World(
        registry=registry,
        administrator=administrator,
        officers=await the_officers(registry),
        developer=developer,
        holder=holder,
        account=account,
        elsewhere=elsewhere,
        faulty=made[0],
        other=made[1],
    )
