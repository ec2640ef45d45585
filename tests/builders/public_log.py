"""Published logs to verify and to tamper with: honest ones, and a forger's, well hashed."""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncConnection
from typer.testing import CliRunner

from app.entry.cli.verify import verify
from app.registry.history.fitting import Block
from app.registry.history.operations import OpenSource, TakeOverBlock, open_source, take_over_block
from app.registry.ledger.rules import Account, EntryKind
from app.registry.ledger.store import get_account
from app.registry.ledger.store.publishing import stream_state
from app.registry.log import notes
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.growth import Growth
from app.registry.log.policy import Policy
from app.registry.log.tiles import BUNDLE, Tile, decode_bundle
from app.registry.parties.policy import Actor
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf
from app.registry.replay.state import lines
from tests.builders.activities import MANGROVE, a_registered_activity
from tests.builders.issuance import an_issuance
from tests.builders.ledger import an_account, an_ending, move, oldest, retire
from tests.builders.parties import Register, a_developer, a_holder, do, the_administrator
from tests.builders.publishing import ORIGIN, publish
from tests.conftest import Server, opened

CREDITS: Final = 1_234  # issued, of which so many into the buffer:
BUFFERED: Final = 100
BLOCK: Final = Block("CAR-1", "P1", "Dairy", 2013, 60, 0, 0, 100, date(2014, 2, 7))


@dataclass(frozen=True)
class Trade:
    """Two accounts of a busy register and who moves credits for them."""

    owner: Actor
    account: Account
    other: Actor
    elsewhere: Account

    async def go_on(self, registry: Register, transfers: int) -> None:
        """Send single credits over, oldest first."""
        for _ in range(transfers):
            await move(registry, self.owner, self.account, self.elsewhere, oldest(1))


async def a_busy_register(registry: Register, *, transfers: int = 3) -> Trade:
    """Let every kind of thing happen that moves credits, on an activity that went all the way."""
    owner = await a_developer(registry)
    activity = await a_registered_activity(registry, owner=owner, methodology=MANGROVE)
    tonnes, buffer = {2024: f"{CREDITS}.567"}, {2024: BUFFERED}
    await an_issuance(registry, activity, tonnes=tonnes, buffer=buffer)
    assert activity.credit_account_id is not None
    async with registry.read() as connection:
        account = await get_account(connection, activity.credit_account_id)
    administrator = await the_administrator(registry)
    other = await a_holder(registry)
    trade = Trade(owner, account, other, await an_account(registry, administrator, other))
    await an_account(registry, administrator, other, name="Never used")
    source = await do(
        registry,
        administrator,
        open_source,
        OpenSource("CAR", "Climate Action Reserve", "Taken over from CAR"),
    )
    await do(registry, administrator, take_over_block, TakeOverBlock(source, BLOCK))
    await trade.go_on(registry, transfers)
    await retire(registry, owner, account, oldest(20))
    await retire(registry, owner, account, oldest(7), an_ending(EntryKind.CANCELLED))
    return trade


async def keep_state(connection: AsyncConnection, log: Path) -> None:
    """Put the state of the register beside its published log, as whoever downloads both does."""
    pieces = [piece async for piece in stream_state(connection)]
    (log / "state").write_bytes(b"".join(pieces))


@dataclass(frozen=True)
class PublishedLog:
    """A log as anybody can have it: a folder, with the register's state beside it."""

    log: Path
    size: int

    @property
    def leaves(self) -> list[bytes]:
        """All of its leaves."""
        return leaves_of(self.log, self.size)

    def copy_to(self, folder: Path) -> Path:
        """Copy it, to be tampered with."""
        return Path(shutil.copytree(self.log, folder))


def publish_busy(server: Server, database: str, data: Path, *, transfers: int) -> PublishedLog:
    """Make a database with a busy register and publish its log; the database is the caller's."""

    async def make() -> None:
        await server.run(f"CREATE DATABASE {database} TEMPLATE {server.template}")
        async with opened(server.url(database)) as registry:
            await a_busy_register(registry, transfers=transfers)
            await publish(registry.url, data)
            async with registry.read() as connection:
                await keep_state(connection, data / "log")

    asyncio.run(make())
    _, checkpoint = parse_checkpoint((data / "log" / "checkpoint").read_bytes())
    return PublishedLog(data / "log", checkpoint.size)


def leaves_of(log: Path, size: int) -> list[bytes]:
    """Read the first leaves of a log's folder."""
    found: list[bytes] = []
    while len(found) < size:
        width = min(size - len(found), 256)
        tile = Tile(BUNDLE, len(found) // 256, width)
        found += decode_bundle((log / tile.path).read_bytes(), width)
    return found


@dataclass
class Forger:
    """Somebody who writes whole logs: every hash and signature right, whatever the leaves say."""

    folder: Path
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    origin: str = ORIGIN

    @property
    def verifier(self) -> notes.VerifierKey:
        """The public half of the key."""
        return notes.verifier_of(self.origin, notes.KeyKind.LOG, self.key)

    def publish(self, leaves: Iterable[bytes], *, state: bytes | None = None) -> Checkpoint:
        """Write a log of these leaves; what was in the folder and has the same name is replaced."""
        growth = Growth()
        for leaf in leaves:
            growth.add(leaf, growth.frontier.append(leaf))
        for tile, content in {**growth.filled, **growth.partial()}.items():
            self.put(tile.path, content)
        checkpoint = Checkpoint(self.origin, growth.size, growth.frontier.root())
        self.sign(checkpoint)
        if state is not None:
            self.put("state", state)
        return checkpoint

    def sign(self, checkpoint: Checkpoint) -> None:
        """Let a checkpoint out."""
        text = checkpoint.text
        note = notes.Note(text, (notes.sign(self.origin, self.key, text),))
        self.put("checkpoint", note.encode())
        self.put("policy", Policy(logs={self.verifier: None}).encode())

    def put(self, path: str, content: bytes) -> None:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def replayed_state(leaves: Sequence[bytes]) -> bytes:
    """Return the state that these leaves come to."""
    shelf = Shelf()
    replay = Replay(shelf)
    for index, leaf in enumerate(leaves):
        replay.play(index, leaf)
    told = "".join(lines(replay)).encode()
    shelf.close()
    return told


def changed(leaf: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return a leaf with something said otherwise, in canonical form again."""
    act = msgspec.json.decode(leaf, type=dict[str, Any])
    change(act)
    return msgspec.json.encode(act, order="sorted")


@dataclass(frozen=True)
class Verdict:
    """How the command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All of it, its lines joined: a table breaks sentences where the terminal is narrow."""
        return " ".join(f"{self.out} {self.err}".replace("│", " ").split())


_command: Final = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_command.command()(verify)


def verify_here(*arguments: object) -> Verdict:
    """Run the command in this process; an exception that it lets through fails the test."""
    result = CliRunner().invoke(_command, [str(each) for each in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Verdict(result.exit_code, result.stdout, result.stderr)
