"""The working calendar over HTTP: public holidays, year by year."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.entry.acts import Reply
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.days import Day
from app.entry.api.wire import (
    Body,
    CursorError,
    IfMatch,
    LogIndex,
    Moment,
    Name,
    Page,
    PageQuery,
    PreconditionMissingError,
    Shown,
    Text,
    changed,
    decode_cursor,
    encode_cursor,
    show,
    version_of,
)
from app.entry.problems import refused
from app.registry.calendar import operations, store
from app.registry.calendar.refusals import (
    CalendarStaleError,
    CalendarYearNotFoundError,
    HolidayOutsideYearError,
    HolidayTwiceError,
)
from app.registry.calendar.rules import HOLIDAYS_MAX, YEAR_MAX, YEAR_MIN, CalendarYear, Holiday
from app.registry.log.pen import ActTooLargeError
from app.registry.parties.policy import NotAllowedError

router: Final = APIRouter(prefix="/calendar", tags=["calendar"], route_class=StrictRoute)

_Year = Annotated[
    int,
    Path(description="Year of the Common Era.", ge=YEAR_MIN, le=YEAR_MAX, examples=[2026]),
]


class HolidayShown(Shown):
    """A public holiday of Thailand."""

    day: date = Field(description="The day.", examples=["2026-04-13"])
    name_th: str = Field(description="What it is called in Thai.", examples=["วันสงกรานต์"])
    name_en: str = Field(
        description="What it is called in English.", examples=["Songkran Festival"]
    )
    source: str = Field(
        description="Who announced it, or whose list it is from.",
        examples=["Cabinet resolution of 24 December 2568 BE"],
    )


class YearShown(Shown):
    """A year whose public holidays are known."""

    year: int = Field(description="Year of the Common Era.", examples=[2026])
    version: int = Field(description="How often it was entered, from 1.", examples=[1])
    note: str | None = Field(
        description="What of it is uncertain; null: nothing.",
        examples=["Made before the cabinet's decisions for the year.", None],
    )
    set_by: str = Field(
        description="User who entered it, or `registry` for what the register started with.",
        examples=["registry"],
    )
    recorded_at: Moment = Field(
        description="When it was entered.", examples=["2026-11-24T03:00:00Z"]
    )
    log_index: LogIndex = Field(description="Place of the act in the log.", examples=[1])


class YearInFull(YearShown):
    """The public holidays of a year, as they were entered last."""

    holidays: tuple[HolidayShown, ...] = Field(
        description="The days in order. Saturdays and Sundays are no working days either."
    )


class YearQuery(PageQuery):
    """Which years to list."""


class HolidayBody(Body):
    """A public holiday."""

    day: Day = Field(description="The day, in the year of the address.", examples=["2200-04-13"])
    name_th: Name = Field(description="What it is called in Thai.", examples=["วันสงกรานต์"])
    name_en: Name = Field(
        description="What it is called in English.", examples=["Songkran Festival"]
    )
    source: Name = Field(
        description="Who announced it, or whose list it is from.",
        examples=["Cabinet resolution of 24 December 2568 BE"],
    )


class YearBody(Body):
    """All public holidays of a year."""

    holidays: tuple[HolidayBody, ...] = Field(
        description="Every day, each once, with all its names in one. What is left out is a "
        "working day from now on.",
        max_length=HOLIDAYS_MAX,
    )
    note: Text | None = Field(
        None,
        description="What of it is uncertain; leave out where nothing is.",
        examples=["The cabinet has not decided on extra days yet."],
    )


@router.get(
    "",
    response_model=Page[YearShown],
    responses=refused(CursorError),
    summary="List the years whose holidays are known",
    operation_id="list_calendar_years",
)
async def list_calendar_years(query: Annotated[YearQuery, Query()], reader: Reader) -> Response:
    """List the years that are maintained; in others no working day can be counted. Public."""
    after = decode_cursor(query.cursor, int)
    rows = await store.list_years(
        reader, limit=query.limit + 1, after=None if after is None else after[0]
    )
    more = len(rows) > query.limit
    shown = rows[: query.limit]
    return show(
        Page(
            data=[_year(row) for row in shown],
            next_cursor=encode_cursor((shown[-1].year,)) if more else None,
            has_more=more,
        )
    )


@router.get(
    "/{year}",
    response_model=YearInFull,
    responses=refused(CalendarYearNotFoundError),
    summary="Show the public holidays of a year",
    operation_id="get_calendar_year",
)
async def get_calendar_year(year: _Year, reader: Reader) -> Response:
    """Show the public holidays of a year as they were entered last. Public."""
    found = await store.get_year(reader, year)
    return show(_in_full(found), version=found.version)


@router.put(
    "/{year}",
    response_model=YearInFull,
    responses=refused(
        NotAllowedError,
        PreconditionMissingError,
        CalendarStaleError,
        HolidayOutsideYearError,
        HolidayTwiceError,
        ActTooLargeError,
    ),
    summary="Enter the public holidays of a year",
    operation_id="set_calendar_year",
)
async def set_calendar_year(
    year: _Year, body: YearBody, write: Write, if_match: IfMatch = None
) -> Response:
    """
    Enter all public holidays of a year, in place of what was entered before.

    `If-Match` names the version it was made on, `"0"` for a year that is not there yet. What was
    counted before stays as it was. Administrators only.
    """
    command = operations.SetYear(
        year=year,
        holidays=tuple(Holiday(**dict(holiday)) for holiday in body.holidays),
        expected_version=version_of(if_match),
        note=body.note,
    )
    return await write(lambda pen: operations.set_year(pen, write.actor, command), _changed)


def _changed(entered: CalendarYear) -> Reply:
    return changed(_in_full(entered), version=entered.version)


def _year(year: CalendarYear) -> YearShown:
    return YearShown(**{name: getattr(year, name) for name in YearShown.model_fields})


def _in_full(year: CalendarYear) -> YearInFull:
    days = tuple(HolidayShown(**asdict(holiday)) for holiday in year.holidays)
    return YearInFull(**dict(_year(year)), holidays=days)
