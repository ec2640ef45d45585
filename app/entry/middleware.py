"""What every request passes on its way in, and every answer on its way out."""

import asyncio
import re
import time
from collections.abc import Awaitable, Generator, Iterable, Mapping
from typing import Any, Final, NamedTuple

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.entry import logging, strict_json
from app.entry.attempt import OutcomeUnknownError
from app.entry.committer import DatabaseAwayError
from app.entry.digests import BODY_DIGEST, BodyDigest, ContentDigestWrongError
from app.entry.headers import (
    NAMES,
    OF_ANSWERS,
    OF_PAGES,
    OF_THE_REFERENCE,
    PAGES,
    REFERENCE,
    Header,
)
from app.entry.problems import (
    BodyTooLargeError,
    BodyTooSlowError,
    MalformedError,
    MediaTypeError,
    RefusedInBodyError,
    UnexpectedError,
    problem,
)
from app.kernel.db import sqlstate_of
from app.kernel.errors import RegistryError
from app.kernel.ids import new_id
from app.kernel.outages import is_away

log = structlog.get_logger()

SNAPSHOT_LOST: Final = "40001"
BODY_SECONDS_MAX: Final = 30
UPLOAD_SECONDS_MAX: Final = 600  # the largest document over a slow line
LENGTH_DIGITS_MAX: Final = 18  # of a declared length; the limits have eight
# Where files come in: documents, and files of applications; and the pages that take them.
UPLOADS: Final = re.compile(
    r"/v1/(documents|applications/[^/]+/files)|/(th|en)/work/(activities|evidence)/[^/]+/documents"
    r"|/(th|en)/(apply/mine|account/documents/[^/]+|desk)/documents"
)
READ_BODY: Final = "registry.read_body"  # where a request's scope holds its `ReadBody`, or None

_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_KEPT_BY_NONE: Final = (b"cache-control", b"no-store")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Envelope:
    """
    Gives every request an id and every answer its outer headers and a line in the log.

    What nobody expected ends here: the caller gets a problem document without the exception's text,
    which may hold what the caller may not see; the log gets it all.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(_sent(scope).get(b"request-id"))
        began = time.perf_counter()
        status = 0  # no answer yet

        async def send_in_envelope(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _completed(message["headers"], request_id, scope["path"])
            await send(message)

        outside = logging.request_id.set(request_id)
        try:
            await self.app(scope, receive, send_in_envelope)
        # The one place where surprises end, and requests that are still served when the server has
        # been told to stop and its time is up (`app.entry.server`).
        except (Exception, asyncio.CancelledError) as error:
            answer = problem(Request(scope), _refusal_of(error, _operation(scope)))
            if status:
                raise  # half an answer is out; only closing the connection tells the caller
            await answer(scope, receive, send_in_envelope)
        finally:
            _note(scope, status, began)
            logging.request_id.reset(outside)


def _note(scope: Scope, status: int, began: float) -> None:
    ms = round((time.perf_counter() - began) * 1000, 1)
    logging.note_request(logging.Served(scope["method"], _operation(scope), status or None, ms))


def _refusal_of(error: Exception | asyncio.CancelledError, operation: str | None) -> RegistryError:
    if isinstance(error, asyncio.CancelledError):
        return OutcomeUnknownError()
    # What a replica takes back while somebody reads it is there again for who asks once more.
    if is_away(error) or sqlstate_of(error) == SNAPSHOT_LOST:
        log.warning("database_away", operation=operation, error=type(error).__name__)
        return DatabaseAwayError()
    log.error("request_failed", operation=operation, exc_info=error)
    return UnexpectedError()


def _sent(scope: Scope) -> Mapping[bytes, bytes]:
    """Return a request's headers by name in small letters; of several the first counts."""
    return dict(reversed(scope["headers"]))


def _request_id(given: bytes | None) -> str:
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    return new_id("req")


def _completed(headers: Iterable[Header], request_id: str, path: str) -> list[Header]:
    kept = [header for header in headers if header[0] not in NAMES]
    if path.startswith(REFERENCE):
        return [*kept, (b"request-id", request_id.encode()), *OF_THE_REFERENCE]
    of_answers = OF_PAGES if PAGES.fullmatch(path) else OF_ANSWERS
    # What a route does not declare fit for caches is kept by none: it may be for one reader only.
    if all(name != b"cache-control" for name, _ in kept):
        kept.append(_KEPT_BY_NONE)
    return [*kept, (b"request-id", request_id.encode()), *of_answers]


def _operation(scope: Scope) -> str | None:
    # Never the path: it names people and things. None: there is nothing at the address.
    route = scope.get("route")
    return getattr(route, "operation_id", None) or getattr(route, "name", None)


class ReadBody(NamedTuple):
    """A body of strict JSON: as it was sent, and what it says."""

    sent: bytes
    value: object


class Intake:
    """
    Takes a request's body in: bounded in bytes and in time, and JSON only in its strict form.

    Bodies are read whole here, so that a slow or an endless one never reaches a route; uploads of
    documents stream through, counted.
    """

    def __init__(self, app: ASGIApp, *, bytes_max: int, upload_bytes_max: int) -> None:
        self.app = app
        self.bytes_max = bytes_max
        self.upload_bytes_max = upload_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            receive = await self._receive(scope, receive)
        except _RefusedError as refused:
            answer = problem(
                Request(scope), refused.refusal, errors_found=refused.found, headers=refused.headers
            )
            await answer(scope, receive, send)
        except _CallerLeftError:
            return
        else:
            await self.app(scope, receive, send)

    async def _receive(self, scope: Scope, receive: Receive) -> Receive:
        if b"%00" in scope["query_string"] or "\0" in scope["path"]:
            raise _malformed("/query", "nul", "an address may not contain the NUL character")
        headers = _sent(scope)
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            return receive
        upload = UPLOADS.match(scope["path"]) is not None
        bytes_max = self.upload_bytes_max if upload else self.bytes_max
        if _declared_bytes(headers) > bytes_max:
            raise _RefusedError(BodyTooLargeError(bytes_max=bytes_max), body_left=True)
        digest = BodyDigest() if b"signature-input" in headers else None
        if digest is not None:
            scope[BODY_DIGEST] = digest
        if upload:
            return _counted(receive, bytes_max, digest)
        body = await _read(receive, bytes_max)
        if digest is not None:
            digest.take(body, more=False)
        if body:
            scope[READ_BODY] = _understood(headers, body)
        return _replay(body, receive)


class _RefusedError(Exception):
    """The request goes no further."""

    def __init__(
        self,
        refusal: RegistryError,
        *,
        found: list[dict[str, str]] | None = None,
        body_left: bool = False,
    ) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.found = found
        # A connection with the rest of a body on it cannot carry another request.
        self.headers = {"Connection": "close"} if body_left else None


class _CallerLeftError(Exception):
    """The connection ended before the body did: nobody waits for an answer."""


def _malformed(pointer: str, code: str, message: str) -> _RefusedError:
    found = [{"pointer": pointer, "code": code, "message": message}]
    return _RefusedError(MalformedError(), found=found)


def _declared_bytes(headers: Mapping[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > LENGTH_DIGITS_MAX:
        raise _malformed("/header/content-length", "int_parsing", "it is not a number of bytes")
    return int(length)


async def _read(receive: Receive, bytes_max: int) -> bytes:
    # As a rule the body has come with its head, and a timer would cost more than reading it does.
    first = _Begun(receive())
    if first.result is not None and not first.result.get("more_body", False):
        return _piece(first.result, taken=0, bytes_max=bytes_max)
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            message = await first
            body = bytearray(_piece(message, taken=0, bytes_max=bytes_max))
            while message.get("more_body", False):
                message = await receive()
                body += _piece(message, taken=len(body), bytes_max=bytes_max)
            return bytes(body)
    except TimeoutError:
        raise _RefusedError(
            BodyTooSlowError(seconds_max=BODY_SECONDS_MAX), body_left=True
        ) from None


def _piece(message: Message, *, taken: int, bytes_max: int) -> bytes:
    if message["type"] == "http.disconnect":
        raise _CallerLeftError
    piece: bytes = message.get("body", b"")
    if taken + len(piece) > bytes_max:
        raise _RefusedError(BodyTooLargeError(bytes_max=bytes_max), body_left=True)
    return piece


class _Begun:
    """
    A message that is on its way: received already, where that took no waiting.
    """

    def __init__(self, receiving: Awaitable[Message]) -> None:
        self.result: Message | None = None  # None: it has to be waited for
        self._steps = receiving.__await__()
        try:
            self._waits_for = next(self._steps)
        except StopIteration as done:
            self.result = done.value

    def __await__(self) -> Generator[Any, Any, Message]:
        if self.result is not None:
            return self.result
        try:
            yield self._waits_for
        except BaseException as error:
            # Who waits inside must hear of it, or it would wait for ever.
            self._steps.throw(error)
            raise
        return (yield from self._steps)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _counted(receive: Receive, bytes_max: int, digest: BodyDigest | None) -> Receive:
    """Pass the body on as it comes, up to a size and a moment, and as it was signed."""
    ends = asyncio.get_running_loop().time() + UPLOAD_SECONDS_MAX
    size, more = 0, True

    async def counted() -> Message:
        nonlocal size, more
        if not more:
            return await receive()
        try:
            async with asyncio.timeout_at(ends):
                message = await receive()
        except TimeoutError:
            raise RefusedInBodyError(BodyTooSlowError(seconds_max=UPLOAD_SECONDS_MAX)) from None
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
        if size > bytes_max:
            raise RefusedInBodyError(BodyTooLargeError(bytes_max=bytes_max))
        if digest is not None:
            _take(digest, message)
        return message

    return counted


def _take(digest: BodyDigest, message: Message) -> None:
    try:
        digest.take(message.get("body", b""), more=message.get("more_body", False))
    except ContentDigestWrongError as refusal:
        raise RefusedInBodyError(refusal) from None


def _understood(headers: Mapping[bytes, bytes], body: bytes) -> "ReadBody | None":
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise _RefusedError(MediaTypeError())
    if kind == "application/json":
        try:
            return ReadBody(body, strict_json.read(body))
        except strict_json.StrictJsonError as error:
            raise _malformed("/body", error.code, str(error)) from None
    if kind not in _FORMS:
        raise _RefusedError(MediaTypeError())
    return None
