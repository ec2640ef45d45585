"""`registry publish` and `registry key`, and what the service serves beside the log."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema_rs import validator_for
from typer.testing import CliRunner, Result

from app.entry.cli import publishing
from app.entry.cli.commands import cli
from app.entry.cli.publishing import WitnessPolicyError
from app.entry.publishing.keys import load_or_make
from app.entry.publishing.refusals import LogKeyError
from app.kernel import failpoints
from app.kernel.failpoints import FailpointError
from app.registry.log.checkpoints import parse_checkpoint
from app.registry.log.notes import VerifierKey
from app.registry.log.policy import parse_policy
from app.settings import Settings
from tests.builders.ledger import a_batch, two_holders
from tests.builders.parties import Service
from tests.conftest import Registry, settings_for

ORIGIN = "city.example/log"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x",
        "REGISTRY_DATA": str(tmp_path),
        "REGISTRY_LOG_ORIGIN": ORIGIN,
    }


def run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=environ)


def keys_in(output: str) -> list[VerifierKey]:
    return [VerifierKey.parse(line) for line in output.splitlines() if line.count("+") >= 2]


def test_a_key_is_shown_replaced_and_dropped(environ: dict[str, str], tmp_path: Path) -> None:
    """While it is replaced both are shown, the newest first."""
    none = run(environ, "key")
    assert none.exit_code == 1
    assert "registry publish" in none.stderr
    load_or_make(tmp_path / "publisher", ORIGIN)
    (old,) = keys_in(run(environ, "key").stdout)
    assert old.name == ORIGIN
    new, still = keys_in(run(environ, "key", "rotate").stdout)
    assert still == old
    assert keys_in(run(environ, "key", "drop").stdout) == [new]
    refused = run(environ, "key", "drop")
    assert isinstance(refused.exception, LogKeyError)
    assert keys_in(run(environ, "key").stdout) == [new]


@pytest.fixture
def unarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


async def publish_for_a_while(settings: Settings, *, adopts: bool = False) -> None:
    """Run the command's work until a checkpoint is out, then end it as a supervisor would."""
    running = asyncio.create_task(publishing._publish(settings, is_adopting=adopts))
    checkpoint = settings.data / "log" / "checkpoint"
    before = checkpoint.read_bytes() if checkpoint.exists() else b""
    async with asyncio.timeout(20):
        while not checkpoint.exists() or checkpoint.read_bytes() == before:
            assert not running.done(), running.exception()
            await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)
        await running


async def test_it_publishes_until_it_is_told_to_stop(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """With what verifiers need beside the log; and again after its folder has forgotten."""
    settings = settings_for(registry.url, tmp_path)
    await publish_for_a_while(settings)
    content = (tmp_path / "log" / "checkpoint").read_bytes()
    note, checkpoint = parse_checkpoint(content)
    policy = parse_policy((tmp_path / "log" / "policy").read_bytes())
    assert note.signers(policy.of_origin(checkpoint.origin))
    assert (await api.get("/log/checkpoint")).content == content
    (tmp_path / "publisher" / "signed.json").unlink()
    await two_holders(registry)
    await publish_for_a_while(settings, adopts=True)
    assert parse_checkpoint((tmp_path / "log" / "checkpoint").read_bytes())[1].size > (
        checkpoint.size
    )


async def test_a_witness_policy_that_is_none_is_said_at_once(
    registry: Registry, tmp_path: Path
) -> None:
    wrong = tmp_path / "policy"
    for prepare in (lambda: None, lambda: wrong.write_text("witness x")):
        prepare()
        settings = settings_for(registry.url, tmp_path).model_copy(update={"witness_policy": wrong})
        with pytest.raises(WitnessPolicyError):
            await publishing._publish(settings, is_adopting=False)


@pytest.mark.parametrize("setting", ["publish_signed", "publish_signed=sleep", "nowhere=kill"])
def test_a_failpoint_that_is_none_is_refused(setting: str, *, unarmed: None) -> None:  # noqa: ARG001
    with pytest.raises(FailpointError):
        failpoints.arm(setting)
    failpoints.arm("publish_signed=stop")
    failpoints.failpoint("publish_tiled")  # another one: nothing happens


async def test_the_state_is_written_once_for_all_who_ask(registry: Registry, api: Service) -> None:
    first = await api.get("/log/state")
    assert first.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = first.text.splitlines()
    head = (await api.get("/v1/log/head")).json()
    assert lines[0] == f"size,{head['recorded_size']}"
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account)
    assert (await api.get("/log/state")).text == first.text  # a few seconds old, and says so
    api.app.state.state_file._written_s -= 60
    later = (await api.get("/log/state")).text.splitlines()
    assert later[0] != lines[0]
    assert [line for line in later if line.startswith("batch,XX-1-2024-1,2024,1000,")]


async def test_the_schema_of_leaves_is_where_it_says(api: Service) -> None:
    answer = await api.get("/log/leaf-schema.json")
    assert answer.headers["Content-Type"] == "application/schema+json"
    schema = answer.json()
    assert schema["$id"] == "/log/leaf-schema.json"
    entries = (await api.get("/v1/log/entries?limit=200")).json()["data"]
    check = validator_for(schema)
    assert entries
    for entry in entries:
        check.validate(entry["act"])
