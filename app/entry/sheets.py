"""Tables that people hand in: CSV as a stream, XLSX by its first sheet; cells become text."""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from python_calamine import CalamineError, CalamineWorkbook

from app.kernel.errors import InvalidError

LINE_CHARACTERS_MAX: Final = 1_000_000  # A line without an end must not fill the memory.
ROW_CHARACTERS_MAX: Final = 1_000_000  # The same for a quote that is never closed.
COLUMNS_MAX: Final = 1_000
SHEET_BYTES_MAX: Final = (
    500_000_000  # An XLSX file is packed: a small one may unfold into any size.
)
_EXACT_MAX: Final = (
    2**53
)  # A spreadsheet keeps numbers as doubles; below this a whole one is exact.


class TableUnreadableError(InvalidError):
    """This file cannot be read as a table."""

    code = "table_unreadable"
    number = 3304
    title_th = "ไม่สามารถอ่านไฟล์นี้เป็นตาราง"
    advice = "{file}: {problem}. Save it as CSV (UTF-8) or XLSX and try again. Nothing was changed."
    advice_th = "{file}: {problem} โปรดบันทึกเป็น CSV (UTF-8) หรือ XLSX แล้วลองใหม่ ยังไม่มีข้อมูลใดถูกแก้ไข"


class Sheet(NamedTuple):
    """A table. Each row comes with the line where it begins, from 1; empty lines are not rows."""

    header: Sequence[str]
    rows: Iterator[tuple[int, Sequence[str]]]


@contextmanager
def open_sheet(path: Path) -> Iterator[Sheet]:
    """
    Open a table.

    Raises:
        TableUnreadableError: at once or while reading; it is missing, of another kind, or broken.
    """
    if _is_packed(path):
        yield _sheet(path, _workbook_rows(path))
        return
    with path.open(encoding="utf-8-sig", newline="") as text:
        yield _sheet(path, _csv_rows(path, text))


def _is_packed(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError as failure:
        problem = failure.strerror or "it cannot be opened"
        raise TableUnreadableError(file=path.name, problem=problem) from None


def _sheet(path: Path, rows: Iterator[tuple[int, Sequence[str]]]) -> Sheet:
    _, header = next(rows, (0, ()))
    if not header:
        raise TableUnreadableError(file=path.name, problem="it is empty")
    if len(header) > COLUMNS_MAX:
        raise TableUnreadableError(
            file=path.name, problem=f"it has more than {COLUMNS_MAX} columns"
        )
    return Sheet(header, rows)


def _csv_rows(path: Path, text: TextIO) -> Iterator[tuple[int, Sequence[str]]]:
    reader = csv.reader(_lines(path, text), strict=True)
    csv.field_size_limit(ROW_CHARACTERS_MAX)
    line = 1
    try:
        for cells in reader:
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as failure:
        raise TableUnreadableError(
            file=path.name,
            problem=f"from line {line} on it is not CSV ({failure}); look for a quote out of place",
        ) from None
    except UnicodeDecodeError:
        raise TableUnreadableError(
            file=path.name, problem=f"after line {line} it is not UTF-8 text"
        ) from None


def _lines(path: Path, text: TextIO) -> Iterator[str]:
    while line := text.readline(LINE_CHARACTERS_MAX):
        if len(line) == LINE_CHARACTERS_MAX:
            raise TableUnreadableError(
                file=path.name, problem=f"a line has {LINE_CHARACTERS_MAX} characters or more"
            )
        yield line


def _workbook_rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked_bytes = sum(part.file_size for part in packed.infolist())
        if unpacked_bytes > SHEET_BYTES_MAX:
            raise TableUnreadableError(
                file=path.name, problem=f"unpacked it has more than {SHEET_BYTES_MAX} bytes"
            )
        with CalamineWorkbook.from_path(path) as workbook:
            sheet = workbook.get_sheet_by_index(0)
            for number, cells in enumerate(sheet.iter_rows(), start=1):
                texts = [_text(cell) for cell in cells]
                if any(texts):
                    yield number, texts
    except (CalamineError, zipfile.BadZipFile) as failure:
        raise TableUnreadableError(
            file=path.name, problem=f"it is not an XLSX file ({failure})"
        ) from None


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT_MAX:
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == datetime.min.time():
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
