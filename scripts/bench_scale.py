"""How much is measured: the sizes to quote, and small ones for a look."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GIB: Final = 2**30
BYTES_PER_BLOCK: Final = 1_500  # with the acts that led to it
BYTES_BESIDE: Final = 12 * GIB  # the WAL at its largest, pgbench's and the ledger's databases


@dataclass(frozen=True)
class LoadScale:
    """Sizes and times of what is measured over HTTP, and of the yardstick beside it."""

    pgbench_scale: int
    pgbench_clients: tuple[int, ...]  # the best of these is the yardstick
    workers: int  # processes that serve
    clients: int
    bulk_clients: int
    bulk_acts: tuple[int, ...]  # in one request
    bulk_turn_seconds: float  # a thousand acts are one commit: some must fall into a turn
    hot_accounts: int
    rounds: int
    warm_up_seconds: float
    turn_seconds: float
    start_rounds: int
    starts_fresh: bool  # installs every package anew, where that can be
    memory_seconds: float
    endurance_minutes: int
    minute_seconds: float
    overload_clients: tuple[
        int, ...
    ]  # ten times as many as are served well, and more than may connect
    overload_seconds: float


@dataclass(frozen=True)
class Scale:
    """Sizes and times of a run."""

    name: str
    load: LoadScale
    users: int  # each of a party of their own
    accounts: int
    blocks: int
    in_flight: int
    turns: int  # of sealing: short and many, so that what else runs here strikes both sides
    turn_seconds: float
    rounds: int
    single_acts: int  # that are published alone, in each round
    grown_blocks: int  # of the register that is large
    grown_accounts: int
    grown_users: int
    growth_blocks: tuple[int, ...]  # the large one among them
    growth_compared: tuple[int, int]
    growth_warm_up_seconds: float  # of the largest
    import_acts: int
    import_rounds: int
    reads_per_round: int
    verified_acts: int

    def check_room(self, folder: Path) -> None:
        """Raise an OSError where the disk has no room for this."""
        needed = self.grown_blocks * BYTES_PER_BLOCK + BYTES_BESIDE
        place = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(place).free
        print(f"{place} has {free / GIB:.1f} GiB free; this takes up to {needed / GIB:.1f} GiB.")
        if free < needed:
            message = f"{place} has no room for it; try --quick"
            raise OSError(message)


FULL: Final = Scale(
    name="full",
    load=LoadScale(
        pgbench_scale=50,
        pgbench_clients=(8, 16, 32),
        workers=1,
        clients=64,
        bulk_clients=8,
        bulk_acts=(100, 1_000),
        bulk_turn_seconds=3.6,
        hot_accounts=10,
        rounds=5,
        warm_up_seconds=3.6,
        turn_seconds=3.6,
        start_rounds=3,
        starts_fresh=True,
        memory_seconds=60,
        endurance_minutes=10,
        minute_seconds=60,
        overload_clients=(640, 4_200),
        overload_seconds=15,
    ),
    users=200,
    accounts=1_000,
    blocks=100_000,
    in_flight=64,
    turns=21,
    turn_seconds=1,
    rounds=5,
    single_acts=5,
    grown_blocks=10_000_000,
    grown_accounts=10_000,
    grown_users=1_000,
    growth_blocks=(1_000, 100_000, 1_000_000, 10_000_000),
    growth_compared=(100_000, 10_000_000),
    growth_warm_up_seconds=60,
    import_acts=40_000,
    import_rounds=3,
    reads_per_round=1_000,
    verified_acts=300_000,
)
QUICK: Final = Scale(
    name="quick",
    load=LoadScale(
        pgbench_scale=50,
        pgbench_clients=(16, 32),
        workers=1,
        clients=64,
        bulk_clients=8,
        bulk_acts=(100, 1_000),
        bulk_turn_seconds=1.6,
        hot_accounts=10,
        rounds=2,
        warm_up_seconds=0.6,
        turn_seconds=0.6,
        start_rounds=1,
        starts_fresh=False,
        memory_seconds=4,
        endurance_minutes=1,
        minute_seconds=10,
        overload_clients=(640,),
        overload_seconds=4,
    ),
    users=200,
    accounts=1_000,
    blocks=20_000,
    in_flight=64,
    turns=5,
    turn_seconds=0.5,
    rounds=3,
    single_acts=2,
    grown_blocks=100_000,
    grown_accounts=1_000,
    grown_users=100,
    growth_blocks=(10_000, 100_000),
    growth_compared=(10_000, 100_000),
    growth_warm_up_seconds=2,
    import_acts=4_000,
    import_rounds=1,
    reads_per_round=150,
    verified_acts=20_000,
)
