"""Statistics: totals of credits and activities, which are those of the ledger at a log size."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.entry.api.context import Reader, StrictRoute
from app.entry.api.wire import Code, ProvinceCode, Shown, show
from app.registry.activities import store as activities
from app.registry.activities.rules import ActivityStatus
from app.registry.ledger import store as ledger
from app.registry.ledger.rules import BUFFER, CANCELLED, EXPORTED, RETIRED, SOURCE, TRANSIT
from app.registry.ledger.store import ALL_HOLDINGS, GroupedBy, LedgerSum
from app.registry.log import store as log

router: Final = APIRouter(prefix="/statistics", tags=["statistics"], route_class=StrictRoute)


class SumsShown(Shown):
    """
    Credits by where they are: `issued` is the sum of all others.

    Of one year, what came to each place in that year less what left it.
    """

    issued: int = Field(description="Issued, or taken over (tCO2e).", examples=[1000])
    held: int = Field(description="In holding accounts: not used yet.", examples=[850])
    buffered: int = Field(description="In the pooled buffer.", examples=[50])
    in_transit: int = Field(description="Sent, and not delivered yet.", examples=[0])
    retired: int = Field(description="Retired.", examples=[90])
    cancelled: int = Field(description="Cancelled.", examples=[10])
    exported: int = Field(description="Exported to another registry.", examples=[0])


class YearSumsShown(SumsShown):
    """What happened to credits in a calendar year of Thailand."""

    year: int = Field(description="Calendar year (CE) of the record.", examples=[2026])


class ProgrammeSumsShown(SumsShown):
    """Credits of a programme."""

    programme: str = Field(description="Code of the programme.", examples=["CITY"])


class ProvinceSumsShown(SumsShown):
    """Credits of activities in a province."""

    province: str | None = Field(
        description="Code of the province; null: the credits of activities in several provinces, "
        "or in none that is known.",
        examples=["40", None],
    )


class ActivityCountShown(Shown):
    """How many activities there are in a status."""

    status: ActivityStatus = Field(description="The status.", examples=["registered"])
    activities: int = Field(description="How many.", examples=[12])


class ProvinceCountShown(Shown):
    """How many activities have sites in a province."""

    province: str = Field(description="Code of the province.", examples=["40"])
    activities: int = Field(
        description="How many; one with sites in several provinces is counted in each.",
        examples=[3],
    )


class StatisticsShown(Shown):
    """Totals of the register at a size of its log."""

    log_size: int = Field(
        description="How many acts the log had: the sums are the ledger's after these.",
        examples=[146],
    )
    recorded_at: datetime = Field(
        description="When the last of these acts was recorded.", examples=["2026-11-24T03:00:00Z"]
    )
    totals: SumsShown = Field(description="All that was asked for together.")
    by_year: list[YearSumsShown] = Field(
        description="The same by year of the record, oldest first."
    )
    by_programme: list[ProgrammeSumsShown] = Field(description="The same by programme.")
    by_province: list[ProvinceSumsShown] = Field(
        description="The same by province; those without credits are left out."
    )
    activities: list[ActivityCountShown] = Field(
        description="All activities that are public, by status, whatever was asked for."
    )
    activities_by_province: list[ProvinceCountShown] = Field(
        description="All activities that are public, by province, whatever was asked for."
    )


class StatisticsQuery(BaseModel):
    """What is to be summed."""

    model_config = ConfigDict(extra="forbid")

    year: int | None = Field(
        None,
        ge=1990,
        le=2200,
        description="Only what was recorded in this calendar year (CE) of Thailand.",
        examples=[2026],
    )
    programme: Code | None = Field(
        None, description="Only credits of this programme.", examples=["CITY"]
    )
    province: ProvinceCode | None = Field(
        None, description="Only credits of activities in this province.", examples=["40"]
    )


@router.get(
    "",
    response_model=StatisticsShown,
    summary="Read the totals of the register",
    operation_id="get_statistics",
)
async def get_statistics(query: Annotated[StatisticsQuery, Query()], reader: Reader) -> Response:
    """
    Read what was issued, retired and so on: in all, by year, by programme and by province. Public.

    Years are those in which the ledger recorded it. The sums by year, by programme and by province
    each add up to the totals, and these are the ledger's at `log_size`.
    """
    head = await log.get_head(reader)
    sums = await ledger.list_sums(
        reader,
        year=query.year,
        programme_code=query.programme,
        province_code=query.province,
    )
    counts = await activities.list_counts(reader)
    in_provinces = await activities.list_counts_by_province(reader)
    groups = {by: grouped(each for each in sums if each.by is by) for by in GroupedBy}
    return show(
        StatisticsShown(
            log_size=head.size,
            recorded_at=head.recorded_at,
            totals=SumsShown(**states_of(groups[GroupedBy.NOTHING].get(None, {}))),
            by_year=[
                YearSumsShown(year=key, **states_of(rows))
                for key, rows in groups[GroupedBy.YEAR].items()
            ],
            by_programme=[
                ProgrammeSumsShown(programme=key, **states_of(rows))
                for key, rows in groups[GroupedBy.PROGRAMME].items()
            ],
            by_province=[
                ProvinceSumsShown(province=key, **states_of(rows))
                for key, rows in groups[GroupedBy.PROVINCE].items()
            ],
            activities=[
                ActivityCountShown(status=status, activities=count)
                for status, count in sorted(counts.items())
            ],
            activities_by_province=[
                ProvinceCountShown(province=code, activities=count)
                for code, count in sorted(in_provinces.items())
            ],
        )
    )


def grouped(sums: Iterable[LedgerSum]) -> dict[Any, dict[int, int]]:
    """Return sums by what they are of, in the order they come in; of each by account."""
    found: dict[Any, dict[int, int]] = {}
    for each in sums:
        found.setdefault(each.key, {})[each.account_id] = each.credits
    return found


def states_of(sums: Mapping[int, int]) -> dict[str, int]:
    """Return sums by place, as `SumsShown` calls them, of those by account."""
    found = Counter(sums)
    return {
        "issued": -found[SOURCE],
        "held": found[ALL_HOLDINGS],
        "buffered": found[BUFFER],
        "in_transit": found[TRANSIT],
        "retired": found[RETIRED],
        "cancelled": found[CANCELLED],
        "exported": found[EXPORTED],
    }
