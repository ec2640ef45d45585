"""The section ``start``: how long scripts/start takes to the first answer."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from bench_database import settings_of
from bench_report import Findings, Measure
from bench_scale import Scale
from bench_service import HOST, free_port, stop, wait_for_answer
from bootstrap import ENVIRONMENT, ROOT
from local_postgres import LocalPostgres

AGAIN_SECONDS: Final = 4.0
FRESH_SECONDS: Final = 20.0
PARTS: Final = ("app", "scripts", "migrations", "alembic.ini", "pyproject.toml")


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Measure it, in a copy of this checkout."""
    settings = settings_of(server, scale)
    measures = [_again(scale.load.start_rounds)]
    if scale.load.starts_fresh:
        measures.append(_fresh())
    return Findings("start", measures, settings, ())


def _again(rounds: int) -> Measure:
    with _copy() as checkout:
        # The packages are there, as they are after the first time; the path of it is resolved, so
        # that nothing is installed into this checkout's.
        (checkout / ".venv").symlink_to(ENVIRONMENT.resolve())
        first = _start(checkout)
        again = [_start(checkout) for _ in range(rounds)]
    return Measure(
        name=f"start again / {AGAIN_SECONDS:g} s",
        what="scripts/start on a checkout that was started before, to its first answer",
        ratios=[seconds / AGAIN_SECONDS for seconds in again],
        bound="at most",
        target=1,
        facts={
            "seconds (median)": median(again),
            "seconds, first time (packages there, database made and migrated)": first,
        },
    )


def _fresh() -> Measure:
    with _copy() as checkout:
        seconds = _start(checkout)
    return Measure(
        name=f"start fresh / {FRESH_SECONDS:g} s",
        what="scripts/start on a copied checkout with nothing installed, to its first answer;"
        " packages come from wherever this machine's pip gets them, or from its cache",
        ratios=[seconds / FRESH_SECONDS],
        bound="at most",
        target=1,
        facts={"seconds": seconds},
    )


@contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        place = Path(name)
        place.chmod(0o755)  # the database's user must get to a folder in it
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, place / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, place)
        for lock in ROOT.glob("requirements*"):
            shutil.copy(lock, place)
        yield place


def _start(checkout: Path) -> float:
    """Start it, and stop it once it has answered; returns the seconds until then."""
    port, printed = free_port(), checkout / "printed"
    began = time.perf_counter()
    with printed.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, checkout / "scripts" / "start", f"--port={port}"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for_answer(process, f"http://{HOST}:{port}", printed)
        return time.perf_counter() - began
    finally:
        stop(process, signal.SIGINT)
