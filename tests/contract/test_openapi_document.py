"""What the description says of headers and methods, and that answers are really held against it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.builders.parties import Register, Service, bearer, the_administrator
from tests.contract.conformance import held_against

Json = dict[str, Any]
DESCRIBED: Json = {
    "paths": {
        "/trees/{name}": {
            "get": {
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}
                        }
                    },
                    "404": {
                        "content": {"application/problem+json": {"schema": {"type": "object"}}},
                        "x-refusals": ["tree_not_found"],
                    },
                }
            }
        }
    },
    "components": {
        "schemas": {
            "Tree": {
                "type": "object",
                "properties": {"planted": {"type": "string", "format": "date"}},
            }
        }
    },
}


def an_answer(status: int, body: Json, kind: str = "application/json") -> httpx2.Response:
    request = httpx2.Request("GET", "http://registry/trees/teak")
    return httpx2.Response(status, json=body, headers={"Content-Type": kind}, request=request)


def a_problem(status: int, code: str) -> httpx2.Response:
    return an_answer(status, {"code": code}, "application/problem+json")


@pytest.mark.parametrize(
    "answer",
    [
        an_answer(200, {"planted": "2026-01-31"}),
        a_problem(404, "tree_not_found"),
        a_problem(405, "method_not_allowed"),
    ],
)
async def test_an_answer_as_described_is_let_through(answer: httpx2.Response) -> None:
    await held_against(DESCRIBED)(answer)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (an_answer(200, {"planted": "today"}), "/planted"),
        (an_answer(200, {}, "application/vnd.tree+json"), "media type"),
        (an_answer(201, {}), "status 201"),
        (a_problem(404, "forest_not_found"), "refusal forest_not_found"),
        (a_problem(409, "tree_felled"), "status 409"),
    ],
)
async def test_another_answer_fails_the_test(answer: httpx2.Response, fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        await held_against(DESCRIBED)(answer)


def _operations(api: Service) -> list[Json]:
    paths = api.app.openapi()["paths"]
    return [operation for operations in paths.values() for operation in operations.values()]


async def test_a_header_is_required_exactly_where_it_is_refused_to_do_without(
    api: Service,
) -> None:
    """What a client generated from the document leaves out must not be missed."""
    for operation in _operations(api):
        headers = {p["name"]: p["required"] for p in operation["parameters"] if "$ref" not in p}
        refused = {c for r in operation["responses"].values() for c in r.get("x-refusals", [])}
        name = operation["operationId"]
        assert headers.get("If-Match", False) is ("precondition_required" in refused), name
        keyed = headers.get("Idempotency-Key", False)
        assert keyed is ("idempotency_key_required" in refused), name
        assert ("Idempotency-Key" in headers) is ("idempotency_key_reused" in refused), name


async def test_no_parameter_is_said_to_be_null(api: Service) -> None:
    """Neither an address nor a header can carry it: the word null would be sent, and refused."""
    for operation in _operations(api):
        for parameter in operation["parameters"]:
            assert {"type": "null"} not in parameter.get("schema", {}).get("anyOf", [])


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/parties", "GET, POST"),
        ("/v1/activities/act_01kb5w6yk2e0hr9h5y0s8v2a3b", "GET, PATCH"),
        ("/v1/transfers", "POST"),
        ("/health", "GET"),
    ],
)
async def test_a_method_that_is_not_taken_is_answered_with_all_that_are(
    api: Service, path: str, allowed: str
) -> None:
    refused = await api.request("DELETE", path)
    assert refused.status_code == 405
    assert (refused.json()["code"], refused.headers["Allow"]) == ("method_not_allowed", allowed)


@pytest.mark.parametrize("moment", ["0.5", "1767225600", "2026-01-01", "2026-01-01T00:00:00"])
async def test_a_moment_is_text_with_a_time_zone(
    registry: Register, api: Service, moment: str
) -> None:
    """A number would be read as seconds since 1970."""
    asker = bearer(api, await the_administrator(registry))
    path = "/v1/ledger/entries"
    refused = await api.get(path, params={"recorded_from": moment}, headers=asker)
    assert refused.status_code == 422
    moment = "2026-01-01T00:00:00+07:00"
    taken = await api.get(path, params={"recorded_from": moment}, headers=asker)
    assert taken.status_code == 200


async def test_a_file_is_not_read_before_it_is_known_who_sends_it(api: Service) -> None:
    """Else anybody could fill the disk for a while."""
    pieces_read = []

    async def form() -> AsyncIterator[bytes]:
        for piece in [b"--x\r\n", b"never read"]:
            pieces_read.append(piece)
            yield piece

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    for signed_in in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic eA=="}):
        refused = await api.post("/v1/documents", content=form(), headers=headers | signed_in)
        assert refused.status_code == 401
        assert refused.headers["Connection"] == "close"
    assert pieces_read == []
