"""Attack this registry, on this machine, and say what gave way.

scripts/attack              every attack, in some minutes
scripts/attack --short      the same with fewer inputs, in less than a minute: what CI runs
scripts/attack A2 A12       some attacks

A PostgreSQL, a server process with the demo in it, and a publisher of its own are started for the
time of it and removed afterwards. It talks to 127.0.0.1 and to nobody else. A line is one attack:

pass     it was warded off
FAIL     something gave way
covered  a test attacks with what only tests have: another database, forged logs
later    what it attacks is not there yet
skipped  a tool of others that is not installed

The exit code is 1 where something gave way.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attack_acts
import attack_database
import attack_load
import attack_parsers
import attack_secrets
import attack_tokens
import attack_tools
from attack_report import Finding, Verdict, tried
from attack_scene import FULL, SHORT, Scale, Scene, staged
from local_postgres import LocalPostgres, LocalPostgresError
from local_state import database_folder

# What is done here: its number, what it is, and how. The last ones are left for the end, because
# they hold connections or take the time of everybody.
ATTACKS: Final[tuple[tuple[str, str, Callable[[Scene], str]], ...]] = (
    (
        "A1",
        "every operation without a token, and with one that is over",
        attack_tokens.walk_without_rights,
    ),
    ("A2", "forged tokens", attack_tokens.forge_tokens),
    ("A7", "an idempotency key of somebody else", attack_acts.reuse_a_key),
    ("A8", "a race for one lot", attack_acts.race_for_one_lot),
    ("A9", "quantities that make no sense", attack_acts.send_quantities),
    ("A10", "mass assignment", attack_acts.assign_masses),
    ("A11", "strings into every parameter", attack_acts.inject_strings),
    ("A12", "statements as the service's database role", attack_database.become_the_service),
    ("A18", "secrets in logs, answers, description and database", attack_secrets.look_for_secrets),
    ("A20", "fuzzed parsers", attack_parsers.fuzz),
    ("S1", "generated requests (schemathesis)", attack_tools.generate_requests),
    ("A17", "exhaustion", attack_load.exhaust),
)
# What needs a world that only tests have.
COVERED: Final = {
    "A13": (
        "a database administrator rewrites history",
        "tests/faults/test_tampering.py, test_rewritten_history.py",
    ),
    "A14": (
        "two histories for two readers",
        "tests/journeys/test_witness.py, tests/faults/test_witness_client.py",
    ),
    "A15": (
        "forged receipts and notes",
        "tests/rules/test_proof_mutations.py, tests/faults/test_forged_logs.py",
    ),
}
# What there is nothing of yet that could be attacked.
LATER: Final = {
    "A3": ("a stolen refresh token", "there are no refresh tokens: a token lives ten minutes"),
    "A4": (
        "guessed passwords",
        "there are no limits per account and address, only one on passwords looked at in all",
    ),
    "A5": ("approvals of one's own, replayed, changed", "there are no proposals and approvals"),
    "A6": ("signed requests, replayed and changed", "there are no signed requests"),
    "A16": ("forged requests of the server's own", "the service calls nobody: no webhooks"),
    "A19": ("an import from a partner", "other registries' files are read by an operator only"),
}
KNOWN: Final = (*(f"A{number}" for number in range(1, 21)), "S1", "S2")


def main() -> int:
    """Run the attacks that were asked for."""
    options = _options()
    wanted = options.attacks or list(KNOWN)
    folder = _folder()
    failed = False
    try:
        for finding in run_attacks(folder, wanted, SHORT if options.short else FULL):
            print(finding.line(), flush=True)
            failed = failed or finding.verdict is Verdict.FAIL
    except (LocalPostgresError, OSError) as error:
        print(f"attack: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


def run_attacks(folder: Path, wanted: Sequence[str], scale: Scale) -> Iterator[Finding]:
    """Yield what came of the attacks that are wanted, one after the other."""
    for attack in KNOWN:
        if attack in wanted and attack in COVERED:
            about, tests = COVERED[attack]
            yield Finding(attack, about, Verdict.COVERED, tests)
        elif attack in wanted and attack in LATER:
            about, why = LATER[attack]
            yield Finding(attack, about, Verdict.LATER, why)
    if "S2" in wanted:
        yield tried("S2", "the code read (bandit)", attack_tools.read_the_code)
    here = [attack for attack in ATTACKS if attack[0] in wanted]
    if not here:
        return
    with staged(folder, scale) as scene:
        for attack, about, run in here:
            yield _one(scene, attack, about, run)
            if attack == "A11":
                yield attack_tools.run_sqlmap(scene)


def _one(scene: Scene, attack: str, about: str, run: Callable[[Scene], str]) -> Finding:
    return tried(attack, about, lambda: run(scene))


def _folder() -> Path:
    """Return where the server's data may live; emptied of what a killed run has left."""
    place = database_folder()
    folder = place.with_name(f"{place.name}-attack")
    LocalPostgres(folder).stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/attack",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("attacks", nargs="*", metavar="attack", help=", ".join(KNOWN))
    parser.add_argument("--short", action="store_true", help="fewer inputs")
    options = parser.parse_args()
    for attack in options.attacks:
        if attack not in KNOWN:
            parser.error(f"there is no attack {attack}")
    return options
