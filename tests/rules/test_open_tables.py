"""Tables that pages give: cut off aloud, safe in a spreadsheet; and open data as files."""

import asyncio
import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from arro3.io import read_parquet
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from app.entry.pages.answers import Answer
from app.entry.pages.checking import open_data, open_files, tables
from app.entry.pages.checking.endings import _digest_of_file
from app.entry.pages.checking.flattening import Column, Listing
from app.entry.pages.checking.open_data import OpenData
from app.entry.pages.checking.open_tables import OpenTable, _entries
from app.entry.pages.checking.proving import climb
from app.entry.pages.client import RefusedError
from app.kernel import clock

NAME: Final = Column(("name",), "string", "Who.")
COLUMNS: Final = (NAME, Column(("n",), "integer", "How many."), Column(("ok",), "boolean", ""))


class Pages:
    """A client whose one list has so many rows."""

    token = None

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.calls: list[str] = []

    async def get(self, call: str, asked: dict[str, Any] | None = None) -> dict[str, Any]:
        if call == "/log/head":
            return {"size": 7}
        asked = asked or {}
        first = int(asked.get("cursor") or 0)
        end = min(first + int(asked["limit"]), self.rows)
        return {
            "data": [{"name": f"=name {n}", "n": n, "ok": n % 2 == 0} for n in range(first, end)],
            "has_more": end < self.rows,
            "next_cursor": str(end) if end < self.rows else None,
        }


class Page:
    """A page that asks it."""

    def __init__(self, rows: int) -> None:
        self.client = Pages(rows)

    def say(self, message: str) -> str:
        return message


async def _lines(page: Any, listing: Listing) -> list[list[str]]:  # noqa: ANN401
    pieces = tables._as_csv(page, await _asked(page, listing))
    return list(csv.reader(io.StringIO("".join([piece async for piece in pieces]))))


async def _shown(page: Any, listing: Listing) -> Any:  # noqa: ANN401
    pieces = tables._as_json(page, await _asked(page, listing))
    return json.loads("".join([piece async for piece in pieces]))


async def _asked(page: Any, listing: Listing) -> tables._Asked:  # noqa: ANN401
    first = await page.client.get("/x", {"limit": tables.ROWS_PER_CALL})
    return tables._Asked(listing, "/x", {}, first)


@pytest.mark.parametrize("rows", [0, 1, 200, 201, 999])
async def test_a_table_follows_the_pages_to_the_end(rows: int) -> None:
    listing = Listing("/v1/x", re.compile("/v1/x"), COLUMNS)
    header, *lines = await _lines(Page(rows), listing)
    assert header == ["name", "n", "ok"]
    assert [line[1] for line in lines] == [str(n) for n in range(rows)]
    assert all(line[0].startswith("'=") for line in lines)  # no spreadsheet runs it
    shown = await _shown(Page(rows), listing)
    assert [row["n"] for row in shown["data"]] == list(range(rows))
    assert shown["has_more"] is False


async def test_a_table_that_is_cut_off_says_so() -> None:
    listing = Listing("/v1/x", re.compile("/v1/x"), COLUMNS)
    lines = await _lines(Page(tables.ROWS_MAX + 1), listing)
    assert len(lines) == 1 + tables.ROWS_MAX + 1
    assert lines[-1] == ["# Cut off here: the list is longer. Narrow the filters."]
    shown = await _shown(Page(tables.ROWS_MAX + 1), listing)
    assert (len(shown["data"]), shown["has_more"]) == (tables.ROWS_MAX, True)


VALUES: Final = st.tuples(
    # No XLSX holds control characters or halves of pairs.
    st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"])),
    st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
    st.none() | st.booleans(),
)


@given(lines=st.lists(VALUES, max_size=20))
def test_every_format_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[Any, ...]]
) -> None:
    kept = tmp_path_factory.mktemp("table") / "people.lines"
    text = "".join(open_files.write_line(COLUMNS, line) for line in lines)
    kept.write_text(text, encoding="utf-8", newline="")
    made = open_files.make_files(kept, COLUMNS, len(lines))
    assert set(made) == {"csv", "json", "parquet", "xlsx"}
    said = json.loads(made["json"].read_text(encoding="utf-8"))
    assert [tuple(row.values()) for row in said] == lines
    whole = read_parquet(made["parquet"]).read_all()
    columns = [whole.column(name).to_pylist() for name in ("name", "n", "ok")]
    assert list(zip(*columns, strict=True)) == lines
    with made["csv"].open(encoding="utf-8", newline="") as file:
        header, *written = csv.reader(file)
    assert header == ["name", "n", "ok"]
    assert [line[1] for line in written] == ["" if n is None else str(n) for _, n, _ in lines]
    assert not [line for line in written if line[0].startswith(("=", "+", "-", "@"))]
    with CalamineWorkbook.from_path(made["xlsx"]) as book:
        sheet = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert sheet[0] == ["name", "n", "ok"]
    assert len(sheet) <= 1 + len(lines)
    for row, (_, n, _) in zip(sheet[1:], lines, strict=False):
        assert (row[1] or 0) == (n or 0)


def test_a_table_too_long_for_a_sheet_has_none(tmp_path: Path) -> None:
    kept = tmp_path / "people.lines"
    kept.write_text(open_files.write_line(COLUMNS, ("a", 1, True)))
    made = open_files.make_files(kept, COLUMNS, open_files.SHEET_ROWS_MAX + 1)
    assert set(made) == {"csv", "json", "parquet"}


def _table(rows: int) -> tuple[Any, tuple[OpenTable, ...]]:
    def lines(row: Any) -> Any:  # noqa: ANN401
        return iter([[column.value(row) for column in COLUMNS]])

    return Pages(rows), (OpenTable("people", "/people", COLUMNS, lines),)


async def _made(kept: OpenData, rows: int) -> None:
    kept.make_soon(*_table(rows))
    for _ in range(500):
        if not kept.is_making:
            return
        await asyncio.sleep(0.01)


async def test_files_are_made_once_a_day_and_old_ones_are_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = OpenData(tmp_path / "open")
    assert kept.served() is None
    await _made(kept, 450)
    first = kept.served()
    assert first is not None
    assert first["log_size"] == 7
    assert first["tables"][0]["rows"] == 450
    await _made(kept, 3)
    assert kept.served() == first  # it is not a day old
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=25))
    assert kept.served() == first  # while others are made
    await _made(kept, 3)
    second = kept.served()
    assert second is not None
    assert second["tables"][0]["rows"] == 3
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=4))
    assert kept.served() is None
    await _made(kept, 4)
    names = {path.name for path in kept.folder.iterdir()}
    for manifest, there in ((first, False), (second, True), (kept.served(), True)):
        assert manifest is not None
        for file in open_data.files_of(manifest):
            assert (file["stored"] in names) is there


async def test_only_one_process_makes_them(tmp_path: Path) -> None:
    kept = OpenData(tmp_path)
    with open_data._alone(tmp_path) as is_ours:
        assert is_ours
        await _made(kept, 3)
    assert kept.served() is None
    await _made(kept, 3)
    assert kept.served() is not None


async def test_what_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = OpenData(tmp_path)

    def fail(*_: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(open_data, "make_files", fail)
        await _made(kept, 3)
    assert kept.served() is None
    await _made(kept, 3)
    assert kept.served() is not None


def test_only_what_moved_is_an_entry() -> None:
    moves = [{"batch": "B", "first": 5, "last": 9}]
    moved = {"log_index": 3, "kind": "credits.retired", "recorded_at": "t"}
    said = {"data": {"from": "A", "to": "R", "moves": moves}}
    assert list(_entries({**moved, "act": said})) == [
        [3, "credits.retired", "t", "A", "R", "B", 5, 9, 5, None]
    ]
    for kind in ("buffer.proposed", "issuance.refused", "user.added"):
        assert not list(_entries({**moved, "kind": kind, "act": said}))
    minted = {"batches": [{"account": "A", "batch": "B", "credits": 8, "buffer_credits": 2}]}
    assert list(_entries({**moved, "kind": "credits.issued", "act": {"data": minted}})) == [
        [3, "credits.issued", "t", None, "A", "B", 1, 8, 8, 2]
    ]


def test_a_tree_of_one_leaf_needs_no_steps() -> None:
    assert climb(b"x", 0, 1, []) == []


class Certificates:
    """A client that answers for the file of a certificate."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.calls: list[str] = []

    async def ask(self, _method: str, path: str) -> Answer:
        self.calls.append(path)
        if self.answer.status != 200:
            raise RefusedError(self.answer)
        return self.answer


@pytest.mark.parametrize(
    ("answer", "digest"),
    [
        (Answer(200, {"etag": '"ab12"'}, b"%PDF"), "ab12"),
        (Answer(404, {}, b'{"code": "no_such_address"}'), None),
        (Answer(503, {}, b'{"code": "too_many_certificates"}'), ""),
    ],
)
async def test_a_certificate_is_shown_with_its_digest_where_there_is_one(
    answer: Answer, digest: str | None
) -> None:
    page: Any = Page(0)
    page.client = Certificates(answer)
    assert await _digest_of_file(page, "5") == digest
