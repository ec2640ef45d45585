"""What the database itself refuses of sessions, codes and confirmations, whoever writes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel import clock
from app.kernel.db import noting
from app.kernel.encoding import sha256
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.parties.store import api_keys
from app.registry.signin import operations, store
from app.registry.signin.rules import EndReason, Guesses, Scope, Session
from app.registry.signin.store import (
    TotpSecret,
    confirmations,
    recovery_codes,
    refresh_tokens,
    sessions,
    sign_in_guesses,
    totp_secrets,
)
from tests.builders.parties import a_holder, do, the_administrator
from tests.builders.rows import violates, writing
from tests.conftest import Registry

SECRET = "otp_01kb5b1j0dfz5r5d8r4v5e2c3a"
DIGEST = "ab" * 32


@pytest.fixture
async def user_id(registry: Registry) -> str:
    return (await a_holder(registry)).user_id


@pytest.fixture
async def connection(registry: Registry, user_id: str) -> AsyncIterator[AsyncConnection]:
    assert user_id
    async with writing(registry.url) as opened:
        yield opened


async def a_session(connection: AsyncConnection, user_id: str, digest: bytes) -> Session:
    made = operations.SignIn(user_id, "local", None)
    return await operations.begin_session(connection, made, digest=digest, now=clock.now())


async def test_what_has_ended_or_was_used_stays_so(
    connection: AsyncConnection, user_id: str
) -> None:
    now = clock.now()
    session = await a_session(connection, user_id, sha256(b"1"))
    await operations.refresh(
        connection, session, used=sha256(b"1"), following=sha256(b"2"), now=now
    )
    unused: Any = {"used_at": None}
    await violates(connection, update(refresh_tokens).values(unused), "refresh_token_is_used_once")
    await store.update_session_ended(
        connection, session.id, user_id=user_id, reason=EndReason.REUSED, now=now
    )
    for values in (
        {"ended_at": None, "end_reason": None},
        {"ended_at": now + timedelta(seconds=1)},
        {"expires_at": now + timedelta(days=1)},
    ):
        await violates(connection, update(sessions).values(values), "session_ends_once")


async def test_a_session_has_one_token_that_can_be_used(
    connection: AsyncConnection, user_id: str
) -> None:
    session = await a_session(connection, user_id, sha256(b"1"))
    more = insert(refresh_tokens).values(
        digest=sha256(b"2"), session_id=session.id, issued_at=clock.now()
    )
    await violates(connection, more, "uq_refresh_tokens_open")
    short = insert(refresh_tokens).values(
        digest=b"the token itself", session_id=session.id, issued_at=clock.now()
    )
    await violates(connection, short, "ck_refresh_tokens_digest_length")


async def test_a_step_only_grows(connection: AsyncConnection, user_id: str) -> None:
    now = clock.now()
    await store.insert_totp(connection, TotpSecret(SECRET, user_id, b"sealed", None), now=now)
    assert not await store.update_step(connection, SECRET, step=99)  # not confirmed
    assert await store.update_totp_confirmed(connection, SECRET, step=100, now=now)
    assert not await store.update_step(connection, SECRET, step=100)
    assert await store.update_step(connection, SECRET, step=101)
    for step in (100, 101, None):
        await violates(
            connection, update(totp_secrets).values(last_step=step), "totp_step_only_grows"
        )
    gone = update(totp_secrets).values(removed_at=now)
    await violates(connection, gone, "ck_totp_secrets_removed_is_gone")
    second = insert(totp_secrets).values(
        id=SECRET[:-1] + "b",
        user_id=user_id,
        sealed=b"sealed",
        created_at=now,
        confirmed_at=now,
        last_step=1,
    )
    await violates(connection, second, "uq_totp_secrets_confirmed")
    assert await store.update_totp_removed(connection, user_id, now=now)
    await connection.execute(second)


async def test_a_recovery_code_is_used_once(connection: AsyncConnection, user_id: str) -> None:
    now = clock.now()
    await store.insert_recovery_codes(connection, user_id, [sha256(b"1")], now=now)
    assert await store.update_recovery_code_used(connection, user_id, sha256(b"1"), now=now)
    assert not await store.update_recovery_code_used(connection, user_id, sha256(b"1"), now=now)
    again: Any = {"used_at": None}
    await violates(connection, update(recovery_codes).values(again), "recovery_code_is_used_once")


async def test_a_confirmation_is_short_and_used_once(
    connection: AsyncConnection, user_id: str
) -> None:
    now = clock.now()
    row = {
        "id": "cnf_01kb5b1j0dfz5r5d8r4v5e2c3a",
        "user_id": user_id,
        "digest": DIGEST,
        "created_at": now,
        "expires_at": now + timedelta(minutes=5),
    }
    long = row | {"expires_at": now + timedelta(minutes=5, seconds=1)}
    await violates(connection, insert(confirmations).values(long), "ck_confirmations_short")
    words = row | {"digest": "retire 5"}
    await violates(connection, insert(confirmations).values(words), "ck_confirmations_digest")
    await connection.execute(insert(confirmations).values(row))
    late = now + timedelta(minutes=5)
    assert not await operations.use_confirmation(
        connection, user_id=user_id, digest=DIGEST, now=late
    )
    used_late = update(confirmations).values(used_at=late)
    await violates(connection, used_late, "ck_confirmations_used_in_time")
    assert await operations.use_confirmation(connection, user_id=user_id, digest=DIGEST, now=now)
    assert not await operations.use_confirmation(
        connection, user_id=user_id, digest=DIGEST, now=now
    )
    for values in ({"used_at": None}, {"digest": "cd" * 32}):
        await violates(
            connection, update(confirmations).values(values), "confirmation_is_used_once"
        )


async def test_two_confirmations_are_taken_one_by_one(
    connection: AsyncConnection, user_id: str
) -> None:
    now = clock.now()
    for number in range(2):
        await store.insert_confirmation(
            connection,
            f"cnf_01kb5b1j0dfz5r5d8r4v5e2c3{number}",
            user_id=user_id,
            digest=DIGEST,
            now=now,
            expires_at=now + timedelta(minutes=1),
        )
    took = [
        await operations.use_confirmation(connection, user_id=user_id, digest=DIGEST, now=now)
        for _ in range(3)
    ]
    assert took == [True, True, False]


async def test_a_key_keeps_its_limits(connection: AsyncConnection, user_id: str) -> None:
    now = clock.now()
    row = {
        "id": "key_01kb5b1j0dfz5r5d8r4v5e2c3a",
        "user_id": user_id,
        "label": "Meter",
        "secret_sha256": bytes(32),
        "created_at": now,
        "scopes": ["move_credits"],
        "expires_at": now + timedelta(days=1),
    }
    for change, constraint in (
        ({"scopes": []}, "ck_api_keys_has_scope"),
        ({"addresses": []}, "ck_api_keys_has_address"),
        ({"expires_at": now}, "ck_api_keys_works_at_first"),
    ):
        await violates(connection, insert(api_keys).values(row | change), constraint)
    await connection.execute(insert(api_keys).values(row))
    for values in ({"scopes": None}, {"expires_at": now + timedelta(days=2)}):
        await violates(connection, update(api_keys).values(values), "api_key_keeps_its_limits")


async def test_erasing_a_person_leaves_nothing_of_how_they_signed_in(registry: Registry) -> None:
    """From where they came is personal; and nobody becomes them again."""
    holder, other = await a_holder(registry), await a_holder(registry)
    now = clock.now()
    async with noting(registry.engine) as writes:
        for number, actor in enumerate((holder, other)):
            await a_session(writes, actor.user_id, sha256(b"%d" % number))
            secret = TotpSecret(f"{SECRET[:-1]}{number}", actor.user_id, b"sealed", None)
            await store.insert_totp(writes, secret, now=now)
            await store.insert_recovery_codes(writes, actor.user_id, [sha256(b"1")], now=now)
            await _confirmed(writes, actor.user_id, number, now)
    administrator = await the_administrator(registry)
    await do(registry, administrator, erase_person, ErasePerson(user_id=holder.user_id))
    async with registry.read() as reads:
        for table in (sessions, totp_secrets, recovery_codes, confirmations):
            left = (await reads.execute(select(table.c.user_id))).scalars().all()
            assert left == [other.user_id], table.name
        assert len((await reads.execute(select(refresh_tokens))).all()) == 1


async def _confirmed(connection: AsyncConnection, user_id: str, number: int, now: datetime) -> None:
    await store.insert_confirmation(
        connection,
        f"cnf_01kb5b1j0dfz5r5d8r4v5e2c3{number}",
        user_id=user_id,
        digest=DIGEST,
        now=now,
        expires_at=now + timedelta(minutes=1),
    )


async def test_what_is_over_for_long_is_forgotten(registry: Registry) -> None:
    holder = await a_holder(registry)
    now = clock.now()
    async with noting(registry.engine) as writes:
        session = await a_session(writes, holder.user_id, sha256(b"1"))
        old = replace(
            session,
            id="ses_01kb5b1j0dfz5r5d8r4v5e2c3a",
            created_at=now - timedelta(days=40),
            last_used_at=now - timedelta(days=40),
            expires_at=now - timedelta(days=39),
        )
        await store.insert_session(writes, old, digest=sha256(b"2"))
        names = {scope: bytes([number]) * 32 for number, scope in enumerate(Scope)}
        for age in (timedelta(days=91), timedelta(days=2), timedelta(0)):
            counted = [
                Guesses(scope, name[:-1] + bytes([age.days]), 1, now - age)
                for scope, name in names.items()
            ]
            await store.update_guesses(writes, counted)
        await operations.forget_guesses(writes, now=now)
        await a_session(writes, holder.user_id, sha256(b"3"))
        left = (await writes.execute(select(sessions.c.id))).scalars().all()
        assert len(left) == 2
        assert old.id not in left
        kept = (await writes.execute(select(sign_in_guesses.c.scope))).scalars().all()
    # Everybody's row is never removed, and a known address is for ninety days.
    assert sorted(kept) == sorted(["account", "address", "known", "known"] + ["everybody"] * 4)
