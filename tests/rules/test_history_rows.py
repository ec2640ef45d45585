"""Rows of another registry's tables, read cell by cell; most of them hostile."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.quantities import CREDITS_MAX
from app.registry.history.faults import SENTENCES, Fault, RowRefusedError, Table
from app.registry.history.mapping import SHIPPED, load_mapping, parse_mapping
from app.registry.history.refusals import (
    ColumnsMissingError,
    MappingInvalidError,
    MappingNotFoundError,
)
from app.registry.history.rules import (
    IssuanceRow,
    RetirementRow,
    lay_out,
    read_issuance,
    read_retirement,
    salvage,
)

TODAY = date(2026, 11, 24)
CAR = load_mapping("car")
ISSUANCES = lay_out(
    Table.ISSUANCES,
    ["Date \nIssued", "Project ID", "Project \nName", "Vintage", "Total Offset Credits Issued"],
    CAR,
    TODAY,
)
RETIREMENTS = lay_out(
    Table.RETIREMENTS,
    [
        "Project ID",
        "Vintage",
        "Offset Credit Serial Numbers",
        "Quantity of Offset Credits",
        "Status Effective",
        "Account Holder",
        "Retirement Reason",
        "Retirement Reason Details",
    ],
    CAR,
    TODAY,
)
ISSUED = {
    "date": "2/7/14",
    "project": "CAR1000",
    "name": "Dairy",
    "vintage": "2013",
    "credits": "100",
}
RETIRED = {
    "project": "CAR1000",
    "vintage": "2013",
    "serial": "CAR-1-US-1000-2013-7-1 to 40",
    "credits": "40",
    "date": "10/11/19",
    "holder": "City Light",
    "reason": "Environmental Benefit",
    "details": "",
}


def issued(**changed: str) -> IssuanceRow:
    return read_issuance(ISSUANCES, 2, list((ISSUED | changed).values()))


def retired(**changed: str) -> RetirementRow:
    return read_retirement(RETIREMENTS, 2, list((RETIRED | changed).values()))


def fault_of(read: Callable[..., object], **changed: str) -> Fault:
    with pytest.raises(RowRefusedError) as refusal:
        read(**changed)
    return refusal.value.fault


def test_a_good_row_of_each_table_is_read() -> None:
    row = issued()
    assert (row.project, row.vintage, row.credits, row.on) == (
        "CAR1000",
        2013,
        100,
        date(2014, 2, 7),
    )
    retirement = retired()
    assert (retirement.serials.prefix, retirement.serials.first, retirement.serials.last) == (
        "CAR-1-US-1000-2013-7",
        1,
        40,
    )
    assert (retirement.on, retirement.account_holder, retirement.details) == (
        date(2019, 10, 11),
        "City Light",
        "",
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("๑๒๓", 123),
        ("1,234,567", 1_234_567),
        ("007", 7),
        (f" {CREDITS_MAX}\n", CREDITS_MAX),
    ],
)
def test_numbers_are_read_in_thai_digits_and_with_separators(text: str, number: int) -> None:
    assert issued(credits=text).credits == number


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-5",
        "5.0",
        "1e3",
        "12,34",
        "1,23,456",
        "five",
        "0x10",
        "\uff11\uff12",
        "\u0663",
        "1 000",
        "1_000",
        "∞",
        "½",
    ],
)
def test_what_is_not_a_positive_whole_number_is_refused(text: str) -> None:
    assert fault_of(issued, credits=text) is Fault.NOT_A_NUMBER


@pytest.mark.parametrize("text", [str(CREDITS_MAX + 1), "9" * 200])
def test_a_huge_number_is_refused_before_anything_is_computed_with_it(text: str) -> None:
    assert fault_of(issued, credits=text) is Fault.NUMBER_TOO_LARGE


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1", "@SUM(A1)", " =1+1", "\t=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_refused(text: str) -> None:
    assert fault_of(issued, name=text) is Fault.FORMULA
    assert fault_of(retired, holder=text) is Fault.FORMULA
    assert fault_of(issued, credits=text) is Fault.FORMULA


@pytest.mark.parametrize("text", ["a\x00b", "a\x07", "abc\u202edcb", "\ud800", "a\u2066b"])
def test_what_cannot_be_seen_and_could_mislead_is_refused(text: str) -> None:
    assert fault_of(retired, holder=text) is Fault.CHARACTER


def test_a_fault_never_repeats_control_characters_to_the_terminal() -> None:
    with pytest.raises(RowRefusedError) as refusal:
        retired(holder="a\x1b[31m\x00")
    assert refusal.value.finding(Table.RETIREMENTS, 2, 0).sentence.isprintable()


def test_a_long_cell_is_refused_at_one_more_than_the_limit() -> None:
    assert issued(name="ก" * 200).project_name == "ก" * 200
    assert fault_of(issued, name="ก" * 201) is Fault.TOO_LONG
    assert fault_of(issued, name="x" * 5_000_000) is Fault.TOO_LONG
    assert fault_of(retired, details="x" * 2001) is Fault.TOO_LONG


def test_line_breaks_and_tabs_inside_a_text_become_blanks() -> None:
    assert retired(details="on behalf\nof\ta client\t").details == "on behalf of a client"


@pytest.mark.parametrize("column", ["project", "name", "vintage", "credits", "date"])
def test_an_empty_cell_is_refused(column: str) -> None:
    assert fault_of(issued, **{column: " "}) is Fault.EMPTY


def test_vintages_end_at_the_limits_and_buddhist_years_are_refused() -> None:
    assert issued(vintage="1990").vintage == 1990
    assert issued(vintage="2200").vintage == 2200
    for text in ("1989", "2201", "2557"):
        assert fault_of(issued, vintage=text) is Fault.VINTAGE


@pytest.mark.parametrize(
    "text", ["13/1/14", "2/30/14", "7.2.14", "0001-01-01", "2014-02-07T00:00", "14"]
)
def test_a_text_that_is_no_date_is_refused(text: str) -> None:
    assert fault_of(issued, date=text) is Fault.DATE


def test_dates_are_read_by_the_mapping_or_as_iso_up_to_today() -> None:
    assert issued(date="2014-02-07").on == date(2014, 2, 7)
    assert issued(date="11/24/26").on == TODAY
    assert fault_of(issued, date="11/25/26") is Fault.DATE_AHEAD


@pytest.mark.parametrize("text", ["CAR-1-2 bis 3", "1 to 3", "CAR-1-A to B", "CAR-1--1 to 3 to 4x"])
def test_a_serial_that_does_not_fit_the_pattern_is_refused(text: str) -> None:
    assert fault_of(retired, serial=text) is Fault.SERIAL


@pytest.mark.parametrize("prefix", ["TH-CITY-0001-2022-1", "th-x-1", "a b", "ป-1", "<b>", "A"])
def test_a_prefix_that_could_be_ours_or_is_no_prefix_is_refused(prefix: str) -> None:
    assert fault_of(retired, serial=f"{prefix}-1 to 40") is Fault.PREFIX


def test_ranges_are_inclusive_and_the_quantity_must_say_the_same() -> None:
    assert retired(serial="CAR-7-40 to 40", credits="1").serials.credits == 1
    assert fault_of(retired, serial="CAR-7-1 to 40", credits="39") is Fault.QUANTITY
    assert fault_of(retired, serial="CAR-7-41 to 40") is Fault.RANGE_REVERSED
    assert fault_of(retired, serial="CAR-7-0 to 39") is Fault.NOT_A_NUMBER
    assert fault_of(retired, serial=f"CAR-7-1 to {'9' * 30}") is Fault.NUMBER_TOO_LARGE


def test_thai_digits_are_read_in_serials() -> None:
    assert retired(serial="CAR-7-๑ to ๔๐").serials.last == 40


@pytest.mark.parametrize("project", ["CAR 1", "โครงการ", "-1", "a/b", "x" * 61])
def test_a_project_code_is_plain(project: str) -> None:
    assert fault_of(issued, project=project) is Fault.CODE


def test_a_row_of_another_width_is_refused() -> None:
    for cells in ([], ["x"], [*RETIRED.values(), ""]):
        with pytest.raises(RowRefusedError) as refusal:
            read_retirement(RETIREMENTS, 9, cells)
        assert refusal.value.fault is Fault.COLUMN_COUNT
        assert salvage(RETIREMENTS, cells) == (None, None, 0)


def test_what_a_refused_row_still_tells_is_kept() -> None:
    """Its credits count in the report, and its project and vintage are held back."""
    cells = list((RETIRED | {"date": "never"}).values())
    assert salvage(RETIREMENTS, cells) == ("CAR1000", 2013, 40)
    cells = list((RETIRED | {"vintage": "?", "credits": "?"}).values())
    assert salvage(RETIREMENTS, cells) == ("CAR1000", None, 0)


@given(st.lists(st.text(max_size=60), max_size=9))
def test_no_row_whatever_it_holds_breaks_the_reader(cells: list[str]) -> None:
    for layout, read in ((ISSUANCES, read_issuance), (RETIREMENTS, read_retirement)):
        salvage(layout, cells)
        try:
            read(layout, 2, cells)
        except RowRefusedError as refusal:
            finding = refusal.finding(layout.table, 2, 0)
            assert finding.sentence.isprintable()
            assert finding.sentence_th.isprintable()


@given(st.sampled_from(sorted(RETIRED)), st.text(max_size=80))
def test_no_single_cell_breaks_the_reader(column: str, text: str) -> None:
    try:
        row = retired(**{column: text})
    except RowRefusedError:
        return
    assert row.credits == row.serials.credits >= 1


def test_every_fault_says_in_both_languages_what_to_do() -> None:
    assert set(SENTENCES) == set(Fault)
    for english, thai in SENTENCES.values():
        assert english.endswith(".")
        assert any("ก" <= letter <= "๙" for letter in thai)


def test_columns_that_are_missing_or_there_twice_are_named() -> None:
    with pytest.raises(ColumnsMissingError) as refusal:
        lay_out(Table.ISSUANCES, ["Vintage", "Vintage", "Project ID", "Project Name"], CAR, TODAY)
    assert refusal.value.facts["missing"] == "Vintage, Total Offset Credits Issued, Date Issued"


CAR_TEXT = (SHIPPED / "car.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[source]", "[sauce]"),
        ('code = "CAR"', 'code = "TH"'),
        ('code = "CAR"', 'code = "car; drop"'),
        ('code = "CAR"', "code = 1"),
        ('project = "Project ID"', 'projekt = "Project ID"'),
        ('date_format = "%m/%d/%y"', 'date_format = "%m/%d"'),
        ('date_format = "%m/%d/%y"', 'date_format = "%Q"'),
        (r"(?P<last>\d+)", r"(?P<end>\d+)"),
        (r"(?P<last>\d+)", r"(?P<last>\d+"),
        (r"(?P<prefix>.+)", f"(?P<prefix>{'.' * 300})"),
        ('"voluntary"', '"On Monday"'),
        ('"voluntary"', "7"),
        ("[purposes]", "[purposes"),
        ('account_holder = "Account Holder"', ""),
    ],
)
def test_a_mapping_with_a_mistake_is_refused(old: str, new: str) -> None:
    assert old in CAR_TEXT
    with pytest.raises(MappingInvalidError):
        parse_mapping(CAR_TEXT.replace(old, new))


def test_details_and_purposes_may_be_left_out_of_a_mapping() -> None:
    text = CAR_TEXT.partition("[purposes]")[0].replace("details =", "# details =")
    mapping = parse_mapping(text)
    assert mapping.purposes == {}
    assert "details" not in mapping.retirements.names


def test_a_mapping_is_found_by_shipped_name_or_by_path(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(CAR_TEXT, encoding="utf-8")
    assert load_mapping(str(own)) == load_mapping("car")
    for named in ("nowhere", "../car", str(tmp_path), "", "x\x00y"):
        with pytest.raises(MappingNotFoundError) as refusal:
            load_mapping(named)
        assert refusal.value.facts["shipped"] == "car"


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    for content in (b"\xff\xfe\x00", b"x" * 70_000, b"= 1"):
        file = tmp_path / "bad.toml"
        file.write_bytes(content)
        with pytest.raises(MappingInvalidError):
            load_mapping(str(file))
