"""Sessions over HTTP: refreshed, stolen, signed out of, and over."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.entry.identity import AGE_S_MAX
from app.kernel import clock
from app.registry.parties import operations
from app.registry.parties.policy import Actor
from app.registry.signin import rules
from app.registry.signin.rules import SESSION_IDLE_MAX, SESSION_LIFETIME
from tests.builders.answers import every_row, refused
from tests.builders.parties import (
    PASSWORD,
    Register,
    Service,
    a_holder,
    bearer,
    do,
    the_administrator,
)
from tests.builders.signing_in import (
    ME,
    TOKENS,
    bearing,
    by_key,
    by_password,
    by_refresh_token,
    coming_from,
    email_of,
    signed_in,
)
from tests.conftest import Registry

SESSIONS = "/v1/sessions"


async def refreshed(api: Service, token: str) -> dict[str, Any]:
    response = await api.post(TOKENS, json=by_refresh_token(token))
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


def moved(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun + by)


async def test_a_session_goes_on_with_the_next_refresh_token(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    first = await signed_in(registry, api, holder)
    second = await refreshed(api, first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    for field in ("session_id", "session_expires_at"):
        assert second[field] == first[field]
    for shown in (first, second):  # a request under way when it was refreshed is not cut off
        assert (await api.get(ME, headers=bearing(shown))).json()["id"] == holder.user_id


async def test_a_stolen_refresh_token_ends_the_session_for_both(
    registry: Register, api: Service
) -> None:
    """Whoever uses it second is told nothing, and the victim's access token is over in a second."""
    holder = await a_holder(registry)
    stolen = await signed_in(registry, api, holder)
    other = await signed_in(registry, api, holder)
    victim = await refreshed(api, stolen["refresh_token"])
    assert (await api.get(ME, headers=bearing(victim))).status_code == 200
    refused(
        await api.post(TOKENS, json=by_refresh_token(stolen["refresh_token"])),
        401,
        "refresh_refused",
    )
    refused(
        await api.post(TOKENS, json=by_refresh_token(victim["refresh_token"])),
        401,
        "refresh_refused",
    )
    await asyncio.sleep(AGE_S_MAX)
    for shown in (victim, stolen):
        refused(await api.get(ME, headers=bearing(shown)), 401, "session_ended")
    assert (await api.get(ME, headers=bearing(other))).status_code == 200


async def test_of_many_who_refresh_at_once_one_does_and_the_session_ends(
    registry: Register, api: Service
) -> None:
    shown = await signed_in(registry, api, await a_holder(registry))
    grant = by_refresh_token(shown["refresh_token"])
    answers = await asyncio.gather(*(api.post(TOKENS, json=grant) for _ in range(6)))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    last = await api.post(TOKENS, json=by_refresh_token(good[0]["refresh_token"]))
    refused(last, 401, "refresh_refused")


async def test_an_unknown_refresh_token_is_refused_like_a_used_one(api: Service) -> None:
    refused(await api.post(TOKENS, json=by_refresh_token("x" * 43)), 401, "refresh_refused")


async def test_a_machine_gets_no_refresh_token(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    path = f"/v1/users/{holder.user_id}/keys"
    key = (await api.post(path, json={"label": "Meter"}, headers=bearer(api, holder))).json()
    shown = (await api.post(TOKENS, json=by_key(key["id"], key["client_secret"]))).json()
    assert shown["refresh_token"] is shown["session_id"] is shown["session_expires_at"] is None
    for path in (SESSIONS, f"{SESSIONS}/ses_01kb5b1j0dfz5r5d8r4v5e2c3a"):
        answer = await api.request("DELETE", path, headers=bearing(shown))
        refused(answer, 403, "person_needed")


async def test_the_suspended_do_not_refresh_until_they_are_reinstated(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    shown = await signed_in(registry, api, holder)
    by, decision = await the_administrator(registry), operations.DecideOnUser(holder.user_id, "ก")
    await do(registry, by, operations.suspend_user, decision)
    grant = by_refresh_token(shown["refresh_token"])
    for _ in range(2):
        refused(await api.post(TOKENS, json=grant), 403, "user_suspended")
    await do(registry, by, operations.reinstate_user, decision)
    assert (await api.post(TOKENS, json=grant)).status_code == 200


async def test_people_see_their_own_sessions(registry: Register, api: Service) -> None:
    holder, other = await a_holder(registry), await a_holder(registry)
    first = await signed_in(registry, api, holder)
    await signed_in(registry, api, other)
    async with coming_from(api, "203.0.113.7") as client:
        grant = by_password(await email_of(registry, holder))
        second = (await client.post(TOKENS, json=grant)).json()
    rows = await every_row(api, SESSIONS + "?", bearing(second), limit=1)
    assert [row["id"] for row in rows] == [first["session_id"], second["session_id"]]
    assert [row["address"] for row in rows] == ["127.0.0.1", "203.0.113.7"]
    assert [row["is_current"] for row in rows] == [False, True]
    refused(
        await api.get(SESSIONS + "?cursor=AAAA", headers=bearing(second)), 404, "cursor_invalid"
    )


async def test_who_signs_out_is_out_within_a_second(registry: Register, api: Service) -> None:
    holder, other = await a_holder(registry), await a_holder(registry)
    mine, still = await signed_in(registry, api, holder), await signed_in(registry, api, holder)
    theirs = await signed_in(registry, api, other)
    assert (await api.get(ME, headers=bearing(mine))).status_code == 200
    for session_id in (theirs["session_id"], "ses_01kb5b1j0dfz5r5d8r4v5e2c3a"):
        answer = await api.request("DELETE", f"{SESSIONS}/{session_id}", headers=bearing(mine))
        refused(answer, 404, "session_not_found")
    path = f"{SESSIONS}/{mine['session_id']}"
    assert (await api.request("DELETE", path, headers=bearing(mine))).status_code == 204
    refused(await api.request("DELETE", path, headers=bearing(still)), 404, "session_not_found")
    refused(
        await api.post(TOKENS, json=by_refresh_token(mine["refresh_token"])), 401, "refresh_refused"
    )
    await asyncio.sleep(AGE_S_MAX)
    refused(await api.get(ME, headers=bearing(mine)), 401, "session_ended")
    for shown in (still, theirs):
        assert (await api.get(ME, headers=bearing(shown))).status_code == 200


async def test_signing_out_everywhere_ends_every_session(registry: Register, api: Service) -> None:
    holder, other = await a_holder(registry), await a_holder(registry)
    mine = [await signed_in(registry, api, holder) for _ in range(2)]
    theirs = await signed_in(registry, api, other)
    assert (await api.request("DELETE", SESSIONS, headers=bearing(mine[0]))).status_code == 204
    await asyncio.sleep(AGE_S_MAX)
    for shown in mine:
        refused(await api.get(ME, headers=bearing(shown)), 401, "session_ended")
    assert (await api.get(SESSIONS, headers=bearing(theirs))).json()["data"]


@pytest.mark.parametrize("by_administrator", [False, True])
async def test_a_new_password_ends_the_other_sessions(
    registry: Register, api: Service, *, by_administrator: bool
) -> None:
    holder = await a_holder(registry)
    here, elsewhere = [await signed_in(registry, api, holder) for _ in range(2)]
    headers = bearer(api, await the_administrator(registry)) if by_administrator else bearing(here)
    body = {"new_password": "another long sentence", "current_password": PASSWORD}
    answer = await api.put(f"/v1/users/{holder.user_id}/password", json=body, headers=headers)
    assert answer.status_code == 200
    await asyncio.sleep(AGE_S_MAX)
    refused(await api.get(ME, headers=bearing(elsewhere)), 401, "session_ended")
    goes_on = (await api.get(ME, headers=bearing(here))).status_code == 200
    assert goes_on is not by_administrator


async def test_a_session_that_nobody_refreshes_is_over_for_good(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the clock was wrong: two hours forward and back revive nothing."""
    holder = await a_holder(registry)
    shown = await signed_in(registry, api, holder)
    moved(monkeypatch, SESSION_IDLE_MAX)
    grant = by_refresh_token(shown["refresh_token"])
    refused(await api.post(TOKENS, json=grant), 401, "refresh_refused")
    moved(monkeypatch, -SESSION_IDLE_MAX)
    refused(await api.post(TOKENS, json=grant), 401, "refresh_refused")
    refused(await api.get(ME, headers=bearing(shown)), 401, "session_ended")


async def test_refreshing_does_not_make_a_session_last_for_ever(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await signed_in(registry, api, await a_holder(registry))
    hour = timedelta(hours=1)
    for _ in range(SESSION_LIFETIME // hour - 1):
        moved(monkeypatch, hour)
        shown = await refreshed(api, shown["refresh_token"])
        assert (await api.get(ME, headers=bearing(shown))).status_code == 200
    moved(monkeypatch, hour)
    grant = by_refresh_token(shown["refresh_token"])
    refused(await api.post(TOKENS, json=grant), 401, "refresh_refused")


async def test_a_clock_set_back_revives_no_session(
    registry: Registry, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was over by the register's own time, which does not run back."""
    long_ago = clock.now() - SESSION_IDLE_MAX - timedelta(minutes=1)
    with monkeypatch.context() as patched:
        patched.setattr(rules, "SESSION_LIFETIME", timedelta(minutes=1))
        patched.setattr(
            "app.registry.signin.operations.sessions.SESSION_LIFETIME", timedelta(minutes=1)
        )
        holder = await a_holder(registry)
        shown = await signed_in(registry, api, holder)
    # An act after the session's end, so that the register has been further than the clock says.
    await later_act(registry, holder, datetime.fromisoformat(shown["session_expires_at"]))
    monkeypatch.setattr(clock, "now", lambda: long_ago)
    grant = by_refresh_token(shown["refresh_token"])
    refused(await api.post(TOKENS, json=grant), 401, "refresh_refused")
    refused(await api.get(ME, headers=bearing(shown)), 401, "session_ended")


async def later_act(registry: Registry, holder: Actor, moment: datetime) -> None:
    """Have an act committed at a moment, as if it were then."""
    registry.committer._now = lambda: moment + timedelta(seconds=1)
    by = await the_administrator(registry)
    decision = operations.DecideOnUser(holder.user_id, "ก")
    await do(registry, by, operations.suspend_user, decision)
    await do(registry, by, operations.reinstate_user, decision)


async def test_the_oldest_of_too_many_sessions_gives_way(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.registry.signin.operations.sessions.SESSIONS_PER_USER_MAX", 2)
    holder = await a_holder(registry)
    shown = [await signed_in(registry, api, holder) for _ in range(3)]
    found = [(await api.get(ME, headers=bearing(one))).status_code for one in shown]
    assert found == [401, 200, 200]
