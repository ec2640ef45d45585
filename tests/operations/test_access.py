"""What the database itself refuses of records of access and of passkeys, whoever writes."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel import clock
from app.kernel.clock import bangkok_date
from app.kernel.db import constraint_of, make_engine, noting, sqlstate_of
from app.kernel.encoding import sha256
from app.kernel.ids import new_id
from app.registry.parties.policy import Actor
from app.registry.programmes.keys import RuleKey
from app.registry.programmes.operations import SetRule, set_rule
from app.registry.signin import operations, store
from app.registry.signin.operations import By, an_access
from app.registry.signin.rules import Access, AccessKind, Passkey, Purpose
from app.registry.signin.store import access_records, passkey_challenges, passkeys
from tests.builders.parties import a_holder, the_administrator
from tests.builders.rows import violates
from tests.conftest import Registry

ONLY_ADDED_TO = "access_is_only_added_to"


@pytest.fixture
async def holder(registry: Registry) -> Actor:
    return await a_holder(registry)


@pytest.fixture
async def connection(registry: Registry, holder: Actor) -> AsyncIterator[AsyncConnection]:
    """As the owner of the tables, whom rights do not hold; nothing of it is committed."""
    assert holder.user_id
    engine = make_engine(registry.url, connections_max=1, role=None)
    async with engine.connect() as opened, opened.begin() as transaction:
        yield opened
        await transaction.rollback()
    await engine.dispose()


def a_record(user_id: str, *, days_ago: int = 0) -> Access:
    by, at = By(user_id, "203.0.113.7"), clock.now() - timedelta(days=days_ago)
    return an_access(by, AccessKind.SIGNED_IN, "password", about=user_id, now=at)


async def test_records_are_only_added_to_even_by_the_owner(
    connection: AsyncConnection, holder: Actor
) -> None:
    await store.insert_access(connection, [a_record(holder.user_id)])
    for values in (
        {"network": None},  # they were not erased
        {"network": "198.51.100.1"},
        {"by": None},
        {"at": clock.now()},
    ):
        await violates(connection, update(access_records).values(values), ONLY_ADDED_TO)
    await violates(connection, delete(access_records), ONLY_ADDED_TO)
    await violates(connection, text("TRUNCATE access_records"), "access_is_not_emptied")
    for values in ({"what": "มะลิ"}, {"about": "mali@example.org"}, {"by": "mali"}):
        record = {
            **asdict(a_record(holder.user_id)),
            **values,
        }
        name = f"ck_access_records_{next(iter(values))}"
        await violates(connection, insert(access_records).values(record), name)


async def test_the_service_has_no_right_to_change_or_remove_one(
    registry: Registry, holder: Actor
) -> None:
    async with noting(registry.engine) as connection:
        await store.insert_access(connection, [a_record(holder.user_id)])
        # The erased alone lose from where they came: this does nothing to anybody else.
    async with registry.engine.connect() as connection:
        with pytest.raises(DBAPIError) as refused:
            await store.update_networks_forgotten(connection, holder.user_id)
        assert constraint_of(refused.value) == ONLY_ADDED_TO
    for statement in (delete(access_records), update(access_records).values(network=None)):
        async with registry.engine.connect() as connection:
            with pytest.raises(DBAPIError) as refused:
                await connection.execute(statement)
            assert sqlstate_of(refused.value) == "42501"


async def test_records_go_when_the_rule_of_the_day_says_so(
    registry: Registry, holder: Actor
) -> None:
    ages = (4_000, 3_600, 400, 0)  # by the founding value they are kept for ten years
    kept = [a_record(holder.user_id, days_ago=days) for days in ages]

    async def left(*, rows_max: int = 10) -> list[str]:
        async with noting(registry.engine) as connection:
            await operations.drop_old_access(connection, rows_max=rows_max)
            found = select(access_records.c.id).order_by(access_records.c.at)
            return list((await connection.execute(found)).scalars())

    async with noting(registry.engine) as connection:
        await operations.keep_access(connection, kept)
    assert await left() == [record.id for record in kept[1:]]
    administrator = await the_administrator(registry)
    command = SetRule(
        None,
        RuleKey.ACCESS_RECORD_YEARS,
        "1",
        bangkok_date(clock.now()),
        valid_to=None,
        source="A test",
        is_default=False,
    )
    await registry.do(administrator, lambda pen: set_rule(pen, administrator, command))
    assert await left(rows_max=1) == [record.id for record in kept[2:]]
    assert await left() == [kept[3].id]


def a_passkey(user_id: str, *, sign_count: int = 5) -> Passkey:
    return Passkey(
        new_id("pky"), user_id, sha256(b"id"), sha256(b"key"), sign_count, "Phone", clock.now()
    )


async def test_a_passkey_counts_on_and_stays_itself(
    connection: AsyncConnection, holder: Actor
) -> None:
    passkey = a_passkey(holder.user_id)
    await store.insert_passkey(connection, passkey)
    now = clock.now()
    assert await store.update_passkey_used(connection, passkey.id, sign_count=6, now=now)
    for count in (6, 5, 0):
        assert not await store.update_passkey_used(
            connection, passkey.id, sign_count=count, now=now
        )
        counted = update(passkeys).values(sign_count=count)
        await violates(connection, counted, "passkey_count_only_grows")
    for column in ("credential_id", "public_key"):
        other = update(passkeys).values({column: sha256(b"another")})
        await violates(connection, other, "passkey_stays_itself")
    values = asdict(a_passkey(holder.user_id))
    again = insert(passkeys).values(values)
    await violates(connection, again, "uq_passkeys_credential_id")


async def test_an_authenticator_that_does_not_count_is_taken(
    connection: AsyncConnection, holder: Actor
) -> None:
    passkey = a_passkey(holder.user_id, sign_count=0)
    await store.insert_passkey(connection, passkey)
    for count, taken in ((0, True), (0, True), (3, True), (0, False)):
        assert taken is await store.update_passkey_used(
            connection, passkey.id, sign_count=count, now=clock.now()
        )


async def test_a_challenge_is_somebodys_and_short(
    connection: AsyncConnection, holder: Actor
) -> None:
    now = clock.now()
    made = await operations.ask_challenge(
        connection, Purpose.REGISTER, user_id=holder.user_id, network="local", now=now
    )
    values = asdict(made)
    new = {**values, "challenge": sha256(b"another")}
    for name, wrong in (
        ("short", {"expires_at": now + timedelta(minutes=6)}),
        ("whose", {"user_id": None}),
        ("challenge", {"challenge": b"short"}),
        ("challenge", {"purpose": "confirm"}),
        ("purpose", {"purpose": "anything"}),
    ):
        statement = insert(passkey_challenges).values({**new, **wrong})
        await violates(connection, statement, f"ck_passkey_challenges_{name}")
    later = update(passkey_challenges).values(expires_at=now + timedelta(minutes=1))
    await violates(connection, later, "challenge_stays_itself")
