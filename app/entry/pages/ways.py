"""The addresses of pages, and what every one of them passes on its way in and out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app.entry.middleware import UPLOADS
from app.entry.pages.again import ask_to_sign_in, send_again
from app.entry.pages.client import Client, RefusedError
from app.entry.pages.confirming import NEEDED, ask_for_code, confirm_first
from app.entry.pages.holding import find_held
from app.entry.pages.mistakes import say_mistakes
from app.entry.pages.remembering import takes_gzip, visit_of
from app.entry.pages.render import Page
from app.entry.pages.sessions import Kept, sessions_of
from app.entry.pages.shown_tables import is_asked, taken
from app.entry.problems import LANGUAGE
from app.kernel.errors import ForbiddenError

PageFunction = Callable[[Page], Awaitable[Response]]

API: Final = "registry.api"  # where a request's scope holds the API
OUTSIDE: Final = "registry.outside"  # the scope as it came, with the language in its path
_UNAUTHENTICATED: Final = 401
_ONLY_READ: Final = frozenset({"GET", "HEAD"})


class StrangeFormError(ForbiddenError):
    """This form was sent from another site."""

    code = "strange_form"
    number = 4201
    title_th = "แบบฟอร์มนี้ส่งมาจากเว็บไซต์อื่น"
    advice = "Open the page here and send its own form. Nothing was changed."
    advice_th = "โปรดเปิดหน้าเว็บของระบบนี้แล้วส่งแบบฟอร์มจากหน้านั้น ยังไม่มีข้อมูลใดถูกแก้ไข"


class Ways:
    """Collects the pages of a module with their addresses, which stand without the language."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def get(self, path: str, *, remembered: bool = False) -> Callable[[PageFunction], PageFunction]:
        """
        Serve a page at an address.

        Args:
            path: the address.
            remembered: whether visitors are shown what was made for another one of them, while
                nothing has changed (`app.entry.pages.remembering`): for pages that many ask for,
                with no form that changes something and nothing of the hour.
        """
        return self._add(path, "GET", remembered=remembered)

    def post(self, path: str) -> Callable[[PageFunction], PageFunction]:
        """Take a form at an address."""
        return self._add(path, "POST")

    def _add(
        self, path: str, method: str, *, remembered: bool = False
    ) -> Callable[[PageFunction], PageFunction]:
        def add(function: PageFunction) -> PageFunction:
            async def serve(request: Request) -> Response:
                request.scope[OUTSIDE]["route"] = route  # for the line in the log
                return await _serve(request, function, remembered=remembered)

            name = f"page_{function.__name__}"
            route = Route(path, serve, methods=[method], name=name)
            self.routes.append(route)
            return function

        return add


async def _serve(request: Request, function: PageFunction, *, remembered: bool) -> Response:
    require_own_site(request)
    page = await open_page(request)
    visit = page.client.visit
    try:
        if visit is None or not remembered or "cookie" in request.headers or is_asked(request):
            response = await _answer(page, function)
        else:
            response = await visit.page(
                _whole_address(page),
                lambda: _answer(page, function),
                compressed=takes_gzip(request),
            )
    finally:
        await request.close()  # files that came with a form
        if visit is not None:
            await visit.close()
    secure = request.app.state.settings.public_origin.startswith("https:")
    page.kept.set_on(response, sessions_of(request), secure=secure)
    return response


def _whole_address(page: Page) -> str:
    return f"{page.address(page.path)}?{page.request.url.query}"


async def _answer(page: Page, function: PageFunction) -> Response:
    try:
        if page.client.token is not None:
            page.me, page.unread = await asyncio.gather(
                page.client.get("/users/me"), _count_unread(page)
            )
            page.client.calls.clear()
        if page.request.method == "POST" and (first := await _before(page)) is not None:
            return first
        shown = await function(page)
        return taken(page, shown) if is_asked(page.request) else shown
    except RefusedError as refused:
        if refused.code == NEEDED:
            return await ask_for_code(page, refused)
        if refused.status == _UNAUTHENTICATED:
            was_signed_in = page.kept.said is not None or page.kept.changed
            page.kept, page.me = Kept(None, changed=was_signed_in), None
            return await ask_to_sign_in(page, refused)
        return show_problem(page, refused.problem)


async def _count_unread(page: Page) -> int:
    if page.request.method == "POST":
        return 0  # it leads on to a page that counts
    listed = await page.client.find("/notices", {"unread": True, "limit": 1})
    return 0 if listed is None else int(listed["unread"])


async def _before(page: Page) -> Response | None:
    """Return what is shown before a form is taken; None: it is taken."""
    # A file is read only of who is signed in; for an application, of who has begun it.
    if page.me is None and UPLOADS.fullmatch(page.address(page.path)):
        is_applicant = page.path.startswith("/apply/") and find_held(page) is not None
        if not is_applicant:
            return page.go(page.path)
    if await _is_of_another_session(page):
        return await send_again(page)
    return await confirm_first(page)


async def _is_of_another_session(page: Page) -> bool:
    said = page.kept.said
    if said is None:
        return False  # the API says what visitors may do
    sent = (await page.form()).get("form_token")
    return not sessions_of(page.request).is_form_token(said, str(sent))


async def open_page(request: Request) -> Page:
    """Return a page for who asks, in the language of the address."""
    sessions = sessions_of(request)
    kept = await sessions.open(request)
    api: ASGIApp = request.scope[API]
    language = request.scope[LANGUAGE]
    client = Client(api, request, language)
    if kept.said is not None:
        client.token = sessions.token_of(kept.said)
    elif request.method in _ONLY_READ:
        client.visit = visit_of(request)
    return Page(request, language, request.scope["path"], client, kept)


def show_problem(page: Page, problem: dict[str, Any]) -> Response:
    """Return the page that says what the API refused, and what to do."""
    said = say_mistakes(problem, page.language)
    return page.show("problem.html", status=int(said["status"]), problem=said)


def require_own_site(request: Request) -> None:
    """
    Take forms of our own pages only: browsers say where one comes from, and nobody can forge that.

    Raises:
        StrangeFormError: it comes from another site.
    """
    if request.method != "POST":
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise StrangeFormError
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise StrangeFormError
