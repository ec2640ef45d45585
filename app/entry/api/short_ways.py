"""The short way to those routes that are asked thousands of times a second."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.entry.api.context import KEY_PATTERN, WriteCredits, Writer, bind
from app.entry.identity import Identities
from app.entry.middleware import READ_BODY, ReadBody
from app.entry.problems import problem
from app.kernel.errors import RegistryError

_BEARER: Final = re.compile(rb"[Bb]earer ([\x21-\x7e]+)")
_KEY: Final = re.compile(KEY_PATTERN.encode())
# What `WriteCredits` stands for in a signature.
_WRITES_CREDITS: Final = get_args(WriteCredits)[1].dependency


@dataclass(frozen=True, slots=True)
class _Way:
    """A route that has a short way, and what its function is to be given."""

    route: BaseRoute
    path: str
    method: str
    endpoint: Callable[..., Awaitable[Response]]
    body: ModelField
    writer_name: str

    async def answer(self, scope: Scope) -> Response | None:
        """
        Have the act done; None: that is for the framework's way to say.

        Raises:
            RegistryError: the caller is not signed in, or the act was refused.
        """
        read: ReadBody | None = scope.get(READ_BODY)
        token, key = _credentials(scope["headers"])
        if read is None or token is None or key is None:
            return None
        request = Request(scope)
        identities: Identities = request.app.state.identities
        # Whoever is not let in learns nothing of what else is wrong, as on the framework's way.
        actor = identities.known(token) or await identities.sender_of(token, scope)
        body, faults = self.body.validate(read.value, loc=("body",))
        if faults:
            return None
        bound = bind(actor, key, method=self.method, path=self.path, body=read.sent)
        writer = Writer(request, actor, bound)
        return await self.endpoint(**{self.body.name: body, self.writer_name: writer})


class ShortWays:
    """
    A short way for requests without fault to routes that are asked thousands of times a second.

    Every route that takes a body and `WriteCredits` at an address of its own has one. The
    framework's way, with its dependencies and their exit stacks, costs several times what
    authentication, validation and reply do. The short way takes only what it finds without fault:
    the address alone, one token, one key, a body that the route's own model accepts. Everything
    else goes the framework's way, which alone says what is wrong: so what is refused, and how,
    cannot differ between the two.
    """

    def __init__(self, app: ASGIApp, *, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        self._ways = _ways(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        way = self._ways.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        # Without a query every parameter has its default; with one the framework reads it.
        if way is None or scope["query_string"]:
            await self.app(scope, receive, send)
            return
        scope["route"] = way.route
        answer: Response | None
        try:
            answer = await way.answer(scope)
        except RegistryError as refusal:
            answer = problem(Request(scope), refusal)
        await (answer or self.app)(scope, receive, send)


def _credentials(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str | None, str | None]:
    """Return token and key where both are there once and in form."""
    token = key = None
    for name, value in headers:
        if name == b"authorization":
            found = _BEARER.fullmatch(value)
            if found is None or token is not None:
                return None, None
            token = found[1].decode()
        elif name == b"idempotency-key":
            if key is not None or not _KEY.fullmatch(value):
                return None, None
            key = value.decode()
    return token, key


def _ways(routes: Iterable[BaseRoute]) -> Mapping[tuple[str, str], _Way]:
    ways = filter(None, map(_way, iter_route_contexts(list(routes))))
    return {(way.method, way.path): way for way in ways}


def _way(context: RouteContext) -> _Way | None:
    """Return the short way to a route; None: its function asks for something else as well."""
    route = context.original_route
    if not isinstance(route, APIRoute):
        return None
    needs: Dependant = context.dependant
    asked = (*needs.path_params, *needs.header_params, *needs.cookie_params)
    if asked or any(parameter.field_info.is_required() for parameter in needs.query_params):
        return None
    if [each.call for each in needs.dependencies] != [_WRITES_CREDITS]:
        return None
    body: ModelField | None = context.body_field
    if body is None or needs.body_params != [body]:
        return None  # several, or one that stands in the body under a name
    (method,) = context.methods or {"POST"}
    (writer,) = needs.dependencies
    assert context.path is not None
    assert context.endpoint is not None
    assert writer.name is not None
    return _Way(route, context.path, method, context.endpoint, body, writer.name)
