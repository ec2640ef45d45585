"""Attack this registry, on this machine, and say what gave way.

scripts/attack              every attack, in some minutes
scripts/attack --short      the same with fewer inputs, in less than two minutes: what CI runs
scripts/attack A2 A12       some attacks

A PostgreSQL, a server process with the demo in it, and a publisher of its own are started for the
time of it and removed afterwards. It talks to 127.0.0.1 and to nobody else. A line is one attack:

pass     it was warded off
FAIL     something gave way

The exit code is 1 where something gave way.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import attack_acts
import attack_database
import attack_import
import attack_load
import attack_outgoing
import attack_parsers
import attack_people
import attack_secrets
import attack_signed
import attack_signin
import attack_tokens
import attack_tools
from attack_report import Finding, Verdict, tried
from attack_scene import FULL, SHORT, Scale, Scene, staged
from attack_tests import BY_TESTS, run_tests
from local_postgres import LocalPostgresError
from local_state import passing_folder

# What is done here: its number, what it is, and how. The last ones are left for the end, because
# they hold connections or take the time of everybody.
ATTACKS: Final[tuple[tuple[str, str, Callable[[Scene], str]], ...]] = (
    (
        "A1",
        "every operation without a token, and with one that is over",
        attack_tokens.walk_without_rights,
    ),
    ("A2", "forged tokens", attack_tokens.forge_tokens),
    ("A3", "a stolen refresh token", attack_signin.replay_a_refresh_token),
    ("A5", "approvals without a second person", attack_people.approve_alone),
    ("A6", "signed requests, replayed and changed", attack_signed.forge_signatures),
    ("A7", "an idempotency key of somebody else", attack_acts.reuse_a_key),
    ("A8", "a race for one lot", attack_acts.race_for_one_lot),
    ("A9", "quantities that make no sense", attack_acts.send_quantities),
    ("A10", "mass assignment", attack_acts.assign_masses),
    ("A11", "strings into every parameter", attack_acts.inject_strings),
    ("A12", "statements as the service's database role", attack_database.become_the_service),
    ("A19", "a partner's history, twice and changed", attack_import.import_twice),
    ("A18", "secrets in logs, answers, description and database", attack_secrets.look_for_secrets),
    ("A20", "fuzzed parsers", attack_parsers.fuzz),
    ("S1", "generated requests (schemathesis)", attack_tools.generate_requests),
    ("A16", "calls that the server is to make", attack_outgoing.have_it_call),
    ("A17", "exhaustion", attack_load.exhaust),
    ("A4", "guessed passwords and codes", attack_signin.guess),
)
ALONE: Final = frozenset({"A16", "A17", "A4"})  # they measure, or need all that there is
KNOWN: Final = (*(f"A{number}" for number in range(1, 21)), "S1", "S2")


def main() -> int:
    """Run the attacks that were asked for."""
    options = _options()
    wanted = options.attacks or list(KNOWN)
    failed = False
    try:
        with passing_folder("attack") as folder:
            for finding in run_attacks(folder, wanted, SHORT if options.short else FULL):
                print(finding.line(), flush=True)
                failed = failed or finding.verdict is Verdict.FAIL
    except (LocalPostgresError, OSError) as error:
        print(f"attack: {error}", file=sys.stderr)
        return 1
    return 1 if failed else 0


def run_attacks(folder: Path, wanted: Sequence[str], scale: Scale) -> Iterator[Finding]:
    """
    Yield what came of the attacks that are wanted, one after the other.

    Those that need no server of ours are made beside the others, until some need the machine.
    """
    with ThreadPoolExecutor(1) as beside:
        waiting = [beside.submit(run) for run in _without_a_server(wanted, scale)]
        here = [attack for attack in ATTACKS if attack[0] in wanted]
        if here:
            with staged(folder, scale) as scene:
                for attack, about, run in here:
                    while attack in ALONE and waiting:
                        yield waiting.pop(0).result()
                    yield _one(scene, attack, about, run)
                    if attack == "A11":
                        yield _one(scene, attack, "statements by sqlmap", attack_tools.run_sqlmap)
        for found in waiting:
            yield found.result()


def _without_a_server(wanted: Sequence[str], scale: Scale) -> Iterator[Callable[[], Finding]]:
    if "S2" in wanted:
        yield partial(tried, "S2", "the code read (bandit)", attack_tools.read_the_code)
    for attack, what in BY_TESTS.items():
        if attack in wanted:
            yield partial(tried, attack, what.about, partial(run_tests, attack, scale))


def _one(scene: Scene, attack: str, about: str, run: Callable[[Scene], str]) -> Finding:
    return tried(attack, about, lambda: run(scene))


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
