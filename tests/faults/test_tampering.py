"""
Whatever is changed in a published folder is found, or provably says nothing.

Each file of the folder is changed byte by byte, cut, emptied, swapped, replaced by another log's.
The folder is one whose log has full tiles and partial ones.
"""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.growth import Growth
from app.registry.log.merkle import HASH_BYTES
from app.registry.log.notes import KeyKind
from app.registry.log.tiles import BUNDLE, WIDTH, Tile
from tests.builders.public_log import (
    Forger,
    PublishedLog,
    Verdict,
    publish_busy,
    replayed_state,
    verify_here,
)
from tests.conftest import Server

TRANSFERS: Final = 540
FLIPS_PER_FILE: Final = 60
SMALL_BYTES: Final = 300  # files in which every byte is changed
SEED: Final = 3


@pytest.fixture(scope="module")
def published(server: Server, tmp_path_factory: pytest.TempPathFactory) -> PublishedLog:
    data = tmp_path_factory.mktemp("published")
    made = publish_busy(server, "registry_tampered", data, transfers=TRANSFERS)
    assert made.size > 2 * WIDTH
    assert made.size % WIDTH
    return made


@pytest.fixture
def log(published: PublishedLog, tmp_path: Path) -> Path:
    """A copy of it, to tamper with."""
    return published.copy_to(tmp_path / "log")


def files_of(log: Path) -> list[str]:
    return sorted(str(path.relative_to(log)) for path in log.rglob("*") if path.is_file())


def verified(log: Path) -> Verdict:
    """Verify a folder as somebody does who never saw it."""
    memory = log.with_name("memory")
    shutil.rmtree(memory, ignore_errors=True)
    return verify_here(log, "--memory", memory)


@contextmanager
def flipped(file: Path, place: int, bits: int) -> Iterator[None]:
    """Change one byte of a file, and put it right again."""
    content = file.read_bytes()
    file.write_bytes(content[:place] + bytes([content[place] ^ bits]) + content[place + 1 :])
    yield
    file.write_bytes(content)


def test_the_log_itself_is_clean(published: PublishedLog, log: Path) -> None:
    verdict = verified(log)
    assert (verdict.code, verdict.err) == (0, "")
    assert verdict.out.endswith("\nCLEAN\n")
    assert f"equals the published one at {published.size} acts" in verdict.said
    assert files_of(log) == sorted(
        [
            "checkpoint",
            "key",
            "policy",
            "state",
            *(f"tile/{level}/{number}" for level in ("0", "entries") for number in ("000", "001")),
            *(f"tile/{level}/002.p/{published.size - 512}" for level in ("0", "entries")),
            "tile/1/000.p/2",
        ]
    )


# What can be found where a byte of the file is another one. Whatever else is found is a surprise.
FOUND: Final[dict[str, set[str]]] = {
    "checkpoint": {"checkpoint_malformed", "not_signed", "signature_false", "quorum_missing"},
    "policy": {"policy_malformed", "not_signed", "signature_false"},
    "state": {"state_differs", "state_malformed"},
    "tile/0": {"tile_differs"},
    "tile/1": {"tile_differs"},
}


def place_of(file: str) -> str:
    """Return what kind of file it is."""
    return "/".join(file.split("/")[:2])


@pytest.mark.parametrize(
    "kind", ["checkpoint", "policy", "state", "tile/0", "tile/1", "tile/entries"]
)
@pytest.mark.no_cover  # each byte in turn; other tests cover the lines
def test_any_byte_changed_in_any_file_is_found(log: Path, kind: str) -> None:
    """Tens of bytes in each file; in small ones every one of them."""
    chance = random.Random(SEED)  # noqa: S311  for tests
    for name in (name for name in files_of(log) if place_of(name) == kind):
        file = log / name
        content = file.read_bytes()
        count = len(content) if len(content) <= SMALL_BYTES else FLIPS_PER_FILE
        for place in sorted(chance.sample(range(len(content)), count)):
            bits = chance.randrange(1, 256)
            with flipped(file, place, bits):
                verdict = verified(log)
            where = f"byte {place} of {name} xor {bits}: {verdict.said}"
            changed = bytes([content[place] ^ bits])
            if says_nothing(name, content[place : place + 1], changed):
                assert verdict.code == 0, where
                continue
            if kind == "state" and "not compared" in verdict.said:
                # Its first line claims a size to come; the log itself is as clean as it was.
                assert place < content.index(b"\n"), where
                assert verdict.out.endswith("CLEAN, but for the state, which was not compared\n")
                continue
            assert verdict.code == 1, where
            code = verdict.err.partition("NOT CLEAN: ")[2].partition("\n")[0]
            assert code, where
            assert kind not in FOUND or code in FOUND[kind], where
            assert "Traceback" not in verdict.err


def says_nothing(name: str, byte: bytes, other: bytes) -> bool:
    """Words of a policy stand apart by spaces or tabs: which of them, says nothing."""
    return name == "policy" and {byte, other} == {b" ", b"\t"}


def test_the_key_file_says_nothing_that_the_policy_does_not(log: Path) -> None:
    """It is there for people; who verifies reads the policy, or has a key from elsewhere."""
    (log / "key").unlink()
    assert verified(log).code == 0


def test_a_tab_in_the_policy_says_nothing(log: Path) -> None:
    """The one byte for another that is no change."""
    policy = log / "policy"
    policy.write_bytes(policy.read_bytes().replace(b" ", b"\t"))
    assert verified(log).code == 0


@pytest.mark.parametrize(
    "kind", ["checkpoint", "policy", "state", "tile/0", "tile/1", "tile/entries"]
)
@pytest.mark.parametrize("harm", ["missing", "empty", "short", "long"])
def test_a_file_that_is_not_whole_is_found(log: Path, kind: str, harm: str) -> None:
    for name in (name for name in files_of(log) if place_of(name) == kind):
        file = log / name
        content = file.read_bytes()
        if harm == "missing":
            file.unlink()
        else:
            changed = {"empty": b"", "short": content[:-1], "long": content + b"\x00"}
            file.write_bytes(changed[harm])
        verdict = verified(log)
        file.write_bytes(content)
        assert "Traceback" not in verdict.err
        if harm == "missing" and kind == "state":
            assert verdict.code == 0
            assert "not compared: the register publishes no state here" in verdict.said
        elif harm == "missing" and kind in {"checkpoint", "policy"}:
            assert verdict.code == 3
            assert f"has no {kind}" in verdict.said
        else:
            assert verdict.code == 1, f"{name} {harm}: {verdict.said}"
            reason = {
                "checkpoint": "checkpoint_malformed",
                "policy": "policy_malformed",
                "state": "state_",
                "tile/entries": "entries_missing" if harm == "missing" else "entries_malformed",
            }.get(kind, "tile_differs")
            assert reason in verdict.said


@pytest.mark.parametrize("level", [BUNDLE, 0])
def test_tiles_that_are_swapped_are_found(log: Path, level: int) -> None:
    one, other = log / Tile(level, 0).path, log / Tile(level, 1).path
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    verdict = verified(log)
    assert verdict.code == 1
    expected = "founding_misplaced" if level == BUNDLE else "tile_differs"
    assert f"NOT CLEAN: {expected} " in verdict.said


def test_entries_behind_the_last_one_are_found(log: Path, published: PublishedLog) -> None:
    """Also where they are whole: nobody has signed them."""
    bundle = log / Tile(BUNDLE, 2, published.size - 2 * WIDTH).path
    bundle.write_bytes(bundle.read_bytes() + b"\x00\x01x")
    assert "NOT CLEAN: entries_malformed " in verified(log).said


def test_the_checkpoint_of_another_log_is_refused(
    log: Path, published: PublishedLog, tmp_path: Path
) -> None:
    other = Forger(tmp_path / "other", origin="other.example/log")
    other.publish(published.leaves)
    shutil.copy(other.folder / "checkpoint", log / "checkpoint")
    assert "NOT CLEAN: not_signed " in verified(log).said


def test_a_checkpoint_signed_again_by_another_key_is_refused(
    log: Path, published: PublishedLog, tmp_path: Path
) -> None:
    """The name is right, and so is every hash."""
    other = Forger(tmp_path / "other")
    other.publish(published.leaves)
    shutil.copy(other.folder / "checkpoint", log / "checkpoint")
    assert "NOT CLEAN: not_signed " in verified(log).said
    # With the forger's policy beside it, only who has the key from elsewhere can tell.
    shutil.copy(other.folder / "policy", log / "policy")
    verdict = verified(log)
    assert verdict.code == 0
    assert "The key came from the log itself" in verdict.said
    true_key = (log / "key").read_text().strip()
    verdict = verify_here(log, "--key", true_key, "--memory", tmp_path / "own")
    assert "NOT CLEAN: not_signed " in verdict.said


def test_a_checkpoint_of_another_size_or_root_is_refused(
    published: PublishedLog, tmp_path: Path
) -> None:
    """Signed by the true key, as by somebody who has it and forgot a file."""
    leaves = published.leaves
    forger = Forger(tmp_path / "log")
    state = (published.log / "state").read_bytes()
    true = forger.publish(leaves, state=state)
    shorter = Growth()
    for leaf in leaves[:-1]:
        shorter.frontier.append(leaf)
    for size, root, code in (
        (true.size, bytes(HASH_BYTES), "root_differs"),
        (true.size - 1, true.root, "entries_missing"),
        (true.size + 1, true.root, "entries_missing"),
        (2**63 - 1, true.root, "entries_m"),
        (WIDTH, shorter.frontier.root(), "tile_differs"),
    ):
        forger.sign(Checkpoint(true.origin, size, root))
        verdict = verified(forger.folder)
        assert verdict.code == 1
        assert f"NOT CLEAN: {code}" in verdict.said, (size, verdict.said)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 600])
def test_an_old_checkpoint_is_verified_with_the_newer_tiles(
    published: PublishedLog, tmp_path: Path, size: int
) -> None:
    """Somebody kept it; the partial tiles of that time are gone, the full ones tell the same."""
    forger = Forger(tmp_path / "log")
    growth = Growth()
    for leaf in published.leaves[:size]:
        growth.add(leaf, growth.frontier.append(leaf))
    forger.publish(published.leaves)
    forger.sign(Checkpoint(forger.origin, size, growth.frontier.root()))
    for tile in growth.partial():
        if (forger.folder / tile.full.path).exists():
            continue
        forger.put(tile.path, growth.partial()[tile])
    forger.put("state", replayed_state(published.leaves[:size]))
    verdict = verified(forger.folder)
    assert (verdict.code, verdict.err) == (0, "")
    assert f"equals the published one at {size} acts" in verdict.said
    # What stands behind it in a full tile is of no log that was signed.
    bundle = forger.folder / Tile(BUNDLE, 0).path
    if size < WIDTH:
        with flipped(bundle, len(bundle.read_bytes()) - 1, 1):
            assert verified(forger.folder).code == 0


@pytest.mark.parametrize(
    "name", ["checkpoint", "policy", "state", "tile/0/000", "tile/entries/000"]
)
@pytest.mark.parametrize("kind", ["folder", "pipe", "endless", "loop"])
def test_what_is_no_file_is_never_read(log: Path, name: str, kind: str) -> None:
    """A folder from a stranger may hold what never ends, or never begins."""
    file = log / name
    file.unlink()
    made: dict[str, Callable[[], object]] = {
        "folder": file.mkdir,
        "pipe": lambda: os.mkfifo(file),
        "endless": lambda: file.symlink_to("/dev/zero"),
        "loop": lambda: file.symlink_to(file),
    }
    made[kind]()
    verdict = verified(log)
    assert verdict.code == 3, verdict.said
    assert str(file) in verdict.said


def test_a_file_that_is_larger_than_any_is_not_read(log: Path) -> None:
    with (log / "tile/0/000").open("r+b") as file:
        file.truncate(2**40)  # of nothing: it takes no room
    verdict = verified(log)
    assert verdict.code == 3
    assert "larger than any file of a log" in verdict.said


def test_a_witness_key_is_no_key_of_a_log(log: Path) -> None:
    """It would take the word of somebody who only watches for that of the register."""
    forger = Forger(log)
    key = type(forger.verifier)(forger.origin, KeyKind.WITNESS, forger.verifier.key)
    verdict = verify_here(log, "--key", key)
    assert verdict.code == 2
    assert "the key of a witness" in verdict.said


def test_a_policy_with_as_many_witnesses_as_it_can_name_is_said_in_short(
    published: PublishedLog, tmp_path: Path
) -> None:
    """It comes from the log itself, so it is as hostile as the log."""
    forger = Forger(tmp_path / "log")
    forger.publish(published.leaves)
    lines = [f"log {forger.verifier}"]
    names = []
    while sum(map(len, lines)) < 60_000:
        other = Forger(tmp_path, origin=f"witness.example/{len(lines)}")
        key = type(other.verifier)(other.origin, KeyKind.WITNESS, other.verifier.key)
        names.append(f"w{len(lines)}\u202e\x9b")
        lines.append(f"witness {names[-1]} {key}")
    for needed in ("all", "any"):
        group = f"group g {needed} {' '.join(names)}"[:60_000]
        forger.put("policy", "\n".join([*lines[: 1 + 300], group, "quorum g", ""]).encode())
        verdict = verified(forger.folder)
        assert verdict.code == 1
        assert len(verdict.said) < 3_000
        assert all(mark.isprintable() or mark == "\n" for mark in verdict.out + verdict.err)


def test_the_checkpoint_in_use_is_that_of_the_publisher(published: PublishedLog) -> None:
    """The tests above would be of no use on a log that nobody could have published."""
    note, checkpoint = parse_checkpoint((published.log / "checkpoint").read_bytes())
    assert len(note.signatures) == 1
    assert checkpoint.size == published.size
