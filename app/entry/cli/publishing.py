"""``registry publish`` and ``registry key``: the public log, and what it is signed with."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from app.entry import logging
from app.entry.cli.exits import ExitCode, complaints, console
from app.entry.log_files import KEY, POLICY, LogFiles, open_log_files
from app.entry.publishing import agreement, keys
from app.entry.publishing.keys import LogKeys
from app.entry.publishing.memory import Memory
from app.entry.publishing.publisher import Publisher
from app.entry.publishing.witnessed import Witnessing
from app.kernel import failpoints
from app.kernel.db import PUBLISHER_ROLE, make_engine
from app.kernel.errors import InvalidError
from app.registry.log.notes import MalformedError
from app.registry.log.policy import Policy, parse_policy
from app.settings import Settings

_CONNECTIONS_MAX: Final = 2

key = typer.Typer(help="The key that the public log is signed with.", invoke_without_command=True)


class WitnessPolicyError(InvalidError):
    """The witness policy cannot be used."""

    code = "witness_policy_unusable"
    number = 3510
    title_th = "ไม่สามารถใช้นโยบายพยานได้"
    advice = "{path}: {fault}. It is a C2SP trust policy with witnesses and their addresses."
    advice_th = "{path}: {fault} ต้องเป็นไฟล์นโยบายแบบ C2SP ที่มีพยานและที่อยู่ของพยาน"


def publish(
    *,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Take what was published as what the publisher remembers."),
    ] = False,
) -> None:
    """Sign the log and let it out, until stopped. One log has one publisher."""
    settings = Settings()
    logging.configure(settings.log_format)
    failpoints.arm(settings.failpoint)
    asyncio.run(_publish(settings, is_adopting=adopt))


@key.callback()
def show_key(context: typer.Context) -> None:
    """Print the log's verifier keys: the line by which anybody checks its signatures."""
    if context.invoked_subcommand is not None:
        return
    settings = Settings()
    if not keys.has_keys(settings.publisher_data):
        complaints.print("There is no key yet: `registry publish` makes it at its first start.")
        raise typer.Exit(ExitCode.REFUSED)
    show_verifiers(settings)


@key.command()
def rotate() -> None:
    """Make a new key. From its next start the publisher signs with both, until `key drop`."""
    settings = Settings()
    keys.add_key(settings.publisher_data)
    console.print("Restart the publisher, and give verifiers the new line (`registry key`).")
    show_verifiers(settings)


@key.command()
def drop() -> None:
    """Put the oldest key out of use. Verifiers who know only that one stop accepting the log."""
    settings = Settings()
    dropped = keys.drop_oldest(settings.publisher_data)
    console.print(f"{escape(dropped.name)} signs no more once the publisher is restarted.")
    show_verifiers(settings)


def show_verifiers(settings: Settings) -> None:
    """Print the verifier keys, the newest first."""
    for verifier in keys.load_or_make(settings.publisher_data, settings.log_origin).verifiers:
        print(verifier)  # noqa: T201  alone on its line, to be taken over as it is


async def _publish(settings: Settings, *, is_adopting: bool) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    policy = _witness_policy(settings.witness_policy)
    memory = Memory(settings.publisher_data)
    files = open_log_files(settings.log_url)
    log_keys = keys.load_or_make(settings.publisher_data, settings.log_origin)
    witnessing = Witnessing(policy, seconds_max=settings.witness_seconds_max)
    engine = make_engine(
        settings.publisher_database_url, connections_max=_CONNECTIONS_MAX, role=PUBLISHER_ROLE
    )
    publisher = Publisher(engine, files, memory, log_keys, witnessing)
    try:
        if is_adopting:
            async with engine.connect() as connection:
                await agreement.adopt(connection, files, log_keys, memory)
        await _publish_trust(files, log_keys, policy, settings)
        await publisher.run(stopping)
    finally:
        await witnessing.close()
        await engine.dispose()
        memory.close()


async def _publish_trust(
    files: LogFiles, log_keys: LogKeys, policy: Policy, settings: Settings
) -> None:
    """Put what verifiers need beside the log; whoever wants to be sure keeps a copy of his own."""
    lines = "".join(f"{verifier}\n" for verifier in log_keys.verifiers)
    address = f"{settings.public_origin}/log" if settings.public_origin else None
    policy.logs = dict.fromkeys(log_keys.verifiers, address)
    await files.put({KEY: lines.encode(), POLICY: policy.encode()})


def _witness_policy(path: Path | None) -> Policy:
    if path is None:
        return Policy()
    try:
        return parse_policy(path.read_bytes(), needs_log=False)
    except OSError as fault:
        raise WitnessPolicyError(path=str(path), fault=fault.strerror or "unreadable") from None
    except MalformedError as fault:
        raise WitnessPolicyError(path=str(path), fault=str(fault)) from None
