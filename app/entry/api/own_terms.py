"""What an account sets for itself: whether it accepts what comes, and most that it sends."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import Field

from app.entry.api.accounts import visible_account
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.credits import AccountPath
from app.entry.api.wire import WHOLE, Body, Shown, changed, show
from app.entry.identity import Caller
from app.entry.problems import refused
from app.kernel import clock
from app.kernel.quantities import CREDITS_MAX
from app.registry.calendar.refusals import CalendarYearMissingError
from app.registry.ledger import operations as ledger
from app.registry.ledger import store
from app.registry.ledger.refusals import AccountClosedError, AccountNotFoundError
from app.registry.ledger.serials import AccountNumberError, account_id
from app.registry.ledger.terms import OwnTerms
from app.registry.parties.policy import NotAllowedError
from app.registry.programmes.refusals import RuleMissingError
from app.registry.signin.refusals import CONFIRMING
from app.registry.transfers import operations

router = APIRouter(
    prefix="/accounts/{number}/own-terms", tags=["accounts"], route_class=StrictRoute
)

_SEEING: Final = (AccountNotFoundError, AccountNumberError)
_SETTING: Final = (NotAllowedError, *_SEEING, AccountClosedError)
_LIMIT: Final = "Null: no limit. Only transfers to accounts of other owners count."

CreditsOrNone = Annotated[int | None, Field(ge=1, le=CREDITS_MAX), WHOLE]


class AcceptanceBody(Body):
    """Whether an account asks to accept what others send."""

    asks: bool = Field(description="Whether it asks from now on.", examples=[True])


class LimitsBody(Body):
    """Most that an account sends to accounts of other owners."""

    credits_max: CreditsOrNone = Field(
        description=f"Most for one transfer. {_LIMIT}", examples=[10_000, None]
    )
    credits_per_day_max: CreditsOrNone = Field(
        description=f"Most for a day in Bangkok, as approved. {_LIMIT}", examples=[50_000, None]
    )


class LimitsShown(Shown):
    """Limits of an account."""

    credits_max: int | None = Field(
        description=f"Most for one transfer. {_LIMIT}", examples=[10_000, None]
    )
    credits_per_day_max: int | None = Field(
        description=f"Most for a day in Bangkok. {_LIMIT}", examples=[50_000, None]
    )


class OwnTermsShown(Shown):
    """What an account has set for itself."""

    asks_acceptance: bool = Field(
        description="Whether what others send waits until this account accepts it.",
        examples=[False],
    )
    in_force: LimitsShown = Field(description="The limits in force now.")
    from_later_on: LimitsShown | None = Field(
        description="The limits that take their place; null: none do.", examples=[None]
    )
    later: datetime | None = Field(
        description="When they do; null: none do.", examples=["2026-11-30T05:00:00Z", None]
    )

    @classmethod
    def of(cls, terms: OwnTerms) -> "OwnTermsShown":
        """Show an account's own terms as they are now."""
        now = clock.now()
        waits = terms.raised_from is not None and terms.raised_from > now
        for_one, for_day = terms.limits_at(now)
        later = LimitsShown(
            credits_max=terms.raised_credits_max,
            credits_per_day_max=terms.raised_credits_per_day_max,
        )
        return cls(
            asks_acceptance=terms.asks_acceptance,
            in_force=LimitsShown(credits_max=for_one, credits_per_day_max=for_day),
            from_later_on=later if waits else None,
            later=terms.raised_from if waits else None,
        )


@router.get(
    "",
    response_model=OwnTermsShown,
    operation_id="get_own_terms",
    summary="Read what an account has set for itself",
    responses=refused(*_SEEING),
)
async def get_own_terms(number: AccountPath, reader: Reader, actor: Caller) -> Response:
    """
    Read whether an account accepts what others send, and its own limits.

    The lowest counts: of these, and, for receivers that the account does not trust, of the
    register's and the programme's (the rules `transfer_credits_max` and
    `transfer_credits_per_day_max`).
    """
    account = await visible_account(reader, actor, number)
    return show(OwnTermsShown.of(await store.get_own_terms(reader, account.id)))


@router.put(
    "/acceptance",
    response_model=OwnTermsShown,
    operation_id="set_acceptance",
    summary="Accept what others send, or let it come",
    responses=refused(*_SETTING),
)
async def set_acceptance(number: AccountPath, body: AcceptanceBody, write: Write) -> Response:
    """
    Let transfers from other owners wait until your account accepts them, or no longer.

    They are then proposed, never made at once, and go back where nobody accepts them in time (the
    rule `transfer_acceptance_hours`). What was approved before goes on as it was.
    """
    account = account_id(number)
    return await write(
        lambda pen: ledger.set_acceptance(pen, write.actor, account, asks=body.asks),
        lambda terms: changed(OwnTermsShown.of(terms)),
    )


@router.put(
    "/limits",
    response_model=OwnTermsShown,
    operation_id="set_own_limits",
    summary="Limit what an account sends",
    responses=refused(*_SETTING, RuleMissingError, CalendarYearMissingError, *CONFIRMING),
)
async def set_own_limits(number: AccountPath, body: LimitsBody, write: Write) -> Response:
    """
    Set most that your account sends to other owners, by one transfer and in a day.

    What is lower than before counts at once. What is higher counts from noon of the fourth working
    day (the rule `trust_activation_working_days`), and until then can be taken back by setting the
    limits anew. An account with a limit for a day sends to other owners by proposals only.
    """
    account = account_id(number)
    return await write(
        lambda pen: operations.set_limits(
            pen,
            write.actor,
            account,
            credits_max=body.credits_max,
            credits_per_day_max=body.credits_per_day_max,
        ),
        lambda terms: changed(OwnTermsShown.of(terms)),
    )
