"""Measure how fast this is, as ratios on this machine.

scripts/bench                          every section but endurance, in less than twenty minutes
scripts/bench transfers log            some sections
scripts/bench --quick                  small sizes, in less than two minutes, for a look; its
                                       figures are not the ones to quote
scripts/bench endurance --minutes 10   full load for minutes, then check and verify
scripts/bench --json FILE              also write the findings as JSON

A PostgreSQL of its own is started for the time of it and removed afterwards; fsync,
synchronous_commit and full_page_writes are on. Load over HTTP comes from wrk, a process of its own
(Debian has it as a package). What is counted is what the database then has, never replies. The
yardstick T is PostgreSQL's own benchmark (pgbench, TPC-B-like, prepared) on the same server.
Whatever is compared runs in turns within one run, and what counts is the ratio. The exit code is 1
where a ratio misses what it must be, or where a section could not be measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import bench_bulk
import bench_endurance
import bench_import
import bench_log
import bench_memory
import bench_overload
import bench_pages
import bench_reads
import bench_retire
import bench_size
import bench_start
import bench_transfers
from bench_report import Findings, show_table, write_json
from bench_scale import FULL, QUICK, Scale
from local_postgres import LocalPostgres, LocalPostgresError
from local_state import passing_folder

# A section is a module of its own with a function like these.
SECTIONS: Final[dict[str, Callable[[LocalPostgres, Scale], Findings]]] = {
    "transfers": bench_transfers.run,
    "bulk": bench_bulk.run,
    "retire": bench_retire.run,
    "log": bench_log.run,
    "start": bench_start.run,
    "memory": bench_memory.run,
    "overload": bench_overload.run,
    "import": bench_import.run,
    "reads": bench_reads.run,
    "pages": bench_pages.run,
    "growth": bench_size.run,
}
# Sections that take their time, and so run only where they are named.
LONG: Final = {"endurance": bench_endurance.run}
# What both PostgreSQL's own benchmark and ours are given: room for all that is measured, and no
# checkpoint meanwhile that would strike one of them alone.
POSTGRES: Final = {"shared_buffers": "2GB", "max_wal_size": "8GB"}


def main() -> int:
    """Run the sections that were asked for."""
    options = _options()
    scale = _scale(options)
    names = options.sections or list(SECTIONS)
    try:
        with passing_folder("bench") as folder:
            found = run_sections(folder, names, scale)
    except (LocalPostgresError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if len(found) > 1:
        show_table(found)
    if options.json:
        write_json(options.json, found)
    is_whole = len(found) == len(names)
    return 0 if is_whole and all(findings.hold for findings in found) else 1


def run_sections(folder: Path, names: Sequence[str], scale: Scale) -> list[Findings]:
    """
    Measure sections on a server of their own, showing each when it is done.

    Returns:
        What was found; a section that could not be measured has said why and is left out.
    """
    scale.check_room(folder)
    found = []
    with LocalPostgres(folder, settings=POSTGRES) as server:
        for name in names:
            began = time.monotonic()
            try:
                findings = (SECTIONS | LONG)[name](server, scale)
            except OSError as error:
                print(f"\n{name}: not measured: {error}", file=sys.stderr, flush=True)
                continue
            findings.show()
            print(f"\n{name} took {time.monotonic() - began:.0f} s.", flush=True)
            found.append(findings)
    return found


def _scale(options: argparse.Namespace) -> Scale:
    scale = QUICK if options.quick else FULL
    minutes = options.minutes or scale.load.endurance_minutes
    load = replace(scale.load, workers=options.workers, endurance_minutes=minutes)
    return replace(scale, load=load)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = SECTIONS | LONG
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(known))
    parser.add_argument("--quick", action="store_true", help="small sizes, fewer seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the findings here")
    parser.add_argument("--minutes", type=int, metavar="N", help="of endurance; else 10")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="server processes")
    options = parser.parse_args()
    for name in options.sections:
        if name not in known:
            parser.error(f"there is no section {name!r}; there is {', '.join(known)}")
    return options
