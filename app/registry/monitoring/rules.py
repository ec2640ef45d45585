"""Which periods may be reported, how they split into vintages, and how a report moves on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.kernel.encoding import canonical_bytes, sha256
from app.kernel.quantities import format_tonnes
from app.registry.monitoring.refusals import (
    NetNegativeError,
    PeriodInFutureError,
    PeriodOutsideCreditingError,
    PeriodReversedError,
    ReportStaleError,
    ReportStateError,
    VintagesIncompleteError,
)

LINES_MAX: Final = 31  # A crediting period of thirty years, begun in the middle of one, touches 31.
DOCUMENTS_MAX: Final = 50
LETTER_NUMBER_MAX: Final = 60


class ReportStatus(StrEnum):
    """Where a report stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_VERIFICATION = "under_verification"
    VERIFIED = "verified"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    ISSUED = "issued"
    RECOGNISED = "recognised"


# What may follow what. Nothing that is not written here is possible.
NEXT: Final[Mapping[ReportStatus, frozenset[ReportStatus]]] = {
    ReportStatus.DRAFT: frozenset({ReportStatus.SUBMITTED, ReportStatus.WITHDRAWN}),
    ReportStatus.SUBMITTED: frozenset(
        {ReportStatus.UNDER_VERIFICATION, ReportStatus.RECOGNISED, ReportStatus.WITHDRAWN}
    ),
    ReportStatus.UNDER_VERIFICATION: frozenset({ReportStatus.VERIFIED, ReportStatus.REJECTED}),
    ReportStatus.VERIFIED: frozenset({ReportStatus.ISSUED, ReportStatus.REJECTED}),
    ReportStatus.REJECTED: frozenset(),
    ReportStatus.WITHDRAWN: frozenset(),
    ReportStatus.ISSUED: frozenset(),
    ReportStatus.RECOGNISED: frozenset(),
}

# A report that ended in nothing leaves its period free for another.
ENDED_IN_NOTHING: Final = (ReportStatus.REJECTED, ReportStatus.WITHDRAWN)

# What everybody may see: the outcome, not the claim that nobody has confirmed yet.
PUBLIC: Final = (ReportStatus.VERIFIED, ReportStatus.ISSUED, ReportStatus.RECOGNISED)


@dataclass(frozen=True, slots=True)
class Line:
    """What one calendar year of the period claims, as the developer calculated it."""

    vintage: int  # calendar year (CE) of the reduction
    baseline_tco2e: Decimal  # emissions without the activity, >= 0
    project_tco2e: Decimal  # emissions with it, >= 0
    leakage_tco2e: Decimal  # emissions it moved elsewhere, >= 0; zero: asked, and none found


@dataclass(frozen=True, slots=True)
class ReportVintage:
    """One calendar year of a report, with the net reduction that we computed from the line."""

    vintage: int
    baseline_tco2e: Decimal
    project_tco2e: Decimal
    leakage_tco2e: Decimal
    monitored_tco2e: Decimal  # baseline - project - leakage, >= 0, never rounded


@dataclass(frozen=True, slots=True)
class Report:
    """A monitoring report in its newest revision."""

    id: str
    activity_id: str
    status: ReportStatus
    period_start: date
    period_end: date  # inclusive
    version: int
    revision: int  # counts the contents it has had; the lines of each stay readable
    vvb_party_id: str | None  # None: no verifier has been assigned (yet, or ever: LESS)
    created_at: datetime
    vintages: tuple[ReportVintage, ...]  # by rising year
    document_ids: tuple[str, ...]

    @property
    def monitored_tco2e(self) -> Decimal:
        """Return the net reduction of the whole period."""
        return sum((line.monitored_tco2e for line in self.vintages), Decimal(0))


@dataclass(frozen=True, slots=True)
class ReportEvent:
    """One thing that happened to a report: who, when, from where to where, and why."""

    report_id: str
    log_index: int  # the act's place in the log, and the order of events
    at: datetime
    by_user_id: str
    by_party_id: str
    kind: str
    from_status: ReportStatus | None  # None: it began here
    to_status: ReportStatus
    reason: str | None  # None: the act needs no reason, or it was erased
    salt: bytes | None = None  # of what the act sealed; None: nothing, erased, or not read


@dataclass(frozen=True, slots=True)
class Recognition:
    """TGO's letter of recognition for a reduction that never becomes credits."""

    report_id: str
    letter_number: str
    letter_date: date
    recognised_tco2e: Decimal
    decided_by: str
    recorded_at: datetime
    log_index: int


def require_version(report: Report, expected: int) -> None:
    """
    Refuse a change that was made on another version than the present one.

    Raises:
        ReportStaleError: somebody changed the report in between.
    """
    if report.version != expected:
        raise ReportStaleError(version=report.version)


def require_next(report: Report, wanted: ReportStatus) -> None:
    """
    Refuse a step that the report's state does not allow.

    Raises:
        ReportStateError: the step is not in `NEXT`.
    """
    if wanted not in NEXT[report.status]:
        raise ReportStateError(status=report.status.value, wanted=wanted.value)


def require_draft(report: Report) -> None:
    """
    Refuse to change the content of what somebody else already relies on.

    Raises:
        ReportStateError: it is no longer a draft.
    """
    if report.status is not ReportStatus.DRAFT:
        raise ReportStateError(status=report.status.value, wanted=ReportStatus.DRAFT.value)


def check_period(
    *,
    period_start: date,
    period_end: date,
    crediting_start: date | None,
    crediting_end: date | None,
    today: date,
) -> None:
    """
    Refuse a period that is reversed, not over, or outside the crediting period.

    Args:
        period_start: first day reported on.
        period_end: last day reported on, inclusive.
        crediting_start: first day of the activity's crediting period; None: it has none yet.
        crediting_end: its last day, inclusive; None: it has none yet.
        today: the date in Thailand.

    Raises:
        PeriodReversedError: it ends before it starts.
        PeriodInFutureError: it ends after today.
        PeriodOutsideCreditingError: a day of it earns no credits.
    """
    if period_end < period_start:
        raise PeriodReversedError
    if period_end > today:
        raise PeriodInFutureError(today=today.isoformat())
    inside = (
        crediting_start is not None
        and crediting_end is not None
        and crediting_start <= period_start
        and period_end <= crediting_end
    )
    if not inside:
        raise PeriodOutsideCreditingError(
            crediting_start=None if crediting_start is None else crediting_start.isoformat(),
            crediting_end=None if crediting_end is None else crediting_end.isoformat(),
        )


def vintages_of(period_start: date, period_end: date) -> tuple[int, ...]:
    """Return the calendar years (CE) that an inclusive period touches, rising."""
    return tuple(range(period_start.year, period_end.year + 1))


def split(
    lines: Sequence[Line], *, period_start: date, period_end: date
) -> tuple[ReportVintage, ...]:
    """
    Turn the developer's lines into the report's vintages, one per calendar year, by rising year.

    Raises:
        VintagesIncompleteError: a year is missing, doubled, or outside the period.
        NetNegativeError: a year's net reduction is below zero.

    Source: T-VER forms print one line per calendar year; a vintage is the year of the reduction.
    """
    expected = vintages_of(period_start, period_end)
    ordered = sorted(lines, key=lambda line: line.vintage)
    if tuple(line.vintage for line in ordered) != expected:
        raise VintagesIncompleteError(expected=_say_years(expected))
    return tuple(_with_net(line) for line in ordered)


def _with_net(line: Line) -> ReportVintage:
    net_tco2e = line.baseline_tco2e - line.project_tco2e - line.leakage_tco2e
    if net_tco2e < 0:
        raise NetNegativeError(vintage=line.vintage, excess_tco2e=format_tonnes(-net_tco2e))
    return ReportVintage(
        line.vintage, line.baseline_tco2e, line.project_tco2e, line.leakage_tco2e, net_tco2e
    )


def _say_years(years: tuple[int, ...]) -> str:
    # A reversed or absurd period never comes this far, so the list stays readable.
    return ", ".join(str(year) for year in years)


def unique(document_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the documents in order, each once: attaching twice is attaching."""
    return tuple(dict.fromkeys(document_ids))


def lines_of(report: Report) -> tuple[Line, ...]:
    """Return the lines as the developer gave them."""
    return tuple(
        Line(kept.vintage, kept.baseline_tco2e, kept.project_tco2e, kept.leakage_tco2e)
        for kept in report.vintages
    )


def facts_of(report: Report) -> list[dict[str, int | str]]:
    """Return the vintages as the log keeps them once the outcome is public."""
    return [
        {"vintage": line.vintage, "monitored_tco2e": format_tonnes(line.monitored_tco2e)}
        for line in report.vintages
    ]


def content_digest(report: Report) -> str:
    """
    Return the SHA-256 of all that the developer reported.

    The public log seals this of a claim that nobody has confirmed yet; the tonnes follow with
    the outcome.
    """
    return sha256(
        canonical_bytes(
            {
                "activity_id": report.activity_id,
                "period_start": report.period_start.isoformat(),
                "period_end": report.period_end.isoformat(),
                "lines": [
                    {
                        "vintage": line.vintage,
                        "baseline_tco2e": format_tonnes(line.baseline_tco2e),
                        "project_tco2e": format_tonnes(line.project_tco2e),
                        "leakage_tco2e": format_tonnes(line.leakage_tco2e),
                    }
                    for line in report.vintages
                ],
                "document_ids": report.document_ids,
            }
        )
    ).hex()
