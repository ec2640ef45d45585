"""``registry verify``: the outsider's program. It needs no database, no settings and no trust."""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.entry.cli.exits import ExitCode, complaints, console, run
from app.entry.verifying import trust
from app.entry.verifying.checking import Report, Verification
from app.entry.verifying.findings import NotCleanError, UnreachableError
from app.entry.verifying.receipt import verify_receipt
from app.entry.verifying.source import Source, open_source
from app.registry.ledger.rules import AccountKind
from app.registry.log.notes import MalformedError, VerifierKey
from app.registry.log.policy import NO_QUORUM, Policy
from app.registry.replay.movements import OWN_ACCOUNTS

_MEMORY: Final = Path(".local/state/registry-verify")
_NAME_CHARACTERS: Final = 16


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
            folder = memory or Path.home() / _MEMORY / _name_of(trusted)
            is_own = policy is not None or key is not None
            is_clean = _verify(source, trusted, folder, is_own=is_own)
    except NotCleanError as found:
        complaints.print(f"NOT CLEAN: {found.code}", style="bold", highlight=False)
        complaints.print(found.sentence, markup=False, highlight=False)
        raise typer.Exit(ExitCode.REFUSED) from None
    except UnreachableError as failure:
        complaints.print(f"Not verified: {failure}", markup=False, highlight=False)
        raise typer.Exit(ExitCode.UNAVAILABLE) from None
    if not is_clean:
        raise typer.Exit(ExitCode.REFUSED)


def _policy(source: Source, path: Path | None, key: str | None) -> Policy:
    if key is None:
        return trust.load_policy(source, path)
    try:
        return Policy(logs={VerifierKey.parse(key): None})
    except MalformedError as fault:
        raise typer.BadParameter(f"--key: {fault}") from None


def _name_of(policy: Policy) -> str:
    origin = next(iter(policy.logs)).name
    return hashlib.sha256(origin.encode()).hexdigest()[:_NAME_CHARACTERS]


def _verify(source: Source, policy: Policy, memory: Path, *, is_own: bool) -> bool:
    began_s = time.monotonic()
    with (
        _progress() as on_progress,
        Verification(source, policy, memory, on_progress).run() as found,
    ):
        seconds = time.monotonic() - began_s
        _show(found, policy, seconds, is_own=is_own)
        return not found.differences


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=complaints, transient=True) as progress:
        task = progress.add_task("acts")
        yield lambda done, size: progress.update(task, completed=done, total=size)


def _show(report: Report, policy: Policy, seconds: float, *, is_own: bool) -> None:
    checkpoint = report.trusted.checkpoint
    page = Table(show_header=False, title=escape(report.where), title_justify="left")
    page.add_row("log", escape(checkpoint.origin))
    page.add_row("acts", f"{checkpoint.size:,}, root {checkpoint.root.hex()[:16]}…")
    signers = ", ".join(key.id.hex() for key in report.trusted.signers)
    page.add_row("signed", escape(f"by key {signers}"))
    if not is_own:
        page.add_row("", "The key came from the log itself: compare it with one you got elsewhere.")
    page.add_row("witnessed", escape(_witnessed(report, policy)))
    page.add_row("before", _before(report))
    replayed = checkpoint.size - report.first
    speed = f", {replayed / seconds:,.0f} a second" if replayed and seconds else ""
    page.add_row("replayed", f"{replayed:,} acts{speed}")
    for name, amount in _credits(report).items():
        page.add_row(name, f"{amount:,} credits")
    page.add_row("state", escape(_compared(report)))
    console.print(page)
    for difference in report.differences:
        complaints.print(difference, markup=False, highlight=False, soft_wrap=True)
    if report.differences:
        complaints.print("NOT CLEAN: state_differs", style="bold", highlight=False)
    else:
        console.print("CLEAN", style="bold")


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
    console.print(
        f"Act {proven.index} is in {checkpoint.origin}, as signed at {checkpoint.size} acts:",
        highlight=False,
        markup=False,
    )
    print(proven.leaf.decode(errors="replace"))  # noqa: T201  the bytes as they were hashed
    console.print("PROVEN", style="bold")
