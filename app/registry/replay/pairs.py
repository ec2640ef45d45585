"""Acts of the authority that take two people, as the log tells of them."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import UNSET

from app.registry.orders.rules import ACTING
from app.registry.pairs.rules import (
    ACTION_OF,
    FIRST_ROLES,
    acts_named,
    acts_on,
    first_day_less,
    of_rule,
)
from app.registry.programmes.rules import RuleKey, TwoPersonAct, first_day_without
from app.registry.replay.catalogue import Catalogue
from app.registry.replay.faults import Broken
from app.registry.replay.leaves import ledger as credits_made
from app.registry.replay.leaves import orders as leaves
from app.registry.replay.leaves import parties as people
from app.registry.replay.leaves import rules as ruling
from app.registry.replay.orders import KnownOrder, Orders
from app.registry.replay.standing import Standing
from app.registry.replay.things import Handlers, day_of, require_same

_ROLES: Final = TwoPersonAct.ROLE_CHANGE

_Proposed = leaves.IssuanceProposed | leaves.RolesProposed | leaves.RuleProposed
_ByTwo = credits_made.CreditsIssued | people.UserRolesSet | ruling.RulesSet


class Pairs:
    """What one officer proposes and another approves by doing it."""

    def __init__(self, standing: Standing, catalogue: Catalogue, orders: Orders) -> None:
        self._standing = standing
        self._catalogue = catalogue
        self._orders = orders

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays proposals, and what looks at acts that may take two before they are."""
        for shape, act in (
            (leaves.IssuanceProposed, TwoPersonAct.ISSUANCE_APPROVAL),
            (leaves.RolesProposed, TwoPersonAct.ROLE_CHANGE),
            (leaves.RuleProposed, TwoPersonAct.RULE_CHANGE),
        ):
            handlers.on(shape, self._proposing(act))
        handlers.before(credits_made.CreditsIssued, self._issue)
        handlers.before(people.UserRolesSet, self._set_roles)
        handlers.before(people.UserAdded, self._add_user)
        handlers.before(ruling.RulesSet, self._set_rules)

    def _proposing(self, named: TwoPersonAct) -> Callable[[int, Any], None]:
        def propose(_: int, act: _Proposed) -> None:
            action = ACTION_OF[named]
            self._standing.require(act, ACTING[action])
            order = self._orders.propose(act, action)
            order.content = _written(act.data.content)
            self._orders.add(act.subject, order)

        return propose

    # ------------------------------------------------------------------------------- acts

    def _issue(self, _: int, act: credits_made.CreditsIssued) -> None:
        named = TwoPersonAct.ISSUANCE_APPROVAL
        order = self._order_of(act, named, needed=self._takes_two(act, named))
        if order is not None:
            said = act.data
            content = leaves.IssuanceContent(
                report_id=said.report_id,
                decided_on=said.decided_on,
                decision_document_id=said.decision_document_id,
                meeting=said.meeting,
                account=said.batches[0].account,
                lines=said.lines,
            )
            _require_content(order, content)
            # The order has the reason; what two people issue has no remark besides.
            require_same(said.reason_commitment, None, what="the remark")
            require_same(
                {batch.account for batch in said.batches}, {content.account}, what="the accounts"
            )

    def _set_roles(self, _: int, act: people.UserRolesSet) -> None:
        order = self._order_of(act, _ROLES, needed=self._takes_two(act, _ROLES))
        if order is not None:
            proposed = msgspec.json.decode(order.content, type=leaves.RolesContent)
            content = leaves.RolesContent(
                user_id=act.subject,
                party_id=act.data.party_id,
                roles=list(act.data.roles),
                # Versions count what the log does not tell of, and no act shows one.
                version=proposed.version,
            )
            _require_content(order, content)

    def _add_user(self, _: int, act: people.UserAdded) -> None:
        if self._takes_two(act, _ROLES) and not (
            FIRST_ROLES.issuperset(act.data.roles) or self._standing.awaits(act)
        ):
            raise Broken("second_person_needed", f"{act.by} gives roles that two people give")

    def _set_rules(self, _: int, act: ruling.RulesSet) -> None:
        named = self._by_two(act)
        needed = any(of_rule(said.key, named) for said in act.data.rules)
        self._require_lasting(act)
        order = self._order_of(act, TwoPersonAct.RULE_CHANGE, needed=needed)
        if order is not None:
            for said in act.data.rules:
                facts = {name: getattr(said, name) for name in said.__struct_fields__}
                facts.pop("id")
                _require_content(order, leaves.RuleContent(**facts))
            require_same(len(act.data.rules), 1, what="the count of values")

    def _require_lasting(self, act: ruling.RulesSet) -> None:
        """Refuse to name acts that nobody could propose, or for fewer days than the value says."""
        for said in act.data.rules:
            if said.key is not RuleKey.TWO_PERSON_ACTS or not acts_named(said.value):
                continue
            hours = self._catalogue.values_of(RuleKey.ORDER_HOURS)
            day = first_day_without(hours, day_of(act))
            if day is not None:
                raise Broken("rule_missing", f"orders have no time on {day}, and take two people")
            values = self._catalogue.values_of(RuleKey.TWO_PERSON_ACTS)
            day = first_day_less(values, said.value, said.valid_from, said.valid_to)
            if day is not None:
                raise Broken("not_possible_now", f"acts are named that are not any more on {day}")

    def _by_two(self, act: people.UserAdded | _ByTwo) -> frozenset[TwoPersonAct]:
        return acts_on(self._catalogue.values_of(RuleKey.TWO_PERSON_ACTS), day_of(act))

    def _takes_two(self, act: people.UserAdded | _ByTwo, named: TwoPersonAct) -> bool:
        return named in self._by_two(act)

    def _order_of(self, act: _ByTwo, named: TwoPersonAct, *, needed: bool) -> KnownOrder | None:
        """Return the order that an act carries out, given from now on; None: it does none."""
        order_id, digest = act.data.order, act.data.digest
        if order_id is UNSET or digest is UNSET:
            require_same(order_id, digest, what="what is said of an order")
            if needed:
                raise Broken("second_person_needed", f"{act.by} does alone what two people do")
            return None
        action = ACTION_OF[named]
        return self._orders.give(act, order_id, digest, action, ACTING[action])


def _written(content: msgspec.Struct) -> bytes:
    return msgspec.json.encode(content, order="sorted")


def _require_content(order: KnownOrder, content: msgspec.Struct) -> None:
    said = _written(content)
    if said != order.content:
        raise Broken("value_differs", "what was done is not what was proposed")
