"""When a proposed transfer may be approved, taken back, and made: moments over any calendar."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entry.delivering import SteadyClock
from app.kernel.clock import BANGKOK, bangkok_date
from app.kernel.errors import RegistryError
from app.registry.calendar.rules import at_bangkok, is_working_day
from app.registry.ledger.rules import Account, AccountKind, AccountStatus, Choice
from app.registry.ledger.serials import SerialRange
from app.registry.ledger.terms import Terms, check_terms, trusts
from app.registry.programmes.rules import RuleKey, check_value
from app.registry.transfers import rules
from app.registry.transfers.rules import Proposal, State

AT = datetime(2032, 3, 1, 4, tzinfo=UTC)  # Monday, 11:00 in Bangkok
DELAY = timedelta(hours=24)
MOMENTS = st.datetimes(
    datetime(2030, 1, 1),  # noqa: DTZ001
    datetime(2033, 12, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
DAYS = st.sets(st.dates(date(2030, 1, 1), date(2034, 12, 31)), max_size=300)
CLOCK = st.times(time(0, 1), time(23, 59)).map(lambda at: at.replace(microsecond=0, second=0))


@given(MOMENTS, DAYS)
def test_a_transfer_to_a_stranger_is_made_at_a_working_noon_a_day_later(
    approved_at: datetime, holidays: set[date]
) -> None:
    """Never earlier than the delay, and never a working noon too late."""
    earliest = approved_at + DELAY
    day = rules.day_of_noon(earliest, holidays)
    made_at = at_bangkok(day, rules.NOON)
    assert made_at >= earliest
    assert is_working_day(day, holidays)
    before = bangkok_date(approved_at)
    while before < day:
        noon = at_bangkok(before, rules.NOON)
        assert noon < earliest or not is_working_day(before, holidays)
        before += timedelta(days=1)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=30)), DAYS)
def test_what_is_approved_later_is_not_made_earlier(
    approved_at: datetime, later: timedelta, holidays: set[date]
) -> None:
    first = rules.day_of_noon(approved_at + DELAY, holidays)
    assert rules.day_of_noon(approved_at + later + DELAY, holidays) >= first


@given(MOMENTS, CLOCK, DAYS)
def test_hours_that_come_are_those_of_a_working_day_not_over_yet(
    now: datetime, closes: time, holidays: set[date]
) -> None:
    day = rules.day_of_hours(now, closes, holidays)
    assert is_working_day(day, holidays)
    assert at_bangkok(day, closes) > now
    today = bangkok_date(now)
    is_open_today = is_working_day(today, holidays) and now < at_bangkok(today, closes)
    assert (day == today) == is_open_today


def an_account(number: int, owner: str) -> Account:
    return Account(number, owner, AccountKind.HOLDING, AccountStatus.OPEN, "x", 1, AT)


MINE, ALSO_MINE, THEIRS = an_account(1001, "a"), an_account(1002, "a"), an_account(1003, "b")
OPEN = Terms(AT, AT + timedelta(hours=6))
HOLIDAY = Terms(AT, AT)


def code_of(terms: Terms, receiver: Account, *, since: datetime | None, now: datetime) -> str:
    trusted = {} if since is None else {receiver.id: since}
    try:
        check_terms(terms, trusted, (MINE, receiver), now=now)
    except RegistryError as refusal:
        return refusal.code
    return "done"


@pytest.mark.parametrize(
    ("terms", "receiver", "since", "now", "code"),
    [
        (OPEN, THEIRS, None, AT, "second_person_needed"),
        (OPEN, THEIRS, AT + timedelta(microseconds=1), AT, "second_person_needed"),
        (OPEN, THEIRS, AT, AT, "done"),
        (OPEN, ALSO_MINE, None, AT, "done"),
        (OPEN, ALSO_MINE, None, OPEN.closes_at - timedelta(microseconds=1), "done"),
        (OPEN, ALSO_MINE, None, OPEN.closes_at, "outside_hours"),
        (OPEN, THEIRS, AT, AT - timedelta(microseconds=1), "second_person_needed"),
        (OPEN, ALSO_MINE, None, AT - timedelta(microseconds=1), "outside_hours"),
        (HOLIDAY, ALSO_MINE, None, AT, "outside_hours"),
    ],
)
def test_one_person_transfers_to_trusted_accounts_in_working_hours(
    terms: Terms, receiver: Account, since: datetime | None, now: datetime, code: str
) -> None:
    assert code_of(terms, receiver, since=since, now=now) == code


def test_trust_is_of_one_account_in_one_other() -> None:
    assert trusts({}, MINE, ALSO_MINE, now=AT)
    assert not trusts({ALSO_MINE.id: AT}, MINE, THEIRS, now=AT)


def a_proposal(**changes: object) -> Proposal:
    content = rules.content_of(1001, 1003, Choice(credits=10))
    known: dict[str, object] = {
        "id": "prp_1",
        "from_account": 1001,
        "to_account": 1003,
        "content": content,
        "digest": rules.digest_of(content),
        "credits": 10,
        "state": State.PROPOSED,
        "proposed_by": "usr_1",
        "proposed_at": AT,
        "proposed_index": 1,
        "expires_at": AT + timedelta(hours=48),
        **changes,
    }
    return Proposal(**known)  # type: ignore[arg-type]


def approval_of(proposal: Proposal, *, by: str = "usr_2", at: datetime, digest: str = "") -> str:
    try:
        rules.check_approval(proposal, by=by, digest=digest or proposal.digest, now=at)
    except RegistryError as refusal:
        return refusal.code
    return "done"


def test_a_proposal_is_approved_until_it_expires_by_somebody_else() -> None:
    """At the limit, and past it; the proposer never, and nobody approves other content."""
    proposal = a_proposal()
    last = proposal.expires_at - timedelta(microseconds=1)
    assert approval_of(proposal, at=last) == "done"
    assert approval_of(proposal, at=proposal.expires_at) == "transfer_proposal_lapsed"
    assert approval_of(proposal, by="usr_1", at=AT) == "own_proposal"
    assert approval_of(proposal, at=AT, digest="0" * 64) == "digest_differs"
    for state in set(State) - {State.PROPOSED, State.LAPSED}:
        assert approval_of(a_proposal(state=state), at=AT) == "transfer_proposal_state"


def test_a_transfer_is_taken_back_until_its_moment() -> None:
    due = AT + timedelta(hours=30)
    scheduled = a_proposal(state=State.SCHEDULED, executes_at=due)
    rules.check_abort(scheduled, now=due - timedelta(microseconds=1))
    with pytest.raises(RegistryError) as refusal:
        rules.check_abort(scheduled, now=due)
    assert refusal.value.code == "transfer_due"
    for state in set(State) - {State.PROPOSED, State.SCHEDULED}:
        with pytest.raises(RegistryError) as refusal:
            rules.check_abort(a_proposal(state=state, executes_at=due), now=AT)
        assert refusal.value.code == "transfer_proposal_state"


@pytest.mark.parametrize(
    ("sent", "of_day", "act_max", "day_max", "code"),
    [
        (100, 0, None, None, "done"),
        (100, 0, 100, None, "done"),
        (101, 0, 100, None, "transfer_over_limit"),
        (60, 40, 100, 100, "done"),
        (61, 40, 100, 100, "transfers_of_day_over_limit"),
    ],
)
def test_limits_hold_at_the_limit(
    sent: int, of_day: int, act_max: int | None, day_max: int | None, code: str
) -> None:
    found = "done"
    try:
        rules.check_limits(sent, of_day=of_day, act_max=act_max, day_max=day_max)
    except RegistryError as refusal:
        found = refusal.code
    assert found == code


RANGES = st.builds(
    SerialRange, st.sampled_from(["TH-CITY-0001-2024-1", "XX-1"]), st.integers(1), st.integers(1)
)
CHOICES = st.one_of(
    st.builds(
        Choice, st.integers(1, 2**53 - 1), st.none() | st.just("XX-1"), st.none() | st.just(2024)
    ),
    st.builds(Choice, st.none(), st.none(), st.none(), st.lists(RANGES, min_size=1).map(tuple)),
)


@given(CHOICES, CHOICES)
def test_a_digest_is_of_one_content(one: Choice, other: Choice) -> None:
    """What was proposed is read back as it was; two proposals of other credits differ."""
    if any(r.first > 2**53 - 1 or r.last > 2**53 - 1 for c in (one, other) for r in c.ranges):
        return
    content = rules.content_of(1001, 1003, one)
    assert rules.choice_of(json.loads(content)) == one
    same = rules.digest_of(content) == rules.digest_of(rules.content_of(1001, 1003, other))
    assert same == (one == other)
    assert rules.digest_of(content) != rules.digest_of(rules.content_of(1001, 1004, one))


@pytest.mark.parametrize("value", ["10:00-16:00", "00:00-23:59", "08:30-08:31"])
def test_hours_are_two_times_of_a_clock(value: str) -> None:
    check_value(RuleKey.TRANSFER_HOURS, value)


@pytest.mark.parametrize(
    "value", ["16:00-10:00", "10:00-10:00", "10-16", "24:00-25:00", "9:00-16:00", "10:00-16:60", ""]
)
def test_what_is_no_hours_is_refused(value: str) -> None:
    with pytest.raises(RegistryError) as refusal:
        check_value(RuleKey.TRANSFER_HOURS, value)
    assert refusal.value.code == "rule_value_unreadable"


class Clocks:
    """A clock that jumps, and seconds that do not."""

    def __init__(self) -> None:
        self.shows, self.passed = AT, 1_000.0

    def go(self, seconds: float, *, jump: timedelta = timedelta(0)) -> None:
        self.passed += seconds
        self.shows += timedelta(seconds=seconds) + jump


JUMPS = st.integers(-3, 3).map(lambda hours: timedelta(hours=hours))


@given(st.lists(st.tuples(st.floats(0, 10_000), JUMPS)))
def test_a_steady_clock_is_never_ahead_of_the_time_that_passed(
    steps: list[tuple[float, timedelta]],
) -> None:
    """Whatever jumps there are, nothing is released before the seconds for it have passed."""
    clocks = Clocks()
    steady = SteadyClock(lambda: clocks.shows, lambda: clocks.passed)
    for seconds, jump in steps:
        clocks.go(seconds, jump=jump)
        passed = AT + timedelta(seconds=clocks.passed - 1_000.0)
        assert steady.moment() <= min(passed, clocks.shows) + timedelta(milliseconds=1)


def test_a_steady_clock_catches_up_once_a_jump_is_over() -> None:
    clocks = Clocks()
    steady = SteadyClock(lambda: clocks.shows, lambda: clocks.passed)
    two_hours = timedelta(hours=2)
    clocks.go(60, jump=two_hours)
    assert steady.moment() == AT + timedelta(seconds=60)
    clocks.go(60, jump=-two_hours)
    assert steady.moment() == AT + timedelta(seconds=120)
    clocks.go(60, jump=-two_hours)
    assert steady.moment() == AT + timedelta(seconds=180) - two_hours
    clocks.go(60, jump=two_hours)
    assert steady.moment() == AT + timedelta(seconds=240)
    assert steady.moment().astimezone(BANGKOK).hour == 11
