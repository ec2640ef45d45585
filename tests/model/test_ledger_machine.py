"""
Goal: whatever is done to the ledger, in whatever order, it agrees with the model, and every
invariant holds.

Method: Hypothesis invents sequences of acts, right and wrong, alone and many in one commit; after
each step the register is read back whole and compared cell by cell, the invariants run, and the new
leaves are hashed on.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.entry.committer import Committer
from app.kernel.db import make_engine, reading, rows_of
from app.kernel.errors import RegistryError
from app.registry import invariants
from app.registry.ledger import operations
from app.registry.ledger.rules import (
    Beneficiary,
    Choice,
    Ending,
    EntryKind,
    Mint,
    Statement,
    Touches,
    Visibility,
)
from app.registry.ledger.serials import SerialRange
from app.registry.log import store as log_store
from app.registry.log.merkle import Frontier
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.stores import refusals_by_constraint
from tests.builders.ledger import an_account
from tests.builders.parties import a_holder, an_authority
from tests.conftest import Registry, Server
from tests.model.ledger import BUFFER, CANCELLED, RETIRED, Model, Wish

STEPS_MIN: Final = 10_000
STEPS_PER_RUN: Final = 100
ACCOUNTS: Final = 4
VINTAGES: Final = (2021, 2022, 2023)
PREFIXES: Final = tuple(f"M-{number}" for number in range(8))
PURPOSES: Final = ("voluntary",)

_accounts = st.integers(0, ACCOUNTS - 1)
_amounts = st.integers(1, 40)
_wishes = st.one_of(
    st.builds(
        Wish,
        credits=_amounts,
        batch=st.none() | st.sampled_from(PREFIXES),
        vintage=st.none() | st.sampled_from(VINTAGES),
    ),
    st.builds(
        Wish,
        # Short, and of few batches: several ranges of one block are what is hard.
        ranges=st.lists(
            st.builds(
                lambda prefix, first, more: (prefix, first, first + more),
                st.sampled_from(PREFIXES[:3]),
                st.integers(1, 35),
                st.integers(-1, 6),
            ),
            max_size=4,
        ).map(tuple),
    ),
)
_moves = st.tuples(_accounts, _accounts, _wishes)


def _choice(wish: Wish) -> Choice:
    ranges = tuple(SerialRange(*named) for named in wish.ranges)
    return Choice(wish.credits, wish.batch, wish.vintage, ranges)


class LedgerMachine(RuleBasedStateMachine):
    """Acts on a register and on the model alike."""

    server: Server
    loop: asyncio.AbstractEventLoop
    steps = 0
    _databases = iter(range(10**9))

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.frontier = Frontier()
        self.database = f"registry_model_{os.getpid()}_{next(LedgerMachine._databases)}"

    def wait(self, awaitable: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(awaitable)

    @initialize()
    def found(self) -> None:
        self.wait(self._found())

    async def _found(self) -> None:
        await self.server.run(f"CREATE DATABASE {self.database} TEMPLATE {self.server.template}")
        url = self.server.url(self.database)
        self.engine = make_engine(url, connections_max=4)
        self.committer = Committer(self.engine, refusals_by_constraint())
        await self.committer.start()
        self.registry = Registry(url, self.engine, self.committer)
        officers = await an_authority(self.registry)
        self.administrator, self.approver = officers[Role.ADMINISTRATOR], officers[Role.APPROVER]
        self.holder = await a_holder(self.registry)
        for number in range(ACCOUNTS):
            account = await an_account(
                self.registry, self.administrator, self.holder, name=f"Account {number}"
            )
            self.model.accounts.append(account.id)

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.wait(self._close())

    async def _close(self) -> None:
        async with reading(self.engine) as connection:
            assert await invariants.check(connection) == []
        await self.committer.stop()
        await self.engine.dispose()
        await self.server.run(f"DROP DATABASE {self.database} WITH (FORCE)")

    async def _outcome(
        self, actor: Actor, act: Callable[[Pen], Awaitable[Any]], touches: Touches | None = None
    ) -> str | None:
        try:
            await self.registry.do(actor, act, touches=touches)
        except RegistryError as refusal:
            return refusal.code
        return None

    def _compare(self) -> None:
        LedgerMachine.steps += 1
        self.wait(self._compare_all())

    async def _compare_all(self) -> None:
        async with reading(self.engine) as connection:
            assert await invariants.list_broken(connection) == []
            cells: dict[str, list[int]] = {batch.prefix: [] for batch in self.model.batches}
            blocks = await rows_of(
                connection,
                "SELECT t.serial_prefix, t.credits, b.first_serial, b.account_id FROM blocks b"
                " JOIN batches t ON t.id = b.batch_id ORDER BY b.batch_id, b.first_serial DESC",
            )
            ends: dict[str, int] = {}
            for block in blocks:
                prefix = block["serial_prefix"]
                end = ends.get(prefix, block["credits"])
                cells[prefix] = [block["account_id"]] * (end - block["first_serial"] + 1) + cells[
                    prefix
                ]
                ends[prefix] = block["first_serial"] - 1
            assert cells == {batch.prefix: batch.cells for batch in self.model.batches}
            leaves = await log_store.list_leaves(
                connection, first=self.frontier.size, rows_max=5_000
            )
            for _, leaf, nodes in leaves:
                assert self.frontier.append(leaf) == nodes
            assert self.frontier.root() == (await log_store.get_head(connection)).root

    @rule(
        prefix=st.sampled_from(PREFIXES),
        vintage=st.sampled_from(VINTAGES),
        net=st.integers(1, 40),
        buffer=st.integers(0, 5),
        owner=_accounts,
    )
    def mint(self, prefix: str, vintage: int, net: int, buffer: int, owner: int) -> None:
        account = self.model.accounts[owner]
        mint = Mint(vintage, net + buffer, buffer, account, prefix, "M", None, "M", "Model", None)

        async def act(pen: Pen) -> operations.Minted:
            return await operations.mint(pen, by="x", subject="M", data={}, mints=[mint])

        expected = self.model.mint(prefix, vintage, net, buffer, account)
        assert self.wait(self._outcome(self.administrator, act)) == expected
        self._compare()

    def _transfer(self, sender: int, receiver: int, wish: Wish) -> Awaitable[str | None]:
        command = operations.Transfer(
            self.model.accounts[sender], self.model.accounts[receiver], _choice(wish)
        )
        return self._outcome(
            self.holder,
            lambda pen: operations.transfer(pen, self.holder, command),
            command.touches(),
        )

    def _expect(self, sender: int, receiver: int, wish: Wish) -> str | None:
        one, other = self.model.accounts[sender], self.model.accounts[receiver]
        code = self.model.pick(-1, wish)[1]
        if code in {"choice_unclear", "range_reversed", "ranges_overlap"}:
            return code
        if one == other:
            return "same_account"
        if {one, other} & self.model.closed:
            return "account_closed"
        return self.model.move(one, other, wish)

    @rule(move=_moves)
    def transfer(self, move: tuple[int, int, Wish]) -> None:
        expected = self._expect(*move)
        assert self.wait(self._transfer(*move)) == expected
        self._compare()

    @rule(moves=st.lists(_moves, min_size=2, max_size=8))
    def transfer_many_in_one_commit(self, moves: list[tuple[int, int, Wish]]) -> None:
        """
        Acts that arrive together are decided in the order of arrival, each seeing those before it.
        """
        expected = [self._expect(*move) for move in moves]

        async def together() -> list[str | None]:
            return list(await asyncio.gather(*(self._transfer(*move) for move in moves)))

        assert self.wait(together()) == expected
        self._compare()

    @rule(sender=_accounts, wish=_wishes, cancels=st.booleans())
    def end(self, sender: int, wish: Wish, cancels: bool) -> None:  # noqa: FBT001
        account = self.model.accounts[sender]
        kind = EntryKind.CANCELLED if cancels else EntryKind.RETIRED
        command = operations.End(account, _choice(wish), self._ending(kind), PURPOSES)
        code = self.model.pick(-1, wish)[1]
        if code not in {"choice_unclear", "range_reversed", "ranges_overlap"}:
            if account in self.model.closed:
                code = "account_closed"
            else:
                code = self.model.move(account, CANCELLED if cancels else RETIRED, wish)
        done = self._outcome(
            self.holder, lambda pen: operations.end(pen, self.holder, command), command.touches()
        )
        assert self.wait(done) == code
        self._compare()

    def _ending(self, kind: EntryKind) -> Ending:
        statement = Statement("ผู้ทดสอบ", Beneficiary.PERSON, None, None)
        return Ending(kind, PURPOSES[0], Visibility.ANONYMOUS, None, statement)

    @rule(receiver=_accounts, wish=_wishes)
    def release_buffer(self, receiver: int, wish: Wish) -> None:
        account = self.model.accounts[receiver]
        command = operations.ReleaseBuffer(account, _choice(wish), "meeting 1")
        code = self.model.pick(-1, wish)[1]
        if code not in {"choice_unclear", "range_reversed", "ranges_overlap"}:
            code = (
                "account_closed"
                if account in self.model.closed
                else self.model.move(BUFFER, account, wish)
            )
        done = self._outcome(
            self.approver,
            lambda pen: operations.release_buffer(pen, self.approver, command),
            command.touches(),
        )
        assert self.wait(done) == code
        self._compare()

    @rule(wish=_wishes)
    def cancel_buffer(self, wish: Wish) -> None:
        command = operations.End(
            BUFFER, _choice(wish), self._ending(EntryKind.BUFFER_CANCELLED), PURPOSES
        )
        code = self.model.move(BUFFER, CANCELLED, wish)
        done = self._outcome(
            self.approver,
            lambda pen: operations.cancel_buffer(pen, self.approver, command),
            command.touches(),
        )
        assert self.wait(done) == code
        self._compare()

    @precondition(lambda self: len(self.model.closed) < ACCOUNTS - 2)
    @rule(number=_accounts)
    def close(self, number: int) -> None:
        account = self.model.accounts[number]
        if account in self.model.closed:
            code: str | None = "account_stale"
        elif self.model.total(account):
            code = "account_not_empty"
        else:
            code = None
            self.model.closed.add(account)
        done = self._outcome(
            self.administrator,
            lambda pen: operations.close_account(
                pen, self.administrator, account, expected_version=1
            ),
        )
        assert self.wait(done) == code
        self._compare()

    @rule(move=_moves, key=st.integers(0, 10**9))
    def repeat_with_one_key(self, move: tuple[int, int, Wish], key: int) -> None:
        """A request sent twice with its key is one act, whether it was done or refused."""
        expected = self._expect(*move)
        command = operations.Transfer(
            self.model.accounts[move[0]], self.model.accounts[move[1]], _choice(move[2])
        )

        async def once() -> str | None:
            try:
                await self.registry.do(
                    self.holder,
                    lambda pen: operations.transfer(pen, self.holder, command),
                    touches=command.touches(),
                    key=f"{self.database}-{key}-{LedgerMachine.steps}",
                    may_replay=True,
                )
            except RegistryError as refusal:
                return refusal.code
            return None

        assert self.wait(once()) == expected
        if expected is None:
            assert self.wait(once()) is None
        self._compare()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.mark.no_cover  # ten thousand steps; other tests cover the lines
def test_the_ledger_agrees_with_its_model(server: Server, loop: asyncio.AbstractEventLoop) -> None:
    """
    Ten thousand steps, each with every invariant: what P1 promises under any sequence of acts.
    """
    LedgerMachine.server = server
    LedgerMachine.loop = loop
    LedgerMachine.steps = 0
    while LedgerMachine.steps < STEPS_MIN:
        run_state_machine_as_test(
            LedgerMachine,
            settings=settings(
                max_examples=60,
                stateful_step_count=STEPS_PER_RUN,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(f"{LedgerMachine.steps} steps")  # noqa: T201
