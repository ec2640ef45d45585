"""Reports in any state and issuances, brought there through operations."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.kernel.clock import bangkok_date, now
from app.registry.activities.rules import Activity, Grounds
from app.registry.issuance import operations as issuance
from app.registry.issuance.operations import DecideIssuance
from app.registry.issuance.rules import Issuance
from app.registry.monitoring import operations as monitoring
from app.registry.monitoring import store as reports
from app.registry.monitoring.operations import DraftReport, SubmitReport
from app.registry.monitoring.rules import Line, Report
from app.registry.parties import store as parties
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.verification import operations as verification
from app.registry.verification.operations import AssignVerifier, GiveOpinion, ReviewOpinion
from app.registry.verification.rules import Assurance, Claim, Conclusion, Verification
from tests.builders.activities import a_registered_activity, an_official
from tests.builders.parties import Register, a_vvb, an_actor

TONNES: Final[Mapping[int, str]] = {2024: "1234.567"}

Period = tuple[date, date]


def a_line(vintage: int, net_tco2e: str) -> Line:
    """Return a line whose net reduction is the given one."""
    return Line(vintage, Decimal(net_tco2e) + Decimal("10.5"), Decimal("10.25"), Decimal("0.25"))


def whole_years(tonnes: Mapping[int, str]) -> Period:
    """Return the period that covers these calendar years."""
    return date(min(tonnes), 1, 1), date(max(tonnes), 12, 31)


def a_decision() -> Grounds:
    """Return the grounds of a decision taken today."""
    return Grounds(decided_on=bangkok_date(now()), meeting="อบก. 12/2569")


async def an_owner(registry: Register, activity: Activity) -> Actor:
    """Return somebody who reports for an activity's owner."""
    async with registry.read() as connection:
        party = await parties.get_party(connection, activity.owner_party_id)
    return await an_actor(registry, party, Role.DEVELOPER)


async def a_draft_report(
    registry: Register,
    activity: Activity,
    *,
    tonnes: Mapping[int, str] = TONNES,
    period: Period | None = None,
    owner: Actor | None = None,
    document_ids: tuple[str, ...] = (),
) -> Report:
    """Draft a report with these net tonnes by vintage; whole years if not said otherwise."""
    owner = owner or await an_owner(registry, activity)
    start, end = period or whole_years(tonnes)
    lines = tuple(a_line(vintage, net) for vintage, net in tonnes.items())
    command = DraftReport(activity.id, start, end, lines, document_ids)
    return await registry.do(owner, lambda pen: monitoring.draft_report(pen, owner, command))


async def a_submitted_report(
    registry: Register,
    activity: Activity,
    *,
    owner: Actor | None = None,
    **asked: Any,  # noqa: ANN401  as `a_draft_report` takes
) -> Report:
    """Draft and submit a report."""
    owner = owner or await an_owner(registry, activity)
    draft = await a_draft_report(registry, activity, owner=owner, **asked)
    command = SubmitReport(draft.id, draft.version)
    return await registry.do(owner, lambda pen: monitoring.submit_report(pen, owner, command))


async def a_verification(
    registry: Register, report: Report, *, vvb: Actor | None = None
) -> tuple[Verification, Actor, Actor]:
    """Assign a body to a submitted report; returns the verification, its lead and its reviewer."""
    officer = await an_official(registry, Role.OFFICER)
    if vvb is None:
        lead, reviewer = await a_vvb(registry, scopes=tuple(range(1, 17)))
    else:
        async with registry.read() as connection:
            party = await parties.get_party(connection, vvb.party_id)
        lead, reviewer = vvb, await an_actor(registry, party, Role.VERIFIER_REVIEWER)
    command = AssignVerifier(report.id, lead.party_id)
    assigned = await registry.do(
        officer, lambda pen: verification.assign_verifier(pen, officer, command)
    )
    return assigned, lead, reviewer


def an_opinion(
    assigned: Verification,
    report: Report,
    *,
    conclusion: Conclusion = Conclusion.UNMODIFIED,
    buffer: Mapping[int, int] | None = None,
    **changes: Any,  # noqa: ANN401  further fields of `GiveOpinion`
) -> GiveOpinion:
    """Return an opinion that confirms all that was monitored; `buffer` by vintage, None: none."""
    claims = tuple(
        Claim(line.vintage, line.monitored_tco2e, None if buffer is None else buffer[line.vintage])
        for line in report.vintages
    )
    said = {
        "verification_id": assigned.id,
        "expected_version": assigned.version,
        "conclusion": conclusion,
        "assurance": Assurance.REASONABLE,
        "materiality_percent": Decimal(5),
        "statement": "In our opinion the reported reductions are fairly stated.",
        "no_conflict_of_interest": True,
        "findings": (),
        "claims": claims if conclusion.confirms else (),
        "document_ids": (),
    }
    return GiveOpinion(**{**said, **changes})


async def a_given_opinion(
    registry: Register,
    report: Report,
    **asked: Any,  # noqa: ANN401  as `an_opinion` takes
) -> tuple[Verification, Actor, Actor]:
    """Have a body give an opinion on a submitted report; returns it with lead and reviewer."""
    assigned, lead, reviewer = await a_verification(registry, report)
    command = an_opinion(assigned, report, **asked)
    given = await registry.do(lead, lambda pen: verification.give_opinion(pen, lead, command))
    return given, lead, reviewer


async def approve(registry: Register, given: Verification, reviewer: Actor) -> Verification:
    """Have a reviewer approve the newest opinion."""
    command = ReviewOpinion(given.id, given.version, approve=True, reason="Recalculated.")
    return await registry.do(
        reviewer, lambda pen: verification.review_opinion(pen, reviewer, command)
    )


async def a_verified_report(
    registry: Register,
    activity: Activity,
    *,
    tonnes: Mapping[int, str] = TONNES,
    buffer: Mapping[int, int] | None = None,
    period: Period | None = None,
) -> Report:
    """Bring a report to verification with exactly these tonnes."""
    report = await a_submitted_report(registry, activity, tonnes=tonnes, period=period)
    given, _, reviewer = await a_given_opinion(registry, report, buffer=buffer)
    await approve(registry, given, reviewer)
    async with registry.read() as connection:
        return await reports.get_report(connection, report.id)


async def an_issuance(
    registry: Register,
    activity: Activity | None = None,
    *,
    tonnes: Mapping[int, str] = TONNES,
    buffer: Mapping[int, int] | None = None,
    period: Period | None = None,
) -> Issuance:
    """Issue the credits of a report with exactly these tonnes."""
    activity = activity or await a_registered_activity(registry)
    report = await a_verified_report(
        registry, activity, tonnes=tonnes, buffer=buffer, period=period
    )
    return await issue(registry, report)


async def issue(registry: Register, report: Report) -> Issuance:
    """Issue the credits of a verified report."""
    approver = await an_official(registry, Role.APPROVER)
    command = DecideIssuance(report.id, approve=True, grounds=a_decision())
    return await registry.do(approver, lambda pen: issuance.decide_issuance(pen, approver, command))
