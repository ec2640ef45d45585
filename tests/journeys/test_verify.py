"""`registry verify` as a stranger runs it, on a folder or an address, with nothing of ours."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from app.entry.cli import demo
from app.entry.state_file import AGE_SECONDS_MAX
from app.entry.verifying.memory import Memory
from app.kernel.db import make_engine, reading
from tests.builders.public_log import (
    PublishedLog,
    Verdict,
    a_busy_register,
    keep_state,
    publish_busy,
    verify_here,
)
from tests.builders.publishing import ORIGIN, publish
from tests.conftest import CHECKOUT, Registry, Server, opened, settings_for
from tests.server_process import PublisherProcess, ServerProcess

RUN_SECONDS_MAX: Final = 60
DATABASE: Final = "registry_verified"
TRANSFERS: Final = 540


@pytest.fixture(scope="module")
def published(server: Server, tmp_path_factory: pytest.TempPathFactory) -> PublishedLog:
    """A log of more than two tiles, in which everything happened that moves credits."""
    data = tmp_path_factory.mktemp("published")
    return publish_busy(server, DATABASE, data, transfers=TRANSFERS)


def command(home: Path, *arguments: object) -> Verdict:
    """Run it as a process whose environment holds a home for its memory, and nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "app.entry.cli", "verify", *map(str, arguments)],
        cwd=CHECKOUT,
        env={"HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    return Verdict(done.returncode, done.stdout, done.stderr)


def test_a_busy_register_is_clean(published: PublishedLog, tmp_path: Path) -> None:
    """1,234 issued and 60 taken over; 100 of them in the buffer, 20 retired, 7 cancelled."""
    verdict = command(tmp_path, published.log)
    assert (verdict.code, verdict.err) == (0, "")
    assert verdict.out.endswith("\nCLEAN\n")
    for said in (
        f"log {ORIGIN}",
        f"acts {published.size}, root ",
        "The key came from the log itself",
        "witnessed by nobody; the policy asks for nobody",
        "before never verified here",
        f"replayed {published.size} acts",
        "issued 1,294 credits",
        "held 1,167 credits",
        "buffer 100 credits",
        "retired 20 credits",
        "cancelled 7 credits",
        f"every balance, block and ending equals the published one at {published.size} acts",
    ):
        assert said in verdict.said
    again = command(tmp_path, published.log)
    assert again.code == 0
    assert f"verified at {published.size} acts; the log extends that" in again.said
    assert "replayed 0 acts" in again.said
    assert f"published one at {published.size} acts" in again.said


async def test_the_demo_is_clean(database_url: str, tmp_path: Path) -> None:
    await demo.fill(settings_for(database_url, tmp_path))
    await publish(database_url, tmp_path)
    engine = make_engine(database_url, connections_max=1)
    async with reading(engine) as connection:
        await keep_state(connection, tmp_path / "log")
    await engine.dispose()
    verdict = verify_here(tmp_path / "log", "--memory", tmp_path / "memory")
    assert (verdict.code, verdict.err) == (0, "")
    assert verdict.out.endswith("\nCLEAN\n")
    assert "issued 2,192 credits" in verdict.said
    assert "retired 170 credits" in verdict.said


async def test_a_register_at_work_is_clean_from_its_address(server: Server, tmp_path: Path) -> None:
    """A copy is kept and verified again; what is new is read; it grows while it is verified."""
    name = f"{DATABASE}_at_work"
    await server.run(f"CREATE DATABASE {name} TEMPLATE {server.template}")
    url = server.url(name)
    keep = tmp_path / "keep"
    with ServerProcess(url, data=tmp_path) as service, PublisherProcess(url, data=tmp_path) as out:
        async with opened(url) as registry:
            trade = await a_busy_register(registry, transfers=300)
            await asyncio.to_thread(out.wait_for, await size_of(registry))
            first = await asyncio.to_thread(command, tmp_path, service.address, "--keep", keep)
            assert (first.code, first.err) == (0, ""), first.said
            assert first.out.endswith("\nCLEAN\n")
            at_work = asyncio.create_task(trade.go_on(registry, 400))
            for _ in range(3):
                verdict = await asyncio.to_thread(command, tmp_path, f"{service.address}/log/")
                assert (verdict.code, verdict.err) == (0, ""), verdict.said
                assert "the log extends that" in verdict.said
                # For a few seconds the server gives out the state of the time before.
                is_older = "verified before" in verdict.said
                assert is_older or verdict.out.endswith("\nCLEAN\n")
            await at_work
            await asyncio.sleep(AGE_SECONDS_MAX)
            verdict = await asyncio.to_thread(command, tmp_path, service.address)
            assert verdict.out.endswith("\nCLEAN\n")
    copy = command(tmp_path / "stranger", keep)
    assert (copy.code, copy.err) == (0, "")
    assert copy.out.endswith("\nCLEAN\n")
    await server.run(f"DROP DATABASE {name} WITH (FORCE)")


async def size_of(registry: Registry) -> int:
    async with registry.read() as connection:
        return int(await connection.scalar(text("SELECT size FROM log_head")) or 0)


def test_a_copy_is_whole_also_where_much_was_verified_before(
    published: PublishedLog, tmp_path: Path
) -> None:
    """Only what is new is replayed the second time, and all of it has to be in the copy."""
    memory, keep = tmp_path / "memory", tmp_path / "keep"
    assert verify_here(published.log, "--memory", memory).code == 0
    assert verify_here(published.log, "--memory", memory, "--keep", keep).code == 0
    verdict = verify_here(keep, "--memory", tmp_path / "other")
    assert verdict.code == 0
    assert verdict.out.endswith("\nCLEAN\n")
    for name in ("checkpoint", "policy", "state"):
        assert (keep / name).read_bytes() == (published.log / name).read_bytes()


def test_a_copy_onto_itself_harms_nothing(published: PublishedLog, tmp_path: Path) -> None:
    log = published.copy_to(tmp_path / "log")
    for _ in range(2):
        verdict = verify_here(log, "--memory", tmp_path / "memory", "--keep", log)
        assert verdict.out.endswith("\nCLEAN\n")
    assert (log / "state").read_bytes() == (published.log / "state").read_bytes()


def test_a_copy_of_a_log_without_a_state_has_none(published: PublishedLog, tmp_path: Path) -> None:
    log, keep = published.copy_to(tmp_path / "log"), tmp_path / "keep"
    (log / "state").unlink()
    keep.mkdir()
    (keep / "state").write_text("size,1\n")  # of another day
    for folder, where in ((log, ("--keep", keep)), (keep, ())):
        verdict = verify_here(folder, "--memory", tmp_path / f"memory-{folder.name}", *where)
        assert verdict.code == 0
        assert "state not compared: the register publishes no state here" in verdict.said
    assert not (keep / "state").exists()


# ------------------------------------------------------------------------------ exit codes


def test_what_cannot_be_read_is_no_verdict(published: PublishedLog, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    without = published.copy_to(tmp_path / "without")
    (without / "checkpoint").unlink()
    for where, said in (
        ("http://127.0.0.1:1", "http://127.0.0.1:1/log/policy: "),
        (tmp_path / "nowhere", "is neither an address (http…) nor a folder"),
        (empty, "has no policy: give one with --policy"),
        (without, "has no checkpoint: nothing has been published"),
    ):
        verdict = command(tmp_path, where)
        assert (verdict.code, verdict.out) == (3, "")
        assert said in verdict.said


def test_wrong_options_are_said_before_anything_is_read(
    published: PublishedLog, tmp_path: Path
) -> None:
    key = (published.log / "key").read_text().strip()
    broken = tmp_path / "broken"
    broken.write_text("quorum none\n")
    for options in (
        [],
        [published.log, "--key", "x"],
        [published.log, "--key", key[:-4] + "AAA="],
        [published.log, "--policy", tmp_path / "nowhere"],
        [published.log, "--policy", broken],
        [published.log, "--policy", published.log / "policy", "--key", key],
        [published.log, "--receipt", tmp_path / "nowhere"],
        [published.log, "--invented"],
    ):
        verdict = command(tmp_path, *options)
        assert verdict.code == 2, options
        assert "Traceback" not in verdict.err
    assert not (tmp_path / ".local").exists()


def test_a_memory_that_cannot_be_written_is_no_verdict(
    published: PublishedLog, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    verdict = command(tmp_path, published.log, "--memory", file / "memory")
    assert verdict.code == 3
    assert str(file) in verdict.said


def test_two_at_once_on_one_memory_do_not_mix(published: PublishedLog, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory")
    with memory.open_shelf():
        verdict = verify_here(published.log, "--memory", memory.folder)
    assert verdict.code == 3
    assert "if no other verification is at work, delete it" in verdict.said
    assert verify_here(published.log, "--memory", memory.folder).code == 0


def test_a_memory_that_is_damaged_is_said(published: PublishedLog, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    assert verify_here(published.log, "--memory", memory).code == 0
    (memory / "checkpoint").write_text("x")
    verdict = verify_here(published.log, "--memory", memory)
    assert "NOT CLEAN: memory_damaged " in verdict.said
    (memory / "checkpoint").unlink()
    (memory / "replay.sqlite").write_text("x" * 5_000)
    verdict = verify_here(published.log, "--memory", memory)
    assert verdict.code == 3
    assert "replay.sqlite" in verdict.said


def test_it_needs_neither_database_nor_settings_nor_their_libraries(tmp_path: Path) -> None:
    """An auditor installs what hashes and replays; contract 7b holds the rest of it."""
    script = "import app.entry.cli.verify, sys; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint({"sqlalchemy", "asyncpg", "alembic", "fastapi", "starlette"})
    assert "app.settings" not in done.stdout.split()
