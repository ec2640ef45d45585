"""
One table as files: CSV, JSON, Parquet and XLSX, each written row by row from lines kept on disk.

Nothing here holds a table in memory. It is work for a thread: a million rows take some minutes.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from arro3.core import DataType, Field, Schema
from arro3.io import read_json, write_parquet
from xlsxwriter import Workbook

from app.entry.exports import as_csv
from app.entry.pages.checking.flattening import Column, as_text

# A sheet has no more; a longer table has no XLSX, and the page says so.
SHEET_ROWS_MAX: Final = 1_048_575
_EXACT_MAX: Final = 2**53  # spreadsheets keep numbers as doubles
_CELL_CHARACTERS_MAX: Final = 32_767  # of an XLSX cell
_SHEET: Final = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_KINDS: Final = {
    "integer": DataType.int64(),
    "boolean": DataType.bool(),
    "string": DataType.string(),
}

Line = Sequence[object]


def write_line(columns: Sequence[Column], line: Line) -> str:
    """Return a line as it is kept: a JSON object with the columns' names."""
    row = {column.name: value for column, value in zip(columns, line, strict=True)}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


def make_files(lines: Path, columns: Sequence[Column], rows: int) -> dict[str, Path]:
    """
    Write a table in all formats, beside its lines.

    Args:
        lines: the rows, a JSON object a line.
        columns: of the table.
        rows: how many there are.

    Returns:
        The files by the suffix of their format.
    """
    writers: dict[str, Callable[[Path, Path, Sequence[Column]], None]] = {
        "csv": _write_csv,
        "json": _write_json,
        "parquet": _write_parquet,
        **({"xlsx": _write_xlsx} if rows <= SHEET_ROWS_MAX else {}),
    }
    made: dict[str, Path] = {}
    for suffix, write in writers.items():
        made[suffix] = lines.with_suffix(f".{suffix}")
        write(lines, made[suffix], columns)
    return made


def _rows(lines: Path, columns: Sequence[Column]) -> Iterator[list[object]]:
    with lines.open(encoding="utf-8") as kept:
        for line in kept:
            row = json.loads(line)
            yield [row[column.name] for column in columns]


def _write_csv(lines: Path, to: Path, columns: Sequence[Column]) -> None:
    with to.open("w", encoding="utf-8", newline="") as file:
        file.write(as_csv([[column.name for column in columns]]))
        for row in _rows(lines, columns):
            file.write(as_csv([map(as_text, row)]))


def _write_json(lines: Path, to: Path, columns: Sequence[Column]) -> None:
    del columns  # each line names its own
    with lines.open(encoding="utf-8") as kept, to.open("w", encoding="utf-8") as file:
        file.write("[")
        for number, line in enumerate(kept):
            file.write(("\n" if number == 0 else ",\n") + line.rstrip("\n"))
        file.write("\n]\n")


def _write_parquet(lines: Path, to: Path, columns: Sequence[Column]) -> None:
    schema = Schema([Field(c.name, _KINDS[c.kind], nullable=True) for c in columns])
    write_parquet(read_json(lines, schema), to, compression="zstd(3)")


def _write_xlsx(lines: Path, to: Path, columns: Sequence[Column]) -> None:
    with Workbook(to, _SHEET) as book:
        sheet = book.add_worksheet("data")
        for at, column in enumerate(columns):
            sheet.write_string(0, at, column.name)
        for number, row in enumerate(_rows(lines, columns), start=1):
            for at, value in enumerate(row):
                if isinstance(value, bool):
                    sheet.write_boolean(number, at, value)
                elif isinstance(value, int) and abs(value) < _EXACT_MAX:
                    sheet.write_number(number, at, value)
                elif value is not None:
                    sheet.write_string(number, at, str(value)[:_CELL_CHARACTERS_MAX])
