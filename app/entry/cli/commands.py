"""The commands: what they take, and how they show what came of it."""

import asyncio
import secrets
import socket
from importlib import import_module
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from app.entry import logging, passwords, server, workers
from app.entry.cli import (
    calendar,
    database,
    delivering,
    doctor,
    erasure,
    history,
    mailing,
    publishing,
    token_keys,
    verify,
    witness,
)
from app.entry.cli.exits import ExitCode, console, run
from app.registry import founding, invariants
from app.registry.parties.operations import FoundAuthority, found_authority
from app.settings import Settings

PASSWORD_BYTES: Final = 18  # 144 random bits, 24 characters

cli = typer.Typer(
    name="registry",
    help="The carbon credit registry. Settings come from the environment (DATABASE_URL, …).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=(
        "Exit codes: 0 done, 1 refused or something found wrong, 2 wrong usage or settings, "
        "3 database unavailable, 130 interrupted."
    ),
)
admin = typer.Typer(help="People who run the register.", no_args_is_help=True)
cli.add_typer(admin, name="admin")
cli.add_typer(publishing.key, name="key")
cli.command()(publishing.publish)
cli.command("import")(history.import_history)
cli.command("calendar")(calendar.keep_calendar)
cli.command("erase-person")(erasure.erase)
cli.command("deliver")(delivering.deliver)
cli.command("mail")(mailing.mail)
cli.command("rotate-token-key")(token_keys.rotate)
cli.command("verify")(verify.verify)
cli.command("witness")(witness.witness)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    run(cli, "registry")


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8000,
    *,
    migrate: Annotated[bool, typer.Option("--migrate", help="Migrate first.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty register first.")] = False,
    processes: Annotated[
        int,
        typer.Option("--workers", help="Server processes.", min=1, max=workers.WORKERS_MAX),
    ] = 1,
    listener: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve the API until stopped; requests under way are finished then."""
    settings = _settings()
    if migrate:
        _bring_up(settings)
    if demo:
        _fill(settings)
    if processes == 1:
        served = server.serve(
            "app.main:from_environment",
            host=host,
            port=port,
            listener=None if listener is None else socket.socket(fileno=listener),
        )
    else:
        command = workers.own_command("serve", "--host", host, "--port", str(port))
        served = workers.Workers(host, port, command, ExitCode.UNAVAILABLE, processes).run()
    if not served:
        raise typer.Exit(ExitCode.UNAVAILABLE)


@cli.command()
def migrate() -> None:
    """Bring the database to its newest form, and found the register where it is empty."""
    _bring_up(_settings())


@cli.command()
def demo() -> None:
    """Fill an empty register with an invented pilot: four provinces, activities, credits."""
    _fill(_settings())


@cli.command()
def check() -> None:
    """Check every invariant of the register and rebuild the log's tree from its stored bytes."""
    violations = asyncio.run(_check(_settings()))
    if not violations:
        console.print("Every invariant holds, and the log is whole.")
        return
    table = Table("invariant", "an example", title="What must never be, and is", show_lines=True)
    for violation in violations:
        table.add_row(escape(violation.invariant), escape(violation.example))
    console.print(table)
    raise typer.Exit(ExitCode.REFUSED)


@cli.command("doctor")
def examine() -> None:
    """Look for what is wrong with this installation, and say how to mend it."""
    findings = doctor.examine(_settings())
    table = Table("", "what", "found", "what to do")
    for finding in findings:
        table.add_row(finding.mark, finding.what, escape(finding.found), escape(finding.advice))
    console.print(table)
    if any(finding.is_bad for finding in findings):
        raise typer.Exit(ExitCode.REFUSED)


@admin.command("create")
def create_administrator(
    email: Annotated[str, typer.Option(help="E-mail address to sign in with.")],
    name: Annotated[str, typer.Option(help="Name of the person.")],
    authority_th: Annotated[
        str, typer.Option(help="Name of the authority in Thai.")
    ] = "องค์การบริหารจัดการก๊าซเรือนกระจก (องค์การมหาชน)",
    authority_en: Annotated[
        str, typer.Option(help="Name of the authority in English.")
    ] = "Thailand Greenhouse Gas Management Organization",
) -> None:
    """Make the authority and its first administrator; the password is shown once, here."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    asyncio.run(
        _create_administrator(
            _settings(),
            FoundAuthority(
                name_th=authority_th,
                name_en=authority_en,
                email=email,
                display_name=name,
                password_hash=asyncio.run(passwords.hash_password(password)),
            ),
        )
    )
    console.print(f"{email} may sign in now. The password is shown this once:", highlight=False)
    print(password)  # noqa: T201  alone on standard output, for a password manager to take


def _settings() -> Settings:
    settings = Settings()
    logging.configure(settings.log_format)
    return settings


def _bring_up(settings: Settings) -> None:
    if asyncio.run(database.is_current(settings)):
        return
    database.migrate(settings)
    asyncio.run(_found(settings))


async def _found(settings: Settings) -> None:
    async with database.committer(settings) as committer:
        await database.do(committer, founding.REGISTRY, founding.found)


def _fill(settings: Settings) -> None:
    # The demo knows every subject and takes a second to load: only those who ask for it wait.
    demo_world = import_module("app.entry.cli.demo")
    asyncio.run(demo_world.fill(settings))


async def _check(settings: Settings) -> list[invariants.Violation]:
    async with database.reader(settings) as connection:
        return await invariants.check(connection)


async def _create_administrator(settings: Settings, command: FoundAuthority) -> None:
    async with database.committer(settings) as committer:
        await database.do(committer, founding.REGISTRY, lambda pen: found_authority(pen, command))
