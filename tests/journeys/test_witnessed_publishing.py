"""A log watched by three witnesses of which two must agree: while they do, and when they do not."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from proofbundle.checkpoint import verify_witnessed_checkpoint

from app.entry.publishing import keys
from app.entry.publishing.refusals import WitnessForkError
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.policy import Policy, Witness, witness_policy
from tests.builders.parties import an_authority
from tests.builders.publishing import ORIGIN, a_publisher
from tests.conftest import Registry, Server, opened
from tests.operations.test_publisher import a_copy, more
from tests.witness_process import WitnessProcess


@pytest.fixture
def witnesses(tmp_path: Path) -> Iterator[list[WitnessProcess]]:
    """Three witnesses that know the log's key, as three offices would run them."""
    (key,) = keys.load_or_make(tmp_path / "publisher", ORIGIN).verifiers
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                WitnessProcess(tmp_path / f"witness-{n}", [key], name=f"witness.example/{n}")
            )
            for n in range(3)
        ]


def two_of(witnesses: list[WitnessProcess]) -> Policy:
    asked = [Witness(f"w{n}", each.key, each.address) for n, each in enumerate(witnesses)]
    return witness_policy({}, asked, 2)


def out(data: Path) -> tuple[str, Checkpoint]:
    content = (data / "log" / "checkpoint").read_bytes()
    return content.decode(), parse_checkpoint(content)[1]


def read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


async def test_a_checkpoint_goes_out_when_enough_have_seen_it(
    registry: Registry, tmp_path: Path, witnesses: list[WitnessProcess]
) -> None:
    """One may be away; with two away the last one stays, until somebody is back."""
    (key,) = keys.load_or_make(tmp_path / "publisher", ORIGIN).verifiers
    lines = [str(each.key) for each in witnesses]
    async with a_publisher(registry.url, tmp_path, policy=two_of(witnesses)) as publishing:
        assert await publishing.step()
        note, first = out(tmp_path)
        verified = verify_witnessed_checkpoint(note, str(key), lines, threshold=3)
        assert verified["ok"]
        witnesses[0].kill()
        await an_authority(registry)
        assert await publishing.step()
        note, second = out(tmp_path)
        assert second.size > first.size
        assert verify_witnessed_checkpoint(note, str(key), lines, threshold=2)["ok"]
        assert not verify_witnessed_checkpoint(note, str(key), lines, threshold=3)["ok"]
        witnesses[1].kill()
        await more(registry)
        assert await publishing.step()  # it tried
        assert out(tmp_path)[1] == second
        witnesses[0].start()
        assert await publishing.step()
        note, third = out(tmp_path)
        assert third.size > second.size
        assert verify_witnessed_checkpoint(note, str(key), lines, threshold=2)["ok"]


async def test_a_history_rewritten_and_signed_again_is_stopped_by_a_witness(
    registry: Registry, server: Server, tmp_path: Path, witnesses: list[WitnessProcess]
) -> None:
    """By somebody who has the real key, and has removed every memory that is theirs to remove."""
    policy = two_of(witnesses)
    async with a_copy(server, registry) as other:
        async with a_publisher(registry.url, tmp_path, policy=policy) as publishing:
            await an_authority(registry)
            assert await publishing.step()
        async with opened(other) as forked:
            await an_authority(forked)
            await more(forked, 2)
        shutil.rmtree(tmp_path / "log")
        (tmp_path / "publisher" / "signed.json").unlink()
        async with a_publisher(other, tmp_path, policy=policy) as publishing:
            with pytest.raises(WitnessForkError) as refusal:
                await publishing.step()
    assert not (tmp_path / "log" / "checkpoint").exists()  # nothing of it went out
    evidence = read(str(refusal.value.facts["evidence"]))
    assert "=== asked" in evidence
    assert ORIGIN in evidence
    kept = [file for n in range(3) for file in (tmp_path / f"witness-{n}").rglob("evidence/**/*")]
    notes = [file for file in kept if file.is_file()]
    assert notes  # the other half of the proof, in the hands of somebody else


async def test_a_witness_that_has_seen_more_than_we_have_stops_the_log(
    registry: Registry, server: Server, tmp_path: Path, witnesses: list[WitnessProcess]
) -> None:
    """Yesterday's backup, on a machine where nobody remembers today."""
    policy = two_of(witnesses)
    async with a_copy(server, registry) as yesterday:
        await an_authority(registry)
        async with a_publisher(registry.url, tmp_path, policy=policy) as publishing:
            assert await publishing.step()
        shutil.rmtree(tmp_path / "log")
        (tmp_path / "publisher" / "signed.json").unlink()
        async with a_publisher(yesterday, tmp_path, policy=policy) as publishing:
            with pytest.raises(WitnessForkError) as refusal:
                await publishing.step()
    assert "has cosigned size" in str(refusal.value.facts["sentence"])
