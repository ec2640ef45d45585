"""Plots: what is drawn is in proportion, in its frame, and nothing is lost."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entry.pages import plots
from app.entry.pages.figures import common_year

FIGURES = st.integers(0, 10**12)


@given(st.lists(st.tuples(FIGURES, FIGURES, FIGURES), min_size=1, max_size=40))
def test_columns_stay_in_their_frame_and_keep_their_order(rows: list[tuple[int, ...]]) -> None:
    drawn = plots.columns([(str(n), row) for n, row in enumerate(rows)], (1, 3, 4))
    assert len(drawn.bars) == 3 * len(rows)
    for bar in drawn.bars:
        assert drawn.left <= bar.x <= bar.x + bar.width <= drawn.width
        assert 0 <= bar.y <= drawn.foot
        assert bar.y + bar.height == pytest.approx(drawn.foot, abs=Decimal("0.2"))
    by_size = sorted(
        zip((f for row in rows for f in row), drawn.bars, strict=True), key=lambda x: x[0]
    )
    heights = [bar.height for _, bar in by_size]
    assert heights == sorted(heights)
    assert 1 <= len(drawn.names) <= 8
    assert {bar.of for bar in drawn.bars} == {1, 3, 4}


@given(st.lists(FIGURES, min_size=1, max_size=6))
def test_a_flow_has_a_branch_for_each_that_is_not_nothing(figures: list[int]) -> None:
    drawn = plots.flow([(str(n), figure, 1) for n, figure in enumerate(figures)])
    kept = [figure for figure in figures if figure]
    if drawn is None:
        assert not kept
        return
    assert [branch.figure for branch in drawn.branches] == kept
    for branch in drawn.branches:
        assert branch.end.height > 0
        assert branch.end.y + branch.end.height <= drawn.height
    ends = [(b.end.y, b.end.y + b.end.height) for b in drawn.branches]
    assert all(a[1] < b[0] for a, b in itertools.pairwise(ends))


@given(st.lists(FIGURES, min_size=1, max_size=6))
def test_shares_fill_the_whole(figures: list[int]) -> None:
    bars = plots.stack([(figure, 1) for figure in figures])
    assert len(bars) == len([figure for figure in figures if figure])
    if bars:
        assert sum(bar.width for bar in bars) == pytest.approx(Decimal(1000), abs=Decimal(1))


@given(st.dictionaries(st.text(min_size=1, max_size=3), FIGURES, max_size=80))
def test_more_is_never_paler(figures: dict[str, int]) -> None:
    shown = plots.levels(figures)
    assert shown.keys() == figures.keys()
    for name, figure in figures.items():
        assert 0 <= shown[name] <= plots.LEVELS
        assert (shown[name] == 0) == (figure == 0)
    ordered = [shown[name] for name in sorted(figures, key=lambda name: figures[name])]
    assert ordered == sorted(ordered)


def test_the_map_has_every_province() -> None:
    codes = [code for code in plots.outlines()["outlines"] if code.isdigit()]
    assert len(codes) == 77
    assert all(plots.outlines()["outlines"].values())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2567", "2024"),
        ("2024", "2024"),
        (None, None),
        ("x", "x"),
        ("2400", "1857"),
        ("2399", "2399"),
    ],
)
def test_a_year_is_meant_in_the_era_it_is_typed_in(typed: str | None, meant: str | None) -> None:
    assert common_year(typed) == meant
