"""The dated rules and working days that transfers are held to."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.clock import bangkok_date
from app.registry.calendar.rules import add_working_days, at_bangkok, is_working_day
from app.registry.calendar.store import find_day, list_holidays
from app.registry.ledger.terms import Terms
from app.registry.programmes.rules import RuleKey, hours_of, is_yes, whole_of
from app.registry.programmes.store import find_rule, get_rule
from app.registry.transfers import rules


@dataclass(frozen=True, slots=True)
class Limits:
    """Most that transfers to accounts that are not trusted may move; None: there is no limit."""

    act_max: int | None
    day_max: int | None


async def get_terms(connection: AsyncConnection, day: date) -> Terms | None:
    """
    Return on which terms one person transfers at once on a day; None: on any.

    Raises:
        RuleMissingError: transfers are governed, but nobody has said at which hours.
        CalendarYearMissingError: nobody has entered the holidays of the year.
    """
    governed = await find_rule(
        connection, programme_code=None, key=RuleKey.TRANSFERS_GOVERNED, on=day
    )
    if governed is None or not is_yes(governed):
        return None
    rule = await get_rule(connection, programme_code=None, key=RuleKey.TRANSFER_HOURS, on=day)
    opens, closes = hours_of(rule)
    opens_at = at_bangkok(day, opens)
    if not is_working_day(day, await list_holidays(connection, day, day)):
        return Terms(opens_at, opens_at)
    return Terms(opens_at, at_bangkok(day, closes))


async def get_expiry(connection: AsyncConnection, now: datetime) -> datetime:
    """Return until when something that is proposed now can be approved."""
    hours = await _whole(connection, RuleKey.TRANSFER_PROPOSAL_HOURS, bangkok_date(now))
    return now + timedelta(hours=hours)


async def get_acceptance_end(
    connection: AsyncConnection, proposed_at: datetime, now: datetime
) -> datetime:
    """
    Return until when the receiver of a transfer that is approved now can accept it.

    Raises:
        RuleMissingError: no time is set.
    """
    hours = await _whole(connection, RuleKey.TRANSFER_ACCEPTANCE_HOURS, bangkok_date(now))
    return proposed_at + timedelta(hours=hours)


async def get_execution(connection: AsyncConnection, now: datetime, *, trusted: bool) -> datetime:
    """
    Return when a transfer that is approved now is made.

    To a trusted account: now, in working hours, and otherwise when they begin next. To any other:
    at the first noon of a working day that is at least the rule's delay away.

    Raises:
        RuleMissingError, CalendarYearMissingError: it cannot be told.
    """
    today = bangkok_date(now)
    if trusted:
        rule = await get_rule(connection, programme_code=None, key=RuleKey.TRANSFER_HOURS, on=today)
        opens, closes = hours_of(rule)
        day = await find_day(connection, today, lambda days: rules.day_of_hours(now, closes, days))
        assert day is not None
        return max(now, at_bangkok(day, opens))
    delay = timedelta(hours=await _whole(connection, RuleKey.TRANSFER_DELAY_HOURS, today))
    earliest = now + delay
    first = bangkok_date(earliest)
    day = await find_day(connection, first, lambda days: rules.day_of_noon(earliest, days))
    assert day is not None
    return at_bangkok(day, rules.NOON)


async def get_activation(connection: AsyncConnection, now: datetime) -> datetime:
    """
    Return from when on an account that is put on a trusted list now is trusted.

    Raises:
        RuleMissingError, CalendarYearMissingError: it cannot be told.
    """
    today = bangkok_date(now)
    count = await _whole(connection, RuleKey.TRUST_ACTIVATION_WORKING_DAYS, today)
    day = await find_day(connection, today, lambda days: add_working_days(today, count, days))
    assert day is not None
    return at_bangkok(day, rules.NOON)


async def get_limits(connection: AsyncConnection, programmes: set[str], now: datetime) -> Limits:
    """
    Return the limits of a transfer: the lowest of the register's and of its credits' programmes.
    """
    today = bangkok_date(now)
    found: dict[RuleKey, list[int]] = {}
    for key in (RuleKey.TRANSFER_CREDITS_MAX, RuleKey.TRANSFER_CREDITS_PER_DAY_MAX):
        for whose in (None, *sorted(programmes)):
            rule = await find_rule(connection, programme_code=whose, key=key, on=today)
            if rule is not None:
                found.setdefault(key, []).append(whole_of(rule))
    return Limits(
        act_max=min(found.get(RuleKey.TRANSFER_CREDITS_MAX, []), default=None),
        day_max=min(found.get(RuleKey.TRANSFER_CREDITS_PER_DAY_MAX, []), default=None),
    )


async def _whole(connection: AsyncConnection, key: RuleKey, on: date) -> int:
    return whole_of(await get_rule(connection, programme_code=None, key=key, on=on))
