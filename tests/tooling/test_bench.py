"""The benchmarks run: so small that their figures mean nothing, but on the schema as it is."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
import benchmarks
import pytest
from bench_load import Replies
from bench_memory import Footprint, growth
from bench_overload import Storm
from bench_report import Findings, Measure, write_json
from bench_scale import LoadScale, Scale
from benchmarks import POSTGRES
from local_postgres import LocalPostgres

from tests.conftest import CHECKOUT

TINY = Scale(
    name="tiny",
    load=LoadScale(
        pgbench_scale=1,
        pgbench_clients=(1,),
        workers=1,
        clients=4,
        bulk_clients=2,
        bulk_acts=(2, 3),
        bulk_turn_seconds=0.2,
        hot_accounts=3,
        rounds=2,
        warm_up_seconds=0.2,
        turn_seconds=0.2,
        start_rounds=1,
        starts_fresh=False,
        memory_seconds=2,
        endurance_minutes=2,
        minute_seconds=1,
        overload_clients=(40,),
        overload_seconds=1,
    ),
    users=4,
    accounts=12,
    blocks=400,
    in_flight=4,
    turns=3,
    turn_seconds=0.2,
    rounds=2,
    single_acts=2,
    grown_blocks=2_000,
    grown_accounts=100,
    grown_users=10,
    growth_blocks=(500, 2_000),
    growth_compared=(500, 2_000),
    growth_warm_up_seconds=0.2,
    import_acts=60,
    import_rounds=1,
    reads_per_round=20,
    verified_acts=3_000,
)


needs_wrk = pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk, which makes the load, is not installed"
)


@pytest.fixture(scope="module")
def server() -> Iterator[LocalPostgres]:
    """Give the one server that a run of scripts/bench has, with what its sections share."""
    folder = Path(tempfile.mkdtemp(prefix="registry-tooling-"))
    folder.chmod(0o755)
    with LocalPostgres(folder / "bench", settings=POSTGRES) as running:
        yield running
    shutil.rmtree(folder)


def test_the_section_log_measures_what_it_says(
    server: LocalPostgres, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes sealing out of a database by the text of our own function, which changes."""
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


@needs_wrk
def test_the_section_transfers_measures_what_it_says(server: LocalPostgres) -> None:
    """It replaces the committer of a server process of its own by a plain one, which changes."""
    found = bench_transfers.run(server, TINY)
    many, few, alone = found.measures
    assert [(m.bound, m.target) for m in found.measures] == [
        ("at least", 1.0),
        ("at least", 1.0),
        ("at most", 1.0),
    ]
    for measure in found.measures:
        assert len(measure.ratios) == TINY.load.rounds
        assert min(measure.ratios) > 0
    assert few.facts["accounts"] == TINY.load.hot_accounts
    for facts in (many.facts, few.facts):
        assert facts["acts committed"]
        assert facts["processor microseconds an act, service"]
    assert alone.facts["plain: acts committed"]
    assert found.settings["PostgreSQL full_page_writes"] == "on"
    assert found.settings["plan_cache_mode of the service"] == "force_generic_plan"


def test_the_section_pages_measures_what_it_says(server: LocalPostgres) -> None:
    """Every page it asks for is there, in a register that is filled past its rules."""
    found = bench_pages.run(server, TINY)
    assert len(found.measures) == 2 * 4  # remembered, and made anew
    for measure in found.measures:
        assert (measure.bound, measure.target) == ("at most", 5)
        assert len(measure.ratios) == TINY.rounds
        assert min(measure.ratios) > 0


def test_the_section_reads_measures_what_it_says(server: LocalPostgres) -> None:
    """Every address it asks for is answered; each kind has its own figure."""
    found = bench_reads.run(server, TINY)
    assert len(found.measures) == len(bench_reads.READS)
    for measure in found.measures:
        assert (measure.bound, measure.target, len(measure.ratios)) == ("at most", 2.0, TINY.rounds)
        assert measure.facts["bytes an answer"]
        assert min(measure.ratios) > 0


@needs_wrk
def test_the_section_growth_measures_what_it_says(server: LocalPostgres) -> None:
    (measure,) = bench_size.run(server, TINY).measures
    assert (measure.bound, measure.target, len(measure.ratios)) == ("at least", 0.7, TINY.rounds)
    for blocks in TINY.growth_blocks:
        assert measure.facts[f"{blocks:,} blocks: acts committed a second (median)"]


def test_the_section_import_measures_what_it_says(server: LocalPostgres) -> None:
    """It checks by itself that everything was taken over, and copies every row of it."""
    (measure,) = bench_import.run(server, TINY).measures
    assert (measure.bound, measure.target) == ("at least", 0.3)
    assert measure.facts["acts (blocks taken over, retirements)"] == TINY.import_acts
    assert min(measure.ratios) > 0


@needs_wrk
def test_the_section_retire_measures_what_it_says(server: LocalPostgres) -> None:
    (measure,) = bench_retire.run(server, TINY).measures
    assert len(measure.ratios) == TINY.load.rounds
    assert measure.facts["acts committed"]


@needs_wrk
def test_the_section_bulk_measures_what_it_says(server: LocalPostgres) -> None:
    """Expect both modes, over many accounts and over few."""
    measures = bench_bulk.run(server, TINY).measures
    assert {measure.name for measure in measures} == {
        f"{acts} transfers a request, {mode}, {accounts} / T"
        for acts, mode in zip(TINY.load.bulk_acts, ("atomic", "independent"), strict=True)
        for accounts in ("many accounts", "ten accounts")
    }
    assert {measure.target for measure in measures} == {2.0, 2.5}
    for measure in measures:
        assert measure.facts["acts committed"]


@needs_wrk
def test_the_section_memory_measures_what_it_says(server: LocalPostgres) -> None:
    (measure,) = bench_memory.run(server, TINY).measures
    assert measure.ratio > 0
    assert measure.facts["acts committed meanwhile"]


def test_memory_that_rises_with_every_act_is_found() -> None:
    """Expect bytes an act; what is filled before the middle of a run is not growth."""
    filled = [Footprint(n * 1_000, 100.0 if n < 8 else 120.0) for n in range(20)]
    assert growth(filled).holds
    assert growth(filled).facts["bytes an act meanwhile"] == 0
    rising = growth([Footprint(n * 1_000, 100.0 + n) for n in range(20)])
    assert not rising.holds
    slope = rising.facts["bytes an act meanwhile"]
    assert slope == pytest.approx(2**20 / 1_000)


@needs_wrk
def test_the_section_endurance_ends_with_a_register_that_is_clean(server: LocalPostgres) -> None:
    found = bench_endurance.run(server, TINY)
    memory, slowest, check, verify = found.measures
    assert memory.ratio > 0
    assert slowest.ratio >= 1
    assert len(slowest.facts["p99, ms, each minute"]) == TINY.load.endurance_minutes  # type: ignore[arg-type]
    assert (check.ratio, verify.ratio) == (0, 0)
    assert check.holds
    assert verify.holds


@needs_wrk
def test_the_section_overload_measures_what_it_says(server: LocalPostgres) -> None:
    wrong, lost, longest, recovery = bench_overload.run(server, TINY).measures
    assert wrong.facts["answers: 201"]
    assert (wrong.ratio, lost.ratio) == (0, 0)
    assert longest.ratio > 0
    assert recovery.ratio > 0


def test_an_answer_that_promises_too_little_is_counted() -> None:
    """Expect anything but 201 and a 503 that says when to come again to be called wrong."""
    counted = {"201": 5, "503": 4, "503 without Retry-After": 3, "500": 2}
    replies = Replies(14, 9, 1.0, 2.0, 3.0, 10, 20, 40, counted, {})
    assert Storm(replies, 0, 0.0).wrong == 3 + 2 + 10 + 20 + 40


def test_the_section_start_measures_what_it_says(server: LocalPostgres) -> None:
    (again,) = bench_start.run(server, TINY).measures
    assert len(again.ratios) == TINY.load.start_rounds
    assert again.ratio > 0


def test_a_section_that_cannot_be_measured_does_not_stop_the_others(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Expect its reason, and what the others found."""

    def fails(_: LocalPostgres, __: Scale) -> Findings:
        return bench_memory.run(_, __)

    nothing = Findings("fine", [], {}, ())
    monkeypatch.setattr(benchmarks, "SECTIONS", {"memory": fails, "fine": lambda *_: nothing})
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = benchmarks.run_sections(open_folder / "bench", ["memory", "fine"], TINY)
    assert found == [nothing]
    assert "memory: not measured" in (said := capsys.readouterr().err)
    assert "apt-get install wrk" in said


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
