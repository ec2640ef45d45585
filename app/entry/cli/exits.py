"""How a command ends: one table from what happened to an exit code and a few plain sentences."""

import sys
from enum import IntEnum
from importlib import import_module

import typer
from pydantic import ValidationError
from rich.console import Console

from app.kernel.errors import BusyError, RegistryError

console = Console()
complaints = Console(stderr=True)


class ExitCode(IntEnum):
    """What scripts may rely on."""

    OK = 0
    REFUSED = 1  # a refusal, or something found that must not be
    USAGE = 2  # a wrong option or setting
    UNAVAILABLE = 3  # the database is away or busy; trying again later is right
    INTERRUPTED = 130  # Ctrl-C


def explain(error: BaseException) -> ExitCode | None:
    """Say what happened in words for a person; None: nobody foresaw it, and the stack says more."""
    if isinstance(error, RegistryError):
        for language in ("en", "th"):
            complaints.print(*error.say(language), sep="\n", markup=False, highlight=False)
        return ExitCode.UNAVAILABLE if isinstance(error, BusyError) else ExitCode.REFUSED
    # Loaded only now: not every command needs what speaks to a database.
    if import_module("app.kernel.outages").is_away(error):
        complaints.print("The database does not answer. `registry doctor` says more.")
        return ExitCode.UNAVAILABLE
    if isinstance(error, ValidationError) and error.title == "Settings":
        complaints.print("Settings are missing or wrong:")
        for fault in error.errors(include_input=False, include_url=False):
            if fault["type"] == "default_factory_not_called":
                continue  # follows from another one
            name = ".".join(str(step) for step in fault["loc"])
            complaints.print(f"  {name}: {fault['msg']}", markup=False, highlight=False)
        return ExitCode.USAGE
    return None


def run(commands: typer.Typer, name: str, arguments: list[str] | None = None) -> None:
    """
    Run a command line and end the process with its exit code.

    Args:
        commands: what there is to run.
        name: how it is called.
        arguments: what follows the name; None: all that the process was started with.
    """
    try:
        commands(prog_name=name, args=arguments)
    except Exception as error:
        code = explain(error)
        if code is None:
            raise
        sys.exit(code)
