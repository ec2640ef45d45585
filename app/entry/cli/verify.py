"""``registry verify``: the outsider's program. It needs no database, no settings and no trust."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from app.entry.cli.effort import peak_mb
from app.entry.cli.exits import ExitCode, complaints, console, run
from app.entry.verifying import trust
from app.entry.verifying.checking import Report, Verification
from app.entry.verifying.findings import NotCleanError, UnreachableError
from app.entry.verifying.memory import Memory, memory_of
from app.entry.verifying.receipt import verify_receipt
from app.entry.verifying.source import Source, open_source
from app.registry.ledger.rules import AccountKind
from app.registry.log.notes import KeyKind, MalformedError, VerifierKey
from app.registry.log.policy import NO_QUORUM, Policy, parse_policy
from app.registry.replay.movements import OWN_ACCOUNTS

_MEMORY: Final = Path(".local/state/registry-verify")
_SAID_CHARACTERS_MAX: Final = 2_000  # of one sentence: whoever writes a log could fill a screen


def main() -> None:
    """Run the command by itself: the others load what speaks to a database."""
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(verify)
    run(alone, "registry verify", sys.argv[2:])


def verify(
    where: Annotated[str, typer.Argument(help="Address of a registry, or a folder with its log.")],
    policy: Annotated[
        Path | None, typer.Option(help="Trust policy: whose signatures you ask for.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Verifier key of the log, in place of a policy.")
    ] = None,
    memory: Annotated[
        Path | None,
        typer.Option(help="Folder for what was verified; default: one a log below your home."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep a copy of the log in this folder.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="Verify this receipt only, not the whole log.")
    ] = None,
) -> None:
    """
    Verify a published log without trusting whoever published it.

    Every leaf is hashed, every signature checked, every act replayed by the rules, and the
    balances that come out are compared with the published ones. What was verified is remembered:
    the next time only what is new is read, and a history that was rewritten meanwhile is found.
    """
    try:
        with open_source(where, keep=keep) as source:
            trusted = _policy(source, policy, key)
            if receipt is not None:
                _show_receipt(receipt, source, trusted)
                return

            def find_memory(origin: str) -> Memory:
                if memory is not None:
                    return Memory(memory)
                return memory_of(Path.home() / _MEMORY, origin, source.address)

            # A copy that is to be verified again has to have everything.
            verification = Verification(source, trusted, find_memory, is_anew=keep is not None)
            is_clean = _verify(verification, is_own=policy is not None or key is not None)
    except NotCleanError as found:
        complaints.print(f"NOT CLEAN: {found.code}", style="bold", highlight=False)
        _say(complaints, found.sentence)
        raise typer.Exit(ExitCode.REFUSED) from None
    except (UnreachableError, OSError) as failure:
        _say(complaints, f"Not verified: {failure}")
        raise typer.Exit(ExitCode.UNAVAILABLE) from None
    if not is_clean:
        raise typer.Exit(ExitCode.REFUSED)


def _policy(source: Source, path: Path | None, key: str | None) -> Policy:
    if key is not None and path is not None:
        raise typer.BadParameter("give --key or --policy, not both")
    try:
        if path is not None:
            return parse_policy(path.read_bytes())
        if key is None:
            return trust.load_policy(source)
        verifier = VerifierKey.parse(key)
    except OSError as fault:
        raise typer.BadParameter(f"--policy {path}: {fault.strerror}") from None
    except MalformedError as fault:
        raise typer.BadParameter(f"{'--key' if path is None else '--policy'}: {fault}") from None
    if verifier.kind is not KeyKind.LOG:
        raise typer.BadParameter("--key: that is the key of a witness, not of a log")
    return Policy(logs={verifier: None})


def _verify(verification: Verification, *, is_own: bool) -> bool:
    began_s = time.monotonic()
    with _progress() as on_progress, replace(verification, on_progress=on_progress).run() as found:
        seconds = time.monotonic() - began_s
        _show(found, verification.policy, seconds, is_own=is_own)
        return not found.differences


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=complaints, transient=True, disable=not complaints.is_terminal
    ) as progress:
        task = progress.add_task("acts")
        yield lambda done, size: progress.update(task, completed=done, total=size)


def _show(report: Report, policy: Policy, seconds: float, *, is_own: bool) -> None:
    checkpoint = report.trusted.checkpoint
    signers = ", ".join(key.id.hex() for key in report.trusted.signers)
    replayed = checkpoint.size - report.first
    speed = f", {replayed / seconds:,.0f} a second" if replayed and seconds else ""
    rows = [
        ("log", checkpoint.origin),
        ("acts", f"{checkpoint.size:,}, root {checkpoint.root.hex()[:16]}…"),
        ("signed", f"by key {signers}"),
    ]
    if not is_own:
        said = "The key came from the log itself: compare it with one you got elsewhere."
        rows.append(("", said))
    if report.is_key_new:
        rows.append(("", "It is another key than when this log was last verified: ask why."))
    rows += [
        ("witnessed", _witnessed(report, policy)),
        ("before", _before(report)),
        ("replayed", f"{replayed:,} acts{speed}; peak memory {peak_mb():.0f} MB"),
        *((name, f"{amount:,} credits") for name, amount in _credits(report).items()),
        ("state", _compared(report)),
    ]
    page = Table(show_header=False, title=Text(_plain(report.where)), title_justify="left")
    for name, said in rows:
        page.add_row(name, Text(_plain(said)))
    console.print(page)
    for difference in report.differences:
        _say(complaints, difference)
    if report.differences:
        complaints.print("NOT CLEAN: state_differs", style="bold", highlight=False)
    elif report.state_size is None:
        console.print("CLEAN, but for the state, which was not compared", style="bold")
    else:
        console.print("CLEAN", style="bold")


def _say(where: Console, sentence: str) -> None:
    where.print(Text(_plain(sentence)), soft_wrap=True)


def _plain(text: str) -> str:
    """
    Return a text as a terminal may be given it.

    What a hostile log says could otherwise move the cursor, and write a verdict of its own.
    """
    shown = text[:_SAID_CHARACTERS_MAX]
    cut = "…" if len(text) > len(shown) else ""
    return _escaped(shown) + cut


def _escaped(text: str) -> str:
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text
    )


def _credits(report: Report) -> dict[str, int]:
    """Return where the credits are: what was issued is the sum of the others."""
    own = {OWN_ACCOUNTS[number]: total for number, total in report.replay.totals().credits.items()}
    issued = -own.pop(AccountKind.SOURCE)
    held = issued - sum(own.values())
    return {"issued": issued, "held": held, **{kind.value: total for kind, total in own.items()}}


def _witnessed(report: Report, policy: Policy) -> str:
    if report.trusted.witnesses:
        return f"by {', '.join(report.trusted.witnesses)}"
    return "by nobody; the policy asks for nobody" if policy.quorum == NO_QUORUM else "by nobody"


def _before(report: Report) -> str:
    if report.remembered is None:
        return "never verified here"
    return f"verified at {report.remembered.size:,} acts; the log extends that"


def _compared(report: Report) -> str:
    if report.state_size is None:
        return f"not compared: {report.why_not_compared}"
    if report.differences:
        return f"differs from the published one at {report.state_size:,} acts"
    return f"every balance, block and ending equals the published one at {report.state_size:,} acts"


def _show_receipt(path: Path, source: Source, policy: Policy) -> None:
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise typer.BadParameter(f"--receipt {path}: {fault.strerror}") from None
    proven = verify_receipt(content, source, policy)
    checkpoint = proven.trusted.checkpoint
    _say(
        console,
        f"Act {proven.index} is in {checkpoint.origin}, as signed at {checkpoint.size} acts:",
    )
    print(_escaped(proven.leaf.decode(errors="backslashreplace")))  # noqa: T201  all of it
    console.print("PROVEN", style="bold")
