"""Whatever comes over the wire, the answer is a problem document that says what to do."""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
import structlog
from fastapi import FastAPI, File
from pydantic import Field
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.types import Message

from app.entry import middleware
from app.entry.api.context import StrictRoute
from app.entry.api.description import Problem
from app.entry.api.wire import Body, Name
from app.kernel.errors import refusals
from app.main import create_app
from app.settings import Settings

Client = httpx2.AsyncClient
SECRET = "correct horse battery staple"


class Tree(Body):
    """What the probe takes."""

    name: Name = Field(description="Its name.", examples=["ต้นสัก"])
    rings: int = Field(1, ge=1, le=10_000, description="Its age.", examples=[7])
    parts: list[Any] = Field([], description="Anything.", examples=[[]])


async def _plant(tree: Tree) -> dict[str, str]:
    return {"name": tree.name}


async def _upload(file: Annotated[bytes, File()]) -> dict[str, int]:
    return {"bytes": len(file)}


async def _break() -> None:
    raise RuntimeError(SECRET)


async def _find_no_connection() -> None:
    raise PoolTimeoutError(SECRET)


async def _lose_the_snapshot() -> None:
    raise asyncpg.SerializationError(SECRET)


@pytest.fixture(scope="module")
def service() -> FastAPI:
    """The service as it is, with a few routes that do what real ones must never do."""
    # Never started: what is tested here happens before and after the database is asked.
    app = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    app.router.route_class = StrictRoute
    app.post("/v1/trees")(_plant)
    app.post("/v1/documents/trees")(_upload)
    app.get("/v1/broken")(_break)
    app.get("/v1/exhausted")(_find_no_connection)
    app.get("/v1/conflict")(_lose_the_snapshot)
    return app


@pytest_asyncio.fixture
async def client(service: FastAPI) -> AsyncIterator[Client]:
    transport = httpx2.ASGITransport(service, raise_app_exceptions=False)
    async with Client(transport=transport, base_url="http://registry") as client:
        yield client


def _problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document.keys() <= Problem.model_fields.keys()
    Problem.model_validate(document)
    assert document["code"] == code
    assert document["status"] == status
    assert document["type"] == f"/problems/{code}"
    assert document["request_id"] == response.headers["request-id"]
    return document


async def _post(client: Client, body: bytes, **headers: str) -> httpx2.Response:
    sent = {"content-type": "application/json", **headers}
    return await client.post("/v1/trees", content=body, headers=sent)


async def test_a_good_body_passes(client: Client) -> None:
    response = await _post(client, '{"name": "ต้นสัก"}'.encode())
    assert (response.status_code, response.json()) == (200, {"name": "ต้นสัก"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"name": "a"} x',
        b'{"name": "a", "colour": "green"}',
        b'{"name": "a", "\\u0000": 1}',
        b'{"name": "a", "name": "b"}',
        b'{"name": "a", "rings": NaN}',
        b'{"name": "a", "rings": Infinity}',
        b'{"name": "a", "rings": 1e400}',
        b'{"name": "a", "rings": 1.5}',
        b'{"name": "a", "rings": ' + b"9" * 5_000 + b"}",
        b'{"name": "a", "rings": ' + b"9" * 4_000 + b"}",
        b'{"name": "a", "parts": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"name": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001,
        b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"\\udc00": "a", "name": "a"}',
        b'{"name": "a\\u0000b"}',
        '{"name": "a"}'.encode("utf-16"),
    ],
)
async def test_a_body_of_the_wrong_form_is_malformed(client: Client, body: bytes) -> None:
    found = _problem(await _post(client, body), 422, "malformed")["errors"]
    assert found
    assert all(error["pointer"].startswith("/body") and error["message"] for error in found)


async def test_what_was_sent_is_not_sent_back(client: Client) -> None:
    """A password typed into the wrong field must not travel on into logs and screens."""
    body = json.dumps({"name": "a", "rings": SECRET, "parts": {"p": SECRET}}).encode()
    assert SECRET not in (await _post(client, body)).text


@pytest.mark.parametrize("address", ["/docs/", "/v1/problems/", "/v1/problems//", "/health/"])
async def test_nobody_is_led_to_where_the_request_says(client: Client, address: str) -> None:
    """A slash too many is no address; the framework would lead to any host that is named."""
    response = await client.get(address, headers={"host": "elsewhere.example"})
    _problem(response, 404, "no_such_address")
    assert "location" not in response.headers


async def test_a_wrong_kind_of_sign_in_is_not_sent_back(client: Client) -> None:
    """Somebody types their password into the first field there is."""
    response = await client.post("/v1/tokens", json={"grant_type": SECRET})
    (error,) = _problem(response, 422, "malformed")["errors"]
    assert (
        error["message"]
        == "Input should be one of 'password', 'client_credentials', 'refresh_token', 'passkey'"
    )
    assert SECRET not in response.text


async def test_names_in_a_pointer_are_escaped(client: Client) -> None:
    response = await _post(client, b'{"name": "a", "b/c~d": 1}')
    (error,) = _problem(response, 422, "malformed")["errors"]
    assert error["pointer"] == "/body/b~1c~0d"


async def test_at_most_fifty_errors_are_listed(client: Client) -> None:
    body = json.dumps({f"field_{number}": 1 for number in range(1_000)}).encode()
    assert len(_problem(await _post(client, body), 422, "malformed")["errors"]) == 50


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "nonsense"])
async def test_a_body_that_is_not_json_is_not_accepted(client: Client, kind: str) -> None:
    response = await client.post("/v1/trees", content=b"x", headers={"content-type": kind})
    _problem(response, 415, "media_type_unsupported")


async def test_a_packed_body_is_not_unpacked(client: Client) -> None:
    """A few bytes may unfold into gigabytes."""
    response = await _post(client, b"\x1f\x8b", **{"content-encoding": "gzip"})
    _problem(response, 415, "media_type_unsupported")


async def test_a_form_is_not_read_as_json(client: Client) -> None:
    _problem(await client.post("/v1/trees", data={"name": "a"}), 422, "malformed")


async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(client: Client) -> None:
    padding = 2**20 - len(b'{"name": "a"}')
    assert (await _post(client, b'{"name": "a"}' + b" " * padding)).status_code == 200
    response = await _post(client, b'{"name": "a"}' + b" " * (padding + 1))
    document = _problem(response, 413, "body_too_large")
    assert document["facts"] == {"bytes_max": 2**20}
    assert response.headers["connection"] == "close"


async def test_a_body_that_declares_too_much_is_refused_unread(client: Client) -> None:
    reads = 0

    async def never_read() -> AsyncIterator[bytes]:
        nonlocal reads
        reads += 1
        yield b""

    response = await client.post(
        "/v1/trees",
        content=never_read(),
        headers={"content-length": str(2**20 + 1), "content-type": "application/json"},
    )
    _problem(response, 413, "body_too_large")
    assert reads == 0


@pytest.mark.parametrize("length", ["-1", "abc", "1" * 5_000, "+1", "1_0"])
async def test_a_length_that_is_none_is_malformed(client: Client, length: str) -> None:
    response = await client.post("/v1/trees", content=b"{}", headers={"content-length": length})
    _problem(response, 422, "malformed")


async def test_an_endless_body_is_refused_when_it_passes_the_limit(client: Client) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 2**16
            yield b" " * 2**16

    response = await client.post(
        "/v1/trees", content=endless(), headers={"content-type": "application/json"}
    )
    _problem(response, 413, "body_too_large")
    assert sent <= 2**20 + 2**17


async def test_a_body_that_does_not_arrive_is_given_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_SECONDS_MAX", 0)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(10)

    response = await client.post(
        "/v1/trees", content=stalled(), headers={"content-type": "application/json"}
    )
    _problem(response, 408, "body_too_slow")
    assert response.headers["connection"] == "close"


async def test_a_document_may_be_larger_than_other_bodies(client: Client) -> None:
    response = await client.post("/v1/documents/trees", files={"file": b" " * 2**21})
    assert (response.status_code, response.json()) == (200, {"bytes": 2**21})


@pytest.mark.parametrize("declared", [True, False])
async def test_a_document_has_a_limit_too(client: Client, *, declared: bool) -> None:
    request = client.build_request("POST", "/v1/documents/trees", files={"file": b" " * 26_000_000})
    if not declared:
        del request.headers["content-length"]
        request.headers["transfer-encoding"] = "chunked"
    response = await client.send(request)
    _problem(response, 413, "body_too_large")
    assert response.headers["connection"] == "close"


async def test_a_document_that_does_not_arrive_is_given_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "UPLOAD_SECONDS_MAX", 0)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"--x\r\n"
        await asyncio.sleep(10)

    response = await client.post(
        "/v1/documents/trees",
        content=stalled(),
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    _problem(response, 408, "body_too_slow")


@pytest.mark.parametrize(
    "body", [b"", b"--x", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\n--x--"]
)
async def test_a_broken_upload_is_malformed(client: Client, body: bytes) -> None:
    response = await client.post(
        "/v1/documents/trees",
        content=body,
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    _problem(response, 422, "malformed")


@pytest.mark.parametrize("address", ["/v1/problems?a=%00", "/v1/%00", "/v1/problems?%00=1"])
async def test_an_address_may_not_hold_nul(client: Client, address: str) -> None:
    _problem(await client.get(address), 422, "malformed")


@pytest.mark.parametrize("address", ["/v1/problems?a=%ff%ed%a0%80", "/v1/problems?=&&==;"])
async def test_an_unknown_parameter_is_malformed_whatever_its_bytes(
    client: Client, address: str
) -> None:
    _problem(await client.get(address), 422, "malformed")


async def test_what_is_not_there_and_what_cannot_be_done_there_are_told_apart(
    client: Client,
) -> None:
    _problem(await client.get("/v1/nothing"), 404, "no_such_address")
    response = await client.delete("/v1/trees")
    _problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_the_answer_is_in_the_language_asked_for(client: Client) -> None:
    thai = await client.get("/v1/nothing", headers={"accept-language": "th-TH"})
    english = await client.get("/v1/nothing")
    assert thai.headers["content-language"] == "th"
    assert thai.json()["title"] == "ไม่มีข้อมูลที่ที่อยู่นี้"
    assert english.headers["content-language"] == "en"
    assert english.json()["title"] == "There is nothing at this address."
    assert "Accept-Language" in thai.headers["vary"]


async def test_a_surprise_is_answered_without_its_text_and_logged_with_it(client: Client) -> None:
    with structlog.testing.capture_logs() as events:
        response = await client.get("/v1/broken")
    document = _problem(response, 500, "unexpected")
    assert SECRET not in response.text
    (failure,) = [event for event in events if event["event"] == "request_failed"]
    assert isinstance(failure["exc_info"], RuntimeError)
    assert document["request_id"] == response.headers["request-id"]


@pytest.mark.parametrize("path", ["/v1/exhausted", "/v1/conflict"])
async def test_a_database_that_is_away_is_not_a_surprise(client: Client, path: str) -> None:
    """Nor is a replica that takes back what is being read from it."""
    response = await client.get(path)
    _problem(response, 503, "database_away")
    assert response.headers["retry-after"] == "1"


async def test_a_request_keeps_its_id_if_that_is_harmless(client: Client) -> None:
    for given in ("order-7.a_B", "x" * 64):
        response = await client.get("/v1/problems", headers={"request-id": given})
        assert response.headers["request-id"] == given
    for given in ("", "x" * 65, "a b", "<script>", "a\tb", "-a"):
        response = await client.get("/v1/problems", headers={"request-id": given})
        assert response.headers["request-id"].startswith("req_")


async def test_a_line_in_the_log_names_the_operation_and_nothing_of_the_caller(
    client: Client,
) -> None:
    with structlog.testing.capture_logs() as events:
        await client.get(
            "/problems/malformed?x=1",
            headers={"authorization": "Bearer " + SECRET.replace(" ", "")},
        )
    (line,) = [event for event in events if event["event"] == "request"]
    assert line.keys() == {"event", "log_level", "method", "operation", "status", "ms"}
    assert (line["method"], line["operation"], line["status"]) == ("GET", "get_refusal", 422)


@pytest.mark.parametrize("address", ["/v1/problems", "/v1/nothing", "/v1/broken"])
async def test_every_answer_has_the_outer_headers(client: Client, address: str) -> None:
    headers = (await client.get(address)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"
    # Who is in front of the service may tell it so: it is told to nobody.
    assert "strict-transport-security" not in headers


async def test_the_reference_runs_its_own_script_and_no_other(client: Client) -> None:
    page = await client.get("/docs")
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    inline = re.findall("<script>(.*?)</script>", page.text, re.DOTALL)
    digests = {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in inline}
    assert len(inline) == 1
    assert policy["script-src"].split() == ["'self'", *(f"'sha256-{d}'" for d in digests)]
    assert {policy[name] for name in ("default-src", "base-uri", "frame-ancestors")} == {"'none'"}
    assert page.headers["cross-origin-embedder-policy"] == "require-corp"
    for file in ("swagger-ui-bundle.js", "swagger-ui.css"):
        served = await client.get(f"/static-offline-docs/{file}")
        assert served.status_code == 200
        assert served.headers["cross-origin-resource-policy"] == "same-origin"


async def test_the_type_of_a_problem_leads_to_its_explanation(client: Client) -> None:
    document = (await client.get("/v1/nothing")).json()
    explained = (await client.get(document["type"])).json()
    assert explained["code"] == document["code"]
    assert explained["title_en"] == document["title"]
    page = await client.get(document["type"], headers={"accept": "text/html,*/*"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert explained["title_th"] in page.text
    assert explained["advice_en"] in page.text


@pytest.mark.parametrize("code", ["nothing_like_this", "x" * 60])
async def test_an_unknown_refusal_is_not_there(client: Client, code: str) -> None:
    _problem(await client.get(f"/problems/{code}"), 404, "no_such_address")


async def test_every_refusal_is_listed_and_explained(client: Client) -> None:
    listed = (await client.get("/v1/problems")).json()["data"]
    known = [refusal.code for refusal in refusals() if refusal.__module__.startswith("app.")]
    # Tests of other files may have made refusals of their own in this process.
    assert [refusal["code"] for refusal in listed if refusal["code"] in known] == known
    for refusal in listed:
        assert (await client.get(f"/problems/{refusal['code']}")).json() == refusal


async def test_a_caller_that_leaves_gets_no_answer_and_breaks_nothing(service: FastAPI) -> None:
    sent: list[Message] = []
    pieces: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(pieces)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/trees",
        "query_string": b"",
        "headers": [(b"content-length", b"9"), (b"content-type", b"application/json")],
    }
    await service(scope, receive, send)
    assert not sent
