"""Periods, vintages and states of monitoring reports."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.quantities import TONNES_MAX
from app.registry.monitoring import rules
from app.registry.monitoring.refusals import (
    NetNegativeError,
    PeriodInFutureError,
    PeriodOutsideCreditingError,
    PeriodReversedError,
    ReportStaleError,
    ReportStateError,
    VintagesIncompleteError,
)
from app.registry.monitoring.rules import NEXT, Line, Report, ReportStatus

FIRST, LAST = date(2023, 7, 1), date(2030, 6, 30)  # a crediting period of seven years
TODAY = date(2026, 11, 24)

tonnes = st.decimals(min_value=0, max_value=TONNES_MAX, places=6)


def check(start: date, end: date, *, today: date = TODAY) -> None:
    rules.check_period(
        period_start=start, period_end=end, crediting_start=FIRST, crediting_end=LAST, today=today
    )


def a_report(**changes: Any) -> Report:  # noqa: ANN401  whatever the test cares about
    lines = (Line(2024, Decimal("20.5"), Decimal(3), Decimal("0.5")),)
    start, end = date(2024, 1, 1), date(2024, 12, 31)
    report = Report(
        id="mrp_01kb5w6yk2e0hr9h5y0s8v2a3b",
        activity_id="act_01kb5w6yk2e0hr9h5y0s8v2a3b",
        status=ReportStatus.DRAFT,
        period_start=start,
        period_end=end,
        version=3,
        revision=2,
        vvb_party_id=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        vintages=rules.split(lines, period_start=start, period_end=end),
        document_ids=(),
    )
    return replace(report, **changes)


def test_the_first_and_the_last_day_of_the_crediting_period_can_be_reported() -> None:
    """Both days earn credits: the end is inclusive (start plus years, less one day)."""
    check(FIRST, FIRST)
    check(LAST, LAST, today=LAST)


@pytest.mark.parametrize(
    ("start", "end"), [(FIRST - timedelta(days=1), FIRST), (LAST, LAST + timedelta(days=1))]
)
def test_a_day_outside_the_crediting_period_cannot_be_reported(start: date, end: date) -> None:
    """Such a day would earn credits nobody registered."""
    with pytest.raises(PeriodOutsideCreditingError):
        check(start, end, today=date(2031, 1, 1))


def test_an_activity_without_a_crediting_period_has_nothing_to_report() -> None:
    """None means it was never registered."""
    with pytest.raises(PeriodOutsideCreditingError):
        rules.check_period(
            period_start=FIRST,
            period_end=FIRST,
            crediting_start=None,
            crediting_end=None,
            today=TODAY,
        )


def test_a_period_may_end_today_but_not_tomorrow() -> None:
    """Only what was measured can be reported."""
    check(FIRST, TODAY)
    with pytest.raises(PeriodInFutureError):
        check(FIRST, TODAY + timedelta(days=1))


def test_a_period_of_one_day_stands_and_a_reversed_one_does_not() -> None:
    """Both days belong to the period, so equal days are one day."""
    check(TODAY, TODAY)
    with pytest.raises(PeriodReversedError):
        check(TODAY, TODAY - timedelta(days=1))


def test_a_period_across_new_year_has_two_vintages() -> None:
    """A vintage is the calendar year of the reduction."""
    assert rules.vintages_of(date(2023, 12, 31), date(2024, 1, 1)) == (2023, 2024)
    assert rules.vintages_of(date(2024, 1, 1), date(2024, 12, 31)) == (2024,)


@pytest.mark.parametrize(
    "years", [(), (2023,), (2023, 2023), (2023, 2024, 2024), (2023, 2024, 2025)]
)
def test_lines_must_be_exactly_one_per_calendar_year(years: tuple[int, ...]) -> None:
    """A missing year would hide a loss; a doubled one would count twice."""
    lines = [Line(year, Decimal(2), Decimal(1), Decimal(0)) for year in years]
    with pytest.raises(VintagesIncompleteError) as refused:
        rules.split(lines, period_start=date(2023, 7, 1), period_end=date(2024, 6, 30))
    assert refused.value.facts["expected"] == "2023, 2024"


def test_lines_in_any_order_come_out_by_year() -> None:
    """Order of what was sent carries no meaning."""
    lines = [Line(year, Decimal(2), Decimal(1), Decimal(0)) for year in (2024, 2023)]
    split = rules.split(lines, period_start=date(2023, 7, 1), period_end=date(2024, 6, 30))
    assert [line.vintage for line in split] == [2023, 2024]


@given(baseline=tonnes, project=tonnes, leakage=tonnes)
def test_net_is_exact_and_never_negative(
    baseline: Decimal, project: Decimal, leakage: Decimal
) -> None:
    """No rounding before the end, and no credits of a year that did harm."""
    line = Line(2024, baseline, project, leakage)
    period = {"period_start": date(2024, 1, 1), "period_end": date(2024, 12, 31)}
    if baseline < project + leakage:
        with pytest.raises(NetNegativeError):
            rules.split([line], **period)
        return
    (kept,) = rules.split([line], **period)
    assert kept.monitored_tco2e + project + leakage == baseline


def test_a_year_without_any_reduction_is_reported_as_zero() -> None:
    """Zero is a result; only below zero is refused."""
    line = Line(2024, Decimal("1.5"), Decimal(1), Decimal("0.5"))
    (kept,) = rules.split([line], period_start=date(2024, 1, 1), period_end=date(2024, 1, 1))
    assert kept.monitored_tco2e == 0


def test_refused_lines_say_by_how_much() -> None:
    """The person mends the line without a calculator."""
    line = Line(2024, Decimal(1), Decimal("1.5"), Decimal(0))
    with pytest.raises(NetNegativeError) as refused:
        rules.split([line], period_start=date(2024, 1, 1), period_end=date(2024, 1, 1))
    assert refused.value.facts == {"vintage": 2024, "excess_tco2e": "0.5"}


def test_only_a_draft_can_be_changed() -> None:
    """What somebody else relies on stays as it was read."""
    rules.require_draft(a_report())
    for status in set(ReportStatus) - {ReportStatus.DRAFT}:
        with pytest.raises(ReportStateError):
            rules.require_draft(a_report(status=status))


@pytest.mark.parametrize("status", list(ReportStatus))
@pytest.mark.parametrize("wanted", list(ReportStatus))
def test_a_report_moves_only_along_the_table(status: ReportStatus, wanted: ReportStatus) -> None:
    """What is not in the table cannot happen."""
    report = a_report(status=status)
    if wanted in NEXT[status]:
        rules.require_next(report, wanted)
    else:
        with pytest.raises(ReportStateError):
            rules.require_next(report, wanted)


def test_nothing_follows_issuance_recognition_rejection_or_withdrawal() -> None:
    """Otherwise a report could become credits twice."""
    ends = {status for status, following in NEXT.items() if not following}
    assert ends == {
        ReportStatus.ISSUED,
        ReportStatus.RECOGNISED,
        ReportStatus.REJECTED,
        ReportStatus.WITHDRAWN,
    }


def test_a_change_names_the_version_it_was_made_on() -> None:
    """Two people editing at once must not overwrite each other unseen."""
    rules.require_version(a_report(version=3), 3)
    with pytest.raises(ReportStaleError):
        rules.require_version(a_report(version=3), 2)


def test_the_digest_changes_with_every_part_of_the_content() -> None:
    """The log holds the developer to what was handed in."""
    report = a_report()
    other = replace(report.vintages[0], baseline_tco2e=Decimal("20.500001"))
    digests = {
        rules.content_digest(report),
        rules.content_digest(replace(report, vintages=(other,))),
        rules.content_digest(replace(report, period_end=date(2024, 12, 30))),
        rules.content_digest(replace(report, document_ids=("doc_1",))),
    }
    assert len(digests) == 4
    assert rules.content_digest(report) == rules.content_digest(replace(report, version=9))


def test_the_total_of_a_report_is_the_sum_of_its_years() -> None:
    """What LESS recognises is the whole period."""
    assert a_report().monitored_tco2e == Decimal(17)
    assert a_report(vintages=()).monitored_tco2e == 0
