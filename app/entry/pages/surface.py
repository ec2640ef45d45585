"""The pages as one application, beside the API and in front of nobody."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.entry.pages.client import Client
from app.entry.pages.render import Page
from app.entry.pages.sessions import Kept
from app.entry.pages.static import ADDRESS, serve_static
from app.entry.pages.ways import API, OUTSIDE, Ways
from app.entry.pages.words import LANGUAGES
from app.entry.problems import (
    LANGUAGE,
    NoSuchAddressError,
    language_of,
    on_http_exception,
    problem,
)
from app.kernel.errors import RegistryError

_PREFIXES: Final = {f"/{language}": language for language in LANGUAGES}
_STATIC: Final = Route(ADDRESS + "{version}/{name}", serve_static, name="static_file")


class Surface:
    """
    Sends what asks for a page to the pages, and everything else to the API.

    Addresses of pages begin with their language, which is taken off here: a page has one route.
    """

    def __init__(self, app: ASGIApp, ways: Sequence[Ways]) -> None:
        self.app = app
        routes: list[BaseRoute] = [route for each in ways for route in each.routes]
        self.pages = Router(routes, redirect_slashes=False, default=_nothing_there)
        self.static = Router([_STATIC], redirect_slashes=False, default=_nothing_there)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        language = _PREFIXES.get(path[:3]) if path[3:4] in {"", "/"} else None
        if language is not None:
            scope[API], scope[LANGUAGE] = self.app, language
            inner = {**scope, OUTSIDE: scope, "path": path[3:] or "/"}
            await _refusing(self.pages, inner, receive, send)
        elif path.startswith(ADDRESS):
            await self.static(scope, receive, send)
        elif path == "/" and scope["method"] in {"GET", "HEAD"}:
            answer = RedirectResponse(f"/{language_of(Request(scope))}", 307)
            answer.headers["Vary"] = "Accept-Language"
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def _refusing(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        await app(scope, receive, send)
    except RegistryError as refusal:
        await problem(Request(scope), refusal)(scope, receive, send)
    except HTTPException as failure:  # a form that cannot be read, a method that there is not
        answer = await on_http_exception(Request(scope), failure)
        await answer(scope, receive, send)


def show_outside(request: Request, document: Mapping[str, Any], status: int) -> Response | None:
    """
    Return the page of a problem that was met before a page could be opened; None: it was no page.

    Nobody is signed in on it, whoever they are: it may be the database that is away.
    """
    scope = request.scope
    path: str = scope["path"]
    language = scope.get(LANGUAGE) or _PREFIXES.get(path[:3] if path[3:4] in {"", "/"} else "")
    if language is None:
        return None
    inside = path if LANGUAGE in scope else path[3:] or "/"
    client = Client(scope.get(API, _no_api), request, language)
    page = Page(request, language, inside, client, Kept())
    return page.show("problem.html", status=status, problem=document)


async def _no_api(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("the page of a problem asks nothing")


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    await problem(Request(scope), NoSuchAddressError())(scope, receive, send)
