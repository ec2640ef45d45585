"""Cases of over-issuance and reversal, as the log tells of them: what is owed, and made good."""

from typing import Final

import msgspec

from app.registry.compensation import rules
from app.registry.compensation.rules import StepKind
from app.registry.orders.rules import CaseKind
from app.registry.parties.policy import Permission
from app.registry.programmes.rules import RuleKey
from app.registry.replay.catalogue import Catalogue
from app.registry.replay.issuance import Issuances
from app.registry.replay.leaves import cases as leaves
from app.registry.replay.movements import Movements
from app.registry.replay.orders import Orders
from app.registry.replay.shelf import Shelf
from app.registry.replay.standing import Standing
from app.registry.replay.things import Handlers, Things, day_of, require_same

_CASE: Final = "case"
_BUFFER: Final = "buffer"

_Step = leaves.CreditsDeducted | leaves.CreditsReplaced | leaves.BufferCompensated


class KnownCase(msgspec.Struct, array_like=True):
    """A case as it stands."""

    issuance: str
    kind: CaseKind
    owed: int


class Cases:
    """What is owed for credits that were issued, and what ends for it."""

    def __init__(
        self, shelf: Shelf, parts: tuple[Standing, Catalogue, Issuances, Movements, Orders]
    ) -> None:
        self._standing, self._catalogue, self._issuances, self._movements, self._orders = parts
        self._cases: Things[KnownCase] = Things(shelf, "case", KnownCase)

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.CaseProposed, self._propose_case)
        handlers.on(leaves.BufferProposed, self._propose_buffer)
        handlers.on(leaves.CaseOpened, self._open)
        handlers.on(leaves.CreditsDeducted, self._deduct)
        handlers.on(leaves.CreditsReplaced, self._replace)
        handlers.on(leaves.BufferCompensated, self._take_from_buffer)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self._cases.save()

    def _propose_case(self, _: int, act: leaves.CaseProposed) -> None:
        said = act.data
        self._standing.require(act, Permission.PROPOSE_CASE)
        issued = self._issuances.decisions.get(said.issuance)
        rules.check_claim(said.credits, issued=issued.credits, claimed=issued.claimed)
        order = self._orders.propose(act, _CASE)
        order.issuance, order.case_kind = said.issuance, said.case_kind.value
        order.credits = said.credits
        self._orders.add(act.subject, order)

    def _propose_buffer(self, _: int, act: leaves.BufferProposed) -> None:
        said = act.data
        self._standing.require(act, Permission.PROPOSE_CASE)
        case = self._cases.get(said.case)
        rules.check_buffer(case.kind)
        rules.check_step(said.credits, case_id=said.case, owed=case.owed)
        order = self._orders.propose(act, _BUFFER)
        order.case, order.credits = said.case, said.credits
        self._orders.add(act.subject, order)

    def _open(self, _: int, act: leaves.CaseOpened) -> None:
        said = act.data
        order = self._orders.give(act, said.order, said.digest, _CASE, Permission.APPROVE_CASE)
        require_same(act.subject, said.order, what="the case", code="subject_differs")
        claim = (said.issuance, said.case_kind.value, said.credits)
        require_same(claim, (order.issuance, order.case_kind, order.credits), what="the claim")
        issued = self._issuances.decisions.get(said.issuance)
        rules.check_claim(said.credits, issued=issued.credits, claimed=issued.claimed)
        days = int(self._catalogue.rule("", RuleKey.COMPENSATION_DAYS, day_of(act)))
        require_same(said.due_on, rules.due_on(day_of(act), days=days), what="the day due")
        issued.claimed += said.credits
        self._issuances.decisions.changed(said.issuance)
        self._cases.add(act.subject, KnownCase(said.issuance, said.case_kind, said.credits))

    def _deduct(self, index: int, act: leaves.CreditsDeducted) -> None:
        self._compensate(index, act, StepKind.DEDUCTION)

    def _replace(self, index: int, act: leaves.CreditsReplaced) -> None:
        self._compensate(index, act, StepKind.REPLACEMENT)

    def _compensate(
        self,
        index: int,
        act: leaves.CreditsDeducted | leaves.CreditsReplaced,
        kind: StepKind,
    ) -> None:
        said = act.data
        sender = self._movements.own_holding(act)
        case = self._cases.get(said.case)
        issued = self._issuances.decisions.get(case.issuance)
        own = [run.batch in issued.batches for run in said.moves]
        rules.check_credits(
            kind,
            issuance_id=case.issuance,
            are_own=any(own),
            are_others=not all(own),
            by_developer=sender.owner == issued.owner,
        )
        self._lower(act, case)
        self._movements.end(index, act, sender)

    def _take_from_buffer(self, index: int, act: leaves.BufferCompensated) -> None:
        said = act.data
        order = self._orders.give(act, said.order, said.digest, _BUFFER, Permission.MANAGE_BUFFER)
        require_same((said.case, said.credits), (order.case, order.credits), what="what is given")
        self._lower(act, self._cases.get(said.case))
        self._movements.end(index, act, self._movements.buffer(act))

    def _lower(self, act: _Step, case: KnownCase) -> None:
        """Let a case owe less by what a step ends."""
        said = act.data
        require_same(said.purpose, case.kind.value, what="the purpose")
        rules.check_step(said.credits, case_id=said.case, owed=case.owed)
        case.owed -= said.credits
        require_same(said.owed, case.owed, what="what is owed after")
        self._cases.changed(said.case)
