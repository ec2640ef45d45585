"""How fast `registry verify` replays a log, and how fast the publisher cuts it into tiles."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from bench_report import Measure
from bench_scale import Scale
from bootstrap import ROOT
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from local_postgres import LocalPostgres
from local_state import APP_COMMAND

from app.kernel.clock import rfc3339
from app.kernel.db import make_engine, reading
from app.kernel.encoding import canonical_bytes
from app.registry.ledger.serials import account_number
from app.registry.log import store
from app.registry.log.checkpoints import Checkpoint
from app.registry.log.growth import Growth
from app.registry.log.notes import KeyKind, Note, sign, verifier_of
from app.registry.replay.leaves import decode
from app.registry.replay.leaves.ledger import AccountOpened, CreditsRetired, CreditsTransferred

TARGET: Final = 50_000  # acts a second
ORIGIN: Final = "bench.example/log"
DATABASE: Final = "bench_verifying"
ACCOUNTS: Final = 2_000
_TICK: Final = timedelta(microseconds=250)


def measure(server: LocalPostgres, empty: str, scale: Scale) -> Measure:
    """Verify one log several times, each time from its first act and with an empty memory."""
    server.create_database(DATABASE, template=empty)
    url = server.url(DATABASE)
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        _fill_demo(url, folder)
        leaves = asyncio.run(_leaves(url))
        print(f"Writing a log of {scale.verified_acts:,} acts ...", flush=True)
        key = _write_log(folder / "log", _log(leaves, scale.verified_acts))
        rates, peaks = [], []
        for number in range(scale.rounds):
            rate, peak_mb = _verify(folder, key, number, scale.verified_acts)
            rates.append(rate)
            peaks.append(peak_mb)
            print(f"  round {number + 1}: {rate:,.0f} acts/s, {peak_mb:.0f} MB", flush=True)
    return Measure(
        name="registry verify / 50,000 acts a second",
        what="acts verified a second by one process: bundles read from a folder, every leaf hashed,"
        " every hash tile compared, every act decoded strictly and replayed; start-up included",
        ratios=[rate / TARGET for rate in rates],
        bound="at least",
        target=1.0,
        facts={
            "acts": scale.verified_acts,
            "acts a second (median)": median(rates),
            "acts a second, each round": rates,
            "peak memory, MB, each round": peaks,
        },
    )


def _fill_demo(url: str, folder: Path) -> None:
    environ = {**os.environ, "DATABASE_URL": url, "REGISTRY_DATA": str(folder)}
    for command in ("migrate", "demo"):
        subprocess.run(
            [*APP_COMMAND, command], cwd=ROOT, env=environ, check=True, capture_output=True
        )


async def _leaves(url: str) -> list[bytes]:
    engine = make_engine(url, connections_max=1)
    try:
        async with reading(engine) as connection:
            rows = await store.list_leaves(connection, first=0, rows_max=10_000)
            return [leaf for _, leaf, _ in rows]
    finally:
        await engine.dispose()


def _log(leaves: list[bytes], acts: int) -> Iterator[bytes]:
    """Yield the demo's acts, then accounts, then single credits that go from one to another."""
    yield from leaves
    buyer = _buyer(leaves)
    chance = random.Random(7)  # noqa: S311  the same log at every run
    moment = datetime.fromisoformat(decode(leaves[-1]).at).astimezone(UTC)
    written = len(leaves)
    accounts = []
    for number in range(ACCOUNTS):
        name = account_number(1_101 + number)
        accounts.append(name)
        yield _leaf(moment, buyer.admin, "account.opened", name, {"owner": buyer.party})
    written += ACCOUNTS
    owners = dict.fromkeys(buyer.serials, buyer.account)
    serials = list(owners)
    while written < acts:
        serial = chance.choice(serials)
        sender, receiver = owners[serial], chance.choice(accounts)
        if sender == receiver:
            continue
        owners[serial] = receiver
        moment += _TICK
        moves = [{"batch": buyer.batch, "first": serial, "last": serial}]
        data = {"credits": 1, "from": sender, "to": receiver, "moves": moves}
        yield _leaf(moment, buyer.user, "credits.transferred", sender, data)
        written += 1


@dataclass(frozen=True)
class Buyer:
    """Who has bought credits in the demo, and which."""

    admin: str
    user: str
    party: str
    account: str
    batch: str
    serials: list[int]


def _buyer(leaves: list[bytes]) -> Buyer:
    acts = [decode(leaf) for leaf in leaves]
    opened = [act for act in acts if isinstance(act, AccountOpened)]
    bought = next(act for act in acts if isinstance(act, CreditsTransferred)).data
    retired = [act for act in acts if isinstance(act, CreditsRetired) and act.subject == bought.to]
    run = bought.moves[0]
    gone = {
        serial
        for act in retired
        for move in act.data.moves
        if move.batch == run.batch
        for serial in range(move.first, move.last + 1)
    }
    return Buyer(
        admin=opened[0].by,
        user=retired[0].by,
        party=next(act.data.owner for act in opened if act.subject == bought.to),
        account=bought.to,
        batch=run.batch,
        serials=[serial for serial in range(run.first, run.last + 1) if serial not in gone],
    )


def _leaf(moment: datetime, by: str, kind: str, subject: str, data: dict[str, object]) -> bytes:
    at = rfc3339(moment)
    return canonical_bytes(
        {"v": 1, "kind": kind, "at": at, "by": by, "subject": subject, "data": data}
    )


def _write_log(folder: Path, leaves: Iterator[bytes]) -> str:
    """Write a published log; returns its verifier key."""
    key = Ed25519PrivateKey.generate()
    growth = Growth()

    def write(path: str, content: bytes) -> None:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    for leaf in leaves:
        growth.add(leaf, growth.frontier.append(leaf))
        for tile, content in growth.filled.items():
            write(tile.path, content)
        growth.filled.clear()
    for tile, content in growth.partial().items():
        write(tile.path, content)
    text = Checkpoint(ORIGIN, growth.size, growth.frontier.root()).text
    write("checkpoint", Note(text, (sign(ORIGIN, key, text),)).encode())
    return str(verifier_of(ORIGIN, KeyKind.LOG, key))


def _verify(folder: Path, key: str, number: int, acts: int) -> tuple[float, float]:
    """Run the command as anybody would; returns acts a second and the peak of its memory in MB."""
    memory = folder / f"memory-{number}"
    command = [*APP_COMMAND, "verify", str(folder / "log"), "--key", key, "--memory", str(memory)]
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        said, complaint = process.communicate()
        seconds = time.perf_counter() - began
        if process.returncode:
            sys.exit(f"bench: {complaint.decode()}{said.decode()}")
    peak = next(line for line in said.decode().splitlines() if "peak memory" in line)
    return acts / seconds, float(peak.split("peak memory")[1].split()[0])
