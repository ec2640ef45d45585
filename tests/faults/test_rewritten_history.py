"""
An operator who has everything, the database's owner and the true signing key, and uses it.

Rows of the ledger that were edited differ from what the log comes to. A history that was written
anew and signed again is right in itself: only who remembers an earlier checkpoint can tell, and
that is what the memory of `registry verify`, and witnesses, are for.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from app.kernel.db import make_engine, reading
from app.registry.log.checkpoints import parse_checkpoint
from app.registry.log.notes import VerifierKey
from tests.builders.ledger import oldest, retire
from tests.builders.public_log import (
    Forger,
    Trade,
    Verdict,
    a_busy_register,
    changed,
    keep_state,
    leaves_of,
    replayed_state,
    verify_here,
)
from tests.builders.publishing import publish
from tests.conftest import Registry, Server, opened
from tests.operations.test_publisher import as_owner
from tests.server_process import PublisherProcess, ServerProcess

_numbers = count(1)


@dataclass(frozen=True)
class Base:
    """A busy register that nobody has published, to be cloned."""

    server: Server
    database: str
    trade: Trade

    @asynccontextmanager
    async def clone(self) -> AsyncIterator[str]:
        """A database that goes on from there."""
        name = f"{self.database}_{next(_numbers)}"
        await self.server.run(f"CREATE DATABASE {name} TEMPLATE {self.database}")
        yield self.server.url(name)
        await self.server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def base(server: Server) -> Iterator[Base]:
    name = "registry_rewritten"

    async def make() -> Trade:
        await server.run(f"CREATE DATABASE {name} TEMPLATE {server.template}")
        async with opened(server.url(name)) as registry:
            return await a_busy_register(registry)

    yield Base(server, name, asyncio.run(make()))
    asyncio.run(server.run(f"DROP DATABASE {name} WITH (FORCE)"))


async def publish_all(url: str, data: Path) -> Path:
    """Publish a register and put its state beside; returns the folder."""
    await publish(url, data)
    engine = make_engine(url, connections_max=1)
    async with reading(engine) as connection:
        await keep_state(connection, data / "log")
    await engine.dispose()
    return data / "log"


def forget(data: Path) -> None:
    """Remove every memory that is the operator's to remove; the key stays."""
    shutil.rmtree(data / "log")
    (data / "publisher" / "signed.json").unlink()


async def verified(log: Path, memory: Path) -> Verdict:
    """Verify with the key that the publisher has always had."""
    key = (log / "key").read_text().strip()
    return await asyncio.to_thread(verify_here, log, "--key", key, "--memory", memory)


EDITS: Final = {
    "a balance": (
        "UPDATE balances SET credits = credits + 5 WHERE account_id = {elsewhere}",
        "published only: balance,TH-CITY-0001-2024-1,{number},8",
    ),
    "a block's account": (
        "UPDATE blocks SET account_id = {elsewhere} WHERE account_id = {account}",
        "published only: block,TH-CITY-0001-2024-1,31,1134,{number},",
    ),
    "a block's beginning": (
        "UPDATE blocks SET first_serial = first_serial - 1 WHERE account_id = 2",
        "published only: block,TH-CITY-0001-2024-1,1134,1234,TH-000002-92,",
    ),
    "a block's movement": (
        "UPDATE blocks SET log_index = log_index - 1 WHERE account_id = 4",
        "published only: block,TH-CITY-0001-2024-1,4,23,TH-000004-86,",
    ),
    "a block that is gone": (
        "DELETE FROM blocks WHERE account_id = 2",
        "replayed only: block,TH-CITY-0001-2024-1,1135,1234,TH-000002-92,",
    ),
    "whom a retirement was for": (
        "UPDATE endings SET commitment = repeat('0', 64) WHERE account_id = {account}",
        f",{'0' * 64}",
    ),
    "how much was retired": (
        "UPDATE endings SET credits = credits + 1 WHERE kind = 4",
        "published only: ending,",
    ),
    "an account that is closed": (
        "UPDATE accounts SET status = 'closed' WHERE id = {elsewhere}",
        "published only: account,{number},holding,closed,",
    ),
    "whose an account is": (
        "UPDATE accounts SET owner_party_id = {owner} WHERE id = {elsewhere}",
        "published only: account,{number},holding,open,",
    ),
    "how large a batch is": (
        "UPDATE batches SET credits = credits + 1 WHERE serial_prefix LIKE 'TH-%'",
        "published only: batch,TH-CITY-0001-2024-1,2024,1235,",
    ),
    "the vintage of a batch": (
        "UPDATE batches SET vintage = 2025 WHERE serial_prefix LIKE 'TH-%'",
        "published only: batch,TH-CITY-0001-2024-1,2025,1234,",
    ),
}
# The owner of tables can take away what guards them.
UNGUARD: Final = """
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT conrelid::regclass AS named, conname FROM pg_constraint
      WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.named, found.conname);
  END LOOP;
  FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER ALL', found.tablename);
  END LOOP;
END $$
"""


@pytest.mark.parametrize("edit", EDITS)
async def test_an_edited_row_differs_from_what_the_log_comes_to(
    base: Base, tmp_path: Path, edit: str
) -> None:
    statement, line = EDITS[edit]
    trade = base.trade
    named = {
        "account": trade.account.id,
        "elsewhere": trade.elsewhere.id,
        "owner": f"'{trade.owner.party_id}'",
    }
    async with base.clone() as url:
        log = await publish_all(url, tmp_path)
        assert (await verified(log, tmp_path / "memory")).code == 0
        await as_owner(url, UNGUARD, statement.format(**named))
        log = await publish_all(url, tmp_path)
        for memory in ("memory", "another"):
            verdict = await verified(log, tmp_path / memory)
            assert verdict.code == 1
            assert "NOT CLEAN: state_differs" in verdict.err
            assert line.format(number=trade.elsewhere.number) in verdict.err, verdict.err


async def test_an_edited_row_is_found_over_http(base: Base, tmp_path: Path) -> None:
    """As anybody sees it, with nothing but the address."""
    async with base.clone() as url:
        statement, line = EDITS["a balance"]
        await as_owner(url, UNGUARD, statement.format(elsewhere=base.trade.elsewhere.id))
        with ServerProcess(url, data=tmp_path) as server, PublisherProcess(url, data=tmp_path):
            verdict = await asyncio.to_thread(
                verify_here, server.address, "--memory", tmp_path / "memory"
            )
    assert verdict.code == 1, verdict.said
    assert "NOT CLEAN: state_differs" in verdict.err
    assert line.format(number=base.trade.elsewhere.number) in verdict.err


@pytest.mark.parametrize(
    ("acts", "code"), [(5, "history_rewritten"), (3, "split_view"), (0, "history_cut")]
)
async def test_another_history_signed_with_the_true_key_is_found_by_who_remembers(
    base: Base, tmp_path: Path, acts: int, code: str
) -> None:
    """Longer than the true one, as long, or yesterday's backup; a stranger finds nothing wrong."""
    memory = tmp_path / "memory"
    trade = base.trade
    async with base.clone() as true, base.clone() as other:
        async with opened(true) as registry:
            await trade.go_on(registry, 3)
        seen = await verified(await publish_all(true, tmp_path), memory)
        assert (seen.code, seen.err) == (0, "")
        kept = (memory / "checkpoint").read_bytes()
        forget(tmp_path)
        async with opened(other) as registry:
            await act_otherwise(registry, trade, acts)
        log = await publish_all(other, tmp_path)
    stranger = await verified(log, tmp_path / "stranger")
    assert (stranger.code, stranger.err) == (0, "")
    assert stranger.out.endswith("\nCLEAN\n")
    again, verdict = [await verified(log, memory) for _ in range(2)]
    assert again == verdict  # it does not get used to it
    assert verdict.code == 1
    assert f"NOT CLEAN: {code} " in verdict.said
    assert (memory / "checkpoint").read_bytes() == kept
    # Both halves of the proof, each signed by the register.
    key = VerifierKey.parse((log / "key").read_text().strip())
    notes = [parse_checkpoint(file.read_bytes())[0] for file in (memory / "evidence").iterdir()]
    assert len(notes) == 2
    assert all(note.signers([key]) == [key] for note in notes)
    assert str(memory / "evidence") in verdict.said


async def act_otherwise(registry: Registry, trade: Trade, acts: int) -> None:
    for _ in range(acts):
        await retire(registry, trade.owner, trade.account, oldest(2))


async def test_a_history_that_goes_on_is_not_taken_for_another(base: Base, tmp_path: Path) -> None:
    """The other side of the test above, with the same hands."""
    memory = tmp_path / "memory"
    async with base.clone() as url:
        said = []
        for _ in range(3):
            async with opened(url) as registry:
                await act_otherwise(registry, base.trade, 2)
            verdict = await verified(await publish_all(url, tmp_path), memory)
            assert (verdict.code, verdict.err) == (0, "")
            said.append(verdict.said)
    assert ["replayed 2 acts" in each for each in said] == [False, True, True]
    assert not (memory / "evidence").exists()


async def test_a_folder_rebuilt_by_the_operator_is_clean_only_to_a_stranger(
    base: Base, tmp_path: Path
) -> None:
    """One leaf of the past is changed within the rules, or the tail left out, all signed again."""
    memory = tmp_path / "memory"
    async with base.clone() as url:
        log = await publish_all(url, tmp_path)
    forger = Forger(tmp_path / "forged")
    size = parse_checkpoint((log / "checkpoint").read_bytes())[1].size
    leaves = leaves_of(log, size)
    forger.publish(leaves, state=replayed_state(leaves))
    key = str(forger.verifier)

    def verdict_of(forged: list[bytes], folder: Path) -> Verdict:
        forger.publish(forged, state=replayed_state(forged))
        return verify_here(forger.folder, "--key", key, "--memory", folder)

    assert verdict_of(leaves, memory).code == 0
    renamed = list(leaves)
    index = next(n for n, leaf in enumerate(leaves) if b'"A holder"' in leaf)
    renamed[index] = changed(leaves[index], lambda act: act["data"].update(name_en="Another"))
    for number, (forged, code) in enumerate(
        [
            (renamed, "split_view"),
            (leaves[:-2], "history_cut"),
            ([*renamed, renamed[-1]], "history_rewritten"),
        ]
    ):
        if forged[-1] == forged[-2]:
            forged[-1] = another_run(forged[-1])
        assert verdict_of(forged, tmp_path / f"stranger-{number}").code == 0
        assert f"NOT CLEAN: {code} " in verdict_of(forged, memory).said


def another_run(leaf: bytes) -> bytes:
    """Return a movement of the serials after those that a leaf moved."""

    def change(act: dict[str, Any]) -> None:
        run = act["data"]["moves"][0]
        width = run["last"] - run["first"] + 1
        run.update(first=run["first"] + width, last=run["last"] + width)

    return changed(leaf, change)


async def test_a_log_that_changes_its_name_is_another_log(base: Base, tmp_path: Path) -> None:
    """Or a rewritten history could be shown at the old address as if it were new."""
    async with base.clone() as url:
        log = await publish_all(url, tmp_path)
    size = parse_checkpoint((log / "checkpoint").read_bytes())[1].size
    leaves = leaves_of(log, size)
    memory = tmp_path / "memory"
    first = Forger(tmp_path / "first")
    first.publish(leaves)
    assert verify_here(first.folder, "--memory", memory).code == 0
    renamed = Forger(tmp_path / "second", origin="registry.test/log2")
    renamed.publish(leaves[:-1])
    verdict = verify_here(renamed.folder, "--memory", memory)
    assert "NOT CLEAN: other_log " in verdict.said
