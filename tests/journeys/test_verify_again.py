"""`registry verify` on a log that was verified before, in part or wholly; and by an own policy."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.entry.verifying import checking, trust
from app.entry.verifying.checking import Report, Verification
from app.entry.verifying.memory import Memory
from app.entry.verifying.source import Folder
from app.registry.log import notes
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.notes import KeyKind
from app.registry.log.policy import Policy, Witness, witness_policy
from app.registry.log.tiles import BUNDLE, WIDTH, Tile
from tests.builders.public_log import (
    Forger,
    PublishedLog,
    changed,
    publish_busy,
    replayed_state,
    verify_here,
)
from tests.conftest import CHECKOUT, Server

TRANSFERS: Final = 800
RUN_SECONDS_MAX: Final = 60


@pytest.fixture(scope="module")
def published(server: Server, tmp_path_factory: pytest.TempPathFactory) -> PublishedLog:
    """A log of more than three tiles."""
    data = tmp_path_factory.mktemp("published")
    made = publish_busy(server, "registry_verified_again", data, transfers=TRANSFERS)
    assert made.size > 3 * WIDTH
    return made


@dataclass
class Noting(Folder):
    """A folder that notes what is asked of it."""

    folder: Path
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.folder)

    def find(self, path: str) -> bytes | None:
        self.asked.append(path)
        return super().find(path)


def verified(source: Folder, memory: Path) -> Report:
    policy = trust.load_policy(source)
    with Verification(source, policy, lambda _: Memory(memory)).run() as report:
        return report


# -------------------------------------------------------------------------- what is new


def test_only_what_is_new_is_read(published: PublishedLog, tmp_path: Path) -> None:
    forger, memory = Forger(tmp_path / "log"), tmp_path / "memory"
    leaves = published.leaves
    first_size, then_size = WIDTH + 50, 2 * WIDTH + 70
    forger.publish(leaves[:first_size], state=replayed_state(leaves[:first_size]))
    report = verified(Noting(forger.folder), memory)
    assert (report.first, report.remembered, report.state_size) == (0, None, first_size)
    forger.publish(leaves[:then_size], state=replayed_state(leaves[:then_size]))
    source = Noting(forger.folder)
    report = verified(source, memory)
    assert report.first == first_size
    assert report.remembered is not None
    assert report.remembered.size == first_size
    assert (report.state_size, report.differences) == (then_size, [])
    bundles = {path for path in source.asked if path.startswith("tile/entries/")}
    assert bundles == {Tile(BUNDLE, 1).path, Tile(BUNDLE, 2, 70).path}
    assert Tile(0, 0).path not in source.asked


def test_nothing_new_is_a_few_files(published: PublishedLog, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    verified(Noting(published.log), memory)
    source = Noting(published.log)
    report = verified(source, memory)
    assert (report.first, report.state_size) == (published.size, published.size)
    assert not any(path.startswith("tile/entries/") for path in source.asked)


# -------------------------------------------------------------------------- interrupted

KILLED: Final = """
import os, signal, threading
from app.entry.verifying import checking, source
checking.SAVE_EVERY = 256
find = source.Folder.find
def until(self, path):
    if path.startswith("tile/entries/002"):
        at_work.wait()
        os.kill(os.getpid(), signal.SIGKILL)
    return find(self, path)
source.Folder.find = until
at_work = threading.Event()
save = checking._save
def saved(replay, growth):
    save(replay, growth)
    if growth.size >= 512:
        at_work.set()
checking._save = saved
from app.entry.cli.verify import main
main()
"""


def interrupt(log: Path, memory: Path) -> None:
    """Verify in a process of its own, and kill it when two tiles were saved."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "verify", str(log), "--memory", str(memory)],
        cwd=CHECKOUT,
        env={},
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def test_after_a_kill_it_goes_on_where_it_was(published: PublishedLog, tmp_path: Path) -> None:
    """To the same verdict, word for word but for what was replayed."""
    memory = tmp_path / "memory"
    interrupt(published.log, memory)
    assert not (memory / "checkpoint").exists()  # nothing is believed before its root was signed
    source = Noting(published.log)
    report = verified(source, memory)
    assert (report.first, report.remembered) == (2 * WIDTH, None)
    assert Tile(BUNDLE, 0).path not in source.asked
    whole = verified(Noting(published.log), tmp_path / "whole")
    assert (report.trusted, report.state_size) == (whole.trusted, whole.state_size)
    assert (report.differences, whole.differences) == ([], [])


def test_what_an_interrupted_attempt_saved_is_not_held_against_the_log(
    published: PublishedLog, tmp_path: Path
) -> None:
    """It came from somebody in between, and no root had been compared yet."""
    memory = tmp_path / "memory"
    forger = Forger(tmp_path / "log")
    leaves = published.leaves
    index = next(n for n, leaf in enumerate(leaves) if b'"A holder"' in leaf)
    other = list(leaves)
    other[index] = changed(leaves[index], lambda act: act["data"].update(name_en="Another"))
    forger.publish(other)
    interrupt(forger.folder, memory)
    forger.publish(leaves, state=(published.log / "state").read_bytes())
    verdict = verify_here(forger.folder, "--memory", memory)
    assert (verdict.code, verdict.err) == (0, "")
    assert f"replayed {published.size} acts" in verdict.said
    # Also where the log has fewer acts than the attempt had played.
    interrupt(published.log, tmp_path / "other")
    forger.publish(leaves[:300], state=replayed_state(leaves[:300]))
    verdict = verify_here(forger.folder, "--memory", tmp_path / "other")
    assert (verdict.code, verdict.err) == (0, "")


def test_an_interrupt_from_the_keyboard_is_no_verdict(
    published: PublishedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checking, "_replay", interrupted)
    verdict = verify_here(published.log, "--memory", tmp_path / "memory")
    assert verdict.code not in (0, 1)
    assert "CLEAN" not in verdict.said


# -------------------------------------------------------------------------- the state


@pytest.mark.parametrize(
    ("size", "before", "said"),
    [
        (None, 0, "not compared: the register publishes no state here"),
        (700, 0, "not compared: its state is newer than its checkpoint: ask again in a second"),
        (400, 500, "not compared: its state is of 400 acts, verified before"),
        (500, 500, "equals the published one at 500 acts"),
        (500, 0, "equals the published one at 500 acts"),
        (550, 500, "equals the published one at 550 acts"),
    ],
)
def test_a_state_of_another_size_is_compared_there_or_said_not_to_be(
    published: PublishedLog, tmp_path: Path, size: int | None, before: int, said: str
) -> None:
    forger, memory = Forger(tmp_path / "log"), tmp_path / "memory"
    leaves = published.leaves
    if before:
        forger.publish(leaves[:before], state=replayed_state(leaves[:before]))
        assert verify_here(forger.folder, "--memory", memory).code == 0
        (forger.folder / "state").unlink()
    forger.publish(leaves[:600], state=None if size is None else replayed_state(leaves[:size]))
    verdict = verify_here(forger.folder, "--memory", memory)
    assert (verdict.code, verdict.err) == (0, "")
    assert said in verdict.said
    is_compared = "not compared" not in said
    end = "CLEAN" if is_compared else "CLEAN, but for the state, which was not compared"
    assert verdict.out.endswith(f"\n{end}\n")


def test_a_state_that_differs_does_not_make_the_history_forgotten(
    published: PublishedLog, tmp_path: Path
) -> None:
    """What was signed is remembered; the state is compared again until it is right."""
    forger, memory = Forger(tmp_path / "log"), tmp_path / "memory"
    leaves = published.leaves[:600]
    state = replayed_state(leaves)
    forger.publish(leaves, state=state.replace(b",holding,open,", b",holding,closed,", 1))
    for _ in range(2):
        verdict = verify_here(forger.folder, "--memory", memory)
        assert verdict.code == 1
        assert "NOT CLEAN: state_differs" in verdict.err
    forger.publish(leaves[:-1])
    assert "NOT CLEAN: history_cut " in verify_here(forger.folder, "--memory", memory).said
    forger.publish(leaves, state=state)
    assert verify_here(forger.folder, "--memory", memory).out.endswith("\nCLEAN\n")


def test_a_checkpoint_that_covers_the_state_is_waited_for(
    published: PublishedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP the state is as new as the last act, and the checkpoint a second older."""
    forger = Forger(tmp_path / "log")
    leaves = published.leaves
    forger.publish(leaves[:600], state=replayed_state(leaves[:601]))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            forger.publish(leaves[:602])

    monkeypatch.setattr(time, "sleep", sleep)
    source = Noting(forger.folder)
    source.address = "https://registry.test/log"
    report = verified(source, tmp_path / "memory")
    assert len(slept) == 2
    assert report.trusted.checkpoint.size == 602
    assert (report.state_size, report.differences) == (601, [])


# -------------------------------------------------------------------------- own policy


def witnessed(forger: Forger, by: Sequence[tuple[str, Ed25519PrivateKey]]) -> None:
    """Have a log's checkpoint cosigned."""
    note, checkpoint = parse_checkpoint((forger.folder / "checkpoint").read_bytes())
    lines = [notes.cosign(name, key, checkpoint.text, at=1_800_000_000) for name, key in by]
    forger.put("checkpoint", note.with_signatures(lines).encode())


def test_an_own_policy_asks_for_two_witnesses_of_three(
    published: PublishedLog, tmp_path: Path
) -> None:
    forger = Forger(tmp_path / "log")
    keys = {f"witness.example/{n}": Ed25519PrivateKey.generate() for n in range(3)}
    watching = [
        Witness(f"w{n}", notes.verifier_of(name, KeyKind.WITNESS, key), None)
        for n, (name, key) in enumerate(keys.items())
    ]
    own = tmp_path / "own"
    own.write_bytes(witness_policy({forger.verifier: None}, watching, 2).encode())
    by = list(keys.items())
    false = (by[1][0], Ed25519PrivateKey.generate())
    for signers, code, said in (
        ([], 1, "NOT CLEAN: quorum_missing quorum witnesses is not reached; missing: w0, w1, w2"),
        (by[:1], 1, "NOT CLEAN: quorum_missing quorum witnesses is not reached; missing: w1, w2"),
        ([by[0], by[0]], 1, "NOT CLEAN: quorum_missing "),
        ([by[0], false], 1, "NOT CLEAN: quorum_missing "),
        (by[:2], 0, "witnessed by w0, w1"),
        (by, 0, "witnessed by w0, w1, w2"),
    ):
        forger.publish(published.leaves[:300])
        witnessed(forger, signers)
        memory = tmp_path / "memory"
        verdict = verify_here(forger.folder, "--policy", own, "--memory", memory)
        assert verdict.code == code, verdict.said
        assert said in verdict.said
        assert "came from the log itself" not in verdict.said
    # The policy beside the log asks for nobody, and the same cosignatures are nobody's.
    verdict = verify_here(forger.folder, "--memory", tmp_path / "memory")
    assert "witnessed by nobody; the policy asks for nobody" in verdict.said


def test_a_cosignature_over_another_root_is_false(published: PublishedLog, tmp_path: Path) -> None:
    forger = Forger(tmp_path / "log")
    key = Ed25519PrivateKey.generate()
    verifier = notes.verifier_of("witness.example", KeyKind.WITNESS, key)
    own = tmp_path / "own"
    watching = [Witness("w", verifier, None)]
    own.write_bytes(witness_policy({forger.verifier: None}, watching, 1).encode())
    checkpoint = forger.publish(published.leaves[:300])
    other = Checkpoint(checkpoint.origin, 299, checkpoint.root)
    note, _ = parse_checkpoint((forger.folder / "checkpoint").read_bytes())
    line = notes.cosign("witness.example", key, other.text, at=1_800_000_000)
    forger.put("checkpoint", note.with_signatures([line]).encode())
    verdict = verify_here(forger.folder, "--policy", own, "--memory", tmp_path / "memory")
    assert "NOT CLEAN: signature_false " in verdict.said


def test_a_policy_that_names_another_log_trusts_nobody_here(
    published: PublishedLog, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.write_bytes(Policy(logs={Forger(tmp_path, origin="other.example").verifier: None}).encode())
    verdict = verify_here(published.log, "--policy", own, "--memory", tmp_path / "memory")
    assert (verdict.code, verdict.out) == (1, "")
    assert "NOT CLEAN: not_signed " in verdict.said
