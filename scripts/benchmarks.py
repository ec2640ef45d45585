"""Measure how fast this is, as ratios on this machine.

scripts/bench                 every section
scripts/bench log             one section (log: sealing, proofs)
scripts/bench log --quick     small sizes, for a look; its figures are not the ones to quote
scripts/bench --json FILE     also write the findings as JSON

A PostgreSQL of its own is started for the time of it and removed afterwards; fsync and
synchronous_commit are on. Whatever is compared runs in turns within one run, and what counts is
the ratio. The exit code is 1 where a ratio misses what it must be.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import bench_log
from bench_report import Findings, write_json
from bench_scale import FULL, QUICK, Scale
from local_postgres import LocalPostgres, LocalPostgresError
from local_state import database_folder

# A section is a module of its own with a function like these.
SECTIONS: Final[dict[str, Callable[[LocalPostgres, Scale], Findings]]] = {"log": bench_log.run}


def main() -> int:
    """Run the sections that were asked for."""
    options = _options()
    scale = QUICK if options.quick else FULL
    folder = bench_folder()
    try:
        found = run_sections(folder, options.sections or list(SECTIONS), scale)
    except (LocalPostgresError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        write_json(options.json, found)
    return 0 if all(findings.hold for findings in found) else 1


def run_sections(folder: Path, names: Sequence[str], scale: Scale) -> list[Findings]:
    """Measure sections on a server of their own, showing each when it is done."""
    scale.check_room(folder)
    found = []
    with LocalPostgres(folder) as server:
        for name in names:
            findings = SECTIONS[name](server, scale)
            findings.show()
            found.append(findings)
    return found


def bench_folder() -> Path:
    """Return where the server's data may live; emptied of what a killed run has left."""
    place = database_folder()
    folder = place.with_name(f"{place.name}-bench")
    LocalPostgres(folder).stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="small sizes, fewer seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the findings here")
    options = parser.parse_args()
    for name in options.sections:
        if name not in SECTIONS:
            parser.error(f"there is no section {name!r}; there is {', '.join(SECTIONS)}")
    return options
