"""Taking over history on a real database: sources, blocks, retirements, what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from app.registry.history import store
from app.registry.history.fitting import Block, Taken
from app.registry.history.operations import (
    OpenSource,
    RetireTakenOver,
    TakeOverBlock,
    get_known_blocks,
    get_purposes,
    open_source,
    retire_taken_over,
    take_over_block,
)
from app.registry.history.refusals import (
    MoreThanIssuedError,
    SourceCodeTakenError,
    SourceNotFoundError,
)
from app.registry.history.rules import RetirementRow
from app.registry.history.store import Source
from app.registry.ledger.operations import Movement, OpenAccount, Transfer, open_account, transfer
from app.registry.ledger.refusals import (
    PurposeUnknownError,
    SerialPrefixTakenError,
    SerialsNotHeldError,
)
from app.registry.ledger.rules import Batch, Choice, EntryKind
from app.registry.ledger.serials import SerialRange
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import Role
from tests.builders.history import CAR, TODAY
from tests.builders.parties import (
    Register,
    a_holder,
    a_user,
    actor_of,
    an_authority,
    do,
    the_administrator,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CALLED = OpenSource("CAR", "Climate Action Reserve", CAR.account_name)
BLOCK = Block("CAR-1", "P1", "Dairy", 2013, 60, 0, 0, 100, date(2014, 2, 7))
ROW = RetirementRow(
    2, "P1", 2013, 10, date(2015, 1, 1), SerialRange("CAR-1", 11, 20), "City Light", "Other", "", 0
)


async def a_source(registry: Register) -> Source:
    return await do(registry, await the_administrator(registry), open_source, CALLED)


async def taking_over(registry: Register, source: Source, block: Block = BLOCK) -> Batch:
    administrator = await the_administrator(registry)
    return await do(registry, administrator, take_over_block, TakeOverBlock(source, block))


async def retiring(registry: Register, source: Source, row: RetirementRow = ROW) -> Movement:
    administrator = await the_administrator(registry)
    command = RetireTakenOver(source, row, "voluntary", ("voluntary",))
    return await do(registry, administrator, retire_taken_over, command)


async def test_a_source_is_opened_once(registry: Register) -> None:
    """The second time nothing is written: running an import again leaves no trace."""
    source = await a_source(registry)
    assert await a_source(registry) == source
    async with registry.read() as connection:
        assert await store.find_source(connection, "CAR") == source
        assert await store.find_source(connection, "VCS") is None
        opened = await connection.scalar(
            text("SELECT count(*) FROM log_entries WHERE kind = 'history.source_opened'")
        )
    assert opened == 1


async def test_a_source_cannot_have_the_code_of_a_programme_of_ours(registry: Register) -> None:
    administrator = await the_administrator(registry)
    with pytest.raises(SourceCodeTakenError):
        await do(registry, administrator, open_source, replace(CALLED, code="CITY"))


async def test_a_block_comes_with_the_serials_it_has_there(registry: Register) -> None:
    source = await a_source(registry)
    batch = await taking_over(registry, source)
    assert (batch.serial_prefix, batch.credits, batch.activity_id) == ("CAR-1", 60, None)
    async with registry.read() as connection:
        assert await get_known_blocks(connection, "CAR") == {"CAR-1": Taken(("P1", 2013), 60)}
        assert await get_known_blocks(connection, "VCS") == {}
        query = text(
            "SELECT b.credits, t.serial_prefix, t.programme_code, t.project_code, t.vintage"
            " FROM balances b JOIN batches t ON t.id = b.batch_id WHERE b.account_id = :account"
        )
        rows = (await connection.execute(query, {"account": source.account_id})).all()
    assert [tuple(row) for row in rows] == [(60, "CAR-1", "CAR", "P1", 2013)]


async def test_no_block_is_taken_over_from_a_source_that_was_not_opened(
    registry: Register,
) -> None:
    administrator = await the_administrator(registry)
    source = Source("CAR", "Climate Action Reserve", administrator.party_id, 1001, NOW, 0)
    with pytest.raises(SourceNotFoundError):
        await taking_over(registry, source)


async def test_the_same_prefix_is_never_taken_over_twice(registry: Register) -> None:
    source = await a_source(registry)
    await taking_over(registry, source)
    with pytest.raises(SerialPrefixTakenError):
        await taking_over(registry, source, BLOCK._replace(credits=40))
    with pytest.raises(SerialPrefixTakenError):
        await taking_over(registry, source, BLOCK._replace(project="P2"))


async def test_blocks_of_a_vintage_hold_all_that_was_issued_and_not_one_more(
    registry: Register,
) -> None:
    """Two imports of different tables at the same time may each have planned for the same room."""
    source = await a_source(registry)
    await taking_over(registry, source)
    with pytest.raises(MoreThanIssuedError):
        await taking_over(registry, source, BLOCK._replace(prefix="CAR-2", credits=41))
    await taking_over(registry, source, BLOCK._replace(prefix="CAR-2", credits=40))
    with pytest.raises(MoreThanIssuedError):
        await taking_over(registry, source, BLOCK._replace(prefix="CAR-3", credits=1))
    await taking_over(registry, source, BLOCK._replace(prefix="CAR-3", credits=1, vintage=2014))


async def test_a_retirement_keeps_its_day_its_serials_and_its_beneficiary(
    registry: Register,
) -> None:
    source = await a_source(registry)
    await taking_over(registry, source)
    movement = await retiring(registry, source, ROW._replace(details="for a client"))
    (moved,) = movement.moved
    assert (movement.kind, moved.first, moved.last) == (EntryKind.RETIRED, 11, 20)
    async with registry.read() as connection:
        query = text(
            "SELECT e.happened_on, e.visibility, e.purpose_code, s.beneficiary_name, s.reason"
            " FROM endings e JOIN ending_statements s USING (log_index)"
        )
        rows = (await connection.execute(query)).all()
    assert [tuple(row) for row in rows] == [
        (date(2015, 1, 1), "public", "voluntary", "City Light", "Other: for a client")
    ]


async def test_no_serial_is_retired_twice_nor_one_that_was_never_there(
    registry: Register,
) -> None:
    source = await a_source(registry)
    with pytest.raises(SerialsNotHeldError):
        await retiring(registry, source)
    await taking_over(registry, source)
    await retiring(registry, source)
    for first, last in ((11, 20), (20, 29), (1, 11), (61, 61), (60, 61)):
        serials = SerialRange("CAR-1", first, last)
        with pytest.raises(SerialsNotHeldError):
            await retiring(registry, source, ROW._replace(serials=serials))


async def test_importing_touches_nobodys_credits_but_the_source_s(registry: Register) -> None:
    """Credits that were sold on belong to who bought them, whatever the tables say later."""
    source = await a_source(registry)
    await taking_over(registry, source)
    holder = await a_holder(registry)
    administrator = await the_administrator(registry)
    account = await do(
        registry, administrator, open_account, OpenAccount(holder.party_id, "Bought")
    )
    seller = actor_of(await a_user(registry, administrator, source.party_id, Role.HOLDER_INITIATOR))
    sold = Choice(ranges=(SerialRange("CAR-1", 11, 20),))
    await do(registry, seller, transfer, Transfer(source.account_id, account.id, sold))
    with pytest.raises(SerialsNotHeldError):
        await retiring(registry, source)
    with pytest.raises(SerialsNotHeldError):
        await retiring(registry, replace(source, account_id=account.id))


async def test_only_an_administrator_imports(registry: Register) -> None:
    actors = await an_authority(registry)
    source = await a_source(registry)
    await taking_over(registry, source)
    holder = await a_holder(registry)
    of_source = await a_user(
        registry, actors[Role.ADMINISTRATOR], source.party_id, Role.HOLDER_INITIATOR
    )
    others = [actor for role, actor in actors.items() if role is not Role.ADMINISTRATOR]
    own = Actor(of_source.id, source.party_id, of_source.party_kind, of_source.roles)
    for actor in (*others, holder, own):
        with pytest.raises(NotAllowedError):
            await do(registry, actor, open_source, CALLED)
        with pytest.raises(NotAllowedError):
            await do(registry, actor, take_over_block, TakeOverBlock(source, BLOCK))
        command = RetireTakenOver(source, ROW, "voluntary", ("voluntary",))
        with pytest.raises(NotAllowedError):
            await do(registry, actor, retire_taken_over, command)


async def test_a_mapping_may_name_only_purposes_that_are_in_use(registry: Register) -> None:
    await the_administrator(registry)
    async with registry.read() as connection:
        assert "voluntary" in await get_purposes(connection, CAR, on=TODAY)
        with pytest.raises(PurposeUnknownError):
            await get_purposes(connection, replace(CAR, purposes={"Other": "on_a_whim"}), on=TODAY)
        assert await get_purposes(connection, replace(CAR, purposes={}), on=TODAY)


async def test_blocks_are_listed_page_by_page(
    registry: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await a_source(registry)
    for number in range(5):
        await taking_over(registry, source, BLOCK._replace(prefix=f"CAR-{number}", credits=20))
    for page_rows in (1, 2, 5, 6):
        monkeypatch.setattr("app.registry.history.operations._PAGE_ROWS", page_rows)
        async with registry.read() as connection:
            assert len(await get_known_blocks(connection, "CAR")) == 5
