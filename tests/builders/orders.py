"""Orders of the authority, proposed and approved by its people."""

from dataclasses import dataclass
from typing import Final

from app.registry.ledger.operations import Named
from app.registry.ledger.rules import Account
from app.registry.orders import operations
from app.registry.orders.operations import (
    ApproveOrder,
    Ground,
    ProposeFreeze,
    ProposeRelease,
    ProposeReversal,
)
from app.registry.orders.rules import Order
from app.registry.pairs.operations import approve_order
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from tests.builders.activities import an_official
from tests.builders.parties import Register, do

PAPER: Final = Ground("คำสั่งศาล พ. 123/2569", document_sha256="cd" * 32)


@dataclass(frozen=True)
class Officers:
    """One who proposes and one who approves."""

    registry: Register
    officer: Actor
    approver: Actor

    async def propose_freeze(self, named: Named, *, ground: Ground = PAPER) -> Order:
        """Propose to freeze something."""
        command = ProposeFreeze(named, ground)
        return await do(self.registry, self.officer, operations.propose_freeze, command)

    async def approve(
        self, order: Order, *, by: Actor | None = None, digest: str | None = None
    ) -> Order:
        """Approve an order."""
        command = ApproveOrder(order.id, digest or order.digest)
        return await do(self.registry, by or self.approver, approve_order, command)

    async def freeze(self, named: Named) -> Order:
        """Have something frozen."""
        return await self.approve(await self.propose_freeze(named))

    async def freeze_account(self, account: Account) -> Order:
        """Have an account frozen."""
        return await self.freeze(Named(account.id))

    async def propose_release(self, freeze_id: str) -> Order:
        """Propose to release something."""
        command = ProposeRelease(freeze_id, PAPER)
        return await do(self.registry, self.officer, operations.propose_release, command)

    async def release(self, frozen: Order) -> Order:
        """Have something released."""
        return await self.approve(await self.propose_release(frozen.id))

    async def propose_reversal(self, act: int) -> Order:
        """Propose to take an act back."""
        command = ProposeReversal(act, PAPER)
        return await do(self.registry, self.officer, operations.propose_reversal, command)

    async def reverse(self, act: int) -> Order:
        """Have an act taken back."""
        return await self.approve(await self.propose_reversal(act))


async def the_officers(registry: Register) -> Officers:
    """Return two of the authority's people."""
    officer = await an_official(registry, Role.OFFICER)
    approver = await an_official(registry, Role.APPROVER)
    return Officers(registry, officer, approver)
