"""Transfers, retirements and cancellations: which serials move, and who is refused what."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from msgspec import structs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.acts import Act, Idempotency, Reply
from app.entry.deciding import KeyReusedError
from app.kernel.clock import bangkok_date, now
from app.kernel.db import make_engine, sqlstate_of
from app.kernel.encoding import canonical_bytes, commitment
from app.kernel.errors import RegistryError
from app.registry import commit
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.ledger import operations, store
from app.registry.ledger.book import Book
from app.registry.ledger.operations import Movement, Transfer
from app.registry.ledger.refusals import (
    AccountNotFoundError,
    BatchNotFoundError,
    ChoiceUnclearError,
    DateAheadError,
    InsufficientCreditsError,
    PurposeUnknownError,
    RangesOverlapError,
    RegistryAccountError,
    SameAccountError,
    SerialsNotHeldError,
    TooFragmentedError,
)
from app.registry.ledger.rules import (
    BUFFER,
    CANCELLED,
    MOVES_PER_ACT_MAX,
    RANGES_PER_ACT_MAX,
    RETIRED,
    Account,
    AccountKind,
    AccountStatus,
    Block,
    Choice,
    EntryKind,
    Move,
    Visibility,
)
from app.registry.ledger.serials import batch_id
from app.registry.log import store as log_store
from app.registry.log.pen import Pen
from app.registry.parties.policy import POLICY, Actor, NotAllowedError, Permission, Reach
from app.registry.parties.rules import Role
from tests.builders.ledger import (
    BENEFICIARY,
    PURPOSES,
    Holders,
    a_batch,
    an_account,
    an_ending,
    move,
    named,
    oldest,
    party_of,
    ranges_of,
    retire,
    scattered,
    two_holders,
)
from tests.builders.parties import Register, a_vvb, an_actor
from tests.conftest import Registry

X, Y = "XX-1-2024-1", "XX-1-2023-1"


async def rich(registry: Register) -> Holders:
    """The owner holds two batches of vintage 2024 and, brought in last, one of vintage 2023."""
    holders = await two_holders(registry)
    for prefix, vintage in ((X, 2024), ("XX-1-2024-2", 2024), (Y, 2023)):
        await a_batch(
            registry,
            holders.administrator,
            holders.account,
            credits_made=10,
            vintage=vintage,
            prefix=prefix,
        )
    return holders


async def total_of(registry: Register, account_id: int) -> int:
    async with registry.read() as connection:
        size = (await log_store.get_head(connection)).size
        return await store.get_total(connection, account_id, size=size)


async def log_size(registry: Register) -> int:
    async with registry.read() as connection:
        return (await log_store.get_head(connection)).size


async def leaf_of(registry: Register, log_index: int) -> dict[str, Any]:
    async with registry.read() as connection:
        leaf: dict[str, Any] = json.loads((await log_store.get_entry(connection, log_index)).leaf)
    return leaf


# ------------------------------------------------------------------------- which credits are taken


async def test_the_oldest_vintage_goes_first_whenever_it_was_issued(registry: Register) -> None:
    """Then the order of issuance, then the lowest serial."""
    holders = await rich(registry)
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(25))
    assert ranges_of(movement) == [(Y, 1, 10), (X, 1, 10), ("XX-1-2024-2", 1, 5)]
    assert movement.credits == 25
    leaf = await leaf_of(registry, movement.log_index)
    assert leaf["kind"] == "credits.transferred"
    assert leaf["by"] == holders.owner.user_id
    assert leaf["subject"] == leaf["data"]["from"] == holders.account.number
    assert leaf["data"]["to"] == holders.elsewhere.number
    assert leaf["data"]["moves"][0] == {"batch": Y, "first": 1, "last": 10}


async def test_a_batch_or_a_vintage_narrows_the_choice(registry: Register) -> None:
    holders = await rich(registry)

    async def moved(choice: Choice) -> list[tuple[str, int, int]]:
        return list(
            ranges_of(
                await move(registry, holders.owner, holders.account, holders.elsewhere, choice)
            )
        )

    assert await moved(oldest(3, batch="XX-1-2024-2")) == [("XX-1-2024-2", 1, 3)]
    assert await moved(oldest(12, vintage=2024)) == [(X, 1, 10), ("XX-1-2024-2", 4, 5)]
    assert await moved(oldest(1, batch=Y, vintage=2023)) == [(Y, 1, 1)]
    assert await moved(oldest(1)) == [(Y, 2, 2)]


@pytest.mark.parametrize(
    ("choice", "held"),
    [
        (oldest(31), 30),
        (oldest(21, vintage=2024), 20),
        (oldest(11, batch=X), 10),
        (oldest(1, vintage=1999), 0),
        (oldest(1, batch=X, vintage=2023), 0),
    ],
    ids=str,
)
async def test_one_credit_too_many_is_refused(
    registry: Register, choice: Choice, held: int
) -> None:
    """Nothing is moved then; and exactly what is held can be."""
    holders = await rich(registry)
    size = await log_size(registry)
    with pytest.raises(InsufficientCreditsError) as refusal:
        await move(registry, holders.owner, holders.account, holders.elsewhere, choice)
    assert refusal.value.facts == {"held": held, "asked": choice.credits}
    assert await log_size(registry) == size
    if held:
        exact = structs.replace(choice, credits=held)
        moved = await move(registry, holders.owner, holders.account, holders.elsewhere, exact)
        assert moved.credits == held


async def test_a_batch_that_does_not_exist_is_said_so(registry: Register) -> None:
    holders = await rich(registry)
    with pytest.raises(BatchNotFoundError) as refusal:
        await move(
            registry, holders.owner, holders.account, holders.elsewhere, oldest(1, batch="Z")
        )
    assert refusal.value.facts == {"batch": "Z"}


async def test_named_serials_are_moved_across_blocks(registry: Register) -> None:
    """In the order in which they were named, however they lie in blocks."""
    holders = await rich(registry)
    for first in (2, 5, 8):
        choice = named((X, first, first))
        back = await move(registry, holders.owner, holders.account, holders.elsewhere, choice)
        assert ranges_of(back) == [(X, first, first)]
        await move(registry, holders.other, holders.elsewhere, holders.account, choice)
    choice = named(("XX-1-2024-2", 9, 10), (X, 4, 9), (X, 1, 1))
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, choice)
    assert ranges_of(movement) == [
        ("XX-1-2024-2", 9, 10),
        (X, 4, 4),
        (X, 5, 5),
        (X, 6, 7),
        (X, 8, 8),
        (X, 9, 9),
        (X, 1, 1),
    ]
    assert movement.credits == choice.total == 9


async def test_several_ranges_of_one_block_are_named_in_any_order(registry: Register) -> None:
    """Each cuts the block that the next was decided on."""
    holders = await rich(registry)
    rising = named((X, 1, 2), (X, 4, 5), (X, 10, 10))
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, rising)
    assert ranges_of(movement) == [(X, 1, 2), (X, 4, 5), (X, 10, 10)]
    falling = named((Y, 10, 10), (Y, 4, 5), (Y, 1, 2))
    movement = await retire(registry, holders.owner, holders.account, falling)
    assert ranges_of(movement) == [(Y, 10, 10), (Y, 4, 5), (Y, 1, 2)]
    async with registry.read() as connection:
        entries = await store.list_movement(connection, movement.log_index)
    assert [(e.from_balance, e.to_balance) for e in entries] == [(9, 1), (7, 3), (5, 5)]


@pytest.mark.parametrize(
    "choice",
    [
        named((X, 1, 11)),
        named((X, 11, 11)),
        named(("Z", 1, 1)),
        named((X, 1, 1), ("Z", 1, 1)),
        named((X, 4, 5)),
        named((X, 5, 5)),
        named((X, 1, 10)),
    ],
    ids=str,
)
async def test_serials_that_are_not_all_held_are_not_moved(
    registry: Register, choice: Choice
) -> None:
    """Beyond the batch's end, of no batch, or (serial 5) in another account."""
    holders = await rich(registry)
    await move(registry, holders.owner, holders.account, holders.elsewhere, named((X, 5, 5)))
    with pytest.raises(SerialsNotHeldError):
        await move(registry, holders.owner, holders.account, holders.elsewhere, choice)
    await move(registry, holders.owner, holders.account, holders.elsewhere, named((X, 1, 4)))


async def test_a_choice_that_contradicts_itself_is_refused(registry: Register) -> None:
    holders = await rich(registry)
    for choice, refusal in (
        (Choice(), ChoiceUnclearError),
        (named((X, 1, 3), (X, 3, 4)), RangesOverlapError),
    ):
        with pytest.raises(refusal):
            await move(registry, holders.owner, holders.account, holders.elsewhere, choice)
        with pytest.raises(refusal):
            await retire(registry, holders.owner, holders.account, choice)


async def test_credits_in_many_small_blocks_are_found(registry: Register) -> None:
    """Beyond the first look, and beyond the second."""
    holders = await two_holders(registry)
    await scattered(registry, holders, runs=100)
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(90))
    assert ranges_of(movement) == [(X, serial, serial) for serial in range(1, 180, 2)]
    with pytest.raises(InsufficientCreditsError) as refusal:
        await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(11, batch=X))
    assert refusal.value.facts == {"held": 10, "asked": 11}


async def test_an_act_moves_no_more_runs_than_fit_one_leaf(registry: Register) -> None:
    """Both ways of choosing, at the limit and one beyond."""
    holders = await two_holders(registry)
    await scattered(registry, holders, runs=MOVES_PER_ACT_MAX + 1)
    whole = named((X, 1, 2 * MOVES_PER_ACT_MAX + 2))
    halves = named((X, 1, MOVES_PER_ACT_MAX), (X, MOVES_PER_ACT_MAX + 1, MOVES_PER_ACT_MAX + 5))
    for choice, refusal in (
        (oldest(MOVES_PER_ACT_MAX + 1), TooFragmentedError),
        (whole, TooFragmentedError),
        (halves, SerialsNotHeldError),
    ):
        with pytest.raises(refusal):
            await move(registry, holders.owner, holders.account, holders.elsewhere, choice)
    most = oldest(MOVES_PER_ACT_MAX)
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, most)
    assert len(movement.moved) == MOVES_PER_ACT_MAX


async def test_named_runs_of_several_batches_count_together(registry: Register) -> None:
    """Each range is within the limit; the act as a whole is not."""
    holders = await two_holders(registry)
    half = MOVES_PER_ACT_MAX // 2
    for prefix in (X, Y):
        await scattered(registry, holders, runs=half, prefix=prefix)
        # All serials come together in one account, still in blocks of one.
        every_second = [(prefix, n, n) for n in range(2, 2 * half + 1, 2)]
        for at in range(0, half, RANGES_PER_ACT_MAX):
            choice = named(*every_second[at : at + RANGES_PER_ACT_MAX])
            await move(registry, holders.other, holders.elsewhere, holders.account, choice)
    both = named((X, 1, half), (Y, 1, half))
    one_more = named((X, 1, half), (Y, 1, half + 1))
    with pytest.raises(TooFragmentedError):
        await move(registry, holders.owner, holders.account, holders.elsewhere, one_more)
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, both)
    assert len(movement.moved) == MOVES_PER_ACT_MAX


async def test_a_vintage_in_too_many_runs_is_refused_before_all_is_read(
    registry: Register,
) -> None:
    """More runs than one act may move, and still not enough credits: reading on would not help."""
    holders = await two_holders(registry)
    await scattered(registry, holders, runs=1_400)
    with pytest.raises(TooFragmentedError):
        await move(
            registry,
            holders.owner,
            holders.account,
            holders.elsewhere,
            oldest(1_401, vintage=2024),
        )


# ------------------------------------------------------------------------------- who may move what


async def test_only_those_who_move_credits_of_the_account_do(registry: Register) -> None:
    """A stranger does not learn that the account exists; who sees it is told what is missing."""
    holders = await rich(registry)
    party = await party_of(registry, holders.owner)
    viewer = await an_actor(registry, party, Role.HOLDER_VIEWER)
    approver = await an_actor(registry, party, Role.HOLDER_APPROVER)
    lead, _ = await a_vvb(registry)
    for actor in (viewer, approver, holders.administrator, holders.auditor, holders.approver):
        with pytest.raises(NotAllowedError):
            await move(registry, actor, holders.account, holders.elsewhere, oldest(1))
        with pytest.raises(NotAllowedError):
            await retire(registry, actor, holders.account, oldest(1))
    for actor in (holders.other, lead):
        with pytest.raises(AccountNotFoundError):
            await move(registry, actor, holders.account, holders.elsewhere, oldest(1))
        with pytest.raises(AccountNotFoundError):
            await retire(registry, actor, holders.account, oldest(1))
    assert await total_of(registry, holders.account.id) == 30


async def test_a_transfer_goes_to_another_open_account_of_a_holder(registry: Register) -> None:
    holders = await rich(registry)
    with pytest.raises(SameAccountError):
        await move(registry, holders.owner, holders.account, holders.account, oldest(1))
    for number in (BUFFER, RETIRED):
        receiver = replace(holders.elsewhere, id=number)
        with pytest.raises(RegistryAccountError):
            await move(registry, holders.owner, holders.account, receiver, oldest(1))
    nowhere = replace(holders.elsewhere, id=9_999)
    with pytest.raises(AccountNotFoundError):
        await move(registry, holders.owner, holders.account, nowhere, oldest(1))
    with pytest.raises(AccountNotFoundError):
        await move(registry, holders.owner, nowhere, holders.account, oldest(1))


async def test_the_registrys_own_accounts_are_nobodys_to_move(registry: Register) -> None:
    """Not even for TGO: the buffer has acts of its own."""
    holders = await rich(registry)
    for number in (BUFFER, RETIRED, CANCELLED):
        sender = replace(holders.account, id=number)
        with pytest.raises(AccountNotFoundError):
            await move(registry, holders.owner, sender, holders.account, oldest(1))
        with pytest.raises(NotAllowedError):
            await move(registry, holders.approver, sender, holders.account, oldest(1))


async def test_no_role_moves_the_registrys_own_credits(
    registry: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were one ever to reach every account, these would still be out of its reach."""
    monkeypatch.setitem(POLICY[Role.APPROVER], Permission.MOVE_CREDITS, Reach.ANY)
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, buffer_credits=10)
    buffer = replace(holders.account, id=BUFFER)
    with pytest.raises(RegistryAccountError):
        await move(registry, holders.approver, buffer, holders.account, oldest(1))
    with pytest.raises(RegistryAccountError):
        await retire(registry, holders.approver, buffer, oldest(1))
    await retire(registry, holders.approver, holders.account, oldest(1))


# ------------------------------------------------------------------------- trying out, and together


async def dry(
    registry: Registry, actor: Actor, act: Callable[[Pen], Awaitable[Movement]]
) -> Movement:
    return await registry.do(actor, act, dry_run=True)


async def test_trying_out_changes_nothing_and_says_what_would_happen(registry: Registry) -> None:
    holders = await rich(registry)
    size = await log_size(registry)
    command = Transfer(holders.account.id, holders.elsewhere.id, oldest(15))
    owner = holders.owner
    would = await dry(registry, owner, lambda pen: operations.transfer(pen, owner, command))
    assert await log_size(registry) == size
    assert await total_of(registry, holders.account.id) == 30
    did = await move(registry, owner, holders.account, holders.elsewhere, oldest(15))
    assert ranges_of(would) == ranges_of(did)
    assert (would.credits, would.log_index) == (did.credits, did.log_index)
    too_many = structs.replace(command, choice=oldest(16))
    with pytest.raises(InsufficientCreditsError):
        await dry(registry, owner, lambda pen: operations.transfer(pen, owner, too_many))


async def test_trying_out_an_ending_writes_no_statement(registry: Registry) -> None:
    holders = await rich(registry)
    size = await log_size(registry)
    command = operations.End(holders.account.id, oldest(5), an_ending(), PURPOSES)
    owner = holders.owner
    would = await dry(registry, owner, lambda pen: operations.end(pen, owner, command))
    assert would.ended is not None
    async with registry.read() as connection:
        assert await store.find_ending(connection, would.log_index) is None
    assert await log_size(registry) == size


async def together(*acts: Awaitable[Any]) -> list[Any]:
    """Have acts arrive together; returns what each came to."""
    return await asyncio.gather(*acts, return_exceptions=True)


async def test_acts_of_one_commit_see_those_before_them(registry: Register) -> None:
    """Credits received earlier in the same commit move on in it, and are not spent twice."""
    holders = await rich(registry)
    third = await an_account(registry, holders.administrator, holders.other, name="Third")
    size = await log_size(registry)
    first, onwards, too_many, rest = await together(
        move(registry, holders.owner, holders.account, holders.elsewhere, oldest(25)),
        move(registry, holders.other, holders.elsewhere, third, oldest(12)),
        move(registry, holders.owner, holders.account, holders.elsewhere, oldest(6)),
        move(registry, holders.owner, holders.account, third, oldest(5)),
    )
    assert ranges_of(onwards) == [(Y, 1, 10), (X, 1, 2)]
    assert isinstance(too_many, InsufficientCreditsError)
    assert too_many.facts == {"held": 5, "asked": 6}
    assert ranges_of(rest) == [("XX-1-2024-2", 6, 10)]
    assert [m.log_index for m in (first, onwards, rest)] == [size, size + 1, size + 2]
    assert len({m.recorded_at for m in (first, onwards, rest)}) == 1, "it was one commit"
    for account, held in ((holders.account, 0), (holders.elsewhere, 13), (third, 17)):
        assert await total_of(registry, account.id) == held


async def test_named_serials_can_be_passed_on_within_one_commit(registry: Register) -> None:
    holders = await rich(registry)
    there = move(registry, holders.owner, holders.account, holders.elsewhere, named((X, 3, 7)))
    back = move(registry, holders.other, holders.elsewhere, holders.account, named((X, 4, 5)))
    gone = move(registry, holders.other, holders.elsewhere, holders.account, named((X, 5, 6)))
    again = retire(registry, holders.owner, holders.account, named((X, 1, 2), (X, 4, 4)))
    done = await together(there, back, gone, again)
    assert ranges_of(done[1]) == [(X, 4, 5)]
    assert isinstance(done[2], SerialsNotHeldError)
    assert ranges_of(done[3]) == [(X, 1, 2), (X, 4, 4)]


async def test_a_batch_brought_in_within_a_commit_moves_on_in_it(registry: Register) -> None:
    holders = await two_holders(registry)
    choices = [oldest(10, batch=X), oldest(5, vintage=2024), oldest(2), named((X, 18, 20))]
    done = await together(
        a_batch(registry, holders.administrator, holders.account, credits_made=20),
        *(
            move(registry, holders.owner, holders.account, holders.elsewhere, choice)
            for choice in choices
        ),
    )
    assert [ranges_of(movement) for movement in done[1:]] == [
        [(X, 1, 10)],
        [(X, 11, 15)],
        [(X, 16, 17)],
        [(X, 18, 20)],
    ]


async def test_closing_and_receiving_in_one_commit_go_in_order(registry: Register) -> None:
    """Whoever comes first decides for both."""
    holders = await rich(registry)
    closing = holders.administrator

    def close(account: Account) -> Awaitable[Account]:
        return registry.do(
            closing,
            lambda pen: operations.close_account(pen, closing, account.id, expected_version=1),
        )

    closed, refused = await together(
        close(holders.elsewhere),
        move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1)),
    )
    assert closed.status == "closed"
    assert isinstance(refused, RegistryError)
    assert refused.code == "account_closed"
    third = await an_account(registry, closing, holders.other, name="Third")
    _, refused = await together(
        move(registry, holders.owner, holders.account, third, oldest(1)), close(third)
    )
    assert refused.code == "account_not_empty"


# -------------------------------------------------------------------------------- one key, one act


def keyed(holders: Holders, choice: Choice, *, body: bytes, key: str = "k-1") -> Act[Movement]:
    command = Transfer(holders.account.id, holders.elsewhere.id, choice)
    return Act(
        holders.owner,
        lambda pen: operations.transfer(pen, holders.owner, command),
        lambda movement: Reply(201, f"{movement.log_index}".encode(), "/there", '"1"'),
        Idempotency.of(
            scope=holders.owner.user_id, key=key, method="POST", path="/v1/transfers", body=body
        ),
        (command.touches(),),
        ahead=True,
    )


async def test_the_same_key_and_request_is_one_act(registry: Registry) -> None:
    """The reply is the first one, byte for byte, and marked."""
    holders = await rich(registry)
    first = await registry.committer.submit(keyed(holders, oldest(1), body=b"{}"))
    again = await registry.committer.submit(keyed(holders, oldest(1), body=b"{}"))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.reply == first.reply
    assert again.reply.location == "/there"
    assert await total_of(registry, holders.elsewhere.id) == 1


async def test_the_same_key_within_one_commit_is_one_act(registry: Registry) -> None:
    holders = await rich(registry)
    act = keyed(holders, oldest(1), body=b"{}")
    done = await together(*(registry.committer.submit(act) for _ in range(3)))
    assert [outcome.replayed for outcome in done] == [False, True, True]
    assert len({outcome.reply for outcome in done}) == 1
    assert await total_of(registry, holders.elsewhere.id) == 1


async def test_a_key_is_not_used_for_another_request(registry: Registry) -> None:
    holders = await rich(registry)
    await registry.committer.submit(keyed(holders, oldest(1), body=b"{}"))
    size = await log_size(registry)
    with pytest.raises(KeyReusedError):
        await registry.committer.submit(keyed(holders, oldest(2), body=b"{2}"))
    done = await together(
        registry.committer.submit(keyed(holders, oldest(1), body=b"a", key="k-2")),
        registry.committer.submit(keyed(holders, oldest(1), body=b"b", key="k-2")),
    )
    assert isinstance(done[1], KeyReusedError)
    assert await log_size(registry) == size + 1


async def test_keys_of_different_callers_never_meet(registry: Registry) -> None:
    holders = await rich(registry)
    act = keyed(holders, oldest(1), body=b"{}")
    assert act.idempotency is not None
    await registry.committer.submit(act)
    other = structs.replace(act.idempotency, scope="key_of_a_machine")
    elses = structs.replace(act, idempotency=other)
    assert not (await registry.committer.submit(elses)).replayed


async def test_a_refused_act_does_not_use_its_key_up(registry: Registry) -> None:
    """Once the reason is gone, the same request with the same key is done."""
    holders = await two_holders(registry)
    act = keyed(holders, oldest(10), body=b"{}")
    with pytest.raises(InsufficientCreditsError):
        await registry.committer.submit(act)
    await a_batch(registry, holders.administrator, holders.account, credits_made=10)
    assert not (await registry.committer.submit(act)).replayed
    assert (await registry.committer.submit(act)).replayed


# ------------------------------------------------------------------------------------------ endings


async def test_retired_credits_are_gone_and_said_for_what(registry: Register) -> None:
    holders = await rich(registry)
    movement = await retire(registry, holders.owner, holders.account, oldest(12))
    assert (movement.to_account.id, movement.credits) == (RETIRED, 12)
    async with registry.read() as connection:
        row = await store.find_ending(connection, movement.log_index)
        assert await store.find_ending(connection, movement.log_index - 1) is None
    assert row is not None
    assert (row.kind, row.account_id, row.credits) == (EntryKind.RETIRED, holders.account.id, 12)
    assert (row.purpose_code, row.visibility) == ("organisation", Visibility.PUBLIC)
    assert row.statement == BENEFICIARY
    assert row.happened_on == bangkok_date(row.recorded_at)
    leaf = await leaf_of(registry, movement.log_index)
    assert leaf["kind"] == "credits.retired"
    assert leaf["data"]["purpose"] == "organisation"
    assert leaf["data"]["happened_on"] == row.happened_on.isoformat()


async def test_nothing_of_a_statement_stands_in_the_log(registry: Register) -> None:
    """Only a commitment, which the salt and the statement open."""
    holders = await rich(registry)
    movement = await retire(registry, holders.owner, holders.account, oldest(1))
    async with registry.read() as connection:
        leaf = (await log_store.get_entry(connection, movement.log_index)).leaf
        row = await store.find_ending(connection, movement.log_index)
    assert row is not None
    assert row.salt is not None
    for word in (
        BENEFICIARY.beneficiary_name,
        BENEFICIARY.beneficiary_identifier or "",
        BENEFICIARY.reason or "",
        row.salt.hex(),
    ):
        assert word.encode() not in leaf
        assert json.dumps(word).strip('"').encode() not in leaf
    statement = {
        "beneficiary": BENEFICIARY.beneficiary_name,
        "kind": "person",
        "identifier": BENEFICIARY.beneficiary_identifier,
        "reason": BENEFICIARY.reason,
    }
    assert row.commitment == commitment(row.salt, canonical_bytes(statement).decode())
    assert json.loads(leaf)["data"]["statement"] == row.commitment


async def test_an_erased_statement_leaves_the_ending(registry: Register) -> None:
    """A person's name can be taken away; that credits ended cannot."""
    holders = await rich(registry)
    movement = await retire(registry, holders.owner, holders.account, oldest(1))
    command = ErasePerson((movement.log_index,))
    administrator = holders.administrator
    await registry.do(administrator, lambda pen: erase_person(pen, administrator, command))
    async with registry.read() as connection:
        row = await store.find_ending(connection, movement.log_index)
        listed = await store.list_endings(
            connection, kinds=(EntryKind.RETIRED,), account_id=None, after=None, limit=10
        )
    assert row is not None
    assert (row.statement, row.salt) == (None, None)
    assert listed == [row]
    assert row.commitment == (await leaf_of(registry, row.log_index))["data"]["statement"]


async def test_cancelling_is_not_retiring(registry: Register) -> None:
    """They end in different accounts, and are listed apart."""
    holders = await rich(registry)
    retired = await retire(registry, holders.owner, holders.account, oldest(1))
    ending = an_ending(EntryKind.CANCELLED)
    cancelled = await retire(registry, holders.owner, holders.account, oldest(2), ending)
    assert cancelled.to_account.id == CANCELLED

    async def listed(
        connection: AsyncConnection,
        *kinds: EntryKind,
        account_id: int | None = None,
        after: int | None = None,
        limit: int = 10,
        first: int = 0,
    ) -> list[int]:
        rows = await store.list_endings(
            connection, kinds=kinds, account_id=account_id, after=after, limit=limit, first=first
        )
        return [row.log_index for row in rows]

    both = (EntryKind.RETIRED, EntryKind.CANCELLED)
    async with registry.read() as connection:
        assert await listed(connection, EntryKind.RETIRED) == [retired.log_index]
        assert await listed(connection, EntryKind.CANCELLED) == [cancelled.log_index]
        assert await listed(connection, *both) == [cancelled.log_index, retired.log_index]
        assert await listed(connection, *both, limit=1) == [cancelled.log_index]
        assert await listed(connection, *both, after=cancelled.log_index) == [retired.log_index]
        assert await listed(connection, *both, first=cancelled.log_index) == [cancelled.log_index]
        assert await listed(connection, *both, first=cancelled.log_index + 1) == []
        own = holders.account.id
        assert await listed(connection, EntryKind.RETIRED, account_id=own) == [retired.log_index]
        assert await listed(connection, *both, account_id=holders.elsewhere.id) == []


async def test_nothing_leaves_where_credits_end(registry: Register, database_url: str) -> None:
    """Not by any act; nor by the hand of the database's owner, short of taking the guard away."""
    holders = await rich(registry)
    await retire(registry, holders.owner, holders.account, named((X, 1, 5)))
    with pytest.raises(SerialsNotHeldError):
        await move(registry, holders.owner, holders.account, holders.elsewhere, named((X, 5, 6)))
    engine = make_engine(database_url, connections_max=1, role=None)
    with pytest.raises(Exception, match="credits cannot leave account 4"):
        async with engine.begin() as owner:
            await owner.execute(text("UPDATE blocks SET account_id = 1001 WHERE account_id = 4"))
    await engine.dispose()


async def test_a_purpose_is_one_of_those_in_use(registry: Register) -> None:
    holders = await rich(registry)
    for purpose in PURPOSES:
        await retire(
            registry, holders.owner, holders.account, oldest(1), an_ending(purpose=purpose)
        )
    with pytest.raises(PurposeUnknownError) as refusal:
        await retire(
            registry, holders.owner, holders.account, oldest(1), an_ending(purpose="other")
        )
    assert refusal.value.facts == {"allowed": "organisation, event"}


async def test_an_ending_counts_for_a_day_up_to_today(registry: Register) -> None:
    holders = await rich(registry)
    today = bangkok_date(now())
    for day in (date(2020, 2, 29), today):
        ending = an_ending(happened_on=day)
        movement = await retire(registry, holders.owner, holders.account, oldest(1), ending)
        assert movement.ended is not None
        assert movement.ended.ending.happened_on == day
    ahead = an_ending(happened_on=bangkok_date(now()) + timedelta(days=1))
    with pytest.raises(DateAheadError):
        await retire(registry, holders.owner, holders.account, oldest(1), ahead)


async def test_several_retirements_in_one_commit_keep_their_own_statements(
    registry: Register,
) -> None:
    holders = await rich(registry)
    names = [f"ผู้รับ {number}" for number in range(3)]
    done = await together(
        *(
            retire(
                registry,
                holders.owner,
                holders.account,
                oldest(2),
                an_ending(statement=replace(BENEFICIARY, beneficiary_name=name, reason=None)),
            )
            for name in names
        )
    )
    async with registry.read() as connection:
        for movement, name in zip(done, names, strict=True):
            row = await store.find_ending(connection, movement.log_index)
            assert row is not None
            assert row.statement is not None
            assert row.statement.beneficiary_name == name
            assert row.statement.reason is None


# --------------------------------------------------------------------------------------- the buffer


async def buffered(registry: Register) -> Holders:
    holders = await two_holders(registry)
    await a_batch(
        registry, holders.administrator, holders.account, credits_made=100, buffer_credits=20
    )
    return holders


async def release(
    registry: Register, actor: Actor, receiver: int, choice: Choice, decision: str = "อบก. 1/2569"
) -> Movement:
    command = operations.ReleaseBuffer(receiver, choice, decision)
    return await registry.do(
        actor,
        lambda pen: operations.release_buffer(pen, actor, command),
        touches=command.touches(),
    )


async def test_buffer_credits_are_released_by_a_decision(registry: Register) -> None:
    holders = await buffered(registry)
    movement = await release(registry, holders.approver, holders.account.id, oldest(5, batch=X))
    assert ranges_of(movement) == [(X, 81, 85)]
    leaf = await leaf_of(registry, movement.log_index)
    assert (leaf["kind"], leaf["data"]["decision"]) == ("buffer.released", "อบก. 1/2569")
    with pytest.raises(InsufficientCreditsError):
        await release(registry, holders.approver, holders.account.id, oldest(16, batch=X))


async def test_only_approvers_of_tgo_decide_on_the_buffer(registry: Register) -> None:
    holders = await buffered(registry)
    for actor in (holders.owner, holders.officer, holders.administrator, holders.auditor):
        with pytest.raises(NotAllowedError):
            await release(registry, actor, holders.account.id, oldest(1))
        with pytest.raises(NotAllowedError):
            await cancel_buffer(registry, actor, oldest(1))


async def test_the_buffer_is_released_to_holders_only(registry: Register) -> None:
    holders = await buffered(registry)
    with pytest.raises(RegistryAccountError):
        await release(registry, holders.approver, RETIRED, oldest(1))
    with pytest.raises(AccountNotFoundError):
        await release(registry, holders.approver, 9_999, oldest(1))
    with pytest.raises(ChoiceUnclearError):
        await release(registry, holders.approver, holders.account.id, Choice())
    administrator = holders.administrator
    await registry.do(
        administrator,
        lambda pen: operations.close_account(
            pen, administrator, holders.elsewhere.id, expected_version=1
        ),
    )
    with pytest.raises(RegistryError) as refusal:
        await release(registry, holders.approver, holders.elsewhere.id, oldest(1))
    assert refusal.value.code == "account_closed"


async def cancel_buffer(registry: Register, actor: Actor, choice: Choice) -> Movement:
    ending = an_ending(EntryKind.BUFFER_CANCELLED)
    command = operations.End(BUFFER, choice, ending, PURPOSES)
    return await registry.do(
        actor,
        lambda pen: operations.cancel_buffer(pen, actor, command),
        touches=command.touches(),
    )


async def test_buffer_credits_are_cancelled_against_a_reversal(registry: Register) -> None:
    holders = await buffered(registry)
    movement = await cancel_buffer(registry, holders.approver, oldest(20))
    assert (movement.to_account.id, movement.credits) == (CANCELLED, 20)
    assert (await leaf_of(registry, movement.log_index))["kind"] == "buffer.cancelled"
    with pytest.raises(InsufficientCreditsError):
        await cancel_buffer(registry, holders.approver, oldest(1))
    with pytest.raises(ChoiceUnclearError):
        await cancel_buffer(registry, holders.approver, Choice())


async def test_the_clock_going_back_does_not_turn_the_order_of_times(registry: Registry) -> None:
    """The pen's time never runs behind the last entry of the log."""
    holders = await rich(registry)
    registry.committer._now = lambda: datetime(2020, 1, 1, tzinfo=UTC)
    before = await log_head_time(registry)
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))
    assert movement.recorded_at == before


async def log_head_time(registry: Register) -> datetime:
    async with registry.read() as connection:
        return (await log_store.get_head(connection)).recorded_at


# -------------------------------------------------------------------------------- a wrong memory


def remember(book: Book) -> None:
    """What a committer would know: serials 1 to 10 of one batch are in account 1001."""
    for number in (1001, 1002):
        book.know_account(
            Account(number, None, AccountKind.HOLDING, AccountStatus.OPEN, "", 1, now()), 10
        )
    book.know_block(Block(batch_id(2024, 1), 1, 10, 1001, 34))
    book.know_balance((1001, batch_id(2024, 1)), 10)
    book.know_balance((1002, batch_id(2024, 1)), None)


def forget_a_split(book: Book) -> None:
    book.blocks[batch_id(2024, 1), 1].last = 9


def forget_a_movement(book: Book) -> None:
    book.blocks[batch_id(2024, 1), 1].log_index = 33


def believe_in_more_credits(book: Book) -> None:
    book.balances[1001, batch_id(2024, 1)] = 11


def forget_a_row(book: Book) -> None:
    book._stored_pairs.clear()


def make_up_an_account(book: Book) -> None:
    book.know_account(replace(book.accounts[1002], id=1_003), 0)
    book.know_balance((1_003, batch_id(2024, 1)), None)


@pytest.mark.parametrize(
    ("mistake", "sqlstate"),
    [
        (lambda _: None, None),
        (forget_a_split, "40001"),
        (forget_a_movement, "40001"),
        (believe_in_more_credits, "40001"),
        (forget_a_row, "40001"),
        (make_up_an_account, "40001"),
    ],
    ids=["no mistake", "a split", "a movement", "a balance", "a row", "an account"],
)
async def test_a_wrong_memory_can_only_fail(
    registry: Registry, mistake: Callable[[Book], None], sqlstate: str | None
) -> None:
    """Every row that changes must still be what it was decided on."""
    holders = await two_holders(registry)
    minted = await a_batch(registry, holders.administrator, holders.account, credits_made=10)
    assert (minted.log_index, holders.account.id) == (await log_size(registry) - 1, 1001)
    async with registry.engine.connect() as connection, connection.begin() as transaction:
        head = await log_store.lock_head(connection)
        pen, book = Pen(connection, now(), head.size), Book()
        pen.lend(book)
        remember(book)
        book.blocks[batch_id(2024, 1), 1].log_index = minted.log_index
        mistake(book)
        index = pen.record(by="x", kind="credits.transferred", subject="x", data={})
        block = book.blocks[batch_id(2024, 1), 1]
        receiver = max(book.accounts)
        moves = [Move(block, block.first, block.last)]
        book.move(moves, to_account=receiver, kind=EntryKind.TRANSFERRED, log_index=index)
        try:
            composed = commit.compose(head, pen, book.page, answers=[], replayed=[])
            await commit.write(connection, composed)
        except asyncpg.PostgresError as failure:
            assert sqlstate_of(failure) == sqlstate  # noqa: PT017  either way is looked at
        else:
            assert sqlstate is None
        await transaction.rollback()


async def test_a_log_that_grew_in_between_is_noticed(registry: Registry) -> None:
    """What was decided at another size of the log is decided again."""
    await two_holders(registry)
    async with registry.engine.connect() as connection, connection.begin() as transaction:
        head = await log_store.lock_head(connection)
        old = replace(head, size=0, peaks=b"")
        pen = Pen(connection, now(), 0)
        pen.lend(Book())
        pen.record(by="x", kind="x.done", subject="x", data={})
        composed = commit.compose(old, pen, Book().page, answers=[], replayed=[])
        with pytest.raises(Exception, match="the log is no longer at size 0") as failure:
            await commit.write(connection, composed)
        assert sqlstate_of(failure.value) == "40001"
        await transaction.rollback()
