"""Bringing credits into the ledger: batches, the buffer's share, prefixes used once."""

import asyncio
import json
from dataclasses import replace

import pytest

from app.registry.ledger import operations, store
from app.registry.ledger.operations import Minted
from app.registry.ledger.refusals import (
    AccountClosedError,
    AccountNotFoundError,
    BatchNotFoundError,
    RegistryAccountError,
    SerialPrefixTakenError,
)
from app.registry.ledger.rules import BUFFER, RETIRED, SOURCE, EntryKind, Mint
from app.registry.ledger.serials import batch_id, batch_ids_of
from app.registry.log import store as log_store
from tests.builders.ledger import Holders, a_batch, two_holders
from tests.builders.parties import Register
from tests.builders.replay import ISSUANCE, a_line, decision

X = "TH-CITY-0001-2024-1"
DECISION = {**decision(), "lines": [a_line(2024, "100", 100, 0, "0")]}


def a_mint(holders: Holders, prefix: str = X, vintage: int = 2024) -> Mint:
    return Mint(
        vintage=vintage,
        credits=100,
        buffer_credits=0,
        owner_account_id=holders.account.id,
        serial_prefix=prefix,
        programme_code="CITY",
        activity_id=None,
        project_code="CITY-0001",
        project_name="Solar roofs",
        province_code="40",
    )


async def mint(registry: Register, holders: Holders, *mints: Mint) -> Minted:
    return await registry.do(
        holders.approver,
        lambda pen: operations.mint(
            pen,
            by=holders.approver.user_id,
            subject=ISSUANCE,
            data=DECISION,
            mints=mints,
        ),
    )


async def size_of(registry: Register) -> int:
    async with registry.read() as connection:
        return (await log_store.get_head(connection)).size


async def test_minted_credits_are_the_owners(registry: Register) -> None:
    """All serials, from the source account; the leaf says what was minted for whom."""
    holders = await two_holders(registry)
    minted = await mint(registry, holders, a_mint(holders))
    (batch,) = minted.batches
    assert (batch.id, batch.credits, batch.log_index) == (
        batch_id(2024, 1),
        100,
        minted.log_index,
    )
    async with registry.read() as connection:
        assert await store.get_batch(connection, X) == batch
        assert await store.find_batch(connection, "Z") is None
        with pytest.raises(BatchNotFoundError):
            await store.get_batch(connection, "Z")
        (entry,) = await store.list_movement(connection, minted.log_index)
        leaf = json.loads((await log_store.get_entry(connection, minted.log_index)).leaf)
        states = await store.list_batch_states(connection, batch)
    assert (entry.kind, entry.from_account, entry.to_account) == (
        EntryKind.ISSUED,
        SOURCE,
        holders.account.id,
    )
    assert (entry.first, entry.last, entry.previous) == (1, 100, None)
    assert (entry.from_balance, entry.to_balance) == (-100, 100)
    assert leaf["kind"] == "credits.issued"
    assert leaf["data"] == {
        **DECISION,
        "batches": [
            {
                "batch": X,
                "vintage": 2024,
                "credits": 100,
                "buffer_credits": 0,
                "account": holders.account.number,
                "programme": "CITY",
                "project": "CITY-0001",
            }
        ],
    }
    assert states == {store.ALL_HOLDINGS: 100}


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0, [(EntryKind.ISSUED, 1, 100)]),
        (1, [(EntryKind.ISSUED, 1, 99), (EntryKind.BUFFERED, 100, 100)]),
        (99, [(EntryKind.ISSUED, 1, 1), (EntryKind.BUFFERED, 2, 100)]),
        (100, [(EntryKind.BUFFERED, 1, 100)]),
    ],
)
async def test_the_buffer_gets_its_share_of_the_batch(
    registry: Register, share: int, expected: list[tuple[EntryKind, int, int]]
) -> None:
    """The owner's serials come first; together they are the whole batch."""
    holders = await two_holders(registry)
    minted = await mint(registry, holders, replace(a_mint(holders), buffer_credits=share))
    async with registry.read() as connection:
        entries = await store.list_movement(connection, minted.log_index)
        states = await store.list_batch_states(connection, minted.batches[0])
        size = (await log_store.get_head(connection)).size
        buffer_total = await store.get_total(connection, BUFFER, size=size)
    assert [(e.kind, e.first, e.last) for e in entries] == expected
    assert entries[-1].from_balance == -100
    assert states.get(BUFFER, 0) == buffer_total == share
    assert states.get(store.ALL_HOLDINGS, 0) == 100 - share


async def test_several_vintages_are_minted_by_one_act(registry: Register) -> None:
    """Each is a batch of its own; their entries are numbered through."""
    holders = await two_holders(registry)
    minted = await mint(
        registry,
        holders,
        replace(a_mint(holders, "XA", 2023), buffer_credits=10),
        a_mint(holders, "XB", 2024),
        replace(a_mint(holders, "XC", 2023), owner_account_id=holders.elsewhere.id),
    )
    assert [b.id for b in minted.batches] == [
        batch_id(2023, 1),
        batch_id(2024, 1),
        batch_id(2023, 2),
    ]
    async with registry.read() as connection:
        entries = await store.list_movement(connection, minted.log_index)
    assert [(e.line, e.batch.serial_prefix, e.last) for e in entries] == [
        (0, "XA", 90),
        (1, "XA", 100),
        (2, "XB", 100),
        (4, "XC", 100),
    ]


async def test_batches_of_a_vintage_are_numbered_on(registry: Register) -> None:
    """Across commits and within one."""
    holders = await two_holders(registry)
    await mint(registry, holders, a_mint(holders, "XA"))
    together = await asyncio.gather(
        *(mint(registry, holders, a_mint(holders, prefix)) for prefix in ("XB", "XC"))
    )
    assert [m.batches[0].id for m in together] == [batch_id(2024, 2), batch_id(2024, 3)]
    async with registry.read() as connection:
        lowest, highest = batch_ids_of(2024)
        found = await store.list_batches(connection, {"vintage": 2024}, after=lowest, limit=10)
        assert [b.serial_prefix for b in found.rows] == ["XA", "XB", "XC"]
        nothing = await store.list_batches(connection, {}, after=highest, limit=10)
        assert (nothing.rows, nothing.after) == ([], None)


async def test_a_serial_prefix_is_used_once(registry: Register) -> None:
    """By an earlier commit, earlier in the same commit, and twice in one act."""
    holders = await two_holders(registry)
    await mint(registry, holders, a_mint(holders, "XA"))
    size = await size_of(registry)
    with pytest.raises(SerialPrefixTakenError) as refusal:
        await mint(registry, holders, a_mint(holders, "XB"), a_mint(holders, "XA", 2023))
    assert refusal.value.facts == {"prefix": "XA"}
    with pytest.raises(SerialPrefixTakenError) as refusal:
        await mint(registry, holders, a_mint(holders, "XC"), a_mint(holders, "XC", 2023))
    assert refusal.value.facts == {"prefix": "XC"}
    assert await size_of(registry) == size
    done = await asyncio.gather(
        mint(registry, holders, a_mint(holders, "XD")),
        mint(registry, holders, a_mint(holders, "XD", 2023)),
        mint(registry, holders, a_mint(holders, "XE")),
        return_exceptions=True,
    )
    assert isinstance(done[1], SerialPrefixTakenError)
    async with registry.read() as connection:
        found = await store.list_batches(connection, {}, after=0, limit=10)
    assert [b.serial_prefix for b in found.rows] == ["XA", "XD", "XE"]


def test_the_database_holds_prefixes_apart_too() -> None:
    """Were the rule forgotten, its constraint would refuse with the same words."""
    assert store.REFUSALS["uq_batches_serial_prefix"] is SerialPrefixTakenError


async def test_credits_are_minted_for_open_accounts_of_holders_only(registry: Register) -> None:
    holders = await two_holders(registry)
    for number in (SOURCE, BUFFER, RETIRED):
        with pytest.raises(RegistryAccountError):
            await mint(registry, holders, replace(a_mint(holders), owner_account_id=number))
    with pytest.raises(AccountNotFoundError):
        await mint(registry, holders, replace(a_mint(holders), owner_account_id=9_999))
    administrator = holders.administrator
    await registry.do(
        administrator,
        lambda pen: operations.close_account(
            pen, administrator, holders.account.id, expected_version=1
        ),
    )
    with pytest.raises(AccountClosedError):
        await mint(registry, holders, a_mint(holders))


@pytest.mark.parametrize("share", [-1, 101])
async def test_a_share_beyond_the_batch_is_our_own_mistake(registry: Register, share: int) -> None:
    holders = await two_holders(registry)
    with pytest.raises(AssertionError):
        await mint(registry, holders, replace(a_mint(holders), buffer_credits=share))


async def test_credits_taken_over_are_told_from_issued_ones(registry: Register) -> None:
    holders = await two_holders(registry)
    minted = await a_batch(registry, holders.administrator, holders.account, buffer_credits=10)
    async with registry.read() as connection:
        entries = await store.list_movement(connection, minted.log_index)
        entry = await log_store.get_entry(connection, minted.log_index)
    assert [e.kind for e in entries] == [EntryKind.TAKEN_OVER, EntryKind.BUFFERED]
    assert entry.kind == "credits.taken_over"
