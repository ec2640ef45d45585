"""The OpenAPI document is complete: a client can be written from it alone."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from app.entry.api.context import StrictRoute
from app.entry.api.description import TAGS
from app.kernel.errors import refusals
from app.main import create_app
from app.settings import Settings

Json = dict[str, Any]

APP = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
DOCUMENT: Json = APP.openapi()
SCHEMAS: Json = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, Json] = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
# What the registry promises to serve under /v1.
PROMISED = {
    "activities",
    "documents",
    "monitoring-reports",
    "verifications",
    "issuances",
    "batches",
    "accounts",
    "transfers",
    "retirements",
    "cancellations",
    "serials",
    "ledger",
    "log",
    "parties",
    "users",
    "programmes",
    "provinces",
    "calendar",
    "applications",
    "methodologies",
    "tokens",
}

each_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
each_schema = pytest.mark.parametrize("name", SCHEMAS)


def _walk(value: object) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from _walk(part)


def _resolve(reference: str) -> Any:  # noqa: ANN401  whatever stands there
    place: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        place = place[step.replace("~1", "/").replace("~0", "~")]
    return place


def _parameters(operation: Json) -> list[Json]:
    return [_resolve(p["$ref"]) if "$ref" in p else p for p in operation["parameters"]]


def _accepts(schema: Json, value: object) -> bool:
    whole = {**schema, "components": {"schemas": SCHEMAS}}
    return jsonschema_rs.is_valid(whole, value, validate_formats=True)


def _is_made_of_parts(schema: Json) -> bool:
    """Say whether examples of a property are better given on the fields of its parts."""
    if schema.get("contentMediaType"):
        return True  # a file
    if "$ref" in schema:
        return "properties" in _resolve(schema["$ref"]) or "oneOf" in _resolve(schema["$ref"])
    if "items" in schema:
        return _is_made_of_parts(schema["items"])
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or []
    return any(_is_made_of_parts(choice) for choice in choices)


def test_it_is_a_document_of_openapi_3_1() -> None:
    assert re.fullmatch(r"3\.1\.\d", DOCUMENT["openapi"])
    assert DOCUMENT["info"].keys() >= {"title", "version", "summary", "description"}


def test_every_reference_leads_somewhere() -> None:
    for part in _walk(DOCUMENT):
        if isinstance(part.get("$ref"), str):
            assert _resolve(part["$ref"]), part["$ref"]


def test_schemas_have_names_of_their_own() -> None:
    """Two of one name get the paths of their modules, which become class names in clients."""
    assert not [name for name in SCHEMAS if "__" in name]


@each_schema
def test_a_schema_is_valid_json_schema(name: str) -> None:
    jsonschema_rs.meta.validate(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **SCHEMAS[name]}
    )


def test_every_promised_resource_is_served() -> None:
    served = {path.split("/")[2] for path in DOCUMENT["paths"] if path.startswith("/v1/")}
    assert served >= PROMISED


def test_operations_have_one_name_each() -> None:
    names = Counter(operation["operationId"] for operation in OPERATIONS.values())
    assert not [name for name, count in names.items() if count > 1]
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name) for name in names)


@each_operation
def test_an_operation_says_what_it_does(operation: Json) -> None:
    assert operation["summary"]
    assert operation["description"].rstrip().endswith((".", "```", "|"))
    assert len(operation["tags"]) == 1
    assert operation["tags"][0] in TAGS


@each_operation
def test_an_operation_describes_its_parameters(operation: Json) -> None:
    for parameter in _parameters(operation):
        assert parameter.get("description"), parameter["name"]
        examples = parameter.get("examples") or parameter["schema"].get("examples", [])
        examples = [*examples, *([parameter["example"]] if "example" in parameter else [])]
        assert examples, parameter["name"]
        for example in examples:
            assert _accepts(parameter["schema"], example), (parameter["name"], example)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_paths_parameters_are_those_of_its_template(name: str) -> None:
    declared = {p["name"] for p in _parameters(OPERATIONS[name]) if p["in"] == "path"}
    assert declared == set(re.findall(r"{(\w+)}", name))


@each_schema
def test_every_field_is_described_with_an_example_that_is_valid(name: str) -> None:
    for part in _walk(SCHEMAS[name]):
        for field, schema in part.get("properties", {}).items():
            assert schema.get("description"), field
            examples = [*schema.get("examples", [])]
            assert examples or _is_made_of_parts(schema) or "const" in schema, field
            for example in examples:
                assert _accepts(schema, example), (field, example)


@each_operation
def test_every_refusal_is_a_problem_document(operation: Json) -> None:
    for status, response in operation["responses"].items():
        assert response["description"], status
        if status >= "400":
            schema = {"$ref": "#/components/schemas/Problem"}
            assert response["content"] == {"application/problem+json": {"schema": schema}}
            assert response["x-refusals"]


@each_operation
def test_refusals_of_an_operation_are_refusals_there_are(operation: Json) -> None:
    known = {refusal.code for refusal in refusals()}
    for response in operation["responses"].values():
        assert set(response.get("x-refusals", [])) <= known


@each_operation
def test_an_operation_names_what_every_operation_can_answer(operation: Json) -> None:
    wanted = {"422", "500", "503"}
    if "requestBody" in operation:
        wanted |= {"408", "413", "415"}
    if "security" in operation:
        wanted |= {"401", "403"}
    assert wanted <= operation["responses"].keys()


@each_operation
def test_answers_declare_their_headers(operation: Json) -> None:
    names = {parameter["name"] for parameter in _parameters(operation)}
    for status, response in operation["responses"].items():
        headers = response["headers"].keys()
        assert "Request-Id" in headers
        if status == "201":
            assert "Location" in headers
        if status < "400" and "Idempotency-Key" in names:
            assert "Idempotency-Replayed" in headers
        if status == "503":
            assert "Retry-After" in headers


def test_visitors_are_told_from_callers() -> None:
    """A client generated from this must know where it may come without a token."""
    assert OPERATIONS["GET /v1/provinces"].get("security", [{}])[0] == {}
    assert {} not in OPERATIONS["GET /v1/users/me"]["security"]
    assert "security" not in OPERATIONS["GET /health"]


def test_no_description_of_another_form_is_left() -> None:
    assert not SCHEMAS.keys() & {"HTTPValidationError", "ValidationError"}


def test_bodies_refuse_fields_they_do_not_know() -> None:
    for name, operation in OPERATIONS.items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            schema = media["schema"]
            body = _resolve(schema["$ref"]) if "$ref" in schema else schema
            for alternative in body.get("oneOf", body.get("anyOf", [body])):
                shape = _resolve(alternative["$ref"]) if "$ref" in alternative else alternative
                assert shape.get("additionalProperties") is False or "items" in shape, name


def test_every_route_refuses_parameters_it_does_not_know() -> None:
    for context in iter_route_contexts(APP.routes):
        if isinstance(context.original_route, APIRoute) and context.include_in_schema:
            assert isinstance(context.original_route, StrictRoute), context.path


async def test_the_reference_page_takes_nothing_from_elsewhere() -> None:
    """Nothing calls out: neither the service nor the browser of who reads its reference."""
    transport = httpx2.ASGITransport(APP)
    async with httpx2.AsyncClient(transport=transport, base_url="http://registry") as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        sources = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
        assert sources
        for source in sources:
            assert source.startswith("/static-offline-docs/")
            assert (await client.get(source)).status_code == 200
        assert "https://" not in page.text
        described = await client.get("/v1/openapi.json")
        assert described.json() == DOCUMENT


def test_the_document_is_made_without_a_database(tmp_path: Path) -> None:
    app = create_app(
        Settings(
            database_url="postgresql://nobody@127.0.0.1:1/none",
            data=tmp_path / "data",
            public_origin="https://registry.example",
        )
    )
    assert app.openapi()["servers"][0]["url"] == "https://registry.example"
    assert not (tmp_path / "data").exists()
