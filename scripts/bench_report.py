"""What a benchmark found: ratios first, then what they are made of, then the settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Final, Literal

ROUNDS_MANY: Final = 12  # from here on the middle half tells more than the ends

Facts = Mapping[str, str | int | float | list[float]]


@dataclass(frozen=True)
class Measure:
    """One ratio, measured in several rounds, and what it must be."""

    name: str
    what: str  # above and below the line, in words
    ratios: Sequence[float]  # one per round
    bound: Literal["at least", "at most"]
    target: float
    facts: Facts = field(default_factory=dict)  # the figures behind it, with their units

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return median(self.ratios)

    @property
    def holds(self) -> bool:
        """Whether the median is what it must be."""
        if self.bound == "at least":
            return self.ratio >= self.target
        return self.ratio <= self.target

    def line(self) -> str:
        """Return it as one line."""
        low, high = min(self.ratios), max(self.ratios)
        spread = f"{low:.2f} to {high:.2f}"
        if len(self.ratios) >= ROUNDS_MANY:
            low, _, high = quantiles(self.ratios, n=4)
            spread += f", half of them {low:.2f} to {high:.2f},"
        verdict = "holds" if self.holds else "MISSED"
        return (
            f"{self.ratio:8.2f}  {self.name} ({spread} in {len(self.ratios)} rounds;"
            f" {self.bound} {self.target:g}: {verdict})"
        )


@dataclass(frozen=True)
class Findings:
    """What a section found, and under which settings."""

    section: str
    measures: Sequence[Measure]
    settings: Facts
    switched_off: Sequence[str]  # what was taken away to compare with; nothing else was

    @property
    def hold(self) -> bool:
        """Whether all measures are what they must be."""
        return all(measure.holds for measure in self.measures)

    def show(self) -> None:
        """Print them for a person."""
        print(f"\n{self.section}: ratios (medians)\n")
        for measure in self.measures:
            print(measure.line())
        for measure in self.measures:
            print(f"\n{measure.name}: {measure.what}")
            _table(measure.facts)
        if self.switched_off:
            print("\nSwitched off on the side compared with, and only there:")
        for thing in self.switched_off:
            print(f"  - {thing}")
        print("\nSettings")
        _table(self.settings)


def show_table(found: Sequence[Findings]) -> None:
    """Print the ratios of all sections below each other."""
    print("\nAll ratios (medians)\n")
    for findings in found:
        for measure in findings.measures:
            print(f"{findings.section:<10} {measure.line()}")


def write_json(path: Path, found: Sequence[Findings]) -> None:
    """Keep findings for a program."""
    shown = [
        {
            "section": findings.section,
            "measures": [
                {**asdict(measure), "ratio": measure.ratio, "holds": measure.holds}
                for measure in findings.measures
            ],
            "switched_off": list(findings.switched_off),
            "settings": dict(findings.settings),
        }
        for findings in found
    ]
    path.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")


def _table(facts: Facts) -> None:
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        print(f"  {name:<{width}}  {_shown(value)}")


def _shown(value: str | float | list[float]) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(part) for part in value)
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.3f}" if value < 10 else f"{value:,.0f}"  # noqa: PLR2004  digits that tell
