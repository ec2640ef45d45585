"""Who came in, who failed to, and who read about whom: all of it, bounded, for whom it concerns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from app.entry import trail
from app.entry.trail import Trail
from app.kernel import clock
from app.kernel.db import make_engine, noting
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.signin.operations import By, an_access, keep_access
from app.registry.signin.refusals import RefreshRefusedError
from app.registry.signin.rules import AccessKind, network_of
from app.registry.signin.store import AccessFilter, list_access
from tests.builders.answers import every_row, refused
from tests.builders.applications import a_draft
from tests.builders.parties import (
    PASSWORD,
    Register,
    Service,
    a_holder,
    an_authority,
    bearer,
    the_administrator,
)
from tests.builders.signing_in import (
    TOKENS,
    bearing,
    by_key,
    by_password,
    by_refresh_token,
    coming_from,
    email_of,
    signed_in,
)
from tests.conftest import Api, Registry

AUDIT = "/v1/audit"
Row = dict[str, Any]


async def trail_of(api: Service, actor: Actor, *, limit: int = 200) -> list[Row]:
    """Return what a person is told of themselves, the oldest first."""
    await api.app.state.trail.keep()
    address = f"/v1/users/{actor.user_id}/audit"
    return (await every_row(api, address, bearer(api, actor), limit=limit))[::-1]


def told(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row["kind"], row["what"]) for row in rows]


async def test_coming_in_failing_and_leaving_is_recorded(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    email = await email_of(registry, holder)
    async with coming_from(api, "2001:db8:1:2:3:4:5:6") as door:
        refused(
            await door.post(TOKENS, json=by_password(email, "a guess")), 401, "credentials_refused"
        )
        # A failure is handed over behind the answer, so it may come after what follows.
        await api.app.state.trail.keep()
        session = (await door.post(TOKENS, json=by_password(email))).json()
        address = f"/v1/sessions/{session['session_id']}"
        assert (await door.delete(address, headers=bearing(session))).status_code == 204
    rows = await trail_of(api, holder)
    assert told(rows) == [
        ("sign_in_failed", "credentials_refused"),
        ("signed_in", "password"),
        ("session_ended", "signed_out"),
    ]
    assert {row["network"] for row in rows} == {"2001:db8:1:2::/64"}
    assert {row["about"] for row in rows} == {holder.user_id}
    assert [row["by"] for row in rows] == [None, holder.user_id, holder.user_id]
    assert [row["session_id"] for row in rows] == [None, *[session["session_id"]] * 2]


async def test_nobody_is_recorded_where_there_is_nobody(registry: Register, api: Service) -> None:
    administrator = await the_administrator(registry)
    grant = by_password("nobody@example.org", "a guess")
    refused(await api.post(TOKENS, json=grant), 401, "credentials_refused")
    await api.app.state.trail.keep()
    shown = await api.get(f"{AUDIT}?kind=sign_in_failed", headers=bearer(api, administrator))
    assert shown.json()["data"] == []


async def test_keys_changes_and_stolen_tokens_are_recorded(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    address = f"/v1/users/{holder.user_id}"
    first = await signed_in(registry, api, holder)
    issued = await api.post(f"{address}/keys", json={"label": "Meter"}, headers=bearing(first))
    key = issued.json()
    grant = by_key(key["id"], key["client_secret"])
    assert (await api.post(TOKENS, json=grant)).status_code == 200
    wrong = by_key(key["id"], "a" * 43)
    refused(await api.post(TOKENS, json=wrong), 401, "credentials_refused")
    await api.app.state.trail.keep()
    revoked = await api.post(f"{address}/keys/{key['id']}/revocation", headers=bearing(first))
    assert revoked.status_code == 200
    stolen = by_refresh_token(first["refresh_token"])
    assert (await api.post(TOKENS, json=stolen)).status_code == 200
    refused(await api.post(TOKENS, json=stolen), 401, RefreshRefusedError.code)
    await signed_in(registry, api, holder)
    third = await signed_in(registry, api, holder)
    body = {"new_password": "another long sentence", "current_password": PASSWORD}
    changed = await api.put(f"{address}/password", json=body, headers=bearing(third))
    assert changed.status_code == 200
    rows = await trail_of(api, holder)
    assert told(rows) == [
        ("signed_in", "password"),
        ("sign_in_changed", "user.key_issued"),
        ("signed_in", "api_key"),
        ("sign_in_failed", "credentials_refused"),
        ("sign_in_changed", "user.key_revoked"),
        ("session_ended", "reused"),
        ("signed_in", "password"),
        ("signed_in", "password"),
        ("sign_in_changed", "user.password_set"),
        ("session_ended", "password_set"),
    ]
    assert [row["key_id"] for row in rows[2:4]] == [key["id"]] * 2
    assert rows[5]["by"] is None  # whoever shows it again


async def test_who_reads_about_somebody_is_told_to_them(registry: Register, api: Service) -> None:
    officials = await an_authority(registry)
    holder, other = await a_holder(registry), await a_holder(registry)
    officer = officials[Role.OFFICER]
    administrator = officials[Role.ADMINISTRATOR]
    address = f"/v1/users/{holder.user_id}"
    for actor, path in (
        (holder, address),  # oneself, and a stranger, are nobody's news
        (holder, f"{address}/personal-data"),
        (other, address),
        (officer, address),
        (officer, f"/v1/users?party_id={holder.party_id}"),
        (administrator, f"{address}/keys"),
        (administrator, f"{address}/personal-data"),
        (administrator, f"{address}/audit"),
    ):
        shown = await api.get(path, headers=bearer(api, actor))
        assert shown.status_code == (404 if actor is other else 200), shown.text
    rows = await trail_of(api, holder)
    by = [officer.user_id] * 2 + [administrator.user_id] * 3
    assert [row["by"] for row in rows] == by
    assert told(rows) == [
        ("user_read", "get_user"),
        ("user_read", "list_users"),
        ("user_read", "list_user_keys"),
        ("personal_data_read", "get_personal_data"),
        ("access_read", "list_user_audit"),
    ]
    exported = await api.get(f"{address}/personal-data", headers=bearer(api, holder))
    assert exported.json()["access"] == rows[::-1]
    # The officer is told what they did.
    assert [row["about"] for row in await trail_of(api, officer)] == [holder.user_id] * 2
    refused(await api.get(f"{address}/audit", headers=bearer(api, officer)), 403, "not_allowed")


async def test_applications_are_read_on_the_record(registry: Registry, api: Api) -> None:
    officer = (await an_authority(registry))[Role.OFFICER]
    application = await a_draft(registry)
    shown = await api.get(f"/v1/applications/{application.id}", headers=bearer(api, officer))
    assert shown.status_code == 200
    (row,) = await trail_of(api, officer)
    assert (row["kind"], row["about"]) == ("application_read", application.id)


async def test_an_auditor_finds_by_person_kind_and_time(registry: Register, api: Service) -> None:
    auditor = (await an_authority(registry))[Role.AUDITOR]
    holder, other = await a_holder(registry), await a_holder(registry)
    for person in (holder, other, holder):
        await signed_in(registry, api, person)
    headers = bearer(api, auditor)

    async def found(query: str) -> list[Row]:
        await api.app.state.trail.keep()
        return await every_row(api, f"{AUDIT}?{query}", headers, limit=1)

    first, second, third = (await found("kind=signed_in"))[::-1]
    assert [row["about"] for row in (first, second, third)] == [
        holder.user_id,
        other.user_id,
        holder.user_id,
    ]
    assert await found(f"kind=signed_in&user_id={holder.user_id}") == [third, first]
    since, until = second["at"], third["at"]
    assert await found(f"kind=signed_in&from={since}") == [third, second]
    assert await found(f"kind=signed_in&from={since}&to={until}") == [second]
    # That it was read is there too, once about the person and else about everybody.
    read = await found("kind=access_read")
    assert {row["about"] for row in read} == {None, holder.user_id}
    assert {row["by"] for row in read} == {auditor.user_id}


async def test_of_the_erased_identifiers_stay(registry: Registry, api: Api) -> None:
    holder, administrator = await a_holder(registry), await the_administrator(registry)
    async with coming_from(api, "203.0.113.77") as door:
        grant = by_password(await email_of(registry, holder))
        assert (await door.post(TOKENS, json=grant)).status_code == 200
    await api.get(f"/v1/users/{holder.user_id}", headers=bearer(api, administrator))
    await api.app.state.trail.keep()
    command = ErasePerson(user_id=holder.user_id)
    await registry.do(administrator, lambda pen: erase_person(pen, administrator, command))
    # Also of what comes a moment later.
    late = an_access(
        By(None, "203.0.113.77"),
        AccessKind.SIGN_IN_FAILED,
        "credentials_refused",
        about=holder.user_id,
        now=clock.now(),
    )
    await api.app.state.trail.add([late])
    await api.app.state.trail.keep()
    async with registry.read() as connection:
        asked = AccessFilter(person=holder.user_id)
        rows = await list_access(connection, asked, before=None, limit=10)
    told_of = {(row.kind, row.network is None) for row in rows}
    assert told_of == {
        (AccessKind.SIGNED_IN, True),
        (AccessKind.SESSION_ENDED, True),
        (AccessKind.USER_READ, False),  # from where the reader came
        (AccessKind.SIGN_IN_FAILED, True),
    }


# ------------------------------------------------------------------------------ the trail itself


@asynccontextmanager
async def away() -> AsyncIterator[Trail]:
    engine = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    yield Trail(engine)
    await engine.dispose()


def a_read(number: int) -> Any:  # noqa: ANN401
    by = By(f"usr_{number:026}", "local")
    about = f"usr_{0:026}"
    return an_access(by, AccessKind.USER_READ, "get_user", about=about, now=clock.now())


async def test_what_waits_is_kept_when_the_service_stops(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "DRAIN_SECONDS_MAX", 60)  # of a database that is there, but slow
    engine = make_engine(registry.url, connections_max=1)
    made = Trail(engine)
    async with made.running():
        await made.add(map(a_read, range(trail.AT_ONCE_MAX + 1)))
    async with registry.read() as connection:
        rows = await list_access(
            connection, AccessFilter(), before=None, limit=2 * trail.AT_ONCE_MAX
        )
    assert len(rows) == trail.AT_ONCE_MAX + 1
    await engine.dispose()


async def test_a_record_that_is_handed_over_twice_is_kept_once(registry: Registry) -> None:
    record = a_read(1)
    for _ in range(2):
        async with noting(registry.engine) as connection:
            await keep_access(connection, [record])
    async with registry.read() as connection:
        assert await list_access(connection, AccessFilter(), before=None, limit=9) == [record]


async def test_what_cannot_be_recorded_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is more and more of it kept in memory."""
    monkeypatch.setattr(trail, "WAITING_MAX", 2)
    monkeypatch.setattr(trail, "ROOM_SECONDS_MAX", 0.05)
    async with away() as made:
        await made.add(map(a_read, range(2)))
        with pytest.raises(ConnectionError):
            await made.add([a_read(3)])


async def test_one_that_the_database_refuses_does_not_hold_up_the_others(
    registry: Registry,
) -> None:
    made = Trail(registry.engine)
    wrong = replace(a_read(1), about="mali@example.org")
    await made.add([a_read(2), wrong, a_read(3)])
    await made.keep()
    async with registry.read() as connection:
        kept = await list_access(connection, AccessFilter(), before=None, limit=9)
    assert {record.by for record in kept} == {a_read(2).by, a_read(3).by}


async def test_a_database_that_was_away_gets_it_later(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "GATHERED_S", 0.0)
    monkeypatch.setattr(trail, "AGAIN_S", 0.0)
    engine = make_engine(registry.url, connections_max=1)
    asked: list[int] = []
    again = asyncio.Event()

    async def failing_once(connection: AsyncConnection, records: list[Any]) -> None:
        asked.append(len(records))
        if len(asked) == 1:
            raise ConnectionResetError
        await keep_access(connection, records)
        again.set()

    monkeypatch.setattr(trail, "keep_access", failing_once)
    made = Trail(engine)
    async with made.running():
        await made.add([a_read(1)])
        async with asyncio.timeout(5):
            await again.wait()
    async with registry.read() as connection:
        assert len(await list_access(connection, AccessFilter(), before=None, limit=9)) == 1
    await engine.dispose()


def test_of_an_address_its_network_is_kept() -> None:
    assert network_of("203.0.113.7") == "203.0.113.7"
    assert network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert network_of("local") == "local"
