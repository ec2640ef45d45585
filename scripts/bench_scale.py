"""How much is measured: the sizes to quote, and small ones for a look."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GIB: Final = 2**30
BYTES_PER_ENTRY: Final = 900  # a log entry with its indexes, and some of what the WAL keeps of it
BYTES_BESIDE: Final = 6 * GIB  # the WAL at its largest, and the ledger's databases


@dataclass(frozen=True)
class Scale:
    """Sizes and times of a run."""

    name: str
    accounts: int
    blocks: int
    in_flight: int
    turns: int  # of sealing: short and many, so that what else runs here strikes both sides
    turn_seconds: float
    rounds: int
    log_entries: int
    reads_per_round: int
    verified_acts: int

    def check_room(self, folder: Path) -> None:
        """Raise an OSError where the disk has no room for this."""
        needed = self.log_entries * BYTES_PER_ENTRY + BYTES_BESIDE
        place = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(place).free
        print(f"{place} has {free / GIB:.1f} GiB free; this takes up to {needed / GIB:.1f} GiB.")
        if free < needed:
            message = f"{place} has no room for it; try --quick"
            raise OSError(message)


FULL: Final = Scale(
    name="full",
    accounts=1_000,
    blocks=100_000,
    in_flight=64,
    turns=41,
    turn_seconds=1,
    rounds=9,
    log_entries=10_000_000,
    reads_per_round=2_000,
    verified_acts=1_000_000,
)
QUICK: Final = Scale(
    name="quick",
    accounts=200,
    blocks=10_000,
    in_flight=64,
    turns=15,
    turn_seconds=1,
    rounds=5,
    log_entries=200_000,
    reads_per_round=500,
    verified_acts=100_000,
)
