"""Orders of the authority, as the log tells of them: freezes, releases, reversals of errors."""

from datetime import timedelta
from typing import Final

import msgspec

from app.kernel.clock import rfc3339
from app.kernel.encoding import sha256
from app.registry.ledger.rules import AccountKind
from app.registry.orders.refusals import OrderProposerGoneError
from app.registry.orders.rules import PROPOSING, Action
from app.registry.parties.policy import NotAllowedError, Permission
from app.registry.programmes.rules import RuleKey
from app.registry.replay.catalogue import Catalogue
from app.registry.replay.faults import Broken
from app.registry.replay.leaves import Leaf, leaf_of
from app.registry.replay.leaves import orders as leaves
from app.registry.replay.ledger import Account, Ledger
from app.registry.replay.shelf import Shelf
from app.registry.replay.standing import Standing
from app.registry.replay.things import (
    Handlers,
    Things,
    day_of,
    moment_of,
    require_same,
)

_FREEZE: Final = "freeze"
_RELEASE: Final = "release"
_REVERSAL: Final = "reversal"


class KnownOrder(msgspec.Struct, array_like=True):
    """An order as it stands."""

    action: str
    by: str
    digest: str
    expires_at: str
    account: str = ""  # what a freeze is of; empty: of serials
    batch: str = ""
    first: int = 0
    last: int = 0
    freeze: str = ""  # what a release is of
    act: int = -1  # what a reversal is of
    issuance: str = ""  # what a case is to be opened against
    case_kind: str = ""
    case: str = ""  # what the buffer gives to
    credits: int = 0  # claimed, or given by the buffer
    is_given: bool = False
    stands: bool = False  # it is a freeze, and was not released
    content: bytes = b""  # what an act of two people is to do, as the log says it


class KnownReversal(msgspec.Struct, array_like=True):
    """That an act was taken back."""

    by_act: int


class Orders:
    """What two officers decide, and what stands frozen for it."""

    def __init__(
        self, shelf: Shelf, standing: Standing, catalogue: Catalogue, ledger: Ledger
    ) -> None:
        self._standing = standing
        self._catalogue = catalogue
        self._ledger = ledger
        self._orders: Things[KnownOrder] = Things(shelf, "order", KnownOrder)
        self._reversed: Things[KnownReversal] = Things(shelf, "reversal", KnownReversal)

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.FreezeProposed, self._propose_freeze)
        handlers.on(leaves.ReleaseProposed, self._propose_release)
        handlers.on(leaves.ReversalProposed, self._propose_reversal)
        handlers.on(leaves.AccountFrozen, self._freeze_account)
        handlers.on(leaves.AccountReleased, self._release_account)
        handlers.on(leaves.SerialsFrozen, self._freeze_serials)
        handlers.on(leaves.SerialsReleased, self._release_serials)
        handlers.on(leaves.CreditsReversed, self._reverse)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self._orders.save()
        self._reversed.save()

    # ------------------------------------------------------------------------- proposals

    def _propose_freeze(self, _: int, act: leaves.FreezeProposed) -> None:
        said = act.data
        self._standing.require(act, Permission.PROPOSE_FREEZE)
        if said.account is not None:
            if (said.batch, said.first, said.last) != (None, None, None):
                raise Broken("value_differs", f"{act.subject} names two things")
            self._holding(said.account)
        elif said.batch is None or said.first is None or said.last is None:
            raise Broken("value_differs", f"{act.subject} names nothing")
        else:
            credits_made = self._ledger.batch(said.batch).credits
            if not said.first <= said.last <= credits_made:
                raise Broken("serials_outside_batch", f"{said.batch} has {credits_made} serials")
        order = self.propose(act, _FREEZE)
        order.account, order.batch = said.account or "", said.batch or ""
        order.first, order.last = said.first or 0, said.last or 0
        self.add(act.subject, order)

    def _propose_release(self, _: int, act: leaves.ReleaseProposed) -> None:
        self._standing.require(act, Permission.PROPOSE_FREEZE)
        self._standing_freeze(act.data.freeze)
        order = self.propose(act, _RELEASE)
        order.freeze = act.data.freeze
        self.add(act.subject, order)

    def _propose_reversal(self, index: int, act: leaves.ReversalProposed) -> None:
        self._standing.require(act, Permission.PROPOSE_REVERSAL)
        if act.data.act >= index:
            raise Broken("unknown", f"act {act.data.act} is still to come")
        if self._reversed.find(str(act.data.act)) is not None:
            raise Broken("taken_twice", f"act {act.data.act} was taken back before")
        order = self.propose(act, _REVERSAL)
        order.act = act.data.act
        self.add(act.subject, order)

    def propose(self, act: leaves.ProposedOrder, action: str) -> KnownOrder:
        """
        Return a new order, for what it is about to be noted and `add` to be called.

        Raises:
            Broken: it waits for another time than the rule of its day says, or its document is
                unknown, or of other bytes.
        """
        said = act.data
        hours = int(self._catalogue.rule("", RuleKey.ORDER_HOURS, day_of(act)))
        until = rfc3339(moment_of(act) + timedelta(hours=hours))
        require_same(said.expires_at, until, what="the end of waiting")
        if said.document_id is not None:
            document = self._catalogue.documents.get(said.document_id)
            require_same(said.document_sha256, document.sha256, what="the document's digest")
        return KnownOrder(action, act.by, sha256(leaf_of(act)).hex(), said.expires_at)

    def add(self, order_id: str, order: KnownOrder) -> None:
        """Keep a new order."""
        self._orders.add(order_id, order)

    # ------------------------------------------------------------------------- approvals

    def _freeze_account(self, _: int, act: leaves.AccountFrozen) -> None:
        order = self.give(act, act.data.order, act.data.digest, _FREEZE, Permission.APPROVE_FREEZE)
        require_same(act.subject, order.account, what="account", code="subject_differs")
        account = self._holding(act.subject)
        order.stands = True
        account.freezes += 1
        self._ledger.change_account(account)

    def _release_account(self, _: int, act: leaves.AccountReleased) -> None:
        freeze = self._release(act)
        require_same(act.subject, freeze.account, what="account", code="subject_differs")
        account = self._ledger.account(act.subject)
        account.freezes -= 1
        self._ledger.change_account(account)

    def _freeze_serials(self, _: int, act: leaves.SerialsFrozen) -> None:
        order = self.give(act, act.data.order, act.data.digest, _FREEZE, Permission.APPROVE_FREEZE)
        said = act.data
        require_same(act.subject, order.batch, what="batch", code="subject_differs")
        require_same((said.first, said.last), (order.first, order.last), what="the serials")
        order.stands = True
        self._ledger.freeze_serials(act.subject, said.order, (said.first, said.last))

    def _release_serials(self, _: int, act: leaves.SerialsReleased) -> None:
        freeze = self._release(act)
        said = act.data
        require_same(act.subject, freeze.batch, what="batch", code="subject_differs")
        require_same((said.first, said.last), (freeze.first, freeze.last), what="the serials")
        self._ledger.release_serials(act.subject, said.freeze)

    def _reverse(self, index: int, act: leaves.CreditsReversed) -> None:
        order = self.give(
            act, act.data.order, act.data.digest, _REVERSAL, Permission.APPROVE_REVERSAL
        )
        said = act.data
        require_same(said.reverses, order.act, what="the act that is taken back")
        self._reversed.add(str(said.reverses), KnownReversal(index))
        holder, origin = self._holding(said.from_), self._holding(said.to)
        require_same(act.subject, said.from_, what="subject", code="subject_differs")
        if holder is origin:
            raise Broken("account_not_allowed", f"{holder.number} sends to itself")
        self._ledger.require_brought(said.moves, holder=holder, log_index=said.reverses)
        moved = self._ledger.move(
            said.moves, sender=holder, receiver=origin, log_index=index, frozen_too=True
        )
        require_same(said.credits, moved, what="the sum of the runs", code="sum_differs")

    def give(
        self, act: Leaf, order_id: str, digest: str, action: str, permission: Permission
    ) -> KnownOrder:
        """
        Return the order that an act approves, which is given from now on.

        Args:
            act: the act.
            order_id: the order that it names.
            digest: the digest that it names.
            action: what must have been proposed.
            permission: what an approval needs.

        Raises:
            Broken: no second officer may approve it so.
            NotAllowedError: whoever acts may not.
            OrderProposerGoneError: whoever proposed it may not any more.
        """
        order = self._orders.get(order_id)
        require_same(order.action, action, what="what was proposed")
        self._standing.require(act, permission)
        if order.by == act.by:
            raise Broken("second_person_needed", f"{act.by} approves what {act.by} proposed")
        # Both are asked pen in hand: nothing that was so a moment ago is held for so.
        if not self._standing.may(order.by, PROPOSING[Action(order.action)]):
            raise OrderProposerGoneError
        if not self._standing.may(act.by, permission):
            raise NotAllowedError(permission=permission.value)
        if order.is_given or act.at >= order.expires_at:
            raise Broken("not_possible_now", f"{order_id} cannot be approved any more")
        require_same(digest, order.digest, what="what was approved")
        order.is_given = True
        self._orders.changed(order_id)
        return order

    def _release(self, act: leaves.AccountReleased | leaves.SerialsReleased) -> KnownOrder:
        order = self.give(act, act.data.order, act.data.digest, _RELEASE, Permission.APPROVE_FREEZE)
        require_same(act.data.freeze, order.freeze, what="what is released")
        freeze = self._standing_freeze(order.freeze)
        freeze.stands = False
        self._orders.changed(order.freeze)
        return freeze

    # --------------------------------------------------------------------------- finding

    def _standing_freeze(self, order_id: str) -> KnownOrder:
        freeze = self._orders.get(order_id)
        if not freeze.stands:
            raise Broken("not_possible_now", f"{order_id} is not frozen")
        return freeze

    def _holding(self, number: str) -> Account:
        account = self._ledger.account(number)
        if account.kind != AccountKind.HOLDING.value or not account.is_open:
            raise Broken("account_not_allowed", f"{number} is no open holding account")
        return account
