"""A19: files of a partner registry that count something twice, come again, or were changed."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from attack_report import require
from attack_scene import FULL, Scene
from bootstrap import ROOT
from local_state import APP_COMMAND

from app.registry.history.mapping import load_mapping

SECONDS_MAX: Final = 300
_CAR: Final = load_mapping("car")
Row = dict[str, str]
# What a project's two tables say the next time, made from what they said at first.
Change = Callable[[Row, Row], tuple[list[Row], list[Row]]]


def _serials(row: Row, first: int, last: int) -> Row:
    prefix = row["serial"].rpartition("-")[0]
    return {**row, "serial": f"{prefix}-{first} to {last}"}


# Each is done to a project of its own.
CHANGES: Final[dict[str, Change]] = {
    "the same again": lambda i, r: ([i], [r]),
    "every row twice": lambda i, r: ([i, i], [r, r]),
    "serials retired for somebody else": lambda i, r: (
        [i],
        [r, {**r, "account_holder": "Another"}],
    ),
    "serials that overlap": lambda i, r: ([i], [r, _serials(r, 20, 39)]),
    "more credits issued": lambda i, r: ([{**i, "credits": "100000"}], [r]),
    "another vintage": lambda i, r: ([{**i, "vintage": "2014"}], [{**r, "vintage": "2014"}]),
    "another project": lambda i, r: ([{**i, "project": "ATK"}], [{**r, "project": "ATK"}]),
    "a serial beyond what was issued": lambda i, r: ([i], [r, _serials(r, 95, 114)]),
    "a count that is not its serials'": lambda i, r: ([i], [r, _serials(r, 31, 40)]),
    "more of it retired": lambda i, r: ([i], [_serials({**r, "credits": "100"}, 1, 100)]),
}
_TAKEN: Final = """
    SELECT string_agg(concat_ws(' ', b.serial_prefix, b.project_code, b.vintage, b.credits,
               (SELECT sum(l.last_serial - l.first_serial + 1) FROM ledger_entries l
                  JOIN endings e USING (log_index) WHERE l.batch_id = b.id)),
               ', ' ORDER BY b.serial_prefix)
      FROM batches b WHERE b.project_name = 'Attacked'
"""


def import_twice(scene: Scene) -> str:
    """Import a history, then the same and changed ones: nothing is added that was there before."""
    good = [_project(number) for number in range(len(CHANGES))]
    _run(scene, [([issued], [retired]) for issued, retired in good])
    size, found = scene.log_size(), scene.service.query(_TAKEN)
    require(found.count(" 100 20") == len(good), f"a good history is not taken over: {found}")
    if scene.scale is FULL:  # in short it is one of the changes
        _run(scene, [([issued], [retired]) for issued, retired in good])
        require(scene.log_size() == size, "the same files, imported again, added acts")
    _run(
        scene,
        [change(*project) for change, project in zip(CHANGES.values(), good, strict=True)],
    )
    require(scene.service.query(_TAKEN) == found, f"{found} is {scene.service.query(_TAKEN)} now")
    require(scene.log_size() == size, "changed files added acts")
    done = _command(scene, "check")
    require(done.returncode == 0, done.stdout[-1_000:])
    return f"{len(CHANGES)} projects, again and then {', '.join(CHANGES)}: nothing new"


def _project(number: int) -> tuple[Row, Row]:
    issued = {
        "project": f"ATK{number}",
        "project_name": "Attacked",
        "vintage": "2013",
        "credits": "100",
        "date": "2014-02-07",
    }
    retired = {
        "project": f"ATK{number}",
        "vintage": "2013",
        "credits": "20",
        "date": "2015-01-01",
        "serial": f"ATK-{number}-1 to 20",
        "account_holder": "City Light",
        "reason": "Other",
        "details": "",
    }
    return issued, retired


def _run(scene: Scene, projects: Iterable[tuple[list[Row], list[Row]]]) -> None:
    """Import two tables; rows that are wrong are named and left out, whatever the exit code."""
    tables = list(projects)
    issuances, retirements = scene.service.data / "issued.csv", scene.service.data / "retired.csv"
    _write(issuances, dict(_CAR.issuances.names), [row for i, _ in tables for row in i])
    _write(retirements, dict(_CAR.retirements.names), [row for _, r in tables for row in r])
    done = _command(
        scene,
        *("import", "--mapping", "car", "--as", "administrator@tgo.example"),
        *("--issuances", str(issuances), "--retirements", str(retirements)),
    )
    require("Traceback" not in done.stderr, done.stderr[-1_000:])


def _write(path: Path, names: dict[str, str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        written = csv.writer(file)
        written.writerow(list(names.values()))
        written.writerows([row[meaning] for meaning in names] for row in rows)


def _command(scene: Scene, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*APP_COMMAND, *arguments],
        cwd=ROOT,
        env=scene.service.environ,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
