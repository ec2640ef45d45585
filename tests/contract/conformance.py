"""Holds the answers that tests get against what the OpenAPI document says of them."""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import jsonschema_rs
from httpx2 import Response

Json = dict[str, Any]

# What is answered before an operation is chosen: none can declare it.
_OF_NO_OPERATION: Final = {"no_such_address", "method_not_allowed"}
_PROBLEM: Final = "application/problem+json"


def held_against(document: Json) -> Callable[[Response], Awaitable[None]]:
    """Return a hook for a client that fails the test at an answer which is not as described."""
    # Addresses without parameters first: they take precedence.
    paths = sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
    patterns = [(_pattern(path), operations) for path, operations in paths]

    async def hold(answer: Response) -> None:
        request = answer.request
        path = request.url.path
        found = next((operations for fits, operations in patterns if fits.fullmatch(path)), None)
        operation = (found or {}).get(request.method.lower())
        if operation is None:
            return
        await answer.aread()
        faults = list(_faults(document, operation, answer))
        assert not faults, f"{request.method} {path}: {faults}\n{answer.text[:2_000]}"

    return hold


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{\w+\}", path)))


def _faults(document: Json, operation: Json, answer: Response) -> Iterator[str]:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    body: Any = answer.json() if kind.endswith("json") else None
    code = body["code"] if kind == _PROBLEM else None
    if code in _OF_NO_OPERATION:
        return
    declared = operation["responses"].get(str(answer.status_code))
    if declared is None:
        yield f"the status {answer.status_code} ({code}) is not declared"
        return
    if code is not None and code not in declared.get("x-refusals", []):
        yield f"the refusal {code} is not declared for {answer.status_code}"
    kinds = declared.get("content", {})
    if kind not in kinds and (kinds or answer.content):
        yield f"the media type {kind} is not declared"
    elif body is not None:
        yield from _body_faults(document, kinds[kind]["schema"], body)


def _body_faults(document: Json, schema: Json, body: object) -> Iterator[str]:
    whole = {**schema, "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    for error in validator.iter_errors(body):
        yield f"/{'/'.join(map(str, error.instance_path))}: {error.message}"
