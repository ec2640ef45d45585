"""Guessing over HTTP: it is slowed down for whoever guesses, and for nobody else."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest

from app.kernel import clock
from app.registry.signin.rules import LIMITS, Limit, Scope
from tests.builders.answers import refused
from tests.builders.parties import Register, Service, a_holder, bearer
from tests.builders.signing_in import TOKENS, by_key, by_password, coming_from, email_of

WRONG = "not the password at all"
FREE = LIMITS[Scope.ACCOUNT].free


async def guesses(
    client: httpx2.AsyncClient | Service, count: int, grant: Callable[[int], dict[str, str]]
) -> Counter[int]:
    """Guess so many times, at once; returns how often there was which status."""
    tries = asyncio.Semaphore(16)

    async def guess(number: int) -> int:
        async with tries:
            return (await client.post(TOKENS, json=grant(number))).status_code

    return Counter(await asyncio.gather(*map(guess, range(count))))


def moved(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun + by)


async def test_of_a_thousand_guesses_at_one_account_a_handful_is_looked_at(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From wherever they come, and though they come at once; and its owner still gets in."""
    email = await email_of(registry, await a_holder(registry))
    async with coming_from(api, "203.0.113.7") as home:
        assert (await home.post(TOKENS, json=by_password(email))).status_code == 200
        begun = clock.now()
        monkeypatch.setattr(
            clock, "now", lambda: begun
        )  # the time it takes is not to be waited for
        found: Counter[int] = Counter()
        for number in range(10):
            async with coming_from(api, f"198.51.100.{number}") as elsewhere:
                found += await guesses(elsewhere, 100, lambda n: by_password(email, f"{WRONG} {n}"))
        assert found == {401: FREE, 429: 1000 - FREE}
        assert (await home.post(TOKENS, json=by_password(email))).status_code == 200


async def test_an_owner_who_comes_from_elsewhere_gets_in_after_the_wait(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = await email_of(registry, await a_holder(registry))
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun)
    await guesses(api, 50, lambda n: by_password(email, f"{WRONG} {n}"))
    async with coming_from(api, "203.0.113.7") as abroad:
        answer = await abroad.post(TOKENS, json=by_password(email))
        refused(answer, 429, "too_many_guesses")
        wait_s = int(answer.headers["Retry-After"])
        assert answer.json()["facts"] == {"retry_after_s": wait_s}
        assert 1 <= wait_s <= LIMITS[Scope.ACCOUNT].longest_s
        moved(monkeypatch, timedelta(seconds=wait_s))
        assert (await abroad.post(TOKENS, json=by_password(email))).status_code == 200


async def test_one_password_on_many_accounts_is_slowed_by_the_address(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = await email_of(registry, await a_holder(registry))
    async with coming_from(api, "203.0.113.7") as home:
        assert (await home.post(TOKENS, json=by_password(email))).status_code == 200
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun)
    async with coming_from(api, "198.51.100.1") as spraying:
        found = await guesses(spraying, 200, lambda n: by_password(f"person{n}@example.org", WRONG))
    free = LIMITS[Scope.ADDRESS].free
    assert found == {401: free, 429: 200 - free}
    async with coming_from(api, "203.0.113.7") as home:
        assert (await home.post(TOKENS, json=by_password(email))).status_code == 200


async def test_one_password_on_many_accounts_from_many_addresses_is_slowed_for_strangers(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever got in before from where they are does not notice."""
    monkeypatch.setitem(LIMITS, Scope.EVERYBODY, Limit(30, 60, 60, is_window=True))
    email = await email_of(registry, await a_holder(registry))
    async with coming_from(api, "203.0.113.7") as home:
        assert (await home.post(TOKENS, json=by_password(email))).status_code == 200
        begun = clock.now()
        monkeypatch.setattr(clock, "now", lambda: begun)
        found: Counter[int] = Counter()
        for host in range(40):
            async with coming_from(api, f"198.51.100.{host}") as spraying:
                found += await guesses(
                    spraying,
                    2,
                    lambda n, h=host: by_password(f"p{h}-{n}@example.org", WRONG),  # type: ignore[misc]
                )
        assert found == {401: 30, 429: 50}
        assert (await home.post(TOKENS, json=by_password(email))).status_code == 200
    async with coming_from(api, "192.0.2.1") as stranger:
        refused(await stranger.post(TOKENS, json=by_password(email)), 429, "too_many_guesses")
        moved(monkeypatch, timedelta(seconds=60))
        assert (await stranger.post(TOKENS, json=by_password(email))).status_code == 200


async def test_nobody_learns_from_the_wait_who_exists(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answers in the same order, whether there is such an account, key or neither."""
    holder = await a_holder(registry)
    email = await email_of(registry, holder)
    path = f"/v1/users/{holder.user_id}/keys"
    key = (await api.post(path, json={"label": "Meter"}, headers=bearer(api, holder))).json()
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun)
    pairs = [
        (by_password(email, WRONG), by_password("nobody@example.org", WRONG)),
        (by_key(key["id"], "A" * 43), by_key("key_01kb5b1j0dfz5r5d8r4v5e2c3a", "A" * 43)),
    ]
    for pair in pairs:
        said: list[list[object]] = []
        for number, grant in enumerate(pair):
            async with coming_from(api, f"198.51.100.{number}") as client:
                answers = [await client.post(TOKENS, json=grant) for _ in range(FREE + 2)]
            said.append([(a.status_code, a.json() | {"request_id": None}) for a in answers])
        assert said[0] == said[1]
        assert said[0][-1][0] == 429  # type: ignore[index]


async def test_a_keys_secret_is_guessed_as_slowly(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await a_holder(registry)
    path = f"/v1/users/{holder.user_id}/keys"
    key = (await api.post(path, json={"label": "Meter"}, headers=bearer(api, holder))).json()
    right = by_key(key["id"], key["client_secret"])
    assert (await api.post(TOKENS, json=right)).status_code == 200
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun)
    async with coming_from(api, "198.51.100.1") as elsewhere:
        found = await guesses(elsewhere, 40, lambda n: by_key(key["id"], f"{n:043}"))
        assert found == {401: FREE, 429: 40 - FREE}
        refused(await elsewhere.post(TOKENS, json=right), 429, "too_many_guesses")
    assert (await api.post(TOKENS, json=right)).status_code == 200


async def test_what_was_not_wrong_is_not_counted(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = await email_of(registry, await a_holder(registry))
    free = LIMITS[Scope.KNOWN].free
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun)
    for _ in range(FREE + 2):
        assert (await api.post(TOKENS, json=by_password(email))).status_code == 200
    assert await guesses(api, free, lambda _: by_password(email, WRONG)) == {401: free}
    refused(await api.post(TOKENS, json=by_password(email)), 429, "too_many_guesses")


async def test_a_header_does_not_say_who_guesses(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun)
    found: Counter[int] = Counter()
    for number in range(FREE + 5):
        headers = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        grant = by_password("nobody@example.org", WRONG)
        found[(await api.post(TOKENS, json=grant, headers=headers)).status_code] += 1
    assert found == {401: FREE, 429: 5}


async def test_the_present_password_is_not_guessed_in_an_open_session(
    registry: Register, api: Service
) -> None:
    """Whoever found the browser of somebody else open."""
    holder = await a_holder(registry)
    body = {"new_password": "another long sentence", "current_password": WRONG}
    path = f"/v1/users/{holder.user_id}/password"
    answers = [await api.put(path, json=body, headers=bearer(api, holder)) for _ in range(FREE + 1)]
    for answer in answers[:-1]:
        refused(answer, 403, "current_password_wrong")
    refused(answers[-1], 429, "too_many_guesses")
