"""``registry calendar``: enters the public holidays of a year from a table, or shows them."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from app.entry import logging
from app.entry.cli import database
from app.entry.cli.acting import get_administrator
from app.entry.cli.exits import console
from app.entry.sheets import TableUnreadableError, open_sheet
from app.kernel.errors import NotFoundError
from app.registry.calendar import store
from app.registry.calendar.catalogue import COLUMNS
from app.registry.calendar.operations import SetYear, set_year
from app.registry.calendar.rules import HOLIDAYS_MAX, CalendarYear, Holiday
from app.registry.parties.policy import Permission
from app.settings import Settings

NAME_CHARACTERS_MAX: Final = 200  # as in the API
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class KeeperNotFoundError(NotFoundError):
    """There is nobody to enter the calendar as."""

    code = "calendar_keeper_not_found"
    number = 2207
    title_th = "ไม่พบผู้ใช้ที่จะบันทึกปฏิทิน"
    advice = "Name an administrator with --as, or make the first one: `registry admin create`."
    advice_th = "โปรดระบุผู้ดูแลระบบด้วย --as หรือสร้างผู้ดูแลระบบคนแรก: `registry admin create`"


def keep_calendar(
    file: Annotated[
        Path,
        typer.Argument(
            help=f"CSV (UTF-8) or XLSX with the columns {', '.join(COLUMNS)}; days as 2027-01-31.",
            exists=True,
            dir_okay=False,
        ),
    ],
    *,
    note: Annotated[str, typer.Option(help="What of it is uncertain.")] = "",
    as_email: Annotated[str, typer.Option("--as", help="Administrator who enters it.")] = "",
) -> None:
    """
    Enter all public holidays of a year, in place of what was entered for it before.

    The year is that of the days. Do it every year, when the cabinet has announced them, and again
    when it adds one: in a year that is missing, no working day can be counted.
    """
    settings = Settings()
    logging.configure(settings.log_format)
    days = read_holidays(file)
    entered = asyncio.run(_enter(settings, days, note=note or None, as_email=as_email))
    table = Table("day", "holiday", title=f"{entered.year}, version {entered.version}")
    for holiday in entered.holidays:
        day = f"{holiday.day:%a} {holiday.day.isoformat()}"
        table.add_row(day, escape(f"{holiday.name_en} · {holiday.name_th}"))
    console.print(table)


def read_holidays(file: Path) -> tuple[Holiday, ...]:
    """
    Read holidays from a table.

    Raises:
        TableUnreadableError: it is none, a column is missing, or a cell is not what it must be.
    """
    with open_sheet(file) as sheet:
        header = [name.strip().lower() for name in sheet.header]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            problem = f"the column {missing[0]} is missing"
            raise TableUnreadableError(file=file.name, problem=problem)
        places = [header.index(name) for name in COLUMNS]
        found = [_holiday(file, line, cells, places) for line, cells in sheet.rows]
    if not 0 < len(found) <= HOLIDAYS_MAX:
        problem = f"it has {len(found)} days, and a year has from 1 to {HOLIDAYS_MAX}"
        raise TableUnreadableError(file=file.name, problem=problem)
    return tuple(found)


def _holiday(file: Path, line: int, cells: Sequence[str], places: Sequence[int]) -> Holiday:
    day, *words = (cells[place].strip() if place < len(cells) else "" for place in places)
    read = _day(day)
    if read is None:
        problem = f"line {line}: {day[:20]!r} is no day such as 2027-01-31"
        raise TableUnreadableError(file=file.name, problem=problem)
    if not all(0 < len(word) <= NAME_CHARACTERS_MAX and "\x00" not in word for word in words):
        problem = f"line {line}: names and source have from 1 to {NAME_CHARACTERS_MAX} characters"
        raise TableUnreadableError(file=file.name, problem=problem)
    name_th, name_en, source = words
    return Holiday(read, name_th, name_en, source)


def _day(text: str) -> date | None:
    # Left alone, 20270131 would be read too, and so would weeks.
    with suppress(ValueError):
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    return None


async def _enter(
    settings: Settings, days: tuple[Holiday, ...], *, note: str | None, as_email: str
) -> CalendarYear:
    year = days[0].day.year
    async with database.reader(settings) as connection:
        actor = await get_administrator(
            connection, as_email, Permission.SET_RULES, missing=KeeperNotFoundError
        )
        present = await store.find_year(connection, year)
    command = SetYear(year, days, 0 if present is None else present.version, note)
    async with database.committer(settings) as committer:
        return await database.do(committer, actor, lambda pen: set_year(pen, actor, command))
