"""What came of an attack, and how it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How an attack ended."""

    PASS = "pass"  # noqa: S105  it was warded off
    FAIL = "FAIL"


class BreachError(Exception):
    """Something gave way that must not; the message says what."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one attack."""

    attack: str  # as "A2"
    about: str
    verdict: Verdict
    said: str
    seconds: float = 0.0

    def line(self) -> str:
        """Return it as one line."""
        return (
            f"{self.attack:>4}  {self.verdict:<8}{self.seconds:6.1f} s  {self.about}: {self.said}"
        )


def tried(attack: str, about: str, run: Callable[[], str]) -> Finding:
    """Run an attack; what it returns says what was tried, a breach what gave way."""
    began = time.monotonic()
    try:
        verdict, said = Verdict.PASS, run()
    except BreachError as breach:
        verdict, said = Verdict.FAIL, str(breach)
    except Exception as error:  # noqa: BLE001  an attack that was not carried out wards off nothing
        verdict, said = Verdict.FAIL, f"it could not be carried out: {error!r}"
    return Finding(attack, about, verdict, said, time.monotonic() - began)


def require(holds: bool, what: str) -> None:  # noqa: FBT001  reads like an assertion
    """
    Go on only where a wall holds.

    Raises:
        BreachError: it does not.
    """
    if not holds:
        raise BreachError(what)
