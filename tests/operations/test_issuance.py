"""Issuances on the real database: from verified tonnes to serials, and what can never be issued."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert

from app.kernel.clock import bangkok_date, now
from app.kernel.errors import RegistryError
from app.kernel.ids import new_id
from app.registry.activities.refusals import (
    CreditAccountForeignError,
    DecisionAheadError,
    DecisionUngroundedError,
    EvidenceForeignError,
    ReasonMissingError,
)
from app.registry.activities.rules import ActivityForm, Grounds
from app.registry.issuance import operations, store
from app.registry.issuance.operations import DecideIssuance
from app.registry.issuance.refusals import (
    AlreadyDecidedError,
    IssuanceNotFoundError,
    NeverMintsError,
    NothingToIssueError,
)
from app.registry.issuance.rules import Issuance
from app.registry.issuance.store import issuance_lines, issuances
from app.registry.ledger import operations as ledger
from app.registry.ledger import store as ledger_store
from app.registry.ledger.rules import BUFFER
from app.registry.monitoring import store as reports
from app.registry.monitoring.refusals import ReportNotFoundError, ReportStateError
from app.registry.monitoring.rules import Report, ReportStatus
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey
from app.registry.verification.store import find_concluded_verification
from tests.builders.activities import (
    MANGROVE,
    RECOGNISED,
    a_document,
    a_registered_activity,
    a_site,
    an_official,
)
from tests.builders.issuance import (
    a_decision,
    a_submitted_report,
    a_verified_report,
    an_issuance,
    an_owner,
    issue,
)
from tests.builders.parties import Register, the_administrator
from tests.builders.reference import a_rule
from tests.builders.rows import violates, writing

FIRST_HALF = (date(2024, 1, 1), date(2024, 6, 30))
SECOND_HALF = (date(2024, 7, 1), date(2024, 12, 31))


async def decide(
    registry: Register,
    actor: Actor,
    command: DecideIssuance,
    **options: Any,  # noqa: ANN401  as `do` takes
) -> Issuance:
    return await registry.do(
        actor, lambda pen: operations.decide_issuance(pen, actor, command), **options
    )


async def refused(
    registry: Register, refusal: type[RegistryError], actor: Actor, command: DecideIssuance
) -> None:
    with pytest.raises(refusal):
        await decide(registry, actor, command)


async def held(registry: Register, account_id: int, batch_id: int) -> int:
    async with registry.read() as connection:
        found = await connection.scalar(
            ledger_store.balances.select()
            .with_only_columns(ledger_store.balances.c.credits)
            .where(
                ledger_store.balances.c.account_id == account_id,
                ledger_store.balances.c.batch_id == batch_id,
            )
        )
    return int(found or 0)


async def test_each_vintage_becomes_one_batch_rounded_down_once(registry: Register) -> None:
    """Serials start at 1 under the activity's prefix; what is left of a tonne stays on the line."""
    activity = await a_registered_activity(registry)
    assert activity.credit_account_id is not None
    report = await a_verified_report(registry, activity, tonnes={2023: "10.5", 2024: "20.75"})
    issuance = await issue(registry, report)
    assert [batch.serial_prefix for batch in issuance.batches] == [
        f"TH-CITY-{activity.number:04d}-2023-1",
        f"TH-CITY-{activity.number:04d}-2024-1",
    ]
    assert [(batch.vintage, batch.credits) for batch in issuance.batches] == [
        (2023, 10),
        (2024, 20),
    ]
    assert [line.planned.remainder_tco2e for line in issuance.lines] == [
        Decimal("0.5"),
        Decimal("0.75"),
    ]
    for batch in issuance.batches:
        assert await held(registry, activity.credit_account_id, batch.id) == batch.credits
    async with registry.read() as connection:
        assert await store.get_issuance(connection, issuance.id) == issuance
        assert await store.find_issuance_of_report(connection, report.id) == issuance
        assert (await reports.get_report(connection, report.id)).status is ReportStatus.ISSUED


async def test_the_buffers_share_goes_to_the_pooled_buffer(registry: Register) -> None:
    """It is the verifier's number, taken out of the gross; the owner gets the rest."""
    activity = await a_registered_activity(registry, methodology=MANGROVE)
    issuance = await an_issuance(
        registry, activity, tonnes={2023: "100.9", 2024: "7"}, buffer={2023: 12, 2024: 0}
    )
    first, second = issuance.batches
    assert activity.credit_account_id is not None
    assert await held(registry, activity.credit_account_id, first.id) == 88
    assert await held(registry, BUFFER, first.id) == 12
    assert await held(registry, activity.credit_account_id, second.id) == 7
    assert await held(registry, BUFFER, second.id) == 0


async def test_a_vintage_below_one_credit_mints_nothing_and_keeps_its_tonnes(
    registry: Register,
) -> None:
    """Beside another vintage that does; its remainder may complete a later credit."""
    issuance = await an_issuance(registry, tonnes={2023: "0.75", 2024: "1"})
    small, large = issuance.lines
    assert (small.batch, small.planned.remainder_tco2e) == (None, Decimal("0.75"))
    assert large.batch is not None
    assert large.batch.credits == 1


async def test_a_report_without_one_whole_credit_is_not_issued(registry: Register) -> None:
    """It can be refused instead, which leaves its period free."""
    activity = await a_registered_activity(registry)
    report = await a_verified_report(registry, activity, tonnes={2023: "0.75", 2024: "0"})
    approver = await an_official(registry, Role.APPROVER)
    command = DecideIssuance(report.id, approve=True, grounds=a_decision())
    await refused(registry, NothingToIssueError, approver, command)
    refusal = replace(command, approve=False, reason="Below one credit.")
    await decide(registry, approver, refusal)
    await a_submitted_report(registry, activity, tonnes={2023: "0.75", 2024: "1"})


@pytest.mark.parametrize(("carried", "credits_second"), [("yes", 11), ("no", 10)])
async def test_a_remainder_is_carried_where_the_programme_says_so(
    registry: Register, carried: str, credits_second: int
) -> None:
    """Into the next report of the same activity and vintage, and only once."""
    await a_rule(registry, RuleKey.REMAINDER_CARRIED, carried)
    activity = await a_registered_activity(registry)
    first = await an_issuance(registry, activity, tonnes={2024: "10.5"}, period=FIRST_HALF)
    second = await an_issuance(registry, activity, tonnes={2024: "10.5"}, period=SECOND_HALF)
    assert [batch.serial_prefix for batch in first.batches + second.batches] == [
        f"TH-CITY-{activity.number:04d}-2024-1",
        f"TH-CITY-{activity.number:04d}-2024-2",
    ]
    (line,) = second.lines
    assert line.planned.credits == credits_second
    assert line.planned.carried_from_issuance_id == (first.id if carried == "yes" else None)
    async with registry.read() as connection:
        left = await store.list_remainders(connection, activity.id, [2024])
        assert await store.get_issuance(connection, second.id) == second
    # Nothing is left where both halves made a credit; else the newest half waits.
    assert [remainder.issuance_id for remainder in left.values()] == (
        [] if carried == "yes" else [second.id]
    )


async def test_what_one_activity_left_is_not_carried_into_another(registry: Register) -> None:
    """A remainder is of its activity."""
    await a_rule(registry, RuleKey.REMAINDER_CARRIED, "yes")
    await an_issuance(registry, tonnes={2024: "10.5"})
    issuance = await an_issuance(registry, tonnes={2024: "10.5"})
    assert issuance.lines[0].planned.carried_in_tco2e == 0


async def test_a_batch_of_sites_in_several_provinces_is_of_none_alone(registry: Register) -> None:
    """Province belongs to the site (real mangrove projects lie in seven)."""
    activity = await a_registered_activity(
        registry,
        form=ActivityForm.BUNDLE,
        sites=(a_site(), a_site(province_code="81", installation_id=None)),
    )
    issuance = await an_issuance(registry, activity)
    assert issuance.batches[0].province_code is None
    other = await an_issuance(registry)
    assert other.batches[0].province_code == "40"


async def test_a_refused_issuance_mints_nothing_and_leaves_the_period_free(
    registry: Register,
) -> None:
    """It needs a reason, which the owner reads in the report's events."""
    activity = await a_registered_activity(registry)
    report = await a_verified_report(registry, activity)
    approver = await an_official(registry, Role.APPROVER)
    command = DecideIssuance(report.id, approve=False, grounds=a_decision())
    await refused(registry, ReasonMissingError, approver, command)
    decision = await decide(registry, approver, replace(command, reason="Another meter."))
    assert (decision.approved, decision.lines) == (False, ())
    async with registry.read() as connection:
        assert (await reports.get_report(connection, report.id)).status is ReportStatus.REJECTED
        read = await store.get_issuance(connection, decision.id)
        events = await reports.list_events(connection, report.id, after=None, limit=10)
    assert read == replace(decision, salt=read.salt)
    assert (events[-1].kind, events[-1].reason) == ("issuance.refused", "Another meter.")
    assert read.salt == events[-1].salt
    await an_issuance(registry, activity)


async def test_only_an_approver_decides(registry: Register) -> None:
    """Not the owner, not the verifier, not an officer alone."""
    activity = await a_registered_activity(registry)
    report = await a_verified_report(registry, activity)
    command = DecideIssuance(report.id, approve=True, grounds=a_decision())
    for other in (
        await an_owner(registry, activity),
        await an_official(registry, Role.OFFICER),
        await an_official(registry, Role.ADMINISTRATOR),
    ):
        await refused(registry, NotAllowedError, other, command)


async def test_only_a_verified_report_is_issued_and_only_once(registry: Register) -> None:
    """Every other state is a conflict; a second decision too."""
    activity = await a_registered_activity(registry)
    approver = await an_official(registry, Role.APPROVER)
    command = DecideIssuance("mrp_01kb5w6yk2e0hr9h5y0s8v2a3b", approve=True, grounds=a_decision())
    await refused(registry, ReportNotFoundError, approver, command)
    submitted = await a_submitted_report(registry, activity, tonnes={2023: "5"})
    await refused(registry, ReportStateError, approver, replace(command, report_id=submitted.id))
    verified = await a_verified_report(registry, activity)
    await issue(registry, verified)
    await refused(registry, AlreadyDecidedError, approver, replace(command, report_id=verified.id))


async def test_a_decision_says_where_and_when_it_was_taken(registry: Register) -> None:
    """A meeting or a document of the activity, not after today."""
    activity = await a_registered_activity(registry)
    report = await a_verified_report(registry, activity)
    approver = await an_official(registry, Role.APPROVER)
    officer = await an_official(registry, Role.OFFICER)
    today = bangkok_date(now())
    command = DecideIssuance(report.id, approve=True, grounds=Grounds(today))
    await refused(registry, DecisionUngroundedError, approver, command)
    ahead = Grounds(today + timedelta(days=1), meeting="12/2569")
    await refused(registry, DecisionAheadError, approver, replace(command, grounds=ahead))
    loose = Grounds(today, document_id=(await a_document(registry, officer)).id)
    await refused(registry, EvidenceForeignError, approver, replace(command, grounds=loose))
    own = await a_document(registry, officer, activity_id=activity.id)
    good = replace(command, grounds=Grounds(today, document_id=own.id))
    issuance = await decide(registry, approver, good)
    assert issuance.grounds.document_id == own.id


async def test_a_programme_without_credits_never_issues(registry: Register) -> None:
    """LESS tonnes can never be bought or sold."""
    year = bangkok_date(now()).year - 1
    less = await a_registered_activity(
        registry, programme="LESS", methodology=RECOGNISED, crediting_start=date(year, 1, 1)
    )
    report = await a_submitted_report(registry, less, tonnes={year: "100"})
    approver = await an_official(registry, Role.APPROVER)
    for approve in (True, False):
        command = DecideIssuance(report.id, approve=approve, grounds=a_decision(), reason="No.")
        await refused(registry, NeverMintsError, approver, command)


async def test_the_store_writes_no_issuance_of_a_programme_without_credits(
    registry: Register, database_url: str
) -> None:
    """The second wall, should the operation ever forget."""
    year = bangkok_date(now()).year - 1
    less = await a_registered_activity(
        registry, programme="LESS", methodology=RECOGNISED, crediting_start=date(year, 1, 1)
    )
    report = await a_submitted_report(registry, less, tonnes={year: "100"})
    issuance = Issuance(
        id="iss_01kb5w6yk2e0hr9h5y0s8v2a3b",
        report_id=report.id,
        activity_id=less.id,
        verification_id="vrf_01kb5w6yk2e0hr9h5y0s8v2a3b",
        approved=True,
        grounds=a_decision(),
        reason=None,
        decided_by=(await an_official(registry, Role.APPROVER)).user_id,
        recorded_at=now(),
        log_index=0,
        lines=(),
    )
    async with writing(database_url) as connection:
        with pytest.raises(AssertionError):
            await store.insert_issuance(connection, issuance, opinion_number=1)
        # And the database: there is no verification that it could rest on.
        row = {
            "id": issuance.id,
            "report_id": report.id,
            "activity_id": less.id,
            "verification_id": issuance.verification_id,
            "approved": True,
            "meeting": "12/2569",
            "decided_on": issuance.grounds.decided_on,
            "decided_by": issuance.decided_by,
            "recorded_at": issuance.recorded_at,
            "log_index": 0,
        }
        await violates(connection, insert(issuances).values(row), "fk_issuances_verification")


async def test_credits_go_to_an_open_account_of_the_owner(registry: Register) -> None:
    """An account closed since registration cannot receive them."""
    activity = await a_registered_activity(registry)
    report = await a_verified_report(registry, activity)
    administrator = await the_administrator(registry)
    assert activity.credit_account_id is not None
    async with registry.read() as connection:
        account = await ledger_store.get_account(connection, activity.credit_account_id)
    await registry.do(
        administrator,
        lambda pen: ledger.close_account(
            pen, administrator, account.id, expected_version=account.version
        ),
    )
    approver = await an_official(registry, Role.APPROVER)
    command = DecideIssuance(report.id, approve=True, grounds=a_decision())
    await refused(registry, CreditAccountForeignError, approver, command)


async def test_a_dry_run_says_what_would_be_minted_and_changes_nothing(
    registry: Any,  # noqa: ANN401  the fixture with its options
) -> None:
    """The approver sees the batches before deciding."""
    activity = await a_registered_activity(registry)
    report = await a_verified_report(registry, activity, tonnes={2024: "10.5"})
    approver = await an_official(registry, Role.APPROVER)
    command = DecideIssuance(report.id, approve=True, grounds=a_decision())
    tried = await decide(registry, approver, command, dry_run=True)
    async with registry.read() as connection:
        with pytest.raises(IssuanceNotFoundError):
            await store.get_issuance(connection, tried.id)
        assert await reports.get_report(connection, report.id) == report
    done = await decide(registry, approver, command)
    assert [batch.serial_prefix for batch in tried.batches] == [
        batch.serial_prefix for batch in done.batches
    ]
    assert [line.planned for line in tried.lines] == [line.planned for line in done.lines]


async def test_issuances_are_listed_newest_first_by_activity_and_vintage(
    registry: Register,
) -> None:
    """A vintage is found where credits of it were minted, not where it came to nothing."""
    activity = await a_registered_activity(registry)
    older = await an_issuance(registry, activity, tonnes={2023: "0.5", 2024: "3"})
    newer = await an_issuance(registry, tonnes={2023: "4"})

    async def listed(**asked: Any) -> list[str]:  # noqa: ANN401  any filter
        known: dict[str, Any] = {"activity_id": None, "vintage": None, "before": None, "limit": 9}
        async with registry.read() as connection:
            found = await store.list_issuances(connection, **{**known, **asked})
        return [issuance.id for issuance in found]

    assert await listed() == [newer.id, older.id]
    assert await listed(before=newer.id) == [older.id]
    assert await listed(activity_id=activity.id) == [older.id]
    assert await listed(vintage=2023) == [newer.id]
    assert await listed(vintage=2024) == [older.id]


async def test_the_database_itself_refuses_to_issue_more_than_was_verified(
    registry: Register, database_url: str
) -> None:
    """Whatever path a row comes by: no tonne from nowhere, no remainder taken in twice."""
    activity = await a_registered_activity(registry)
    first = await an_issuance(registry, activity, tonnes={2024: "10.5"}, period=FIRST_HALF)
    summer = (date(2024, 7, 1), date(2024, 9, 30))
    autumn = (date(2024, 10, 1), date(2024, 12, 31))
    second = await a_verified_report(registry, activity, tonnes={2024: "8.75"}, period=summer)
    third = await a_verified_report(registry, activity, tonnes={2024: "8.75"}, period=autumn)
    rows = [await bare_issuance(registry, report) for report in (second, third)]
    line, twin = [bare_line(row) for row in rows]
    carried = {"carried_from_issuance_id": first.id, "carried_in_tco2e": Decimal("0.5")}
    nine = {"credits": 9, "remainder_tco2e": Decimal(0)}
    quarter = {"carried_in_tco2e": Decimal("0.25")}
    verified, taken = "fk_issuance_lines_verified", "fk_issuance_lines_carried"
    cases: list[tuple[str, dict[str, Any]]] = [
        ("ck_issuance_lines_rounded_down", {"credits": 9}),
        ("ck_issuance_lines_remainder_range", {"credits": 7, "remainder_tco2e": Decimal("1.75")}),
        ("ck_issuance_lines_batch_when_credits", {"batch_id": None}),
        ("ck_issuance_lines_buffer_range", {"buffer_credits": 9}),
        ("ck_issuance_lines_carried_from", {**nine, **quarter}),
        (taken, {**nine, **quarter, "carried_from_issuance_id": first.id}),
        (verified, {"verified_tco2e": Decimal("9.75"), "credits": 9}),
        (verified, {"buffer_credits": 1}),
    ]
    good = carried | {"credits": 9, "remainder_tco2e": Decimal("0.25")}
    async with writing(database_url) as connection:
        await connection.execute(insert(issuances), rows)
        for constraint, changes in cases:
            await violates(connection, insert(issuance_lines).values(line | changes), constraint)
        await connection.execute(insert(issuance_lines).values(line | good))
        again = insert(issuance_lines).values(twin | good | {"batch_id": 2})
        await violates(connection, again, "uq_issuance_lines_carried_once")


async def bare_issuance(registry: Register, report: Report) -> dict[str, Any]:
    async with registry.read() as connection:
        concluded = await find_concluded_verification(connection, report.id)
    assert concluded is not None
    return {
        "id": new_id("iss"),
        "report_id": report.id,
        "activity_id": report.activity_id,
        "verification_id": concluded.id,
        "approved": True,
        "meeting": "12/2569",
        "decided_on": bangkok_date(now()),
        "decided_by": concluded.assigned_by,
        "recorded_at": now(),
        "log_index": 0,
    }


def bare_line(issuance: dict[str, Any]) -> dict[str, Any]:
    return {
        "issuance_id": issuance["id"],
        "vintage": 2024,
        "activity_id": issuance["activity_id"],
        "verification_id": issuance["verification_id"],
        "opinion_number": 1,
        "verified_tco2e": Decimal("8.75"),
        "carried_in_tco2e": Decimal(0),
        "credits": 8,
        "buffer_credits": 0,
        "remainder_tco2e": Decimal("0.75"),
        "batch_id": 1,
        "log_index": 0,
    }
