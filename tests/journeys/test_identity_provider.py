"""An identity provider that lies, errs, is slow or away: over real HTTP, nobody gets in by it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import httpx2
import pytest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from app.entry import fetching, oidc
from app.kernel import clock
from tests.builders.answers import refused
from tests.builders.identity_provider import (
    COMPLETION,
    SIGN_IN,
    IdentityProvider,
    back_from,
    ec_jwk,
    ec_key,
    link,
    rsa_jwk,
    rsa_key,
)
from tests.builders.parties import a_holder, bearer
from tests.builders.signing_in import ME, bearing
from tests.conftest import Api, Registry

DISCOVERY: Final = "/.well-known/openid-configuration"
Wrong = Callable[[IdentityProvider], None]


@dataclass(frozen=True)
class Place:
    """A service, its provider, and who has linked "mali" there."""

    api: Api
    provider: IdentityProvider
    user_id: str

    async def answer(self) -> httpx2.Response:
        """Sign in as mali."""
        return await self.api.post(COMPLETION, json=await back_from(self.api, "mali"))

    async def lets_in(self) -> None:
        """Assert that all is as it should be."""
        done = await self.answer()
        assert done.status_code == 200, done.text
        shown = await self.api.get(ME, headers=bearing(done.json()))
        assert shown.json()["id"] == self.user_id

    def forget(self) -> None:
        """Have the provider asked anew for what it says of itself, as an hour later."""
        known = self.api.app.state.provider
        known._document = known._keys = None
        known._away_until_s = 0.0


@pytest.fixture
async def place(registry: Registry, knowing_api: Api, provider: IdentityProvider) -> Place:
    holder = await a_holder(registry)
    await link(knowing_api, bearer(knowing_api, holder), "mali")
    return Place(knowing_api, provider, holder.user_id)


def _claiming(**claims: object) -> Wrong:
    return lambda provider: provider.claims.update(claims)


def _headed(**header: object) -> Wrong:
    return lambda provider: provider.header.update(header)


def _signed(alg: str) -> Wrong:
    return lambda provider: setattr(provider, "alg", alg)


def _sending(token: Callable[[str], str | None]) -> Wrong:
    return lambda provider: setattr(provider, "token", token)


def _as_it_is(token: str) -> str:
    return token


def _now_s() -> int:
    return int(clock.now().timestamp())


WRONG: Final[Mapping[str, Wrong]] = {
    "another issuer": _claiming(iss="https://id.example"),
    "another audience": _claiming(aud="another"),
    "several audiences": _claiming(aud=["registry", "another"]),
    "another nonce": _claiming(nonce="another"),
    "no nonce": _claiming(nonce=...),
    "over": _claiming(exp=_now_s() - 3_600),
    "old": _claiming(iat=_now_s() - 3_600),
    "not signed": _signed("none"),
    "signed with the public key": _signed("HS256"),
    "by a key that is not there": _headed(kid="another"),
    "by a key of another kind": _headed(kid="ec"),
    "no token": _sending(lambda _: None),
    "a huge token": _sending(lambda token: token + "A" * oidc.TOKEN_LENGTH_MAX),
    "half a token": _sending(lambda token: token.rpartition(".")[0]),
    "no signature": _sending(lambda token: token.rpartition(".")[0] + "."),
    "no token but text": _sending(lambda _: "anything"),
}


async def test_what_is_not_right_lets_nobody_in(place: Place) -> None:
    provider = place.provider
    for name, spoil in WRONG.items():
        provider.claims, provider.header, provider.alg = {}, {}, "RS256"
        provider.token = _as_it_is
        spoil(provider)
        place.forget()  # else a key that is not known would not be looked for
        done = await place.answer()
        assert (done.status_code, done.json()["code"]) == (403, "identity_refused"), name


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
async def test_both_algorithms_let_in(place: Place, alg: str) -> None:
    place.provider.alg = alg
    await place.lets_in()


@pytest.mark.parametrize("methods", [["client_secret_post"], ["client_secret_basic"], []])
async def test_our_secret_is_sent_as_the_provider_wants_it(
    place: Place, methods: list[str]
) -> None:
    place.provider.document["token_endpoint_auth_methods_supported"] = methods
    place.forget()
    await place.lets_in()


# ------------------------------------------------------------------------------ who has answered


async def test_an_answer_of_another_provider_is_none_of_this_one(place: Place) -> None:
    """RFC 9207: where it says who it is, it has to; and whoever says so has to be it."""
    answer = await back_from(place.api, "mali")
    assert answer["iss"] == place.provider.issuer
    for iss in (None, "https://evil.example", f"{answer['iss']}/"):
        body = {**await back_from(place.api, "mali"), "iss": iss}
        refused(await place.api.post(COMPLETION, json=body), 403, "identity_refused")
    place.provider.says_iss = False
    place.provider.document["authorization_response_iss_parameter_supported"] = False
    place.forget()
    await place.lets_in()
    body = {**await back_from(place.api, "mali"), "iss": "https://evil.example"}
    refused(await place.api.post(COMPLETION, json=body), 403, "identity_refused")


async def test_a_code_that_was_stolen_is_worth_nothing(place: Place) -> None:
    """Neither what it was given for nor its verifier (PKCE) fit another sign-in."""
    theirs, mine = [await back_from(place.api, "mali") for _ in range(2)]
    body = {**mine, "code": theirs["code"]}
    refused(await place.api.post(COMPLETION, json=body), 403, "identity_refused")


# ------------------------------------------------------------------------------ keys


async def test_keys_that_were_changed_are_found(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = place.provider
    await place.lets_in()
    provider.keys = [rsa_jwk("new", rsa_key()), ec_jwk("ec", ec_key())]
    provider.header = {"kid": "new"}
    provider.asked.clear()
    # Not within a minute of the last look: else tokens with made-up keys would have us ask on.
    for _ in range(3):
        refused(await place.answer(), 403, "identity_refused")
    assert "/keys" not in provider.asked
    later = clock.elapsed_s() + oidc.AGAIN_S
    monkeypatch.setattr(clock, "elapsed_s", lambda: later)
    await place.lets_in()
    await place.lets_in()
    assert provider.asked.count("/keys") == 1
    assert DISCOVERY not in provider.asked


async def test_what_it_says_of_itself_is_read_again_in_time(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.lets_in()
    place.provider.asked.clear()
    later = clock.elapsed_s() + oidc.KEPT_S
    monkeypatch.setattr(clock, "elapsed_s", lambda: later)
    await place.lets_in()
    assert place.provider.asked.count(DISCOVERY) == place.provider.asked.count("/keys") == 1


# ------------------------------------------------------------------------------ away, slow, huge


def _away() -> Response:
    return PlainTextResponse("no", 503)


def _elsewhere() -> Response:
    return RedirectResponse("http://127.0.0.1:1/elsewhere")


def _huge() -> Response:
    return JSONResponse({"filling": "x" * fetching.BYTES_MAX})


def _packed() -> Response:
    return Response(b"\x1f\x8b", headers={"content-encoding": "gzip"})


def _no_json() -> Response:
    return PlainTextResponse("<html>")


def _a_list() -> Response:
    return JSONResponse([1])


FAULTS: Final = {
    "away": _away,
    "elsewhere": _elsewhere,
    "huge": _huge,
    "packed": _packed,
    "no JSON": _no_json,
    "a list": _a_list,
}


@pytest.mark.parametrize("path", ["/keys", "/token"])
async def test_what_is_no_answer_lets_nobody_in(place: Place, path: str) -> None:
    for fault in FAULTS.values():
        answer = await back_from(place.api, "mali")
        place.provider.answers[path] = fault
        place.api.app.state.provider._keys = None
        done = await place.api.post(COMPLETION, json=answer)
        refused(done, 503, "identity_provider_away")
        assert done.headers["retry-after"] == "5"
        # It was one try, whatever came of it.
        place.provider.answers.clear()
        place.forget()
        refused(await place.api.post(COMPLETION, json=answer), 403, "identity_refused")
    await place.lets_in()


STRANGE: Final[tuple[object, ...]] = (
    *({"error": ["invalid_client"]}, {"error": {}}, {"error": None}, {"error": 7}),
    *({"expires_in": {}}, {"expires_in": "soon"}, {"expires_in": 10**400}),
    *({"id_token": None}, {"id_token": 7}, {"id_token": {}}, {"id_token": ["a.b.c"]}),
    *({}, [], None, 7, "text", [[[[]]]]),
)


async def test_whatever_comes_for_a_code_it_is_no_fault_of_ours(place: Place) -> None:
    for strange in STRANGE:
        place.provider.answers["/token"] = partial(JSONResponse, strange)
        done = await place.answer()
        assert done.status_code in {403, 503}, (strange, done.text)
        place.forget()  # else the next one is not even asked for
    place.provider.answers.clear()
    place.forget()
    await place.lets_in()


async def test_what_says_nothing_of_itself_is_no_provider(place: Place) -> None:
    for fault in FAULTS.values():
        place.provider.answers[DISCOVERY] = fault
        place.forget()
        refused(await place.api.post(SIGN_IN), 503, "identity_provider_away")
    place.provider.answers.clear()
    place.forget()
    await place.lets_in()


@pytest.mark.parametrize("path", [DISCOVERY, "/token"])
async def test_a_provider_that_is_slow_is_not_waited_for(
    place: Place, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SECONDS_MAX", 0.2)
    answer = await back_from(place.api, "mali")
    place.provider.stalls.add(path)
    place.forget()
    async with asyncio.timeout(3):
        done = await place.api.post(COMPLETION, json=answer)
    refused(done, 503, "identity_provider_away")


async def test_many_who_wait_for_it_do_not_wait_one_after_another(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SECONDS_MAX", 0.3)
    place.provider.stalls.add(DISCOVERY)
    place.forget()
    place.provider.asked.clear()
    async with asyncio.timeout(3):
        done = await asyncio.gather(*(place.api.post(SIGN_IN) for _ in range(20)))
    for each in done:
        refused(each, 503, "identity_provider_away")
    assert place.provider.asked == [DISCOVERY]


async def test_a_provider_that_is_not_there_is_away(place: Place) -> None:
    known = place.api.app.state.provider
    place.forget()
    real, known.issuer = known.issuer, "http://127.0.0.1:1"
    refused(await place.api.post(SIGN_IN), 503, "identity_provider_away")
    known.issuer = real
    # For a moment it is not even asked.
    refused(await place.api.post(SIGN_IN), 503, "identity_provider_away")
    place.forget()
    await place.lets_in()


@pytest.mark.parametrize("path", ["/keys", "/token"])
async def test_what_was_away_is_not_asked_for_a_token_either(place: Place, path: str) -> None:
    """Whoever comes back with a code while it is away is told so at once, however many they are."""
    first, *others = [await back_from(place.api, "mali") for _ in range(4)]
    place.provider.answers[path] = _away
    place.api.app.state.provider._keys = None
    refused(await place.api.post(COMPLETION, json=first), 503, "identity_provider_away")
    place.provider.answers.clear()
    place.provider.asked.clear()
    for answer in others:
        done = await place.api.post(COMPLETION, json=answer)
        refused(done, 503, "identity_provider_away")
        assert done.headers["retry-after"] == "5"
    assert place.provider.asked == []
    place.forget()
    await place.lets_in()


UNSAFE: Final[Mapping[str, Mapping[str, Any]]] = {
    "of another": {"issuer": "https://id.example"},
    "with a slash": {"issuer": "…/"},
    "codes go elsewhere": {"token_endpoint": "http://id.example/token"},
    "keys come from elsewhere": {"jwks_uri": "http://169.254.169.254/keys"},
    "keys are a file": {"jwks_uri": "file:///etc/passwd"},
    "browsers go elsewhere": {"authorization_endpoint": "javascript:alert(1)"},
    "nowhere": {"token_endpoint": "https:///token"},
    "with a name": {"token_endpoint": "https://registry@id.example/token"},
    "broken": {"token_endpoint": "https://[/token"},
    "no text": {"jwks_uri": 7},
    "none of our algorithms": {"id_token_signing_alg_values_supported": ["HS256", "none"]},
}


async def test_what_it_says_of_itself_is_looked_at(place: Place) -> None:
    for name, wrong in UNSAFE.items():
        place.provider.document = {
            part: f"{place.provider.issuer}/" if value == "…/" else value
            for part, value in wrong.items()
        }
        place.forget()
        done = await place.api.post(SIGN_IN)
        assert (done.status_code, done.json()["code"]) == (503, "identity_provider_away"), name
    place.provider.document = {}
    place.forget()
    await place.lets_in()


async def test_a_provider_that_does_not_know_us_is_no_fault_of_who_signs_in(place: Place) -> None:
    known = place.api.app.state.provider
    known._client = replace(known._client, secret="another")
    refused(await place.answer(), 503, "identity_provider_away")


async def test_what_was_given_to_one_is_not_kept_for_another(place: Place) -> None:
    """Many at once: each gets in as who they are to the provider."""
    api = place.api

    async def comes(subject: str) -> int:
        answer = await api.post(COMPLETION, json=await back_from(api, subject))
        if answer.status_code != 200:
            return int(answer.status_code)
        shown = await api.get(ME, headers=bearing(answer.json()))
        assert (shown.json()["id"], subject) == (place.user_id, "mali")
        return 200

    codes = await asyncio.gather(*(comes(who) for who in ("mali", "nobody") * 3))
    assert codes == [200, 403] * 3
