"""Programmes: the founding entries, and what a rule's value may be."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from app.registry.programmes.catalogue import MEMBERS, PROGRAMMES, RULE_VALUES
from app.registry.programmes.refusals import (
    MintingUnverifiedError,
    ProgrammeClosedError,
    RuleDateAheadError,
    RulePeriodReversedError,
    RuleRetroactiveError,
    RuleValueUnreadableError,
)
from app.registry.programmes.rules import (
    DATE_MAX,
    RULE_SPECS,
    ProgrammeKind,
    ProgrammeStatus,
    RuleKey,
    RuleValue,
    SigningCapacity,
    check_minting,
    check_period,
    check_value,
    is_yes,
    list_of,
    require_open,
    serial_prefix,
    text_of,
    tonnes_of,
    whole_of,
)

TODAY = date(2026, 11, 24)


def a_rule(key: RuleKey, value: str) -> RuleValue:
    return RuleValue(
        id="cfg_01kb5w6yk2e0hr9h5y0s8v2a3b",
        programme_code=None,
        key=key,
        value=value,
        unit=RULE_SPECS[key].unit,
        valid_from=TODAY,
        valid_to=None,
        source="a test",
        is_default=True,
        set_by="registry",
        recorded_at=datetime(2026, 11, 24, tzinfo=UTC),
        log_index=0,
    )


def test_every_rule_has_a_founding_value_for_every_programme() -> None:
    """A decision that finds no value is refused, so the register must not start with a gap."""
    needed = {key for key, spec in RULE_SPECS.items() if not spec.is_limit}
    assert set(RULE_SPECS) == set(RuleKey)
    assert {value.key for value in RULE_VALUES if value.programme_code is None} == needed


def test_every_founding_value_can_be_read_and_names_its_source() -> None:
    """A value that its reader cannot read would stop the acts that need it."""
    for value in RULE_VALUES:
        check_value(value.key, value.value)
        assert value.source


def test_a_founding_value_without_a_text_of_tgo_is_marked_as_our_default() -> None:
    """A rule that TGO never made must not look like one."""
    for value in RULE_VALUES:
        assert value.is_default is value.source.startswith("Our default")


def test_the_founding_members_are_those_of_the_memorandum() -> None:
    """Two governors signed for the city pilot, two deputies for the provincial one."""
    signed = {
        (one.programme_code, one.province_code, one.signing_capacity, one.since_fiscal_year_be)
        for one in MEMBERS
    }
    assert signed == {
        ("CITY", "40", SigningCapacity.GOVERNOR, 2565),
        ("CITY", "81", SigningCapacity.GOVERNOR, 2565),
        ("PROV", "54", SigningCapacity.DEPUTY_GOVERNOR, 2565),
        ("PROV", "71", SigningCapacity.DEPUTY_GOVERNOR, 2565),
    }
    assert {one.memorandum_date for one in MEMBERS} == {date(2022, 1, 12)}


def test_a_misspelt_name_in_print_is_kept_beside_the_right_one() -> None:
    """Whoever searches by what was printed must find the programme, and read its right name."""
    provincial = next(one for one in PROGRAMMES if one.kind is ProgrammeKind.PROVINCIAL)
    assert "เรือนกกระจก" not in provincial.name_th
    assert all("เรือนกกระจก" in name for name in provincial.names_as_published)


def test_less_neither_needs_verification_nor_mints() -> None:
    """LESS ends in a letter of recognition; no credit may ever come of it."""
    less = next(one for one in PROGRAMMES if one.kind is ProgrammeKind.LESS)
    assert (less.needs_verification, less.mints, less.market_based) == (False, False, False)


@pytest.mark.parametrize(
    ("kind", "needs_verification"),
    [(ProgrammeKind.LESS, False), (ProgrammeKind.LESS, True), (ProgrammeKind.CITY_PILOT, False)],
)
def test_a_programme_cannot_mint_what_nobody_verified(
    kind: ProgrammeKind,
    needs_verification: bool,  # noqa: FBT001
) -> None:
    """And LESS cannot mint even where somebody would verify."""
    with pytest.raises(MintingUnverifiedError):
        check_minting(
            programme_code="X", kind=kind, needs_verification=needs_verification, mints=True
        )
    check_minting(programme_code="X", kind=kind, needs_verification=needs_verification, mints=False)


def test_a_verified_programme_may_mint() -> None:
    """The other side of the refusal."""
    check_minting(
        programme_code="X", kind=ProgrammeKind.PREMIUM, needs_verification=True, mints=True
    )


def test_a_closed_programme_takes_no_activity() -> None:
    """Whoever asks is told, and an open one takes it."""
    programme = PROGRAMMES[0]
    require_open(programme)
    with pytest.raises(ProgrammeClosedError):
        require_open(replace(programme, status=ProgrammeStatus.CLOSED))


def test_a_rule_may_begin_today_but_not_yesterday() -> None:
    """A rule that changed the past would make yesterday's decisions wrong."""
    check_period(valid_from=TODAY, valid_to=None, today=TODAY)
    with pytest.raises(RuleRetroactiveError) as refusal:
        check_period(valid_from=TODAY - timedelta(days=1), valid_to=None, today=TODAY)
    assert refusal.value.facts == {"today": "2026-11-24"}


def test_a_rule_may_end_on_its_first_day_but_not_before() -> None:
    """A value that never was in force would hide the one before it."""
    check_period(valid_from=TODAY, valid_to=TODAY, today=TODAY)
    with pytest.raises(RulePeriodReversedError):
        check_period(valid_from=TODAY, valid_to=TODAY - timedelta(days=1), today=TODAY)


def test_a_year_of_the_buddhist_era_is_refused() -> None:
    """A value from 2569 CE on would never come into force, and nobody would notice."""
    check_period(valid_from=DATE_MAX, valid_to=None, today=TODAY)
    with pytest.raises(RuleDateAheadError):
        check_period(valid_from=date(2569, 1, 1), valid_to=None, today=TODAY)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (RuleKey.START_WINDOW_YEARS, "100"),
        (RuleKey.POA_CAP_TCO2E, "60000.5"),
        (RuleKey.REMAINDER_CARRIED, "no"),
        (RuleKey.METHODOLOGY_VARIANTS, "premium"),
        (RuleKey.DOCUMENT_MEDIA_TYPES, "application/pdf,text/csv"),
        (RuleKey.SERIAL_PREFIX_FORMAT, "{programme}-{batch}-{vintage}-{activity}"),
    ],
)
def test_a_value_that_fits_the_rule_is_taken(key: RuleKey, value: str) -> None:
    """The other side of the refusals below."""
    check_value(key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (RuleKey.START_WINDOW_YEARS, "0"),
        (RuleKey.START_WINDOW_YEARS, "101"),
        (RuleKey.START_WINDOW_YEARS, "3.0"),
        (RuleKey.START_WINDOW_YEARS, "-3"),
        (RuleKey.START_WINDOW_YEARS, "๓"),
        (RuleKey.DOCUMENT_BYTES_MAX, "25000001"),
        (RuleKey.DOCUMENT_BYTES_MAX, "9" * 40),
        (RuleKey.POA_CAP_TCO2E, "60,000"),
        (RuleKey.POA_CAP_TCO2E, "1e5"),
        (RuleKey.REMAINDER_CARRIED, "true"),
        (RuleKey.METHODOLOGY_VARIANTS, ""),
        (RuleKey.METHODOLOGY_VARIANTS, "standard, premium"),
        (RuleKey.METHODOLOGY_VARIANTS, "standard,standard"),
        (RuleKey.METHODOLOGY_VARIANTS, "gold"),
        (RuleKey.DOCUMENT_MEDIA_TYPES, "application/pdf,"),
        (RuleKey.RETIREMENT_PURPOSES, "Product"),
        (RuleKey.RETIREMENT_PURPOSES, ",".join(f"purpose_{n}" for n in range(300))),
        (RuleKey.SERIAL_PREFIX_FORMAT, "TH-{programme}-{activity}-{vintage}"),
        (RuleKey.SERIAL_PREFIX_FORMAT, "TH-{programme}-{activity}-{vintage}-{batch}-{batch}"),
        (RuleKey.SERIAL_PREFIX_FORMAT, "TH {programme}-{activity}-{vintage}-{batch}"),
        (RuleKey.SERIAL_PREFIX_FORMAT, "-{programme}-{activity}-{vintage}-{batch}"),
        (RuleKey.SERIAL_PREFIX_FORMAT, "{x}-{programme}-{activity}-{vintage}-{batch}"),
        (RuleKey.SERIAL_PREFIX_FORMAT, "{programme}{activity}-{vintage}{batch}"),
    ],
)
def test_a_value_that_does_not_fit_the_rule_is_refused_and_told_what_would(
    key: RuleKey, value: str
) -> None:
    """Found out only by its reader, it would stop every act that needs it."""
    with pytest.raises(RuleValueUnreadableError) as refusal:
        check_value(key, value)
    for language in ("en", "th"):
        assert key.value in refusal.value.say(language)[1]


def test_values_are_read_in_the_form_of_their_rule() -> None:
    """Readers get numbers, tonnes, truth values and lists, never text to take apart."""
    assert whole_of(a_rule(RuleKey.START_WINDOW_YEARS, "3")) == 3
    assert tonnes_of(a_rule(RuleKey.POA_CAP_TCO2E, "60000.5")) == Decimal("60000.5")
    assert is_yes(a_rule(RuleKey.REMAINDER_CARRIED, "yes"))
    assert not is_yes(a_rule(RuleKey.REMAINDER_CARRIED, "no"))
    template = "{programme}-{activity}-{vintage}-{batch}"
    assert text_of(a_rule(RuleKey.SERIAL_PREFIX_FORMAT, template)) == template
    assert list_of(a_rule(RuleKey.METHODOLOGY_VARIANTS, "standard,premium")) == (
        "standard",
        "premium",
    )


def test_a_serial_prefix_follows_the_template_of_the_day() -> None:
    """Numbers of activities are padded to four digits and grow beyond."""
    template = "TH-{programme}-{activity}-{vintage}-{batch}"
    prefix = serial_prefix(
        template, programme_code="CITY", activity_number=1, vintage=2024, batch_number=17
    )
    assert prefix == "TH-CITY-0001-2024-17"
    later = serial_prefix(
        template, programme_code="CITY", activity_number=12345, vintage=2024, batch_number=17
    )
    assert later == "TH-CITY-12345-2024-17"
