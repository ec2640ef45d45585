"""What readers are told: holdings now and then, statements, entries, the life of a serial."""

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from app.registry.ledger import store
from app.registry.ledger.rules import BUFFER, RETIRED, SOURCE, Account, Batch, EntryKind
from app.registry.ledger.store import EntryFilter, EntryRow, listing, reading
from app.registry.ledger.store import entries as entries_module
from app.registry.log import store as log_store
from tests.builders.ledger import (
    Holders,
    a_batch,
    move,
    named,
    oldest,
    retire,
    two_holders,
)
from tests.builders.parties import Register

X, Y = "XX-1-2024-1", "XX-1-2023-1"
ALL = EntryFilter()


async def busy(registry: Register, *, moves: int = 30, seed: int = 7) -> Holders:
    """A register in which two batches went to and fro, and some of them were retired."""
    holders = await two_holders(registry)
    for prefix, vintage in ((X, 2024), (Y, 2023)):
        await a_batch(
            registry,
            holders.administrator,
            holders.account,
            credits_made=60,
            buffer_credits=10,
            vintage=vintage,
            prefix=prefix,
        )
    dice = random.Random(seed)  # noqa: S311  a story to be told again, not a secret
    held = {holders.account.id: 100, holders.elsewhere.id: 0}
    ways = [
        (holders.owner, holders.account, holders.elsewhere),
        (holders.other, holders.elsewhere, holders.account),
    ]
    for number in range(moves):
        actor, sender, receiver = ways[dice.random() < 0.5]
        if held[sender.id] == 0:
            actor, sender, receiver = ways[0] if sender is holders.elsewhere else ways[1]
        credits_moved = dice.randint(1, min(held[sender.id], 12))
        held[sender.id] -= credits_moved
        if number % 7 == 6:
            await retire(registry, actor, sender, oldest(credits_moved))
        else:
            held[receiver.id] += credits_moved
            await move(registry, actor, sender, receiver, oldest(credits_moved))
    return holders


async def all_entries(registry: Register) -> list[EntryRow]:
    async with registry.read() as connection:
        found = await store.list_entries(
            connection, ALL, after=None, newest_first=False, limit=10_000
        )
    assert found.after is None
    return found.rows


async def size_of(registry: Register) -> int:
    async with registry.read() as connection:
        return (await log_store.get_head(connection)).size


def fold(entries: list[EntryRow], size: int) -> dict[int, dict[int, int]]:
    """Add entries up, the slow and obvious way: what each account holds of each batch."""
    held: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for entry in entries:
        if entry.log_index < size:
            credits_moved = entry.last - entry.first + 1
            held[entry.from_account][entry.batch.id] -= credits_moved
            held[entry.to_account][entry.batch.id] += credits_moved
    return held


async def test_balances_at_every_past_size_are_the_fold_of_entries(registry: Register) -> None:
    """As of any act that ever was: by batch, and in all."""
    holders = await busy(registry)
    entries = await all_entries(registry)
    size_now = await size_of(registry)
    accounts = (SOURCE, BUFFER, RETIRED, holders.account.id, holders.elsewhere.id)
    async with registry.read() as connection:
        for size in range(size_now + 1):
            held = fold(entries, size)
            for account in accounts:
                holdings = await store.list_holdings(
                    connection, account, size=size, after=0, limit=10
                )
                expected = {batch: held[account][batch] for batch in held[account]}
                shown = {holding.batch.id: holding.credits for holding in holdings.rows}
                assert shown == {batch: n for batch, n in expected.items() if n}
                total = await store.get_total(connection, account, size=size)
                assert total == sum(expected.values())
        for account in accounts:
            asked: dict[str, Any] = {"after": 0, "limit": 10}
            then = await store.list_holdings(connection, account, size=size_now, **asked)
            assert await store.list_holdings(connection, account, size=None, **asked) == then


async def test_holdings_are_listed_by_age_a_page_at_a_time(registry: Register) -> None:
    holders = await busy(registry, moves=0)
    async with registry.read() as connection:
        for size in (None, await size_of(registry)):
            first = await store.list_holdings(
                connection, holders.account.id, size=size, after=0, limit=1
            )
            assert [h.batch.serial_prefix for h in first.rows] == [Y]
            assert first.after == (first.rows[0].batch.id,)
            rest = await store.list_holdings(
                connection, holders.account.id, size=size, after=first.after[0], limit=10
            )
            assert [(h.batch.serial_prefix, h.credits) for h in rest.rows] == [(X, 50)]
            assert rest.after is None


async def test_runs_are_listed_in_the_order_they_would_be_taken(registry: Register) -> None:
    """And a page goes on where the one before ended."""
    holders = await busy(registry)
    async with registry.read() as connection:
        everything = await store.list_runs(
            connection, holders.account.id, after=(0, 0), limit=1_000
        )
        paged: list[Any] = []
        after = (0, 0)
        while page := await store.list_runs(connection, holders.account.id, after=after, limit=2):
            assert len(page) <= 2
            paged += page
            after = (page[-1][0].batch_id, page[-1][0].first)
    assert paged == everything
    keys = [(run.batch_id, run.first) for run, _ in everything]
    assert keys == sorted(keys)
    assert len(keys) > 1
    taken = await move(
        registry,
        holders.owner,
        holders.account,
        holders.elsewhere,
        oldest(sum(run.last - run.first + 1 for run, _ in everything)),
    )
    assert [(m.batch, m.first, m.last) for m in taken.moved] == [
        (batch, run.first, run.last) for run, batch in everything
    ]


async def test_a_range_of_serials_is_found_wherever_its_parts_are(registry: Register) -> None:
    holders = await busy(registry)
    async with registry.read() as connection:
        batch = await store.get_batch(connection, X)
        whole = await store.list_runs_of_batch(connection, batch, first=1, last=60, limit=1_000)
        assert (whole[0].first, whole[-1].last) == (1, 60)
        cells = [run.account_id for run in whole for _ in range(run.first, run.last + 1)]
        assert len(cells) == 60
        for first, last in ((1, 1), (60, 60), (7, 31), (30, 30), (50, 51)):
            cut = await store.list_runs_of_batch(
                connection, batch, first=first, last=last, limit=1_000
            )
            assert (cut[0].first, cut[-1].last) == (first, last)
            seen = [run.account_id for run in cut for _ in range(run.first, run.last + 1)]
            assert seen == cells[first - 1 : last]
        few = await store.list_runs_of_batch(connection, batch, first=1, last=60, limit=2)
        assert few == whole[:2]
    assert cells.count(BUFFER) == 10
    assert holders.account.id in cells


async def test_the_life_of_every_serial_is_told_however_often_it_was_split(
    registry: Register,
) -> None:
    """Newest first, back to its issuance: exactly the entries that ever named it."""
    await busy(registry, moves=40)
    entries = await all_entries(registry)
    async with registry.read() as connection:
        for prefix in (X, Y):
            batch = await store.get_batch(connection, prefix)
            for serial in range(1, batch.credits + 1):
                (run,) = await store.list_runs_of_batch(
                    connection, batch, first=serial, last=serial, limit=2
                )
                history = await store.list_serial_history(
                    connection, batch, serial, log_index=run.log_index
                )
                named_it = [
                    entry
                    for entry in entries
                    if entry.batch == batch and entry.first <= serial <= entry.last
                ]
                assert history == named_it[::-1]
                assert history[-1].kind in {EntryKind.TAKEN_OVER, EntryKind.BUFFERED}


async def test_a_very_long_life_is_told_from_its_end(
    registry: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries_module, "HISTORY_STEPS_MAX", 3)
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account)
    last = None
    for _ in range(2):
        await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))
        last = await move(registry, holders.other, holders.elsewhere, holders.account, oldest(1))
    assert last is not None
    async with registry.read() as connection:
        batch = await store.get_batch(connection, X)
        history = await store.list_serial_history(connection, batch, 1, log_index=last.log_index)
    assert [step.log_index for step in history] == [last.log_index - n for n in range(3)]


async def statement(
    registry: Register,
    account: Account,
    *,
    period: tuple[int | None, int | None] = (None, None),
    after: tuple[int, int] | None = None,
    limit: int = 1_000,
) -> list[EntryRow]:
    first_index, end_index = period
    wanted = EntryFilter(account_id=account.id, first_index=first_index, end_index=end_index)
    async with registry.read() as connection:
        found = await store.list_entries(
            connection, wanted, after=after, newest_first=False, limit=limit
        )
    return found.rows


async def test_a_statement_is_every_entry_of_the_account_in_order(registry: Register) -> None:
    holders = await busy(registry)
    entries = await all_entries(registry)
    for account in (holders.account, holders.elsewhere):
        own = [e for e in entries if account.id in {e.from_account, e.to_account}]
        assert await statement(registry, account) == own
        balance = 0
        for entry in own:
            sign = 1 if entry.to_account == account.id else -1
            balance += sign * (entry.last - entry.first + 1)
            assert (entry.to_total if sign > 0 else entry.from_total) == balance


@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_a_statement_is_paged_without_gap_or_repetition(
    registry: Register, limit: int
) -> None:
    """Also where a page ends between two entries of one act."""
    holders = await busy(registry)
    whole = await statement(registry, holders.account)
    assert len({e.log_index for e in whole}) < len(whole), "some acts have several entries"
    paged: list[EntryRow] = []
    after = None
    while page := await statement(registry, holders.account, after=after, limit=limit):
        assert len(page) <= limit
        paged += page
        after = (page[-1].log_index, page[-1].line)
    assert paged == whole


async def test_a_statement_is_bounded_on_both_sides(registry: Register) -> None:
    """The first act is in, the end is not."""
    holders = await busy(registry)
    whole = await statement(registry, holders.account)
    for first, end in ((0, 0), (36, 36), (36, 37), (36, 50), (40, 10**9)):
        part = await statement(registry, holders.account, period=(first, end))
        assert part == [e for e in whole if first <= e.log_index < end]


async def test_entries_are_found_by_each_filter(registry: Register) -> None:
    """And by all of them at once, each narrowing the others."""
    holders = await busy(registry)
    entries = await all_entries(registry)

    def size(entry: EntryRow) -> int:
        return entry.last - entry.first + 1

    own = holders.account.id
    cases: list[tuple[EntryFilter, Callable[[EntryRow], bool]]] = [
        (ALL, lambda _: True),
        (EntryFilter(account_id=own), lambda e: own in {e.from_account, e.to_account}),
        (EntryFilter(batch_prefix=X), lambda e: e.batch.serial_prefix == X),
        (EntryFilter(batch_prefix="Z"), lambda _: False),
        (EntryFilter(vintage=2023), lambda e: e.batch.vintage == 2023),
        (EntryFilter(kind=EntryKind.RETIRED), lambda e: e.kind is EntryKind.RETIRED),
        (EntryFilter(first_index=40), lambda e: e.log_index >= 40),
        (EntryFilter(end_index=40), lambda e: e.log_index < 40),
        (EntryFilter(credits_min=5), lambda e: size(e) >= 5),
        (EntryFilter(credits_max=5), lambda e: size(e) <= 5),
        (EntryFilter(activity_id="act_x"), lambda _: False),
        (EntryFilter(province_code="40"), lambda _: False),
        (
            EntryFilter(own, None, X, 2024, None, EntryKind.TRANSFERRED, 36, 60, 2, 9),
            lambda e: (
                own in {e.from_account, e.to_account}
                and e.batch.serial_prefix == X
                and e.kind is EntryKind.TRANSFERRED
                and 36 <= e.log_index < 60
                and 2 <= size(e) <= 9
            ),
        ),
    ]
    async with registry.read() as connection:
        for wanted, fits in cases:
            expected = [entry for entry in entries if fits(entry)]
            for newest_first, order in ((False, 1), (True, -1)):
                found = await store.list_entries(
                    connection, wanted, after=None, newest_first=newest_first, limit=1_000
                )
                assert (found.rows, found.after) == (expected[::order], None), wanted


@pytest.mark.parametrize("newest_first", [False, True])
async def test_entries_are_paged_either_way(registry: Register, newest_first: bool) -> None:  # noqa: FBT001
    await busy(registry, moves=10)
    entries = await all_entries(registry)
    paged, sizes = await every_entry(registry, ALL, newest_first=newest_first, limit=3)
    assert paged == (entries[::-1] if newest_first else entries)
    assert set(sizes[:-1]) == {3}


async def every_entry(
    registry: Register, wanted: EntryFilter, *, newest_first: bool, limit: int
) -> tuple[list[EntryRow], list[int]]:
    """Read page after page; returns all entries, and how many each page had."""
    paged: list[EntryRow] = []
    sizes: list[int] = []
    after: Any = None
    async with registry.read() as connection:
        while True:
            page = await store.list_entries(
                connection, wanted, after=after, newest_first=newest_first, limit=limit
            )
            paged += page.rows
            sizes.append(len(page.rows))
            after = page.after
            if after is None:
                return paged, sizes


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("looked_at_max", [1, 2, 5])
async def test_only_so_many_entries_are_looked_through_at_a_time(
    registry: Register,
    monkeypatch: pytest.MonkeyPatch,
    looked_at_max: int,
    newest_first: bool,  # noqa: FBT001
) -> None:
    """A page comes back early, even empty, and the next goes on: nothing is missed or repeated."""
    monkeypatch.setattr(listing, "ENTRIES_LOOKED_AT_MAX", looked_at_max)
    holders = await busy(registry)
    own, retired = holders.account.id, EntryKind.RETIRED
    entries = await all_entries(registry)
    cases: list[tuple[EntryFilter, Callable[[EntryRow], bool]]] = [
        (EntryFilter(kind=retired), lambda e: e.kind is retired),
        (EntryFilter(kind=EntryKind.TRANSFERRED), lambda e: e.kind is EntryKind.TRANSFERRED),
        (EntryFilter(kind=EntryKind.CANCELLED), lambda _: False),
        (
            EntryFilter(account_id=own, kind=retired),
            lambda e: e.kind is retired and e.from_account == own,
        ),
        (
            EntryFilter(batch_prefix=X, kind=retired),
            lambda e: e.kind is retired and e.batch.vintage == 2024,
        ),
        (EntryFilter(vintage=2023), lambda e: e.batch.vintage == 2023),
        (EntryFilter(credits_min=10), lambda e: e.last - e.first + 1 >= 10),
    ]
    for wanted, fits in cases:
        expected = [entry for entry in entries if fits(entry)]
        found, sizes = await every_entry(registry, wanted, newest_first=newest_first, limit=3)
        assert found == (expected[::-1] if newest_first else expected), wanted
        assert max(sizes) <= min(3, looked_at_max)


async def test_only_so_many_balances_are_looked_through_at_a_time(
    registry: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that has sold everything again and again still answers at once."""
    monkeypatch.setattr(reading, "BALANCES_LOOKED_AT_MAX", 2)
    holders = await two_holders(registry)
    held = []
    for number in range(7):
        prefix = f"XX-1-2024-{number}"
        await a_batch(registry, holders.administrator, holders.account, prefix=prefix)
        if number in {2, 6}:
            held.append(prefix)
        else:
            everything = oldest(1_000, batch=prefix)
            await move(registry, holders.owner, holders.account, holders.elsewhere, everything)
    for size in (None, await size_of(registry)):
        found, pages, after = [], 0, 0
        async with registry.read() as connection:
            while True:
                page = await store.list_holdings(
                    connection, holders.account.id, size=size, after=after, limit=5
                )
                pages += 1
                found += [holding.batch.serial_prefix for holding in page.rows]
                if page.after is None:
                    break
                (after,) = page.after
        assert (found, pages) == (held, 4)


async def test_only_so_many_batches_are_looked_through_at_a_time(
    registry: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCHES_LOOKED_AT_MAX", 1)
    await busy(registry, moves=0)
    asked = {"project_code": "XX-1", "programme_code": "XX", "vintage": 2024}
    async with registry.read() as connection:
        page = await store.list_batches(connection, asked, after=0, limit=5)
        assert [batch.serial_prefix for batch in page.rows] == [X]
        assert page.after is not None
        rest = await store.list_batches(connection, asked, after=page.after[0], limit=5)
        assert (rest.rows, rest.after) == ([], None)
        asked = {"project_code": "XX-1", "programme_code": "YY"}
        page = await store.list_batches(connection, asked, after=0, limit=5)
        assert (page.rows, page.after is None) == ([], False)


async def test_movements_are_read_one_or_many(registry: Register) -> None:
    holders = await busy(registry, moves=3)
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(60))
    entries = await all_entries(registry)
    own = [entry for entry in entries if entry.log_index == movement.log_index]
    assert len(own) > 1
    async with registry.read() as connection:
        assert await store.list_movement(connection, movement.log_index) == own
        assert await store.list_movement(connection, 0) == []
        many = await store.list_movements(connection, [movement.log_index, 0])
        assert many == {movement.log_index: own, 0: []}
        assert await store.list_movements(connection, []) == {}


async def test_owners_of_accounts_are_told_and_the_registrys_left_out(registry: Register) -> None:
    holders = await two_holders(registry)
    asked = [SOURCE, BUFFER, holders.account.id, holders.elsewhere.id, 9_999]
    async with registry.read() as connection:
        assert await store.list_owners(connection, asked) == {
            holders.account.id: holders.owner.party_id,
            holders.elsewhere.id: holders.other.party_id,
        }


async def test_the_states_of_a_batch_add_up_to_it(registry: Register) -> None:
    """Held by whomever, buffered, retired: as the movements left them."""
    holders = await busy(registry)
    await retire(registry, holders.owner, holders.account, named(*await some_held(registry)))
    entries = await all_entries(registry)
    held = fold(entries, entries[-1].log_index + 1)
    async with registry.read() as connection:
        for prefix in (X, Y):
            batch: Batch = await store.get_batch(connection, prefix)
            states = await store.list_batch_states(connection, batch)
            holding = sum(held[a.id][batch.id] for a in (holders.account, holders.elsewhere))
            expected = {BUFFER: 10, RETIRED: held[RETIRED][batch.id], store.ALL_HOLDINGS: holding}
            assert states == {account: n for account, n in expected.items() if account in states}
            assert sum(states.values()) == batch.credits


async def some_held(registry: Register) -> list[tuple[str, int, int]]:
    async with registry.read() as connection:
        runs = await store.list_runs(connection, 1001, after=(0, 0), limit=1)
    return [(batch.serial_prefix, run.first, run.first) for run, batch in runs]


async def test_batches_are_found_by_what_they_are(registry: Register) -> None:
    await busy(registry, moves=0)
    async with registry.read() as connection:
        for conditions, expected in (
            ({}, [Y, X]),
            ({"vintage": 2024}, [X]),
            ({"programme_code": "XX", "project_code": "XX-1"}, [Y, X]),
            ({"programme_code": "YY"}, []),
            ({"province_code": "40"}, []),
        ):
            found = await store.list_batches(connection, conditions, after=0, limit=10)
            assert [batch.serial_prefix for batch in found.rows] == expected
            assert found.after is None
        first = await store.list_batches(connection, {}, after=0, limit=1)
        assert first.after == (first.rows[0].id,)
        rest = await store.list_batches(connection, {}, after=first.after[0], limit=10)
        assert [batch.serial_prefix for batch in first.rows + rest.rows] == [Y, X]
