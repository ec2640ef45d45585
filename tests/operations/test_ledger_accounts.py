"""Accounts: founded, opened and closed; and what the database itself refuses."""

import pytest
from sqlalchemy import insert, update

from app.registry.founding import found
from app.registry.ledger import operations, store
from app.registry.ledger.refusals import (
    AccountClosedError,
    AccountNotEmptyError,
    AccountNotFoundError,
    AccountStaleError,
    PartyCannotHoldError,
    RegistryAccountError,
)
from app.registry.ledger.rules import (
    BUFFER,
    FIRST_OWNER_ACCOUNT,
    Account,
    AccountKind,
    AccountStatus,
)
from app.registry.log import store as log_store
from app.registry.parties import operations as parties
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import PartyKind, PartyNotFoundError, Role
from tests.builders.ledger import (
    a_batch,
    an_account,
    move,
    oldest,
    retire,
    two_holders,
)
from tests.builders.parties import (
    NOBODY,
    Register,
    a_holder,
    a_party,
    an_actor,
    an_authority,
    do,
    the_administrator,
)
from tests.builders.rows import violates, writing


async def close(registry: Register, actor: Actor, account_id: int, *, version: int = 1) -> Account:
    return await registry.do(
        actor,
        lambda pen: operations.close_account(pen, actor, account_id, expected_version=version),
    )


async def test_a_founded_register_has_its_own_accounts(registry: Register) -> None:
    """Where credits come from, wait and end; nobody owns them."""
    async with registry.read() as connection:
        found_accounts = await store.list_accounts(
            connection, owner_party_id=None, after=0, limit=10
        )
    assert [account.kind for account, _ in found_accounts.rows] == [
        AccountKind.SOURCE,
        AccountKind.BUFFER,
        AccountKind.TRANSIT,
        AccountKind.RETIRED,
        AccountKind.CANCELLED,
        AccountKind.EXPORTED,
    ]
    assert [account.id for account, _ in found_accounts.rows] == [1, 2, 3, 4, 5, 6]
    assert {account.owner_party_id for account, _ in found_accounts.rows} == {None}
    assert {total for _, total in found_accounts.rows} == {0}


async def test_a_register_is_founded_once(registry: Register) -> None:
    """It is asked for at every start."""
    async with registry.read() as connection:
        size = (await log_store.get_head(connection)).size
    assert await registry.do(NOBODY, found) is False
    async with registry.read() as connection:
        assert (await log_store.get_head(connection)).size == size


async def test_an_opened_account_is_read_back(registry: Register) -> None:
    holders = await two_holders(registry)
    account = holders.account
    assert account.id == FIRST_OWNER_ACCOUNT
    assert holders.elsewhere.id == FIRST_OWNER_ACCOUNT + 1
    assert (account.kind, account.status, account.version) == ("holding", "open", 1)
    async with registry.read() as connection:
        assert await store.get_account(connection, account.id) == account
        head = await log_store.get_head(connection)
        (entry,) = await log_store.list_entries_about(
            connection, account.number, after=-1, rows_max=10
        )
        assert (entry.kind, entry.recorded_at) == ("account.opened", account.opened_at)
        assert entry.log_index < head.size
        with pytest.raises(AccountNotFoundError):
            await store.get_account(connection, 9_999)


async def test_a_party_may_have_several_accounts(registry: Register) -> None:
    holders = await two_holders(registry)
    second = await an_account(registry, holders.administrator, holders.owner, name="Second")
    async with registry.read() as connection:
        found_accounts = await store.list_accounts(
            connection, owner_party_id=holders.owner.party_id, after=0, limit=10
        )
        assert [account for account, _ in found_accounts.rows] == [holders.account, second]
        after = await store.list_accounts(
            connection, owner_party_id=holders.owner.party_id, after=holders.account.id, limit=10
        )
        assert [account for account, _ in after.rows] == [second]
        assert await store.find_any_account(connection, holders.owner.party_id) is not None
        assert await store.find_any_account(connection, holders.administrator.party_id) is None


async def test_accounts_are_opened_by_administrators_only(registry: Register) -> None:
    officials = await an_authority(registry)
    owner = await a_holder(registry)
    for actor in (
        officials[Role.OFFICER],
        officials[Role.APPROVER],
        officials[Role.AUDITOR],
        owner,
    ):
        with pytest.raises(NotAllowedError):
            await an_account(registry, actor, owner)
    await an_account(registry, officials[Role.ADMINISTRATOR], owner)


async def test_nobody_opens_an_account_for_nobody(registry: Register) -> None:
    administrator = await the_administrator(registry)
    command = operations.OpenAccount("pty_01kb5b1j0dfz5r5d8r4v5e2c3a", "Holdings")
    with pytest.raises(PartyNotFoundError):
        await do(registry, administrator, operations.open_account, command)


@pytest.mark.parametrize("kind", [PartyKind.VVB, PartyKind.AUTHORITY])
async def test_who_verifies_or_issues_holds_nothing(registry: Register, kind: PartyKind) -> None:
    administrator = await the_administrator(registry)
    party = (
        administrator.party_id
        if kind is PartyKind.AUTHORITY
        else (await a_party(registry, kind)).id
    )
    with pytest.raises(PartyCannotHoldError):
        await do(
            registry, administrator, operations.open_account, operations.OpenAccount(party, "X")
        )


async def test_a_suspended_party_gets_no_account(registry: Register) -> None:
    administrator = await the_administrator(registry)
    party = await a_party(registry, PartyKind.HOLDER)
    actor = await an_actor(registry, party, Role.HOLDER_INITIATOR)
    command = parties.DecideOnParty(party.id, "เอกสารหมดอายุ")
    await do(registry, administrator, parties.suspend_party, command)
    with pytest.raises(PartyCannotHoldError):
        await an_account(registry, administrator, actor)


async def test_an_empty_account_is_closed_for_good(registry: Register) -> None:
    """It takes nothing any more, and cannot be closed again."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account)
    closed = await close(registry, holders.administrator, holders.elsewhere.id)
    assert (closed.status, closed.version) == (AccountStatus.CLOSED, 2)
    async with registry.read() as connection:
        assert await store.get_account(connection, closed.id) == closed
    with pytest.raises(AccountClosedError):
        await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))
    with pytest.raises(AccountClosedError):
        await close(registry, holders.administrator, closed.id, version=2)


async def test_a_closed_account_gives_and_receives_nothing(registry: Register) -> None:
    holders = await two_holders(registry)
    await close(registry, holders.administrator, holders.elsewhere.id)
    with pytest.raises(AccountClosedError):
        await move(registry, holders.other, holders.elsewhere, holders.account, oldest(1))
    with pytest.raises(AccountClosedError):
        await retire(registry, holders.other, holders.elsewhere, oldest(1))
    with pytest.raises(AccountClosedError):
        await a_batch(registry, holders.administrator, holders.elsewhere)


async def test_an_account_that_holds_one_credit_is_not_closed(registry: Register) -> None:
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, credits_made=1)
    with pytest.raises(AccountNotEmptyError) as refusal:
        await close(registry, holders.administrator, holders.account.id)
    assert refusal.value.facts == {"account": holders.account.number, "held": 1}
    await retire(registry, holders.owner, holders.account, oldest(1))
    await close(registry, holders.administrator, holders.account.id)


async def test_closing_needs_the_version_that_was_read(registry: Register) -> None:
    holders = await two_holders(registry)
    for version in (0, 2):
        with pytest.raises(AccountStaleError):
            await close(registry, holders.administrator, holders.account.id, version=version)


async def test_who_may_not_open_may_not_close(registry: Register) -> None:
    holders = await two_holders(registry)
    for actor in (holders.owner, holders.officer, holders.approver, holders.auditor):
        with pytest.raises(NotAllowedError):
            await close(registry, actor, holders.account.id)


async def test_the_registrys_own_accounts_stay_open(registry: Register) -> None:
    administrator = await the_administrator(registry)
    with pytest.raises(RegistryAccountError):
        await close(registry, administrator, BUFFER)
    with pytest.raises(AccountNotFoundError):
        await close(registry, administrator, 9_999)


async def test_the_database_refuses_accounts_that_cannot_be(
    registry: Register, database_url: str
) -> None:
    """Should a rule be forgotten: an owner for the registry's own, none for a holding."""
    holders = await two_holders(registry)
    account = {
        "kind": "holding",
        "status": "open",
        "name": "",
        "version": 1,
        "opened_at": holders.account.opened_at,
    }
    owned = account | {"owner_party_id": holders.owner.party_id}
    refused = [
        ({"id": 2_000} | account, "ck_accounts_holdings_are_owned"),
        ({"id": 999} | owned, "ck_accounts_registry_accounts_come_first"),
        ({"id": 2_000} | owned | {"status": "closed"}, "ck_accounts_closed_at"),
        ({"id": 2_000} | owned | {"status": "asleep"}, "ck_accounts_status"),
        ({"id": 2_000} | account | {"owner_party_id": "pty_x"}, "fk_accounts_owner_party_id"),
        ({"id": holders.account.id} | owned, "pk_accounts"),
    ]
    async with writing(database_url) as connection:
        for row, constraint in refused:
            await violates(connection, insert(store.accounts).values(row), constraint)
        await violates(connection, update(store.accounts).values(kind="wallet"), "ck_accounts_kind")
