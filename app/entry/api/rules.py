"""Rules of the register: values of every programme that has none of its own."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.entry.acts import Reply
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.days import Day
from app.entry.api.programmes import RuleBody, RuleShown, rule_shown
from app.entry.api.wire import Shown, created, show
from app.entry.problems import refused
from app.kernel.clock import bangkok_date, now
from app.registry.parties.policy import (
    NotAllowedError,
)
from app.registry.programmes import operations, store
from app.registry.programmes.refusals import (
    RuleDateAheadError,
    RulePeriodReversedError,
    RuleRetroactiveError,
    RuleValueUnreadableError,
)
from app.registry.programmes.rules import RuleValue

router = APIRouter(prefix="/rules", tags=["programmes"], route_class=StrictRoute)


class RulesInForce(Shown):
    """The rules of the register on a day."""

    rules_on: date = Field(description="The day in Bangkok.", examples=["2026-11-24"])
    rules: list[RuleShown] = Field(
        description="One value per rule; a rule that is a limit and has none does not limit."
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
    day = bangkok_date(now()) if on is None else on
    values = await store.list_rules_in_force(reader, programme_code=None, on=day)
    return show(RulesInForce(rules_on=day, rules=[rule_shown(value) for value in values]))


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
    ),
    summary="Set a rule of the register",
    operation_id="set_register_rule",
)
async def set_register_rule(body: RuleBody, write: Write) -> Response:
    """
    Give a rule a value from today or a later day on, for every programme without one of its own.

    So transfers are governed from a day on: `transfers_governed` with `yes`.
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

    return await write(lambda pen: operations.set_rule(pen, write.actor, command), present)
