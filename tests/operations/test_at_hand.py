"""What the service keeps at hand of the register, and for how long."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry import identity
from app.entry.identity import AGE_S_MAX, Identities, UserSuspendedError
from app.entry.purposes import Purposes
from app.entry.tokens import (
    LEEWAY_S,
    LIFETIME_S,
    Claims,
    TokenKeys,
    TokenRefusedError,
    load_or_make_key,
)
from app.kernel import clock
from app.kernel.db import glancing, reading
from app.registry.parties import operations
from app.registry.parties.policy import Actor
from app.registry.programmes.refusals import RuleMissingError
from app.registry.programmes.rules import RuleKey, RuleValue
from app.registry.programmes.store import get_rule
from app.registry.signin import store
from tests.builders.parties import a_holder, do, the_administrator
from tests.builders.reference import a_rule, today
from tests.conftest import Registry


class _Watched:
    """Identities, and how often they looked at a signature and at the register."""

    def __init__(self, registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys = TokenKeys((load_or_make_key(folder / "key.pem"),))
        self.identities = Identities(registry.engine, self.keys)
        self.signatures = 0
        self.readings: list[int] = []
        open_token, list_standings = TokenKeys.open, store.list_standings

        def opens(keys: TokenKeys, token: str, *, now: datetime) -> Claims:
            self.signatures += 1
            return open_token(keys, token, now=now)

        async def lists(
            connection: AsyncConnection, asked: Collection[store.Bearer]
        ) -> dict[store.Bearer, store.Standing]:
            self.readings.append(len(asked))
            return await list_standings(connection, asked)

        monkeypatch.setattr(TokenKeys, "open", opens)
        monkeypatch.setattr(store, "list_standings", lists)

    def token(self, actor: Actor, *, lived_s: float = 0) -> str:
        """Return a token that was issued some time ago."""
        issued = clock.now() - timedelta(seconds=lived_s)
        return self.keys.issue(user_id=actor.user_id, client_id=None, now=issued)


@pytest.fixture
def watched(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Watched:
    return _Watched(registry, tmp_path, monkeypatch)


async def test_many_requests_of_many_callers_are_one_or_two_readings(
    registry: Registry, watched: _Watched
) -> None:
    """The first to come sets out at once; all others of that moment share the next."""
    holders = [await a_holder(registry) for _ in range(3)]
    tokens = [watched.token(holder) for holder in holders] * 10
    actors = await asyncio.gather(*map(watched.identities.actor_of, tokens))
    assert actors == holders * 10
    assert len(watched.readings) <= 2
    assert max(watched.readings) <= 3


async def test_a_signature_is_looked_at_once_and_the_register_every_second(
    registry: Registry, watched: _Watched
) -> None:
    holder = await a_holder(registry)
    token = watched.token(holder)
    assert watched.identities.known(token) is None
    assert await watched.identities.actor_of(token) == holder
    assert watched.identities.known(token) == holder
    assert await watched.identities.actor_of(token) == holder
    assert (watched.signatures, watched.readings) == (1, [1])
    await asyncio.sleep(AGE_S_MAX)
    assert watched.identities.known(token) is None
    assert await watched.identities.actor_of(token) == holder
    assert (watched.signatures, watched.readings) == (1, [1, 1])


async def test_a_token_ends_though_it_was_known(registry: Registry, watched: _Watched) -> None:
    """Its end is looked at whenever it is used: within the second, and after it."""
    holder = await a_holder(registry)
    token = watched.token(holder, lived_s=LIFETIME_S + LEEWAY_S - 3)
    assert await watched.identities.actor_of(token) == holder
    await asyncio.sleep(AGE_S_MAX)
    assert await watched.identities.actor_of(token) == holder
    await asyncio.sleep(2.1)
    assert watched.identities.known(token) is None
    for _ in range(2):
        with pytest.raises(TokenRefusedError):
            await watched.identities.actor_of(token)


@pytest.mark.parametrize("jump", [timedelta(hours=-2), timedelta(minutes=-15)])
async def test_a_clock_that_is_set_back_revives_no_token(
    registry: Registry, watched: _Watched, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    """Neither one that this process has known, nor one that only another has."""
    holder = await a_holder(registry)
    begun = clock.now()
    lived = watched.keys.issue(
        user_id=holder.user_id, client_id=None, now=begun + jump - timedelta(minutes=1)
    )
    known = watched.token(holder)
    assert await watched.identities.actor_of(known) == holder
    over = begun + timedelta(seconds=LIFETIME_S + LEEWAY_S + 1)
    monkeypatch.setattr(clock, "now", lambda: over)
    remembered = watched.identities._known
    remembered[known] = replace(remembered[known], fresh_until_s=0)
    with pytest.raises(TokenRefusedError):
        await watched.identities.actor_of(known)
    for moment in (begun + jump, begun):  # set back, and set right again
        monkeypatch.setattr(clock, "now", lambda now=moment: now)
        for token in (known, lived):
            with pytest.raises(TokenRefusedError):
                await watched.identities.actor_of(token)


async def test_a_clock_that_is_set_back_keeps_nobody_out(
    registry: Registry, watched: _Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The register's own time goes on from its last act, and tokens are issued and read by it."""
    holder = await a_holder(registry)
    token = watched.token(holder)
    behind = clock.now() - timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: behind)
    assert await watched.identities.actor_of(token) == holder


async def test_a_token_that_ends_soon_is_not_known_for_a_second(
    registry: Registry, watched: _Watched
) -> None:
    holder = await a_holder(registry)
    # Tokens begin at a whole second, so this one has between half a second and one and a half.
    token = watched.token(holder, lived_s=LIFETIME_S + LEEWAY_S - 1.5)
    assert await watched.identities.actor_of(token) == holder
    known = watched.identities._known[token]
    ends_in_s = known.claims.expires_at + LEEWAY_S - clock.now().timestamp()
    left_s = known.good_until_s - asyncio.get_running_loop().time()
    assert left_s <= min(AGE_S_MAX, ends_in_s + 0.01)  # two clocks are read, one after the other


async def test_who_is_refused_is_not_remembered(registry: Registry, watched: _Watched) -> None:
    """Or bad tokens would crowd out good ones; and whoever is reinstated is let in at once."""
    holder = await a_holder(registry)
    token = watched.token(holder)
    decision = operations.DecideOnUser(holder.user_id, "เหตุผล")
    by = await the_administrator(registry)
    await do(registry, by, operations.suspend_user, decision)
    for _ in range(2):
        with pytest.raises(UserSuspendedError):
            await watched.identities.actor_of(token)
    assert watched.readings == [1, 1]
    assert not watched.identities._known
    await do(registry, by, operations.reinstate_user, decision)
    assert await watched.identities.actor_of(token) == holder


async def test_no_more_tokens_are_known_than_fit(
    registry: Registry, watched: _Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was read least lately goes first."""
    monkeypatch.setattr(identity, "IDENTITIES_MAX", 2)
    tokens = [watched.token(await a_holder(registry)) for _ in range(3)]
    for token in tokens:
        await watched.identities.actor_of(token)
    assert [watched.identities.known(token) is not None for token in tokens] == [False, True, True]


async def test_purposes_follow_their_rule_within_a_second(registry: Registry) -> None:
    purposes = Purposes(registry.engine)
    before = await purposes.on(today())
    assert "fun" not in before
    await a_rule(
        registry, RuleKey.RETIREMENT_PURPOSES, ",".join((*before, "fun")), programme_code=None
    )
    await asyncio.sleep(AGE_S_MAX)
    assert await purposes.on(today()) == (*before, "fun")


async def test_purposes_are_read_once_a_second_and_for_each_day(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[date] = []

    async def counted(
        connection: AsyncConnection, *, programme_code: str | None, key: RuleKey, on: date
    ) -> RuleValue:
        read.append(on)
        return await get_rule(connection, programme_code=programme_code, key=key, on=on)

    monkeypatch.setattr("app.entry.purposes.get_rule", counted)
    purposes = Purposes(registry.engine)
    day, tomorrow = today(), today() + timedelta(days=1)
    await asyncio.gather(*(purposes.on(day) for _ in range(10)))
    await purposes.on(day)
    assert len(read) == 1
    await purposes.on(tomorrow)
    assert read == [day, tomorrow]
    with pytest.raises(RuleMissingError):
        await purposes.on(today().replace(year=1900))


async def test_a_glance_is_one_statement_without_a_transaction(registry: Registry) -> None:
    """Each statement is on its own, so a second one has another beginning."""
    begun = text("SELECT now()")
    async with reading(registry.engine) as connection:
        first, second = [(await connection.execute(begun)).scalar_one() for _ in range(2)]
        assert first == second
    async with glancing(registry.engine) as connection:
        first, second = [(await connection.execute(begun)).scalar_one() for _ in range(2)]
        assert first != second
    async with reading(registry.engine) as connection:  # the connection is as it was before
        first, second = [(await connection.execute(begun)).scalar_one() for _ in range(2)]
        assert first == second
