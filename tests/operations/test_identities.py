"""What the database itself refuses of identities and of what a provider is asked."""

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel import clock
from app.kernel.db import make_engine
from app.kernel.encoding import sha256
from app.kernel.ids import new_id
from app.registry.parties.policy import Actor
from app.registry.signin import operations, store
from app.registry.signin.rules import Asking, Identity
from app.registry.signin.store import identities, identity_requests
from tests.builders.parties import a_holder
from tests.builders.rows import violates
from tests.conftest import CHECKOUT, Registry

ISSUER = "https://id.example"


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


def an_identity(user_id: str, subject: str = "mali") -> Identity:
    return Identity(new_id("idn"), user_id, ISSUER, subject, clock.now())


async def test_an_identity_stays_itself_and_one_users(
    registry: Registry, connection: AsyncConnection, holder: Actor
) -> None:
    other = await a_holder(registry)
    identity = an_identity(holder.user_id)
    await store.insert_identity(connection, identity)
    again = insert(identities).values(asdict(an_identity(other.user_id)))
    await violates(connection, again, "uq_identities_issuer_subject")
    for column, value in (
        ("user_id", other.user_id),
        ("issuer", "https://another.example"),
        ("subject", "somchai"),
        ("created_at", clock.now() + timedelta(days=1)),
    ):
        changed = update(identities).values({column: value})
        await violates(connection, changed, "identity_stays_itself")
    new = asdict(an_identity(holder.user_id, "another"))
    for name, wrong in (
        ("issuer", "id.example"),
        ("issuer", f"https://{'x' * 500}"),
        ("subject", ""),
        ("subject", "มะลิ"),
        ("subject", "mali\n"),
        ("subject", "x" * 256),
    ):
        statement = insert(identities).values({**new, name: wrong})
        await violates(connection, statement, f"ck_identities_{name}")


async def test_what_is_asked_is_somebodys_short_and_taken_once(
    connection: AsyncConnection, holder: Actor
) -> None:
    now = clock.now()
    identity = an_identity(holder.user_id)
    await store.insert_identity(connection, identity)
    begun = await operations.ask_provider(
        connection, Asking.SIGN_IN, user_id=None, network="local", now=now
    )
    values = {**asdict(begun.asked), "code": None}
    new = {**values, "state": sha256(b"another")}
    for name, wrong in (
        ("short", {"expires_at": now + timedelta(minutes=11)}),
        ("whose", {"user_id": holder.user_id}),
        ("whose", {"purpose": "link"}),
        ("purpose", {"purpose": "anything", "user_id": holder.user_id}),
        ("digests", {"binding": b"short"}),
        ("digests", {"code": b"short"}),
        ("secrets", {"nonce": "short"}),
        ("secrets", {"verifier": ""}),
        ("found", {"identity_id": identity.id}),
    ):
        statement = insert(identity_requests).values({**new, **wrong})
        await violates(connection, statement, f"ck_identity_requests_{name}")
    taken = await operations.take_request(
        connection,
        Asking.SIGN_IN,
        state=begun.state,
        binding=begun.binding,
        code="a code",
        user_id=None,
    )
    assert taken == begun.asked
    assert await operations.note_found(connection, taken, issuer=ISSUER, subject="mali") == identity
    for changed in (
        {"code": sha256(b"another")},
        {"code": None, "identity_id": None},
        {"binding": sha256(b"another")},
        {"expires_at": now + timedelta(minutes=9)},
        {"identity_id": None},
    ):
        going_back = update(identity_requests).values(changed)
        await violates(connection, going_back, "identity_request_goes_on")


async def test_nobody_sees_a_state_or_a_binding_there(connection: AsyncConnection) -> None:
    begun = await operations.ask_provider(
        connection, Asking.SIGN_IN, user_id=None, network="local", now=clock.now()
    )
    kept = {bytes(begun.asked.state), bytes(begun.asked.binding)}
    assert kept == {sha256(begun.state.encode()), sha256(begun.binding.encode())}


def test_a_service_without_a_provider_does_not_even_load_what_would_call_it() -> None:
    """Neither in its start nor in its memory."""
    asked = (
        "import sys, app.main;"
        "print([m for m in ('authlib', 'joserfc', 'app.entry.oidc') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=CHECKOUT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
