"""Files that people hand in: tables as they should be, and as they come."""

import tracemalloc
import zipfile
from pathlib import Path

import pytest

from app.entry.sheets import LINE_CHARACTERS_MAX, TableUnreadableError, open_sheet

SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="xl/workbook.xml" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/officeDocument"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets>'
    "</workbook>",
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Target="worksheets/sheet1.xml" Type="http://schemas.'
    'openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>',
}


def workbook(path: Path, cells: str, **more: bytes) -> Path:
    """Write the smallest XLSX file that holds some cells."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in PARTS.items():
            packed.writestr(name, content)
        packed.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{SHEET}"><sheetData>{cells}</sheetData></worksheet>',
        )
        for name, filling in more.items():
            packed.writestr(name, filling)
    return path


def read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    with open_sheet(path) as sheet:
        return list(sheet.header), [(line, list(cells)) for line, cells in sheet.rows]


def csv_file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return path


def test_a_byte_order_mark_line_breaks_in_headers_and_thai_text_are_read(tmp_path: Path) -> None:
    path = csv_file(tmp_path, '\ufeff"A \nB",C\r\nก,"1\n2"\r\n\r\n,\r\nx,y\r\n'.encode())
    assert read(path) == (["A \nB", "C"], [(3, ["ก", "1\n2"]), (7, ["x", "y"])])


def test_rows_of_another_width_are_passed_on_for_the_rules_to_refuse(tmp_path: Path) -> None:
    assert read(csv_file(tmp_path, b"a,b\n1\n1,2,3\n"))[1] == [(2, ["1"]), (3, ["1", "2", "3"])]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b'a,b\n"never closed,1\n2,3\n',
        b'a,b\n"x"y,1\n',
        b"a,b\n\xff\xfe,1\n",
        "a,b\n1,2\n".encode("utf-16"),
        b"a,b\nx" + b"y" * LINE_CHARACTERS_MAX,
        b'a,b\n"' + b"y\n" * LINE_CHARACTERS_MAX,
        b"a," * 2_000 + b"\n",
        b"PK\x03\x04 no archive",
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TableUnreadableError) as refusal:
        read(csv_file(tmp_path, content))
    assert "table.csv" in refusal.value.say("en")[1]
    assert "table.csv" in refusal.value.say("th")[1]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(TableUnreadableError):
            read(path)


def test_an_error_of_the_reader_of_the_rows_is_not_taken_for_one_of_the_file(
    tmp_path: Path,
) -> None:
    path = csv_file(tmp_path, b"a\n1\n")
    with pytest.raises(ConnectionError), open_sheet(path):
        raise ConnectionError


def test_a_long_table_is_read_as_a_stream(tmp_path: Path) -> None:
    path = csv_file(tmp_path, b"a,b,c\n" + b"some text,123456,more text\n" * 200_000)
    tracemalloc.start()
    with open_sheet(path) as sheet:
        assert sum(1 for _ in sheet.rows) == 200_000
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_a_workbook_gives_whole_numbers_dates_and_text_as_text(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "table.xlsx",
        '<row r="2"><c r="A2" t="inlineStr"><is><t>Project\nID</t></is></c>'
        '<c r="B2" t="inlineStr"><is><t>Credits</t></is></c></row>'
        '<row r="4"><c r="A4" t="inlineStr"><is><t>๑</t></is></c><c r="B4"><v>126155</v></c></row>'
        '<row r="5"><c r="A5" t="b"><v>1</v></c><c r="B5"><v>1.5</v></c></row>'
        '<row r="6"><c r="A6" t="e"><v>#REF!</v></c><c r="B6"><v>1e300</v></c></row>',
    )
    header, rows = read(path)
    assert header == ["Project\nID", "Credits"]
    assert rows[:2] == [(4, ["๑", "126155"]), (5, ["True", "1.5"])]
    assert rows[2][1][1] == "1e+300"


def test_a_workbook_that_would_unfold_into_too_much_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "bomb.xlsx", "", big=b"0" * 500_000_001)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(TableUnreadableError):
        read(path)


def test_a_broken_workbook_is_refused(tmp_path: Path) -> None:
    whole = workbook(
        tmp_path / "table.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>'
    ).read_bytes()
    for content in (
        whole[: len(whole) // 2],
        whole.replace(b"xl/workbook.xml", b"xl/workbook.xmm"),
    ):
        with pytest.raises(TableUnreadableError):
            read(csv_file(tmp_path, content))
    with pytest.raises(TableUnreadableError):
        read(workbook(tmp_path / "empty.xlsx", ""))
    with pytest.raises(TableUnreadableError):
        read(workbook(tmp_path / "odd.xlsx", "<row><c"))
