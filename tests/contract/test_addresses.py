"""Goal: an address leads where the framework, trying one pattern after another, finds its route."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from app.entry.addresses import Addresses
from app.main import create_app
from app.settings import Settings

APP: Final = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
PATTERNS: Final = [context.path or "" for context in iter_route_contexts(APP.routes)]
STEPS: Final = sorted({step for path in PATTERNS for step in path.split("/")} | {"42", "..", "é"})
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# Whose address begins with what names a thing, so that it stands in no shelf.
ELSEWHERE: Final = {"get_refusal"}

Found = tuple[str | None, Mapping[str, Any]] | None


def _addresses(app: FastAPI) -> Addresses:
    addresses = app.router.middleware_stack
    assert isinstance(addresses, Addresses)
    return addresses


def _ours(method: str, path: str) -> Found:
    found = _addresses(APP).find(method, path)
    return None if found is None else (found[0].route.operation_id, found[1])


def _frameworks(method: str, path: str, monkeypatch: pytest.MonkeyPatch) -> Found:
    found: list[Found] = []

    async def arrive(route: APIRoute, scope: Scope, _receive: Receive, _send: Send) -> None:
        if scope["method"] in (route.methods or ()):
            found.append((route.operation_id, scope["path_params"]))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        return

    async def route() -> None:
        await _addresses(APP)._ordinary(scope, receive, send)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "server": ("registry.test", 80),
        "app": APP,
    }
    with monkeypatch.context() as patched:
        patched.setattr(APIRoute, "handle", arrive)
        with suppress(HTTPException):  # nothing there, or nothing of the kind
            asyncio.run(route())
    return found[0] if found else None


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(METHODS),
    path=st.sampled_from(PATTERNS)
    | st.lists(st.sampled_from(STEPS), min_size=1, max_size=6).map("/".join)
    | st.lists(st.sampled_from(STEPS), max_size=6).map(lambda steps: "/" + "/".join(steps)),
)
@example(method="GET", path="/v1/users/me")  # which is a name of a user, too
@example(method="GET", path="/v1/transfers/")
@example(method="GET", path="/log/tile/0/x001/067")
def test_where_it_leads_the_framework_would_have_gone(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    found = _ours(method, path)
    if found is not None:
        assert found == _frameworks(method, path, monkeypatch)


def test_every_operation_is_found_without_the_framework() -> None:
    """Or the property above would hold of nothing."""
    missing = {
        context.operation_id
        for context in iter_route_contexts(APP.routes)
        if getattr(context, "operation_id", None) is not None
        for method in context.methods or ()
        if _ours(method, (context.path or "").replace("{path:path}", "0/000")) is None
    }
    assert missing == ELSEWHERE


@pytest.mark.parametrize("path", ["/v1/transfers/bulk", "/v1/retirements/bulk"])
async def test_a_whole_address_is_no_name_of_a_thing(path: str) -> None:
    """Or the address of many transfers would also be that of one which cannot be."""
    transport = httpx2.ASGITransport(APP)
    async with httpx2.AsyncClient(transport=transport, base_url="http://registry") as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["code"] == "method_not_allowed"
