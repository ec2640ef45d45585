"""
Tables to take away as they are shown, for those that no list of the API has row by row.

Such a table is a part of one thing, or is put together from several calls. Its data is read from
the page itself, at the page's own address with two parameters more: so it has the page's filters
and its reader's rights, and can never say anything else than the page does. Days and moments come
as programs write them, figures without marks between thousands.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.entry.exports import CSV, as_csv
from app.entry.pages.render import Page
from app.kernel.errors import NotFoundError

TABLE: Final = "table"  # the parameter that names a table, by its label
FORM: Final = "format"  # the one that says in which form
_JSON: Final = "application/json"
_SILENT: Final = frozenset({"button", "svg", "script", "select"})  # what says nothing of the row
Line = list[str | int]  # whole figures as such, all else as text

_WHOLE: Final = re.compile(r"-?\d+")


class NoSuchTableError(NotFoundError):
    """The page shows no table of this name."""

    code = "no_such_table"
    number = 4242
    title_th = "หน้านี้ไม่มีตารางชื่อนี้"
    advice = "Open the page and follow the link below its table."
    advice_th = "โปรดเปิดหน้านี้แล้วใช้ลิงก์ใต้ตาราง"


def is_asked(request: Request) -> bool:
    """Say whether a table of a page is asked for, in place of the page."""
    said = request.query_params
    return request.method == "GET" and TABLE in said and said.get(FORM) in {"csv", "json"}


def taken(page: Page, shown: Response) -> Response:
    """
    Return the table that is asked for, out of the page that shows it.

    Raises:
        NoSuchTableError: the page shows no such table.
    """
    label, form = (page.request.query_params[name] for name in (TABLE, FORM))
    lines = read_table(bytes(shown.body).decode(), label)
    if not lines:
        raise NoSuchTableError
    header, *rows = lines
    if form == "csv":
        content, kind = as_csv([header, *rows]), CSV
    else:
        names = list(_told_apart(map(str, header)))
        data = [dict(zip(names, row, strict=False)) for row in rows]
        whole = {"data": data, "has_more": False}
        content, kind = json.dumps(whole, ensure_ascii=False, indent=1), _JSON
    name = re.sub(r"[^A-Za-z0-9]+", "-", page.path).strip("-") or "home"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, shown.status_code, headers, kind)


def read_table(page: str, label: str) -> list[Line]:
    """Return the lines of the table with a label, its head first; none: there is no such table."""
    reader = _Reader(label)
    reader.feed(page)
    return reader.lines


def _told_apart(names: Iterable[str]) -> Iterator[str]:
    """Yield names of columns, those that were there before with a number behind."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} {seen[name]}"


@dataclass
class _Cell:
    is_figure: bool
    columns: int  # that it stands over
    rows: int
    words: list[str] = field(default_factory=list)

    @property
    def value(self) -> str | int:
        """What it says: a whole figure as such."""
        said = " ".join("".join(self.words).split())
        if not self.is_figure:
            return said
        plain = said.replace(",", "")
        return int(plain) if _WHOLE.fullmatch(plain) else plain


@dataclass
class _Reader(HTMLParser):
    """Reads the table with a label out of a page, line by line."""

    label: str
    lines: list[Line] = field(default_factory=list)
    _is_here: bool = False  # inside the table
    _cell: _Cell | None = None
    _silent: int = 0  # how deep it is in what says nothing
    _is_time: bool = False  # its text is said already
    # Of cells over several lines: by column, for how many lines more, and what they say.
    _below: dict[int, tuple[int, str | int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of where a cell begins."""
        said = dict(attrs)
        if said.get("role") == "region" and said.get("aria-label") == self.label:
            self._is_here = not self.lines
        elif not self._is_here:
            return
        elif tag == "tr":
            self.lines.append([])
            self._bring_down()
        elif tag in {"th", "td"}:
            is_figure = "number" in (said.get("class") or "").split()
            columns, rows = (int(said.get(name) or 1) for name in ("colspan", "rowspan"))
            self._cell = _Cell(is_figure, columns, rows)
        elif tag in _SILENT:
            self._silent += 1
        elif self._cell is not None and tag == "time":
            self._cell.words.append(said.get("datetime") or "")
            self._is_time = True
        elif self._cell is not None and tag in {"br", "p", "li", "div"}:
            self._cell.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """Take a cell that has ended."""
        if not self._is_here:
            return
        if tag == "table":
            self._is_here = False
        elif tag in _SILENT:
            self._silent -= 1
        elif tag == "time":
            self._is_time = False
        elif tag in {"th", "td"} and self._cell is not None and self.lines:
            self._put(self._cell)
            self._cell = None

    def handle_data(self, data: str) -> None:
        """Take what a cell says."""
        if self._cell is not None and not self._silent and not self._is_time:
            self._cell.words.append(data)

    def _put(self, cell: _Cell) -> None:
        line = self.lines[-1]
        for value in (cell.value, *[""] * (cell.columns - 1)):
            if cell.rows > 1:
                self._below[len(line)] = cell.rows - 1, value
            line.append(value)
            self._bring_down()

    def _bring_down(self) -> None:
        """Say again what a cell above says of this line too."""
        line = self.lines[-1]
        while (above := self._below.pop(len(line), None)) is not None:
            left, value = above
            if left > 1:
                self._below[len(line)] = left - 1, value
            line.append(value)
