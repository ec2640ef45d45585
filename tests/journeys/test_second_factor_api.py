"""Second factors and confirmations over HTTP."""

import asyncio
import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.entry.identity import AGE_S_MAX
from app.entry.second_factors import code_of, step_at
from app.kernel import clock
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import Role
from app.registry.signin.operations import use_confirmation
from app.registry.signin.rules import CONFIRMATION_LIFETIME, LIMITS, Scope
from app.registry.signin.store import recovery_codes, totp_secrets
from tests.builders.answers import refused
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
    ME,
    SECOND_FACTOR,
    TOKENS,
    an_authenticator,
    bearing,
    by_key,
    by_password,
    email_of,
    signed_in,
)
from tests.conftest import Registry

CONFIRMATIONS = "/v1/confirmations"
DIGEST = hashlib.sha256(b"retire 5 of TH-1 in the name of Mali").hexdigest()


def moved(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun + by)


async def test_who_has_a_second_factor_signs_in_with_it(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    email = await email_of(registry, holder)
    assert (await api.get(SECOND_FACTOR, headers=bearer(api, holder))).json() == {
        "since": None,
        "recovery_codes_left": 0,
    }
    phone = await an_authenticator(api, holder)
    shown = (await api.get(SECOND_FACTOR, headers=bearer(api, holder))).json()
    assert (shown["since"] is not None, shown["recovery_codes_left"]) == (True, 10)
    answer = await api.post(TOKENS, json=by_password(email))
    refused(answer, 401, "second_factor_required")
    assert answer.json()["facts"] == {"accepted": "totp, recovery_code"}
    session = await signed_in(registry, api, holder, totp=phone.code())
    (row,) = (await api.get("/v1/sessions", headers=bearing(session))).json()["data"]
    assert row["second_factor"] == "totp"


async def test_a_wrong_password_does_not_tell_that_there_is_a_second_factor(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    await an_authenticator(api, holder)
    answer = await api.post(TOKENS, json=by_password(await email_of(registry, holder), "a guess"))
    refused(answer, 401, "credentials_refused")


async def test_a_code_works_once(registry: Register, api: Service) -> None:
    """Nor does one of before it; and of many who show it at once one gets in."""
    holder = await a_holder(registry)
    phone = await an_authenticator(api, holder)
    email = await email_of(registry, holder)
    used = await api.post(TOKENS, json=by_password(email, totp=phone.last_code()))
    refused(used, 403, "code_refused")
    grant = by_password(email, totp=phone.code())
    answers = await asyncio.gather(*(api.post(TOKENS, json=grant) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]


async def test_codes_are_guessed_slowly_also_by_who_has_the_password(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await a_holder(registry)
    await an_authenticator(api, holder)
    email = await email_of(registry, holder)
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun)
    free = LIMITS[Scope.ACCOUNT].free
    for number in range(free):
        grant = by_password(email, totp=f"{number:06}")
        refused(await api.post(TOKENS, json=grant), 403, "code_refused")
        # That the password was right takes nothing back.
        if number < free - 1:
            answer = await api.post(TOKENS, json=by_password(email))
            refused(answer, 401, "second_factor_required")
    refused(await api.post(TOKENS, json=by_password(email)), 429, "too_many_guesses")


async def test_a_recovery_code_works_once_however_it_is_typed(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    phone = await an_authenticator(api, holder)
    first, second = phone.recovery_codes[:2]
    session = await signed_in(registry, api, holder, recovery_code=first)
    grant = by_password(await email_of(registry, holder), recovery_code=first)
    refused(await api.post(TOKENS, json=grant), 403, "code_refused")
    await signed_in(registry, api, holder, recovery_code=second.replace("-", "").lower())
    shown = (await api.get(SECOND_FACTOR, headers=bearing(session))).json()
    assert shown["recovery_codes_left"] == 8


async def test_recovery_codes_of_another_do_not_work(registry: Register, api: Service) -> None:
    holder, other = await a_holder(registry), await a_holder(registry)
    await an_authenticator(api, holder)
    theirs = await an_authenticator(api, other)
    grant = by_password(await email_of(registry, holder), recovery_code=theirs.recovery_codes[0])
    refused(await api.post(TOKENS, json=grant), 403, "code_refused")


async def test_new_recovery_codes_end_the_old_ones(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    phone = await an_authenticator(api, holder)
    path, headers = f"{SECOND_FACTOR}/recovery-codes", bearer(api, holder)
    refused(
        await api.post(path, json={"totp": phone.last_code()}, headers=headers), 403, "code_refused"
    )
    renewed = await api.post(path, json={"totp": phone.code()}, headers=headers)
    assert renewed.status_code == 200
    assert renewed.headers["Cache-Control"] == "no-store"
    old = by_password(await email_of(registry, holder), recovery_code=phone.recovery_codes[0])
    refused(await api.post(TOKENS, json=old), 403, "code_refused")
    new = renewed.json()["recovery_codes"][0]
    await signed_in(registry, api, holder, recovery_code=new)


async def test_a_second_factor_counts_once_it_is_confirmed(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    headers, body = bearer(api, holder), {"current_password": PASSWORD}
    confirmation = f"{SECOND_FACTOR}/confirmation"
    refused(
        await api.post(confirmation, json={"totp": "123456"}, headers=headers),
        409,
        "second_factor_missing",
    )
    refused(
        await api.post(SECOND_FACTOR, json={"current_password": "x"}, headers=headers),
        403,
        "current_password_wrong",
    )
    replaced = (await api.post(SECOND_FACTOR, json=body, headers=headers)).json()["secret"]
    await signed_in(registry, api, holder)  # not yet
    secret = (await api.post(SECOND_FACTOR, json=body, headers=headers)).json()["secret"]
    old = code_of(base64.b32decode(replaced), step_at(clock.now()))
    refused(await api.post(confirmation, json={"totp": old}, headers=headers), 403, "code_refused")
    good = code_of(base64.b32decode(secret), step_at(clock.now()))
    assert (await api.post(confirmation, json={"totp": good}, headers=headers)).status_code == 200
    refused(await api.post(SECOND_FACTOR, json=body, headers=headers), 409, "second_factor_exists")
    refused(
        await api.post(confirmation, json={"totp": good}, headers=headers),
        409,
        "second_factor_missing",
    )


@pytest.mark.parametrize("lost", [False, True])
async def test_who_removes_their_second_factor_needs_a_code_of_it(
    registry: Register, api: Service, *, lost: bool
) -> None:
    holder = await a_holder(registry)
    phone = await an_authenticator(api, holder)
    here = await signed_in(registry, api, holder, totp=phone.code())
    elsewhere = await signed_in(registry, api, holder, recovery_code=phone.recovery_codes[0])
    path = f"{SECOND_FACTOR}/removal"
    refused(await api.post(path, json={}, headers=bearing(here)), 403, "code_refused")
    code = {"recovery_code": phone.recovery_codes[1]} if lost else {"totp": phone.code()}
    removed = await api.post(path, json=code, headers=bearing(here))
    assert removed.json() == {"since": None, "recovery_codes_left": 0}
    refused(await api.post(path, json=code, headers=bearing(here)), 409, "second_factor_missing")
    await asyncio.sleep(AGE_S_MAX)
    refused(await api.get(ME, headers=bearing(elsewhere)), 401, "session_ended")
    assert (await api.get(ME, headers=bearing(here))).status_code == 200
    await signed_in(registry, api, holder)


async def test_an_administrator_helps_who_lost_everything(registry: Register, api: Service) -> None:
    authority = await an_authority(registry)
    holder = await a_holder(registry)
    phone = await an_authenticator(api, holder)
    session = await signed_in(registry, api, holder, totp=phone.code())
    path = f"/v1/users/{holder.user_id}/second-factor/removal"
    for actor in (holder, authority[Role.OFFICER]):
        refused(await api.post(path, headers=bearer(api, actor)), 403, "not_allowed")
    administrator = bearer(api, authority[Role.ADMINISTRATOR])
    assert (await api.post(path, headers=administrator)).status_code == 200
    refused(await api.post(path, headers=administrator), 409, "second_factor_missing")
    refused(await api.get(ME, headers=bearing(session)), 401, "session_ended")
    await signed_in(registry, api, holder)


async def test_an_administrator_needs_a_code_for_their_own(
    registry: Register, api: Service
) -> None:
    """Else whoever stole their session would be rid of it."""
    administrator = await the_administrator(registry)
    await an_authenticator(api, administrator)
    path = f"/v1/users/{administrator.user_id}/second-factor/removal"
    refused(await api.post(path, headers=bearer(api, administrator)), 403, "own_second_factor")


async def test_the_database_alone_gives_no_code_away(registry: Registry, api: Service) -> None:
    phone = await an_authenticator(api, await a_holder(registry))
    async with registry.read() as connection:
        (sealed,) = (await connection.execute(select(totp_secrets.c.sealed))).scalars()
        digests = (await connection.execute(select(recovery_codes.c.digest))).scalars().all()
    kept = bytes(sealed) + b"".join(map(bytes, digests))
    assert phone.secret not in kept
    assert base64.b32encode(phone.secret) not in kept
    for code in phone.recovery_codes:
        for form in (code, code.replace("-", "")):
            assert form.encode() not in kept
        assert base64.b32decode(code.replace("-", "")) not in kept


async def test_a_machine_has_no_second_factor(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    path = f"/v1/users/{holder.user_id}/keys"
    key = (await api.post(path, json={"label": "Meter"}, headers=bearer(api, holder))).json()
    shown = (await api.post(TOKENS, json=by_key(key["id"], key["client_secret"]))).json()
    asked: list[tuple[str, dict[str, Any]]] = [
        (SECOND_FACTOR, {"current_password": PASSWORD}),
        (f"{SECOND_FACTOR}/confirmation", {"totp": "123456"}),
        (f"{SECOND_FACTOR}/recovery-codes", {"totp": "123456"}),
        (f"{SECOND_FACTOR}/removal", {"totp": "123456"}),
        (CONFIRMATIONS, {"totp": "123456", "digest": DIGEST}),
    ]
    for path, body in asked:
        answer = await api.post(path, json=body, headers=bearing(shown))
        refused(answer, 403, "person_needed")


# ------------------------------------------------------------------------------ confirmations


async def taken(registry: Registry, actor: Actor, digest: str) -> bool:
    """Take a confirmation as an act would, with the pen."""

    async def act(pen: Pen) -> bool:
        pen.record(by=actor.user_id, kind="test.confirmed", subject="x", data={})
        return await use_confirmation(
            pen.connection, user_id=actor.user_id, digest=digest, now=clock.now()
        )

    return await registry.do(actor, act)


async def test_a_confirmation_is_for_one_content_one_person_and_once(
    registry: Registry, api: Service
) -> None:
    holder, other = await a_holder(registry), await a_holder(registry)
    phone = await an_authenticator(api, holder)
    body = {"digest": DIGEST, "totp": phone.code()}
    made = await api.post(CONFIRMATIONS, json=body, headers=bearer(api, holder))
    assert made.status_code == 201, made.text
    assert made.json()["digest"] == DIGEST
    refused(
        await api.post(CONFIRMATIONS, json=body, headers=bearer(api, holder)), 403, "code_refused"
    )
    changed = hashlib.sha256(b"retire 6 of TH-1 in the name of Mali").hexdigest()
    assert not await taken(registry, holder, changed)
    assert not await taken(registry, other, DIGEST)
    assert await taken(registry, holder, DIGEST)
    assert not await taken(registry, holder, DIGEST)


async def test_an_act_that_is_refused_gives_its_confirmation_back(
    registry: Registry, api: Service
) -> None:
    holder = await a_holder(registry)
    phone = await an_authenticator(api, holder)
    body = {"digest": DIGEST, "totp": phone.code()}
    made = await api.post(CONFIRMATIONS, json=body, headers=bearer(api, holder))
    assert made.status_code == 201

    async def refused_act(pen: Pen) -> None:
        assert await use_confirmation(
            pen.connection, user_id=holder.user_id, digest=DIGEST, now=clock.now()
        )
        raise NotAllowedError(permission="none")

    with pytest.raises(NotAllowedError):
        await registry.do(holder, refused_act)
    assert await taken(registry, holder, DIGEST)


async def test_a_confirmation_ends_after_minutes(
    registry: Registry, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await a_holder(registry)
    phone = await an_authenticator(api, holder)
    body = {"digest": DIGEST, "totp": phone.code()}
    made = await api.post(CONFIRMATIONS, json=body, headers=bearer(api, holder))
    assert made.status_code == 201
    moved(monkeypatch, CONFIRMATION_LIFETIME + timedelta(seconds=1))
    assert not await taken(registry, holder, DIGEST)


async def test_confirming_needs_a_second_factor_and_a_right_code(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    body = {"digest": DIGEST, "totp": "123456"}
    headers = bearer(api, holder)
    refused(await api.post(CONFIRMATIONS, json=body, headers=headers), 409, "second_factor_missing")
    phone = await an_authenticator(api, holder)
    wrong = f"{(int(phone.code()) + 1) % 10**6:06}"
    for _ in range(LIMITS[Scope.KNOWN].free):
        answer = await api.post(CONFIRMATIONS, json=body | {"totp": wrong}, headers=headers)
        refused(answer, 403, "code_refused")
    answer = await api.post(CONFIRMATIONS, json=body | {"totp": wrong}, headers=headers)
    refused(answer, 429, "too_many_guesses")
    malformed = {"digest": DIGEST.upper(), "totp": "123456"}
    refused(await api.post(CONFIRMATIONS, json=malformed, headers=headers), 422, "malformed")
