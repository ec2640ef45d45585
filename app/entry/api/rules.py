"""Rules of the register: values of every programme that has none of its own."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.entry.acts import Reply
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.days import Day
from app.entry.api.programmes import RuleBody, RuleShown, rule_shown
from app.entry.api.wire import Shown, created, show
from app.entry.problems import refused
from app.kernel.clock import bangkok_date, now
from app.registry.pairs import operations as acts
from app.registry.pairs.refusals import NamedShorterError, TooFewPeopleError, TwoPeopleNeededError
from app.registry.pairs.rules import acts_of
from app.registry.parties.policy import NotAllowedError
from app.registry.programmes import operations, store
from app.registry.programmes.refusals import (
    RuleDateAheadError,
    RuleMissingError,
    RulePeriodReversedError,
    RuleRetroactiveError,
    RuleValueUnreadableError,
)
from app.registry.programmes.rules import (
    ConfirmedAct,
    RuleKey,
    RuleValue,
    TwoPersonAct,
    is_yes,
    list_of,
)

router = APIRouter(prefix="/rules", tags=["programmes"], route_class=StrictRoute)


class PlainAct(StrEnum):
    """Acts of which rules say how many people they take, and that no rule has confirmed."""

    TRANSFER_AT_ONCE = "transfer_at_once"
    ROLE_CHANGE = "role_change"
    RULE_CHANGE = "rule_change"


class ActShown(Shown):
    """What an act takes on a day."""

    act: PlainAct | ConfirmedAct = Field(description="The act.", examples=["transfer_approval"])
    needs_two_people: bool = Field(
        description="Whether one person begins it and another approves. Of a transfer at once: "
        "whether it is so for receivers that the account does not trust.",
        examples=[True],
    )
    needs_second_factor: bool = Field(
        description="Whether it takes a confirmation (POST /v1/confirmations) with a fresh second "
        "factor of whoever does it.",
        examples=[False],
    )
    confirms: str | None = Field(
        description="What a confirmation is bound to: the SHA-256 of an object with these members "
        "and `act`, as canonical JSON (RFC 8785). Null: it is never confirmed.",
        examples=["proposal, digest (of the proposal)"],
    )


# Whether each takes two people whatever the rules say, and what is confirmed of it.
_ACTS: Final = {
    ConfirmedAct.TRANSFER_PROPOSAL: (True, "digest (of the proposal's `proposed`)"),
    ConfirmedAct.TRANSFER_APPROVAL: (True, "proposal, digest (of the proposal)"),
    ConfirmedAct.TRUST_PROPOSAL: (True, "account, trusted (numbers of accounts)"),
    ConfirmedAct.TRUST_APPROVAL: (True, "entry, account, trusted"),
    ConfirmedAct.LIMIT_RAISING: (False, "account, credits_max, credits_per_day_max"),
    ConfirmedAct.ISSUANCE_APPROVAL: (False, "report, lines (as the log's entry has them)"),
    ConfirmedAct.ORDER_PROPOSAL: (True, "action, about (as the order shows), document_sha256"),
    ConfirmedAct.ORDER_APPROVAL: (True, "order, digest (of the order)"),
}


class RulesInForce(Shown):
    """The rules of the register on a day."""

    rules_on: date = Field(description="The day in Bangkok.", examples=["2026-11-24"])
    rules: list[RuleShown] = Field(
        description="One value per rule; a rule that is a limit and has none does not limit."
    )
    acts: list[ActShown] = Field(
        description="What risky acts take, by the rules `transfers_governed`, `two_person_acts` "
        "and `confirmed_acts`."
    )


@router.get(
    "",
    response_model=RulesInForce,
    summary="Read the rules of the register",
    operation_id="list_register_rules",
)
async def list_register_rules(
    reader: Reader,
    on: Annotated[
        Day | None,
        Query(
            description="Show the values in force on this day; left out: today in Bangkok.",
            examples=["2026-11-24"],
        ),
    ] = None,
) -> Response:
    """Read the values that hold where no programme is meant, or it has none of its own."""
    today = bangkok_date(now())
    day = today if on is None else on
    values = await store.list_rules_in_force(reader, programme_code=None, on=day)
    by_two = acts_of(value for value in values if value.key is RuleKey.TWO_PERSON_ACTS)
    if day >= today:
        by_two |= await acts.find_acts(reader, day)
    shown = [rule_shown(value) for value in values]
    return show(RulesInForce(rules_on=day, rules=shown, acts=_acts(values, by_two)))


def _acts(values: Sequence[RuleValue], by_two: frozenset[TwoPersonAct]) -> list[ActShown]:
    by_key = {value.key: value for value in values}
    governed = by_key.get(RuleKey.TRANSFERS_GOVERNED)
    confirmed = by_key.get(RuleKey.CONFIRMED_ACTS)
    named = () if confirmed is None else list_of(confirmed)
    unconfirmed = {
        PlainAct.TRANSFER_AT_ONCE: governed is not None and is_yes(governed),
        **{PlainAct(act.value): act in by_two for act in TwoPersonAct if act.value not in _ACTS},
    }
    return [
        *(
            ActShown(act=act, needs_two_people=by, needs_second_factor=False, confirms=None)
            for act, by in unconfirmed.items()
        ),
        *(
            ActShown(
                act=act,
                needs_two_people=two_people or act.value in by_two,
                needs_second_factor=act.value in named,
                confirms=confirms,
            )
            for act, (two_people, confirms) in _ACTS.items()
        ),
    ]


@router.post(
    "",
    response_model=RuleShown,
    status_code=201,
    responses=refused(
        NotAllowedError,
        RuleRetroactiveError,
        RuleDateAheadError,
        RulePeriodReversedError,
        RuleValueUnreadableError,
        NamedShorterError,
        TooFewPeopleError,
        TwoPeopleNeededError,
        RuleMissingError,
    ),
    summary="Set a rule of the register",
    operation_id="set_register_rule",
)
async def set_register_rule(body: RuleBody, write: Write) -> Response:
    """
    Give a rule a value from today or a later day on, for every programme without one of its own.

    Where the rule `two_person_acts` names `rule_change`, propose it instead: POST /v1/orders. And
    while it, or a value of it to come, names anything, so is what it names itself.

    So transfers are governed from a day on: `transfers_governed` with `yes`. And acts need a fresh
    second factor from a day on: `confirmed_acts` with their names, joined by commas.
    """
    command = operations.SetRule(
        programme_code=None,
        key=body.key,
        value=body.value,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        source=body.source,
        is_default=body.is_default,
    )

    def present(value: RuleValue) -> Reply:
        return created(rule_shown(value), location="/v1/rules")

    return await write(lambda pen: acts.set_rule(pen, write.actor, command), present)
