"""The witness over HTTP (C2SP tlog-witness): it is asked to cosign, and shows what it cosigned."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from app.entry.witness.memory import Cosigned, Memory
from app.kernel import clock
from app.registry.log.notes import MalformedError, Note, VerifierKey
from app.registry.log.witnessing import (
    REQUEST_BYTES_MAX,
    SIZE_MEDIA_TYPE,
    Request,
    Verdict,
    judge,
)

log = structlog.get_logger()

BODY_SECONDS_MAX: Final = 10
CONNECTIONS_MAX: Final = 500  # each may hold one request in memory

Logs = Mapping[str, Sequence[VerifierKey]]  # by origin

_PLAIN: Final = "text/plain; charset=utf-8"
_REFUSALS: Final = {
    Verdict.MALFORMED: (400, "the old size is larger than the new one, or 0 with a proof"),
    Verdict.UNKNOWN_LOG: (404, "this witness does not watch that log"),
    Verdict.NOT_SIGNED: (403, "the checkpoint is not signed by a key of that log"),
}


def make_app(memory: Memory, logs: Logs) -> Starlette:
    """Build the service of a witness."""
    desk = _Desk(memory, logs)
    return Starlette(
        routes=[
            Route("/add-checkpoint", desk.add_checkpoint, methods=["POST"]),
            Route("/", desk.show, methods=["GET"]),
            Route("/health", _health, methods=["GET"]),
        ],
        lifespan=desk.lifespan,
    )


class _Desk:
    """Takes requests in, and has them answered one after the other."""

    def __init__(self, memory: Memory, logs: Logs) -> None:
        self._memory = memory
        self._logs = logs
        # One thread decides and keeps. Nothing comes between the look at what was cosigned last
        # and the keeping of what follows it, not even where a caller leaves meanwhile.
        self._decider = ThreadPoolExecutor(1, thread_name_prefix="witness")

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """End what is being decided before the service ends."""
        yield
        self._decider.shutdown()

    async def add_checkpoint(self, request: HttpRequest) -> Response:
        """Cosign a checkpoint, or say why not."""
        try:
            body = await _read(request)
            asked = Request.parse(body)
        except _UnreadError as fault:
            return _said(fault.status, str(fault), {"connection": "close"})
        except MalformedError as fault:
            return _said(HTTPStatus.BAD_REQUEST, str(fault))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decider, _answer, self._memory, self._logs, asked)

    async def show(self, _request: HttpRequest) -> Response:
        """Show who this witness is, and what it cosigned last of each log."""
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(self._decider, _describe, self._memory, self._logs)
        return _said(HTTPStatus.OK, text)


class _UnreadError(Exception):
    """A body was not read to its end."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


async def _health(_request: HttpRequest) -> Response:
    return _said(HTTPStatus.OK, "ok")


async def _read(request: HttpRequest) -> bytes:
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for piece in request.stream():
                body += piece
                if len(body) > REQUEST_BYTES_MAX:
                    sentence = f"a request has at most {REQUEST_BYTES_MAX} bytes"
                    raise _UnreadError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
    except TimeoutError:
        sentence = f"the request took more than {BODY_SECONDS_MAX} seconds"
        raise _UnreadError(HTTPStatus.REQUEST_TIMEOUT, sentence) from None
    except ClientDisconnect:  # nobody reads this
        raise _UnreadError(HTTPStatus.BAD_REQUEST, "the request has no end") from None
    return body


def _answer(memory: Memory, logs: Logs, asked: Request) -> Response:
    new = asked.checkpoint
    keys = logs.get(new.origin, ())
    last = memory.find_last(new.origin)
    verdict = judge(asked, keys, last.checkpoint if last else None)
    if verdict in {Verdict.UNKNOWN_LOG, Verdict.NOT_SIGNED}:
        return _said(*_REFUSALS[verdict])
    note = _of_the_log(asked.note, keys)
    try:
        if verdict is Verdict.COSIGN:
            signature = memory.cosign(note, new, now=clock.now())
            log.info("cosigned", origin=new.origin, size=new.size)
            return _said(HTTPStatus.OK, str(signature))
        if last is not None:
            _suspect(memory, last, asked, note, verdict)
    except OSError as failure:
        log.error("not_kept", error=failure.strerror)  # noqa: TRY400  the stack says nothing more
        return _said(HTTPStatus.SERVICE_UNAVAILABLE, "the witness cannot write its files")
    return _refused(verdict, asked, last)


def _suspect(memory: Memory, last: Cosigned, asked: Request, note: Note, verdict: Verdict) -> None:
    """Keep a checkpoint that contradicts the last one, and cry out."""
    new, known = asked.checkpoint, last.checkpoint
    is_proven = new.size == known.size and new.root != known.root
    if not is_proven and (verdict is not Verdict.FORKED or new == known):
        return
    is_kept = memory.keep_evidence(note, new, is_proven=is_proven)
    cry = log.error if is_proven else log.warning
    event = "two_roots_of_one_size" if is_proven else "does_not_extend_the_last"
    cry(event, origin=new.origin, size=new.size, last_size=known.size, is_kept=is_kept)


def _refused(verdict: Verdict, asked: Request, last: Cosigned | None) -> Response:
    size = last.checkpoint.size if last else 0
    splits = (
        last is not None
        and asked.checkpoint.size == size
        and asked.checkpoint.root != last.checkpoint.root
    )
    if verdict is Verdict.OTHER_SIZE or (verdict is Verdict.FORKED and splits):
        # No charset: the type is the format's, to the letter.
        return _said(HTTPStatus.CONFLICT, str(size), {"content-type": SIZE_MEDIA_TYPE})
    if verdict is Verdict.FORKED:
        sentence = f"the proof does not show that the checkpoint extends the one of size {size}"
        return _said(HTTPStatus.UNPROCESSABLE_ENTITY, sentence)
    return _said(*_REFUSALS[verdict])


def _of_the_log(note: Note, keys: Sequence[VerifierKey]) -> Note:
    """Return a note without lines that others can add at will: each would make it another file."""
    known = {(key.name, key.id) for key in keys}
    lines = dict.fromkeys(line for line in note.signatures if (line.name, line.key_id) in known)
    return Note(note.text, tuple(lines))


def _describe(memory: Memory, logs: Logs) -> str:
    lines = ["A witness of transparency logs (C2SP tlog-witness). Its key:", "", str(memory.key)]
    for origin, keys in logs.items():
        lines += ["", f"log       {origin}"]
        lines += [f"key       {key}" for key in keys]
        last = memory.find_last(origin)
        if last is None:
            lines += ["cosigned  nothing yet"]
        else:
            at = datetime.fromtimestamp(last.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            root = base64.b64encode(last.checkpoint.root).decode()
            lines += [f"size      {last.checkpoint.size}", f"root      {root}", f"time      {at}"]
        lines += [f"evidence  {memory.count_evidence(origin)} that do not fit it"]
    return "\n".join(lines)


def _said(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    around = {"cache-control": "no-store", "x-content-type-options": "nosniff", **(headers or {})}
    return Response(f"{text}\n", status, {"content-type": _PLAIN, **around})
