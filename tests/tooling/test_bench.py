"""The benchmarks run: so small that their figures mean nothing, but on the schema as it is."""

import json
import subprocess
from pathlib import Path

import bench_log
import pytest
from bench_report import Findings, Measure, write_json
from bench_scale import Scale
from local_postgres import LocalPostgres

from tests.conftest import CHECKOUT

TINY = Scale(
    name="tiny",
    accounts=4,
    blocks=8,
    in_flight=4,
    turns=3,
    turn_seconds=0.2,
    rounds=2,
    log_entries=3_000,
    reads_per_round=20,
    verified_acts=3_000,
)


def test_the_section_log_measures_what_it_says(
    open_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes sealing out of a database by the text of our own function, which changes."""
    with LocalPostgres(open_folder / "bench") as server:
        found = bench_log.run(server, TINY)
    sealing, publisher, delay, *proofs, verifying = found.measures
    assert len(sealing.ratios) == TINY.turns
    assert {len(measure.ratios) for measure in found.measures[1:]} == {TINY.rounds}
    assert (publisher.bound, verifying.bound) == ("at most", "at least")
    assert (sealing.bound, sealing.target) == ("at least", 0.95)
    assert {(measure.bound, measure.target) for measure in proofs} == {("at most", 3)}
    assert all(min(measure.ratios) > 0 for measure in (sealing, delay, *proofs, verifying))
    assert found.settings["PostgreSQL fsync"] == "on"
    capsys.readouterr()
    found.show()
    shown = capsys.readouterr().out
    assert shown.index("proof / read") < shown.index("Switched off") < shown.index("Settings")


@pytest.mark.parametrize(
    ("bound", "ratios", "holds"),
    [
        ("at least", [0.9, 0.95, 1.2], True),
        ("at least", [0.94, 0.94, 1.2], False),
        ("at most", [0.9, 0.95, 1.2], True),
        ("at most", [0.9, 0.96, 0.96], False),
    ],
)
def test_a_measure_is_judged_by_the_median_of_its_rounds(
    bound: str, ratios: list[float], *, holds: bool, tmp_path: Path
) -> None:
    made = Measure("a / b", "one and the other", ratios, bound, 0.95)  # type: ignore[arg-type]
    assert made.holds is holds
    assert ("MISSED" in made.line()) is not holds
    found = Findings("log", [made], {"rounds": 3}, ["nothing"])
    assert found.hold is holds
    write_json(tmp_path / "found.json", [found])
    (written,) = json.loads((tmp_path / "found.json").read_bytes())
    assert written["measures"][0]["ratios"] == ratios
    assert written["measures"][0]["holds"] is holds


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["nothing-such"], 2)])
def test_the_command_says_what_it_can_do(arguments: list[str], code: int) -> None:
    command = [str(CHECKOUT / "scripts" / "bench"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "log" in done.stdout + done.stderr
