"""Finds the route of an address by how it begins, instead of trying the pattern of every route."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.convertors import Convertor
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

STEPS: Final = 2  # how much of an address names a shelf: /v1/transfers of /v1/transfers/42


@dataclass(frozen=True, slots=True)
class Way:
    """A route, and how it is reached."""

    path: str
    pattern: "re.Pattern[str]"
    convertors: Mapping[str, Convertor[Any]]
    methods: frozenset[str]
    route: APIRoute
    app: ASGIApp


class Addresses:
    """
    The way from an address to its route, in front of the framework's own.

    The framework tries every pattern in turn, of every router that includes the next, three times
    over: with some hundred routes that costs several times what a request does otherwise. Here
    routes stand in shelves by the first steps of their addresses, and within one in the
    framework's order, so the first that fits is the one that the framework would find. What fits
    none (another method, a slash too many, nothing there) the framework answers.

    One thing is not left to the order: what stands in the routes as a whole address names nothing
    else. ``GET /v1/transfers/bulk`` asks for no transfer of the name "bulk".
    """

    def __init__(self, routes: Iterable[RouteContext], ordinary: ASGIApp) -> None:
        self._shelves = _shelve(routes)
        ways = [way for shelf in self._shelves.values() for way in shelf]
        self._whole = frozenset(way.path for way in ways if not way.convertors)
        self._ordinary = ordinary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = self.find(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._ordinary(scope, receive, send)
            return
        way, scope["path_params"] = found
        if way.convertors and scope["path"] in self._whole:
            raise HTTPException(405)
        scope["route"] = way.route
        scope["endpoint"] = way.route.endpoint
        await way.app(scope, receive, send)

    def find(self, method: str, path: str) -> tuple[Way, dict[str, Any]] | None:
        """Return the way to a route with what its address says; None: ask the framework."""
        for way in self._shelves.get(_shelf_of(path), ()):
            if method in way.methods and (match := way.pattern.match(path)):
                texts = match.groupdict().items()
                return way, {name: way.convertors[name].convert(text) for name, text in texts}
        return None


def find_by_address(app: FastAPI) -> None:
    """Let a service, once all its routes are there, find them by their addresses."""
    app.router.middleware_stack = Addresses(
        iter_route_contexts(app.routes), app.router.middleware_stack
    )


def _shelf_of(path: str) -> str:
    return "/".join(path.split("/", STEPS + 1)[: STEPS + 1])


def _shelve(routes: Iterable[RouteContext]) -> Mapping[str, Sequence[Way]]:
    shelves: dict[str, list[Way]] = {}
    strangers: set[str] = set()  # shelves whose addresses other routes may take as well
    for context in routes:
        shelf = _shelf_of(context.path or "")
        route = context.original_route
        app = getattr(context, "app", None)
        if "{" in shelf or not isinstance(route, APIRoute) or app is None:
            strangers.add(shelf.partition("{")[0])
            continue
        shelves.setdefault(shelf, []).append(
            Way(
                context.path or "",
                context.path_regex,
                context.param_convertors,
                frozenset(context.methods or ()),
                route,
                app,
            )
        )
    return {
        shelf: ways
        for shelf, ways in shelves.items()
        if not any(f"{shelf}/".startswith(stranger) for stranger in strangers)
    }
