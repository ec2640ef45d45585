"""
Asks the API, inside this process, as any caller would: pages are its first customer.

A page shows what the API answers and sends what the API takes. So there is one wall, one policy and
one set of refusals, whoever comes; and whatever a page can do, a program can do by the call that
the page names.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import ASGIApp, Message

from app.entry.late_reads import SNAPSHOT
from app.entry.pages.answers import Answer, Json
from app.entry.pages.mistakes import say_mistakes
from app.entry.pages.remembering import Visit
from app.entry.pages.words import Language

Params = Mapping[str, str | int | bool | Sequence[str] | None]

_METHODS_OF_CALLS_SHOWN: Final = ("GET",)
_PIECE_BYTES: Final = 64 * 1024
_BOUNDARY_BYTES: Final = 16


class RefusedError(Exception):
    """The API refused: its problem document, in the language of the page."""

    def __init__(self, answer: Answer, language: Language = "en") -> None:
        self.answer = answer
        self.problem: dict[str, Any] = say_mistakes(answer.json(), language)
        super().__init__(self.code)

    @property
    def code(self) -> str:
        """The refusal's stable code."""
        return str(self.problem["code"])

    @property
    def status(self) -> int:
        """Its HTTP status."""
        return self.answer.status


class _Exchange:
    """One call inside the process: what is sent, and what comes back."""

    def __init__(self, content: Iterable[bytes] | AsyncIterable[bytes]) -> None:
        self._sending = _pieces(content)
        self._next: bytes | None = None  # the piece after the one that was taken last
        self._is_sent = False
        self._began: Message = {}
        self._came: list[bytes] = []

    async def receive(self) -> Message:
        """Give the next piece of the body; after the last one nothing comes any more."""
        if self._is_sent:
            await asyncio.Event().wait()  # a page stays until it is answered
        piece = await anext(self._sending, b"") if self._next is None else self._next
        self._next = await anext(self._sending, b"")
        self._is_sent = not self._next
        return {"type": "http.request", "body": piece, "more_body": not self._is_sent}

    async def send(self, message: Message) -> None:
        """Take a piece of the answer."""
        if message["type"] == "http.response.start":
            self._began = message
        else:
            self._came.append(message.get("body", b""))

    def answer(self) -> Answer:
        """Return what came, whole."""
        headers = {name.decode(): value.decode("latin-1") for name, value in self._began["headers"]}
        return Answer(self._began["status"], headers, b"".join(self._came))


@dataclass(slots=True)
class Client:
    """Calls the API for one page, in its reader's name and language."""

    api: ASGIApp
    request: Request
    language: Language
    token: str | None = None  # an access token of who is signed in
    calls: list[str] = field(default_factory=list)  # what was read, for the foot of the page
    more: dict[str, str] = field(default_factory=dict)  # headers of every call of this page
    visit: Visit | None = None  # what visitors' pages share; None: this reader is signed in

    def called(self, path: str) -> str | None:
        """Return the first call that read something, with its query; None: none did."""
        return next((call for call in self.calls if urlsplit(call).path == f"/v1{path}"), None)

    async def get(self, path: str, params: Params | None = None) -> Json:
        """
        Read something.

        Args:
            path: under ``/v1``, such as ``/activities``.
            params: its query; what is None or empty is left out.

        Raises:
            RefusedError: the API refused.
        """
        return (await self.ask("GET", path, params=params)).json()

    async def find(self, path: str, params: Params | None = None) -> Json | None:
        """Read something; None: there is no such thing, or not for this reader."""
        try:
            return await self.get(path, params)
        except RefusedError as refused:
            if refused.status in {401, 403, 404}:
                return None
            raise

    async def send(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
        params: Params | None = None,
    ) -> Json:
        """
        Have something done.

        Args:
            method: ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
            path: under ``/v1``.
            body: what is sent, as JSON; None: nothing.
            key: the form's own: whoever sends the form twice has it done once.
            if_match: the version of what is changed, as its reader has seen it.
            params: the query.

        Raises:
            RefusedError: the API refused.
        """
        headers = {
            **({} if key is None else {"idempotency-key": key}),
            **({} if if_match is None else {"if-match": if_match}),
        }
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        if body is not None:
            headers |= {"content-type": "application/json", "content-length": str(len(content))}
        answer = await self.ask(method, path, params=params, headers=headers, content=[content])
        return answer.json()

    async def upload(
        self, path: str, fields: Mapping[str, str], file: UploadFile, *, key: str | None = None
    ) -> Json:
        """
        Send a file, as it was sent to the page: piece by piece, never whole in memory.

        Args:
            path: under ``/v1``.
            fields: what goes with it.
            file: as the form has it.
            key: the form's own.

        Raises:
            RefusedError: the API refused.
        """
        boundary = secrets.token_hex(_BOUNDARY_BYTES)
        headers = {
            "content-type": f"multipart/form-data; boundary={boundary}",
            **({} if key is None else {"idempotency-key": key}),
        }
        content = _multipart(boundary, fields, file)
        return (await self.ask("POST", path, headers=headers, content=content)).json()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        content: Iterable[bytes] | AsyncIterable[bytes] = (),
        under: str = "/v1",
    ) -> Answer:
        """
        Make one call, and return the answer as it came.

        Args:
            method: ``GET`` or another.
            path: of the call, behind ``under``.
            params: its query.
            headers: what it says beside.
            content: its body, piece by piece; it is read as the API takes it.
            under: where it stands; empty for what is not of the API's version, as ``/log/key``.

        Raises:
            RefusedError: the API refused.
        """
        query = query_of(params or {})
        call = f"{under}{quote(path)}" + (f"?{query}" if query else "")
        if method in _METHODS_OF_CALLS_SHOWN:
            self.calls.append(call)
        scope = self._scope(method, f"{under}{path}", query, headers or {})
        if self.visit is None or self.more or headers or method != "GET":
            return await self._call(scope, content)
        scope[SNAPSHOT] = self.visit.snapshot
        return await self.visit.answer(call, lambda: self._call(scope, content))

    async def _call(
        self, scope: dict[str, Any], content: Iterable[bytes] | AsyncIterable[bytes]
    ) -> Answer:
        exchange = _Exchange(content)
        await self.api(scope, exchange.receive, exchange.send)
        answer = exchange.answer()
        if answer.status >= 400:  # noqa: PLR2004  as HTTP says
            raise RefusedError(answer, self.language)
        return answer

    def _scope(
        self, method: str, path: str, query: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        outside = self.request.scope
        told = {"accept-language": self.language, **self.more, **headers}
        if self.token is not None:
            told["authorization"] = f"Bearer {self.token}"
        return {
            "type": "http",
            "asgi": outside["asgi"],
            "http_version": "1.1",
            "method": method,
            "scheme": outside["scheme"],
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (name.encode(), value.encode("latin-1", "replace")) for name, value in told.items()
            ],
            "client": outside["client"],
            "server": outside["server"],
            "app": outside["app"],
            "state": {},
            "request_id": outside["request_id"],
        }


async def _pieces(content: Iterable[bytes] | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, AsyncIterable):
        async for piece in content:
            yield piece
    else:
        for piece in content:
            yield piece


async def _multipart(
    boundary: str, fields: Mapping[str, str], file: UploadFile
) -> AsyncIterator[bytes]:
    """Yield a form with one file (RFC 7578)."""
    head = f"--{boundary}\r\nContent-Disposition: form-data; name="
    for name, value in fields.items():
        yield f'{head}"{_quoted(name)}"\r\n\r\n{value}\r\n'.encode()
    named = f'{head}"file"; filename="{_quoted(file.filename or "")}"\r\n'
    kind = _quoted(file.content_type or "application/octet-stream")
    yield f"{named}Content-Type: {kind}\r\n\r\n".encode()
    await file.seek(0)
    while piece := await file.read(_PIECE_BYTES):
        yield piece
    yield f"\r\n--{boundary}--\r\n".encode()


def _quoted(text: str) -> str:
    """Return a text as it may stand between quotes in a part's head, as browsers write it."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def query_of(params: Params) -> str:
    """Return parameters as a query, without those that say nothing."""
    said: list[tuple[str, str]] = []
    for name, value in params.items():
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            said.append((name, "true" if value else "false"))
        elif isinstance(value, str | int):
            said.append((name, str(value)))
        else:
            said.extend((name, each) for each in value)
    return urlencode(said)
