"""What several public pages show alike: places on the map, and where credits are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from app.entry.pages import plots
from app.entry.pages.answers import Json
from app.entry.pages.figures import year_of
from app.entry.pages.render import Page
from app.entry.pages.words import word

# Where credits are, and the colour of each in every plot.
STATES: Final = {
    "held": 1,
    "buffered": 2,
    "retired": 3,
    "cancelled": 4,
    "in_transit": 5,
    "exported": 5,
}
OF_YEARS: Final = {"issued": 1, "retired": STATES["retired"], "cancelled": STATES["cancelled"]}


async def provinces_of(page: Page) -> dict[str, Json]:
    """Return all provinces by code, as a Thai dictionary has them."""
    listed = await page.client.get("/provinces", {"limit": 100, "sort": "name_th"})
    return {each["code"]: each for each in listed["data"]}


def years_plot(page: Page, by_year: Sequence[Json]) -> dict[str, Any]:
    """Return what was issued, retired and cancelled by year, and what the colours mean."""
    groups = [
        (year_of(row["year"], page.language), tuple(row[name] for name in OF_YEARS))
        for row in by_year
    ]
    colours = tuple(OF_YEARS.values())
    names = [(of, word("credit_state", name, page.language)) for name, of in OF_YEARS.items()]
    return {"chart": plots.columns(groups, colours), "key": names}


def states_flow(page: Page, sums: Json) -> plots.Flow | None:
    """Return what became of credits that were issued."""
    return plots.flow(
        [
            (word("credit_state", name, page.language), sums[name], colour)
            for name, colour in STATES.items()
        ]
    )


def states_stack(sums: Json) -> tuple[plots.Bar, ...]:
    """Return the same in one line, without words."""
    return plots.stack([(sums[name], colour) for name, colour in STATES.items()])


def states_key(page: Page, sums: Iterable[Json]) -> list[tuple[int, str]]:
    """Return what the colours of states mean, of those that there are."""
    rows = list(sums)
    return [
        (colour, word("credit_state", name, page.language))
        for name, colour in STATES.items()
        if any(row[name] for row in rows)
    ]


def on_the_map(
    page: Page,
    provinces: Mapping[str, Json],
    figures: Mapping[str, int],
    *,
    said: Callable[[int], str],
    href: Mapping[str, str],
    current: str | None = None,
) -> dict[str, dict[str, Any]]:
    """
    Return each province as the map shows it.

    Args:
        page: the page.
        provinces: all of them by code.
        figures: what its colour shows, by code; none is nothing.
        said: what a figure counts, with ``%(figure)s``, in the language of the page.
        href: where each leads.
        current: code of the one that the page is about.
    """
    counted = {code: figures.get(code, 0) for code in provinces}
    strong = plots.levels(counted)
    return {
        code: {
            "text": f"{each[f'name_{page.language}']}: "
            + said(counted[code]) % {"figure": f"{counted[code]:,}"},
            "href": href[code],
            "level": strong[code],
            "current": code == current,
        }
        for code, each in provinces.items()
    }
