"""``registry witness``: watches logs of others. It needs no database and no settings."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.entry import logging, server
from app.entry.cli.exits import ExitCode, complaints, run
from app.entry.witness.memory import Memory
from app.entry.witness.server import CONNECTIONS_MAX, make_app
from app.registry.log.notes import KeyKind, MalformedError, VerifierKey, check_name
from app.registry.log.policy import POLICY_BYTES_MAX, parse_policy


def main() -> None:
    """Run the command by itself: the others load what speaks to a database."""
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(witness)
    run(alone, "registry witness", sys.argv[2:])


def witness(
    log: Annotated[
        list[str],
        typer.Option(help="Verifier key of a log to watch, or a trust policy's file. Repeatable."),
    ],
    folder: Annotated[
        Path, typer.Option(help="Its key and memory. Never restore it from a backup.")
    ] = Path("witness"),
    name: Annotated[
        str | None, typer.Option(help="Its name, at the first start: witness.example.org/one.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8100,
) -> None:
    """Watch logs: cosign their checkpoints for as long as they only grow, and keep what forks."""
    logs = _logs(log)
    _check_form(name)
    logging.configure("console")
    memory = Memory.open(folder, name)
    try:
        if memory.key.name in logs:
            raise typer.BadParameter("this witness has the log's own name: it would count for none")
        _introduce(memory.key, logs, f"http://{host}:{port}")
        app = make_app(memory, logs)
        if not server.serve(lambda: app, host=host, port=port, connections_max=CONNECTIONS_MAX):
            raise typer.Exit(ExitCode.UNAVAILABLE)
    finally:
        memory.close()


def _logs(given: Sequence[str]) -> dict[str, list[VerifierKey]]:
    logs: dict[str, list[VerifierKey]] = {}
    for each in given:
        for key in _keys(each):
            keys = logs.setdefault(key.name, [])
            if key not in keys:
                keys.append(key)
    return logs


def _keys(given: str) -> Sequence[VerifierKey]:
    """Return the keys of logs that an option names."""
    try:
        if Path(given).is_file():
            with Path(given).open("rb") as file:
                return list(parse_policy(file.read(POLICY_BYTES_MAX + 1)).logs)
        key = VerifierKey.parse(given)
    except (MalformedError, OSError) as fault:
        raise typer.BadParameter(f"--log {given}: {fault}, or is a policy's file") from None
    if key.kind is not KeyKind.LOG:
        raise typer.BadParameter(f"--log {given}: it is the key of a witness, not of a log")
    return [key]


def _check_form(name: str | None) -> None:
    try:
        check_name("unnamed" if name is None else name)
    except MalformedError as fault:
        raise typer.BadParameter(f"--name: {fault}") from None


def _introduce(key: VerifierKey, logs: Mapping[str, object], address: str) -> None:
    print(key, flush=True)  # noqa: T201  alone on standard output, for a script to take
    for line in (
        "This line is the witness's verifier key. Give it to whoever runs the log, with the",
        "address at which the log reaches this witness; in a trust policy the two stand as",
        f"  witness {key.name} {key} {address}",
        f"Watching {', '.join(logs)}; what was cosigned last is shown at {address}/.",
    ):
        complaints.print(line, markup=False, highlight=False, soft_wrap=True)
