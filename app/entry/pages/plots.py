"""
Plots as shapes: where bars and flows stand in a drawing. Templates draw them (``plots.html``).

Nothing here decides what is shown, and a plot never says more than the table beside it. Figures
are whole credits or exact tonnes; only places in the drawing are rounded.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

Figure = int | Decimal

MAP: Final = Path(__file__).resolve().parent / "static" / "thailand.json"
LEVELS: Final = 4  # of colour on the map, above nothing

_WIDTH: Final = 400
_HEIGHT: Final = 220
_LEFT: Final = 52  # for the figures of the axis
_TOP: Final = 12
_FOOT: Final = 24  # for the names under the bars
_LINES: Final = 4
_NAMES_MAX: Final = 8  # that fit under the bars
_GAP: Final = Decimal("0.25")  # of the room of a group
_BAR_MAX: Final = 44
_THIN: Final = Decimal("1.5")  # so that little is not nothing


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, in the units of the drawing."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    of: int  # which colour, from 1


@dataclass(frozen=True, slots=True)
class Mark:
    """A word or figure at a place."""

    at: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars beside each other over names, with the figures of an axis."""

    width: int
    height: int
    left: int
    foot: Decimal  # where the bars stand
    bars: tuple[Bar, ...]
    names: tuple[Mark, ...]
    lines: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """One of the streams that a whole divides into."""

    path: str
    end: Bar
    text_at: Decimal
    name: str
    figure: Figure
    of: int


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole on the left, and what became of it on the right."""

    width: int
    height: int
    start: Bar
    branches: tuple[Branch, ...]


def columns(groups: Sequence[tuple[str, Sequence[Figure]]], colours: Sequence[int]) -> Columns:
    """
    Place bars in groups.

    Args:
        groups: the name under a group, and its figures: none below zero.
        colours: of the figures of each group, from 1.
    """
    foot = Decimal(_HEIGHT - _FOOT)
    top = _ceiling(max((figure for _, figures in groups for figure in figures), default=0))
    scale = (foot - _TOP) / top
    room = Decimal(_WIDTH - _LEFT) / max(len(groups), 1)
    many = max((len(figures) for _, figures in groups), default=1)
    wide = min(room * (1 - _GAP) / many, Decimal(_BAR_MAX))
    bars: list[Bar] = []
    names: list[Mark] = []
    every = -(-len(groups) // _NAMES_MAX)
    for number, (name, figures) in enumerate(groups):
        middle = _LEFT + room * number + room / 2
        if number % every == 0:
            names.append(Mark(_placed(middle), name))
        begun = middle - wide * len(figures) / 2
        for place, (of, figure) in enumerate(zip(colours, figures, strict=True)):
            tall = _thick(figure * scale, figure)
            x = _placed(begun + wide * place)
            bars.append(Bar(x, _placed(foot - tall), _placed(wide - 1), _placed(tall), of))
    lines = tuple(
        Mark(_placed(foot - scale * top * n / _LINES), f"{_shown(top * n / _LINES):,}")
        for n in range(_LINES + 1)
    )
    return Columns(_WIDTH, _HEIGHT, _LEFT, foot, tuple(bars), tuple(names), lines)


def flow(parts: Sequence[tuple[str, Figure, int]]) -> Flow | None:
    """
    Divide a whole into streams.

    Args:
        parts: name, figure and colour of each; those that are nothing are left out.

    Returns:
        The streams; None where all is nothing.
    """
    kept = [(name, Decimal(figure), of) for name, figure, of in parts if figure > 0]
    whole = sum((figure for _, figure, _ in kept), Decimal(0))
    if not whole:
        return None
    row = Decimal(44)
    height = max(row * len(kept), Decimal(88))
    apart = Decimal(14)
    scale = (height - apart * (len(kept) + 1)) / whole
    left, right, wide = Decimal(0), Decimal(210), Decimal(14)
    branches: list[Branch] = []
    start = (height - whole * scale) / 2
    y0, y1 = start, apart
    for name, figure, of in kept:
        thick = _thick(figure * scale, int(figure))
        end = Bar(right, _placed(y1), wide, _placed(thick), of)
        path = _stream(left + wide, y0, right, y1, thick)
        branches.append(Branch(path, end, _placed(y1 + thick / 2), name, figure, of))
        y0, y1 = y0 + figure * scale, y1 + max(thick, row - apart) + apart
    tall = max(height, y1)
    begin = Bar(left, _placed(start), wide, _placed(whole * scale), 1)
    return Flow(_WIDTH, int(tall), begin, tuple(branches))


def stack(parts: Sequence[tuple[Figure, int]]) -> tuple[Bar, ...]:
    """Lay figures with their colours end to end over a width of 1,000."""
    whole = sum((Decimal(figure) for figure, _ in parts), Decimal(0))
    bars: list[Bar] = []
    x = Decimal(0)
    for figure, of in parts:
        if figure:
            wide = Decimal(1000) * figure / whole
            bars.append(Bar(_placed(x), Decimal(0), _placed(wide), Decimal(10), of))
            x += wide
    return tuple(bars)


@cache
def outlines() -> Mapping[str, Any]:
    """Return the outlines of the provinces by code, and the size of the drawing."""
    read: dict[str, Any] = json.loads(MAP.read_text(encoding="utf-8"))
    return read


def levels(figures: Mapping[str, Figure]) -> dict[str, int]:
    """
    Return how strong the colour of each is: 0 for nothing, else 1 to `LEVELS`.

    By rank and not by size, or one large province would leave all others pale.
    """
    ranked = sorted({figure for figure in figures.values() if figure > 0})
    return {
        name: 0 if figure <= 0 else 1 + ranked.index(figure) * LEVELS // len(ranked)
        for name, figure in figures.items()
    }


def _stream(x0: Decimal, y0: Decimal, x1: Decimal, y1: Decimal, thick: Decimal) -> str:
    middle = (x0 + x1) / 2
    a, b, c, d, m = (_placed(each) for each in (y0, y1, y1 + thick, y0 + thick, middle))
    return f"M{x0} {a}C{m} {a} {m} {b} {x1} {b}V{c}C{m} {c} {m} {d} {x0} {d}Z"


def _ceiling(figure: Figure) -> Decimal:
    """Return a round figure that is not below a figure, and divides into four."""
    power = Decimal(4)
    while power * 10 < figure:
        power *= 10
    for step in (Decimal(1), Decimal(2), Decimal(3), Decimal(5), Decimal(10)):
        if power * step >= figure:
            return power * step
    return power * 10  # pragma: no cover  ten times is enough by what is above


def _shown(figure: Decimal) -> int:
    return int(figure)


def _thick(size: Decimal, figure: Figure) -> Decimal:
    return max(size, _THIN) if figure > 0 else Decimal(0)


def _placed(place: Decimal) -> Decimal:
    return Decimal(place).quantize(Decimal("0.1"))
