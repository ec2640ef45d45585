"""Methodologies: acceptance by date, crediting periods, scale classes, buffer."""

import re
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.methodologies.catalogue import METHODOLOGIES
from app.registry.methodologies.rules import (
    SCALES,
    AlreadySupersededError,
    CodeMismatchError,
    EntryDateAheadError,
    Family,
    Methodology,
    MethodologyNotInForceError,
    MethodologySupersededError,
    NoteMissingError,
    ScaleClass,
    SupersessionDateError,
    Variant,
    check_entry,
    check_supersession,
    crediting_end,
    has_buffer,
    last_acceptable,
    renewal_start,
    require_acceptable,
    scale_class,
)

BY_CODE = {entry.code: entry for entry in METHODOLOGIES}
REFORESTATION = BY_CODE["T-VER-P-METH-13-01"]


def a_methodology(
    *, superseded_on: date | None = None, last_acceptable_on: date | None = None
) -> Methodology:
    return Methodology(
        **asdict(REFORESTATION),
        buffer_applies=True,
        superseded_on=superseded_on,
        last_acceptable_on=last_acceptable_on,
        log_index=0,
    )


def test_every_founding_entry_keeps_the_rules_of_entries() -> None:
    """They enter through the same check as those that a person types."""
    for entry in METHODOLOGIES:
        check_entry(entry)
    assert len({(entry.code, entry.version) for entry in METHODOLOGIES}) == len(METHODOLOGIES)


def test_a_founding_entry_that_is_not_of_tgo_cannot_be_mistaken_for_one() -> None:
    """An invented code in TGO's pattern would one day meet a real one."""
    for entry in METHODOLOGIES:
        if not re.fullmatch(r"T-VER-[SP]-METH-[0-9]{2}-[0-9]{2}", entry.code):
            assert entry.code.startswith("DEMO-")
            assert not entry.verified
            assert entry.note is not None
            assert entry.note.startswith("Synthetic demo methodology, not a TGO code")


@pytest.mark.parametrize(
    ("code", "years", "renewals"),
    [
        ("T-VER-S-METH-01-01", 7, 1),
        ("T-VER-S-METH-13-01", 10, None),
        ("T-VER-P-METH-13-01", 15, 2),
        ("T-VER-P-METH-13-02", 15, 2),
    ],
)
def test_crediting_periods_are_those_tgo_publishes(
    code: str, years: int, renewals: int | None
) -> None:
    """Standard: 7 years once more, forests 10 without limit; Premium removals: 15, twice more."""
    assert (BY_CODE[code].crediting_years, BY_CODE[code].renewals_max) == (years, renewals)


def test_a_version_is_accepted_from_the_day_it_came_into_force() -> None:
    """T-VER-P-METH-13-01 version 01 came into force on 1 March 2023."""
    methodology = a_methodology()
    require_acceptable(methodology, date(2023, 3, 1))
    require_acceptable(methodology, date(2099, 1, 1))
    with pytest.raises(MethodologyNotInForceError):
        require_acceptable(methodology, date(2023, 2, 28))


def test_a_superseded_version_is_accepted_for_180_days_more() -> None:
    """TGO's own list: version 2 from 8 August 2025, version 1 until 4 February 2026."""
    last = last_acceptable(date(2025, 8, 8), overlap_days=180)
    assert last == date(2026, 2, 4)
    assert last_acceptable(date(2025, 8, 1), overlap_days=180) == date(2026, 1, 28)
    methodology = a_methodology(superseded_on=date(2025, 8, 8), last_acceptable_on=last)
    require_acceptable(methodology, date(2026, 2, 4))
    with pytest.raises(MethodologySupersededError) as refusal:
        require_acceptable(methodology, date(2026, 2, 5))
    assert "2026-02-04" in refusal.value.say("th")[1]


def test_a_version_is_superseded_after_it_came_into_force_and_once() -> None:
    """A second date would change which submissions were right."""
    methodology = a_methodology()
    check_supersession(methodology, superseded_on=date(2023, 3, 2))
    check_supersession(methodology, superseded_on=date(2200, 12, 31))
    for wrong in (date(2023, 3, 1), date(2201, 1, 1), date.max):
        with pytest.raises(SupersessionDateError):
            check_supersession(methodology, superseded_on=wrong)
    superseded = a_methodology(superseded_on=date(2025, 8, 8), last_acceptable_on=date(2026, 2, 4))
    with pytest.raises(AlreadySupersededError):
        check_supersession(superseded, superseded_on=date(2025, 8, 8))


@pytest.mark.parametrize(
    "slip", [{"project_type": 14}, {"variant": Variant.STANDARD}, {"variant": Variant.LESS}]
)
def test_an_entry_must_agree_with_its_own_code(slip: dict[str, object]) -> None:
    """The code T-VER-P-METH-13-01 says premium and project type 13."""
    with pytest.raises(CodeMismatchError) as refusal:
        check_entry(replace(REFORESTATION, **slip))  # type: ignore[arg-type]
    assert refusal.value.facts["project_type"] == 13


def test_an_unverified_entry_must_say_what_was_not_verified() -> None:
    """A reader could not tell a placeholder from a rule of TGO."""
    check_entry(replace(REFORESTATION, verified=True, note=None))
    with pytest.raises(NoteMissingError):
        check_entry(replace(REFORESTATION, verified=False, note=None))


def test_an_entry_with_a_year_of_the_buddhist_era_is_refused() -> None:
    """It would never come into force."""
    check_entry(replace(REFORESTATION, valid_from=date(2200, 12, 31)))
    with pytest.raises(EntryDateAheadError):
        check_entry(replace(REFORESTATION, valid_from=date(2569, 3, 1)))


@pytest.mark.parametrize("family", Family)
def test_a_bound_belongs_to_the_smaller_class(family: Family) -> None:
    """TGO writes both bounds as "not more than"."""
    scale, step = SCALES[family], Decimal("0.000001")
    assert scale_class(family, Decimal(0)) is ScaleClass.MICRO
    assert scale_class(family, scale.micro_max) is ScaleClass.MICRO
    assert scale_class(family, scale.micro_max + step) is ScaleClass.SMALL
    assert scale_class(family, scale.small_max) is ScaleClass.SMALL
    assert scale_class(family, scale.small_max + step) is ScaleClass.LARGE


def test_the_bounds_are_those_of_the_government_portal() -> None:
    """Megawatts of renewables, gigawatt hours saved in a year, tonnes in a year."""
    bounds = {
        family: (int(scale.micro_max), int(scale.small_max)) for family, scale in SCALES.items()
    }
    assert bounds == {
        Family.RENEWABLE_ELECTRICITY: (5, 15),
        Family.ENERGY_EFFICIENCY: (20, 60),
        Family.FORESTRY: (1_000, 16_000),
        Family.AGRICULTURE: (1_000, 16_000),
        Family.OTHER: (20_000, 60_000),
    }


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        (date(2027, 1, 1), 7, date(2033, 12, 31)),  # a rooftop solar design document
        (date(2023, 10, 1), 15, date(2038, 9, 30)),  # a registered mangrove project
        (date(2024, 2, 29), 7, date(2031, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 28)),
        (date(2023, 3, 1), 5, date(2028, 2, 29)),
        (date(2096, 2, 29), 4, date(2100, 2, 28)),  # 2100 is no leap year
    ],
)
def test_a_crediting_period_ends_the_day_before_its_anniversary(
    start: date, years: int, end: date
) -> None:
    """Both days count; the printed examples are held."""
    assert crediting_end(start, years) == end


@given(st.dates(date(1990, 1, 1), date(2200, 12, 31)), st.integers(1, 30))
def test_a_renewal_neither_skips_nor_doubles_a_day(start: date, years: int) -> None:
    """Whatever the day, n years have as many days as the calendar says, give or take none."""
    end = crediting_end(start, years)
    assert renewal_start(end) - end == timedelta(days=1)
    later = crediting_end(start + timedelta(days=1), years)
    assert timedelta(0) <= later - end <= timedelta(days=2)
    assert end.year - start.year in {years, years - 1}


@pytest.mark.parametrize(
    ("variant", "project_type", "family", "expected"),
    [
        (Variant.PREMIUM, 13, Family.FORESTRY, True),
        (Variant.PREMIUM, 13, Family.AGRICULTURE, False),
        (Variant.PREMIUM, 14, Family.OTHER, True),
        (Variant.PREMIUM, 12, Family.OTHER, False),
        (Variant.PREMIUM, 1, Family.RENEWABLE_ELECTRICITY, False),
        (Variant.STANDARD, 13, Family.FORESTRY, False),
        (Variant.STANDARD, 14, Family.OTHER, False),
        (Variant.LESS, 13, Family.FORESTRY, False),
    ],
)
def test_a_buffer_secures_what_could_be_released_again(
    variant: Variant,
    project_type: int,
    family: Family,
    expected: bool,  # noqa: FBT001
) -> None:
    """Premium types 13, without methane and nitrous oxide from agriculture, and 14."""
    assert has_buffer(variant=variant, project_type=project_type, family=family) is expected
