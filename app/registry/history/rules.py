"""Rules of taking over history: each row is read and checked, cell by cell. Pure."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple, TypeVar

from app.kernel.quantities import CREDITS_MAX
from app.registry.history.faults import Fault, RowRefusedError, Table
from app.registry.history.mapping import Columns, SourceMapping
from app.registry.history.refusals import ColumnsMissingError
from app.registry.ledger.serials import PREFIX_PATTERN, VINTAGE_MAX, VINTAGE_MIN, SerialRange

NAME_CHARACTERS_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 2_000
SERIAL_CHARACTERS_MAX: Final = 200
SHOWN_CHARACTERS_MAX: Final = 60  # Of a bad cell, enough is shown to find it.
DATE_MIN: Final = date(1990, 1, 1)

_THAI_DIGITS: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_WHOLE: Final = re.compile(r"0*([0-9]+)|([0-9]{1,3}(?:,[0-9]{3})+)")
_PROJECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_PREFIX: Final = re.compile(PREFIX_PATTERN)
_ISO_DATE: Final = "%Y-%m-%d"
# Signs that make a spreadsheet run a cell: a name that begins so would run on the machine of
# whoever opens an export of ours. A dash is left alone: a number with one is refused as a number.
_FORMULA_SIGNS: Final = ("=", "+", "@")
# Signs that turn the direction of writing: with them a name can show as another one.
_TURNS_WRITING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class IssuanceRow(NamedTuple):
    """Credits issued to a project for one vintage."""

    line: int
    project: str
    vintage: int
    credits: int
    on: date
    project_name: str
    digest: int  # of all cells: two rows that differ in a column we do not read are two issuances


class RetirementRow(NamedTuple):
    """A range of serials retired for somebody."""

    line: int
    project: str
    vintage: int
    credits: int
    on: date
    serials: SerialRange
    account_holder: str
    reason: str
    details: str  # empty: none given
    digest: int


class Layout(NamedTuple):
    """Where the columns of a table stand."""

    table: Table
    width: int
    places: dict[str, int]
    columns: Columns
    mapping: SourceMapping
    today: date


def lay_out(table: Table, header: Sequence[str], mapping: SourceMapping, today: date) -> Layout:
    """
    Find a mapping's columns in a table's header.

    Raises:
        ColumnsMissingError: a column is not there, or there twice.
    """
    columns = mapping.issuances if table is Table.ISSUANCES else mapping.retirements
    names = [" ".join(name.split()) for name in header]
    missing = [name for name in columns.names.values() if names.count(" ".join(name.split())) != 1]
    if missing:
        raise ColumnsMissingError(
            table=table.value,
            missing=", ".join(missing),
            present=_shown(", ".join(names), characters_max=1_000),
        )
    places = {
        meaning: names.index(" ".join(name.split())) for meaning, name in columns.names.items()
    }
    return Layout(table, len(names), places, columns, mapping, today)


class Cells:
    """One row, read cell by cell; each reading refuses by raising `RowRefusedError`."""

    __slots__ = ("cells", "layout")

    def __init__(self, layout: Layout, cells: Sequence[str]) -> None:
        self.layout = layout
        self.cells = cells
        if len(cells) != layout.width:
            raise RowRefusedError(Fault.COLUMN_COUNT, value=len(cells), wanted=layout.width)

    def text(
        self, meaning: str, *, characters_max: int = NAME_CHARACTERS_MAX, may_be_empty: bool = False
    ) -> str:
        """Read text: in one line, composed, without anything invisible that could mislead."""
        if meaning not in self.layout.places:
            return ""
        raw = self.cells[self.layout.places[meaning]]
        column = self.layout.columns.names[meaning]
        if len(raw) > 2 * characters_max:  # before any work on it
            raise RowRefusedError(Fault.TOO_LONG, column, value=len(raw), wanted=characters_max)
        text = " ".join(raw.split())
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        if not text.isprintable() and any(map(_misleads, text)):
            raise RowRefusedError(Fault.CHARACTER, column, value=_shown(text))
        if len(text) > characters_max:
            raise RowRefusedError(Fault.TOO_LONG, column, value=len(text), wanted=characters_max)
        if text.startswith(_FORMULA_SIGNS):
            raise RowRefusedError(Fault.FORMULA, column, value=_shown(text))
        if not text and not may_be_empty:
            raise RowRefusedError(Fault.EMPTY, column)
        return text

    def project(self) -> str:
        """Read the project's code."""
        text = self.text("project")
        if not _PROJECT.fullmatch(text):
            raise RowRefusedError(
                Fault.CODE, self.layout.columns.names["project"], value=_shown(text)
            )
        return text

    def whole(self, meaning: str) -> int:
        """Read a positive whole number."""
        return _whole(self.text(meaning), self.layout.columns.names[meaning])

    def vintage(self) -> int:
        """Read the year in which the reduction was made."""
        text = self.text("vintage")
        column = self.layout.columns.names["vintage"]
        year = _whole(text, column)
        if not VINTAGE_MIN <= year <= VINTAGE_MAX:
            raise RowRefusedError(
                Fault.VINTAGE, column, value=_shown(text), wanted=f"{VINTAGE_MIN} to {VINTAGE_MAX}"
            )
        return year

    def date(self) -> date:
        """Read the day on which it happened."""
        text = self.text("date").translate(_THAI_DIGITS)
        column = self.layout.columns.names["date"]
        form = self.layout.columns.date_format
        day = _date(text, form) or _date(text, _ISO_DATE)
        if day is None or day < DATE_MIN:
            raise RowRefusedError(Fault.DATE, column, value=_shown(text), wanted=form)
        if day > self.layout.today:
            raise RowRefusedError(Fault.DATE_AHEAD, column, value=_shown(text))
        return day

    def serials(self) -> SerialRange:
        """Read the range of serials by the mapping's pattern."""
        text = self.text("serial", characters_max=SERIAL_CHARACTERS_MAX)
        column = self.layout.columns.names["serial"]
        match = self.layout.mapping.serial_pattern.fullmatch(text)
        if match is None or None in (match["prefix"], match["first"], match["last"]):
            raise RowRefusedError(Fault.SERIAL, column, value=_shown(text))
        if not _PREFIX.fullmatch(match["prefix"]) or match["prefix"].upper().startswith("TH-"):
            raise RowRefusedError(Fault.PREFIX, column, value=_shown(match["prefix"]))
        serials = SerialRange(
            match["prefix"], _whole(match["first"], column), _whole(match["last"], column)
        )
        if serials.first > serials.last:
            raise RowRefusedError(Fault.RANGE_REVERSED, column, value=_shown(text))
        return serials

    def digest(self) -> int:
        """Return a number that stands for all cells together."""
        everything = "\x1f".join(self.cells).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(everything, digest_size=8).digest(), "big")


def _misleads(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cs"} or sign in _TURNS_WRITING


def _whole(text: str, column: str) -> int:
    match = _WHOLE.fullmatch(text if text.isascii() else text.translate(_THAI_DIGITS))
    if match is None:
        raise RowRefusedError(Fault.NOT_A_NUMBER, column, value=_shown(text))
    digits = match[1] or match[2].replace(",", "")
    if len(digits) > len(str(CREDITS_MAX)) or int(digits) > CREDITS_MAX:
        raise RowRefusedError(
            Fault.NUMBER_TOO_LARGE, column, value=_shown(text), wanted=CREDITS_MAX
        )
    if int(digits) < 1:
        raise RowRefusedError(Fault.NOT_A_NUMBER, column, value=_shown(text))
    return int(digits)


@lru_cache(maxsize=10_000)  # a table names the same days again and again
def _date(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007  a day in a table has no zone
    except ValueError:
        return None


def _shown(text: str, *, characters_max: int = SHOWN_CHARACTERS_MAX) -> str:
    plain = "".join(
        sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[: characters_max + 1]
    )
    return f"'{plain[:characters_max]}…'" if len(plain) > characters_max else f"'{plain}'"


def read_issuance(layout: Layout, line: int, cells: Sequence[str]) -> IssuanceRow:
    """
    Read a row of the issuance table.

    Raises:
        RowRefusedError: a cell is not what it must be.
    """
    row = Cells(layout, cells)
    return IssuanceRow(
        line,
        row.project(),
        row.vintage(),
        row.whole("credits"),
        row.date(),
        row.text("project_name"),
        row.digest(),
    )


def read_retirement(layout: Layout, line: int, cells: Sequence[str]) -> RetirementRow:
    """
    Read a row of the retirement table.

    Raises:
        RowRefusedError: a cell is not what it must be, or the quantity is not that of the serials.
    """
    row = Cells(layout, cells)
    serials = row.serials()
    credits_named = row.whole("credits")
    if serials.credits != credits_named:
        column = layout.columns.names["credits"]
        raise RowRefusedError(Fault.QUANTITY, column, value=credits_named, wanted=serials.credits)
    details = row.text("details", characters_max=TEXT_CHARACTERS_MAX, may_be_empty=True)
    return RetirementRow(
        line,
        row.project(),
        row.vintage(),
        credits_named,
        row.date(),
        serials,
        row.text("account_holder"),
        row.text("reason"),
        details,
        row.digest(),
    )


def salvage(layout: Layout, cells: Sequence[str]) -> tuple[str | None, int | None, int]:
    """Return what a refused row still tells: project, vintage, credits; None or 0 where nothing."""
    try:
        row = Cells(layout, cells)
    except RowRefusedError:
        return None, None, 0
    return _or_none(row.project), _or_none(row.vintage), _or_none(lambda: row.whole("credits")) or 0


Read = TypeVar("Read")


def _or_none(read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except RowRefusedError:
        return None
