"""Requests that a machine signs: what is let in, and whatever is not exactly that, refused."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.entry.digests import BODY_DIGEST, BodyDigest
from app.entry.signatures import Signatures, SignatureStaleError, SignatureWrongError, Signer
from app.kernel import clock
from app.kernel.errors import UnauthenticatedError
from app.registry.signin.store.signed import KEPT, WINDOW
from tests.builders.answers import refused
from tests.builders.ledger import Holders, a_batch, two_holders
from tests.builders.parties import Register, a_developer, bearer
from tests.builders.rows import violates, writing
from tests.builders.signed import COVERED, Machine, a_machine, public_key_of
from tests.conftest import Api, Registry

PATH: Final = "/v1/transfers"
BATCH: Final = "XX-1-2024-1"
Change = Callable[[httpx2.Request], httpx2.Request]


class World:
    """A holder with credits, and a machine of theirs that signs."""

    def __init__(self, api: Api, holders: Holders, machine: Machine) -> None:
        self.api = api
        self.holders = holders
        self.machine = machine

    def request(self, *, key: str = "one", credits: int = 1) -> httpx2.Request:  # noqa: A002
        body = {
            "from_account": self.holders.account.number,
            "to_account": self.holders.elsewhere.number,
            "credits": credits,
        }
        headers = self.machine.headers | {"Idempotency-Key": key}
        return self.api.client.build_request("POST", PATH, json=body, headers=headers)

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        return await self.api.client.send(request)


@pytest.fixture
async def world(registry: Register, api: Api) -> World:
    holders = await two_holders(registry)
    await a_batch(
        registry,
        holders.administrator,
        holders.account,
        credits_made=100,
        vintage=2024,
        prefix=BATCH,
    )
    return World(api, holders, await a_machine(api, holders.owner))


async def test_a_signed_transfer_is_made_and_its_retry_gets_the_first_answer(world: World) -> None:
    made = await world.send(world.machine.sign(world.request()))
    assert made.status_code == 201, made.text
    again = await world.send(world.machine.sign(world.request()))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == made.content


async def test_the_address_may_be_signed_in_parts(world: World) -> None:
    parts = ("@authority", "@path", "@query", *(name for name in COVERED if name != "@target-uri"))
    made = await world.send(world.machine.sign(world.request(), covered=parts))
    assert made.status_code == 201, made.text
    for part in ("@authority", "@path", "@query"):
        fewer = [name for name in parts if name != part]
        answer = await world.send(world.machine.sign(world.request(), covered=fewer))
        refused(answer, 401, "signature_incomplete")
        assert answer.json()["facts"] == {"missing": part}


async def test_reads_need_no_signature_and_neither_do_keys_without_one(world: World) -> None:
    headers = world.machine.headers
    assert (await world.api.get("/v1/users/me", headers=headers)).status_code == 200
    request = world.request()
    request.headers.update(bearer(world.api, world.holders.owner))
    assert (await world.send(request)).status_code == 201


async def test_a_token_alone_changes_nothing(world: World) -> None:
    """Neither on the short way, nor on the framework's, nor with half of what it takes."""
    request = world.request()
    refused(await world.send(request), 401, "signature_required")
    path = "/v1/retirements?dry_run=true"
    refused(
        await world.api.post(path, json={}, headers=world.machine.headers),
        401,
        "signature_required",
    )
    for left_out in ("Signature", "Signature-Input"):
        half = world.machine.sign(world.request())
        del half.headers[left_out]
        refused(await world.send(half), 401, "signature_required")


async def test_whatever_matters_has_to_be_covered(world: World) -> None:
    for left_out in COVERED:
        covered = [name for name in COVERED if name != left_out]
        answer = await world.send(world.machine.sign(world.request(), covered=covered))
        refused(answer, 401, "signature_incomplete")
        assert answer.json()["facts"] == {"missing": left_out}


async def test_a_body_has_to_be_covered_and_a_nonce_is_no_short_word(world: World) -> None:
    answer = await world.send(world.machine.sign(world.request(), with_body=False))
    refused(answer, 401, "signature_incomplete")
    assert answer.json()["facts"] == {"missing": "content-digest"}
    for nonce in ("short", "x" * 65):
        answer = await world.send(world.machine.sign(world.request(), nonce=nonce))
        refused(answer, 401, "signature_incomplete")
        assert answer.json()["facts"] == {"missing": "nonce"}


def another_body(request: httpx2.Request) -> httpx2.Request:
    return httpx2.Request(
        request.method, request.url, headers=request.headers, content=request.content + b" "
    )


def another_path(request: httpx2.Request) -> httpx2.Request:
    url = request.url.copy_with(path="/v1/transfers/bulk")
    return httpx2.Request("POST", url, headers=request.headers, content=request.content)


def a_query(request: httpx2.Request) -> httpx2.Request:
    url = request.url.copy_with(query=b"dry_run=true")
    return httpx2.Request("POST", url, headers=request.headers, content=request.content)


def another(name: str, value: str) -> Change:
    def change(request: httpx2.Request) -> httpx2.Request:
        request.headers[name] = value
        return request

    return change


CHANGES: Final[dict[str, tuple[Change, str]]] = {
    "body": (another_body, "content_digest_wrong"),
    "path": (another_path, "signature_wrong"),
    "query": (a_query, "signature_wrong"),
    "host": (another("host", "elsewhere.test"), "signature_wrong"),
    "idempotency key": (another("idempotency-key", "two"), "signature_wrong"),
    "content type": (another("content-type", "application/json;x=1"), "signature_wrong"),
    "digest": (another("content-digest", f"sha-256=:{'A' * 43}=:"), "signature_wrong"),
    "another key's digest": (another("content-digest", "sha-512=:AAAA:"), "signature_wrong"),
    "parameters": (
        another("signature-input", 'pyhms=("@method");tag="registry"'),
        "signature_wrong",
    ),
    "no parameters": (another("signature-input", "x"), "signature_wrong"),
    "signature": (another("signature", "pyhms=:AAAA:"), "signature_wrong"),
}


async def test_nothing_can_be_changed_on_the_way(world: World) -> None:
    """And what is refused uses nothing up: the request as it was signed is good afterwards."""
    signed = world.machine.sign(world.request())
    for what, (change, code) in CHANGES.items():
        copy = httpx2.Request(
            "POST", signed.url, headers=signed.headers.copy(), content=signed.content
        )
        answer = await world.send(change(copy))
        assert (what, answer.status_code, answer.json()["code"]) == (what, 401, code)
    assert (await world.send(signed)).status_code == 201


async def test_only_the_keys_own_signature_for_us_counts(world: World) -> None:
    other = Machine(world.machine.key_id, world.machine.headers, Ed25519PrivateKey.generate())
    wrongs: list[httpx2.Request] = [
        other.sign(world.request()),
        world.machine.sign(world.request(), key_id="key_01kb5b1j0dfz5r5d8r4v5e2c3a"),
        world.machine.sign(world.request(), tag="somebody-else"),
    ]
    twice = world.machine.sign(world.request())
    wrongs.append(
        world.machine.sign(
            twice, label="more", append_if_signature_exists=True, use_existing_digest=True
        )
    )
    for wrong in wrongs:
        refused(await world.send(wrong), 401, "signature_wrong")


async def test_a_signature_is_of_this_minute(world: World) -> None:
    for ago in (timedelta(seconds=62), timedelta(hours=2), -timedelta(seconds=33)):
        answer = await world.send(world.machine.sign(world.request(), ago=ago))
        refused(answer, 401, "signature_stale")
    over = world.machine.expires(-timedelta(seconds=2))
    answer = await world.send(world.machine.sign(world.request(), expires=over))
    refused(answer, 401, "signature_stale")
    for ago in (timedelta(seconds=57), -timedelta(seconds=27)):
        made = await world.send(world.machine.sign(world.request(), ago=ago))
        assert made.status_code == 201, made.text


async def test_a_request_comes_once_whatever_becomes_of_it(world: World) -> None:
    """Sent again by whoever read it, at once and to two processes: one is let in."""
    good = world.machine.sign(world.request())
    answers = await asyncio.gather(*(world.send(good) for _ in range(4)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201, 401, 401, 401]
    for answer in answers:
        if answer.status_code != 201:
            refused(answer, 401, "signature_replayed")
    hopeless = world.machine.sign(world.request(key="three", credits=10**6))
    assert (await world.send(hopeless)).status_code == 409
    refused(await world.send(hopeless), 401, "signature_replayed")


async def test_a_refused_form_is_looked_at_once(world: World) -> None:
    """The short way gives it to the framework's, which asks again who calls."""
    request = world.request()
    broken = httpx2.Request("POST", request.url, headers=request.headers, content=b'{"credits": 1}')
    broken.headers["content-length"] = "14"
    refused(await world.send(world.machine.sign(broken)), 422, "malformed")


async def test_uploads_are_held_to_what_was_signed(registry: Register, api: Api) -> None:
    machine = await a_machine(api, await a_developer(registry))

    def uploaded(content: bytes) -> httpx2.Request:
        return api.client.build_request(
            "POST",
            "/v1/documents",
            files={"file": ("a.pdf", content, "application/pdf")},
            data={"purpose": "design"},
            headers=machine.headers,
        )

    good = machine.sign(uploaded(b"%PDF-1.7\n" + b"a" * 200_000))
    changed = httpx2.Request(
        "POST",
        good.url,
        headers=good.headers,
        content=good.content.replace(b"a" * 100, b"b" * 100, 1),
    )
    refused(await api.client.send(changed), 401, "content_digest_wrong")
    good = machine.sign(uploaded(b"%PDF-1.7\n" + b"a" * 200_000))
    assert (await api.client.send(good)).status_code == 201
    refused(await api.client.send(uploaded(b"%PDF-1.7\n")), 401, "signature_required")


async def test_a_key_says_what_it_signs_with_and_gives_out_no_other(
    registry: Register, api: Api
) -> None:
    developer = await a_developer(registry)
    path, headers = f"/v1/users/{developer.user_id}/keys", bearer(api, developer)
    machine = await a_machine(api, developer)
    (shown,) = (await api.get(path, headers=headers)).json()["data"]
    assert shown["public_key"] == public_key_of(machine.private)
    taken_away = await api.get(f"/v1/users/{developer.user_id}/personal-data", headers=headers)
    assert taken_away.json()["keys"] == [shown], "the same wherever it is shown"
    for wrong in ("", "AAAA", "A" * 44, "A" * 42 + "B=", "\u0e01" * 43 + "="):
        body = {"label": "x", "public_key": wrong}
        refused(await api.post(path, json=body, headers=headers), 422, "malformed")
    unsigned = {"label": "one more, that need not sign"}
    more = api.client.build_request("POST", path, json=unsigned, headers=machine.headers)
    refused(await api.client.send(machine.sign(more)), 403, "key_given_by_key")


async def test_old_rows_are_removed_and_what_they_stood_for_stays_refused(
    registry: Register, api: Api, world: World
) -> None:
    """No clock is asked: a key's own last request says what is too old."""
    now = clock.now()
    async with api.app.state.reads.begin() as connection:
        for ago in (WINDOW + KEPT, KEPT, timedelta(seconds=1)):
            await connection.execute(
                text("INSERT INTO signed_requests VALUES (:key, :digest, :at)"),
                {"key": world.machine.key_id, "digest": bytes(31) + bytes([ago.seconds % 251]),
                 "at": now - ago},
            )  # fmt: skip
    assert (await world.send(world.machine.sign(world.request()))).status_code == 201
    async with registry.read() as connection:
        kept = (await connection.execute(text("SELECT signed_at FROM signed_requests"))).scalars()
        assert all(now - at <= KEPT + timedelta(seconds=2) for at in kept)
    async with api.app.state.reads.begin() as connection:
        await connection.execute(
            text("INSERT INTO signed_requests VALUES (:key, :digest, :at)"),
            {"key": world.machine.key_id, "digest": b"f" * 32,
             "at": now + WINDOW + timedelta(seconds=5)},
        )  # fmt: skip
    late = await world.send(world.machine.sign(world.request(key="two")))
    refused(late, 401, "signature_replayed")


async def test_the_database_holds_it_too(registry: Registry, world: World) -> None:
    assert (await world.send(world.machine.sign(world.request()))).status_code == 201
    async with writing(registry.url) as connection:
        for value in ("NULL", "decode(repeat('07', 32), 'hex')"):
            statement = text(f"UPDATE api_keys SET public_key = {value}")  # noqa: S608
            await violates(connection, statement, "api_key_keeps_its_public_key")
        moved = text("UPDATE signed_requests SET signed_at = signed_at - interval '1 day'")
        await violates(connection, moved, "signed_request_comes_once")
        again = text("INSERT INTO signed_requests SELECT * FROM signed_requests")
        await violates(connection, again, "pk_signed_requests")


# ------------------------------------------------------------------------------ without a register

PRIVATE: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER: Final = Signer("key_01kb5b1j0dfz5r5d8r4v5e2c3a", PRIVATE.public_key().public_bytes_raw())
MACHINE: Final = Machine(SIGNER.key_id, {"Authorization": "Bearer x"}, PRIVATE)


def scope_of(request: httpx2.Request) -> dict[str, Any]:
    digest = BodyDigest()
    digest.take(request.read(), more=False)
    return {
        "method": request.method,
        "scheme": "http",
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        BODY_DIGEST: digest,
    }


def a_request(host: str = "registry.test") -> httpx2.Request:
    return httpx2.Request(
        "POST", f"http://{host}{PATH}?x=1", headers=MACHINE.headers, json={"credits": 1}
    )


def looked_at(signatures: Signatures, request: httpx2.Request) -> None:
    signatures._verified(scope_of(request), SIGNER)


def test_no_clock_that_is_set_makes_an_old_signature_new(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = [0.0]
    signatures = Signatures(None, public_origin="", elapsed_s=lambda: passed[0])  # type: ignore[arg-type]
    request = MACHINE.sign(a_request())
    looked_at(signatures, request)
    for jump in (timedelta(hours=2), -timedelta(hours=2)):
        jumped = clock.now() + jump
        monkeypatch.setattr(clock, "now", lambda jumped=jumped: jumped)
        looked_at(signatures, request)
    passed[0] = 62.0
    with pytest.raises(SignatureStaleError):
        looked_at(signatures, request)


def test_another_method_is_another_request() -> None:
    signatures = Signatures(None, public_origin="")  # type: ignore[arg-type]
    scope = scope_of(MACHINE.sign(a_request())) | {"method": "PUT"}
    with pytest.raises(SignatureWrongError):
        signatures._verified(scope, SIGNER)


def test_where_clients_come_to_is_what_they_sign() -> None:
    """Behind a proxy, whatever it makes of the Host header."""
    signatures = Signatures(None, public_origin="https://registry.example")  # type: ignore[arg-type]
    request = MACHINE.sign(
        httpx2.Request("POST", f"https://registry.example{PATH}", headers=MACHINE.headers)
    )
    request.headers["host"] = "127.0.0.1:8000"
    looked_at(signatures, request)
    with pytest.raises(SignatureWrongError):
        looked_at(signatures, MACHINE.sign(a_request("127.0.0.1:8000")))


@given(
    name=st.sampled_from(["signature-input", "signature", "content-digest", "host"]),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=120),
    cut=st.integers(0, 300),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_broken_header_is_more_than_refused(name: str, value: str, cut: int) -> None:
    signatures = Signatures(None, public_origin="")  # type: ignore[arg-type]
    request = MACHINE.sign(a_request())
    good = request.headers[name]
    for broken in (value, good[:cut] + value + good[cut:], good[:cut]):
        if broken.strip(" \t") == good:
            continue
        scope = scope_of(request)
        scope["headers"] = [
            (known, broken.encode("latin-1") if known == name.encode() else was)
            for known, was in scope["headers"]
        ]
        # Spaces between the parts of a structured field, and letters of a host's case, say nothing.
        if broken.replace(" ", "").lower() != good.replace(" ", "").lower():
            with pytest.raises(UnauthenticatedError):
                signatures._verified(scope, SIGNER)
