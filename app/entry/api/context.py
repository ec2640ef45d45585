"""What a route is given: who calls, a read-only connection, and the way to the committer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.acts import Act, Idempotency, Outcome, Reply
from app.entry.api.wire import answer
from app.entry.identity import Caller
from app.entry.late_reads import SNAPSHOT, LateReads, OneSnapshot
from app.kernel.db import reading
from app.kernel.errors import InvalidError
from app.registry.ledger.rules import Touches
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor

Result = TypeVar("Result")

KEY_PATTERN: Final = r"^[\x21-\x7e]{1,100}$"


class IdempotencyKeyMissingError(InvalidError):
    """A request that moves credits must carry an Idempotency-Key."""

    code = "idempotency_key_required"
    number = 1401
    title_th = "คำขอที่ย้ายเครดิตต้องมี Idempotency-Key"
    advice = (
        "Send a header Idempotency-Key with a new random value, and the same value again when you "
        "retry."
    )
    advice_th = "โปรดส่งส่วนหัว Idempotency-Key ด้วยค่าสุ่มใหม่ และใช้ค่าเดิมเมื่อส่งซ้ำ"


def snapshot(request: Request) -> AbstractAsyncContextManager[AsyncConnection]:
    """
    Open what a request reads: for a route whose answer takes long after its reading, which must
    not hold a connection meanwhile. Others have a `Reader`.
    """
    # Whoever signs in reads what they have just written, and decides on what there is. Visitors
    # have written nothing: what they see may be some seconds late.
    if "authorization" in request.headers:
        return reading(request.app.state.views)
    shared: OneSnapshot | None = request.scope.get(SNAPSHOT)
    if shared is not None:
        return shared.reading()
    late: LateReads = request.app.state.late_reads
    return late.reading()


async def _read_connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with snapshot(request) as connection:
        yield connection


async def _present_connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with reading(request.app.state.views) as connection:
        yield connection


# The snapshot ends before the response leaves, so a slow reader never holds a connection.
Reader = Annotated[AsyncConnection, Depends(_read_connection, scope="function")]
# For the log: who has seen a checkpoint asks next for what it promises, which must be there then.
PresentReader = Annotated[AsyncConnection, Depends(_present_connection, scope="function")]

_KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Your own name for this request (1 to 100 printable ASCII characters). The "
        "same key with the same request gets the first reply again; with another it is refused.",
        pattern=KEY_PATTERN,
        examples=["0190f3c1-5d7a-7c3e-9b0e-2f6a1c9d4e55"],
    ),
]


@dataclass(frozen=True, slots=True)
class Writer:
    """Takes a route's act to the committer and answers with what was committed."""

    request: Request
    actor: Actor
    idempotency: Idempotency | None

    async def __call__(
        self,
        operation: Callable[[Pen], Awaitable[Result]],
        present: Callable[[Result], Reply],
        *,
        touches: tuple[Touches, ...] | None = None,
        dry_run: bool = False,
    ) -> Response:
        """Submit the act and wait for its commit; refusals are raised."""
        return answer(await self.submit(operation, present, touches=touches, dry_run=dry_run))

    async def submit(
        self,
        operation: Callable[[Pen], Awaitable[Result]],
        present: Callable[[Result], Reply],
        *,
        touches: tuple[Touches, ...] | None = None,
        dry_run: bool = False,
    ) -> Outcome:
        """Do the same, for a route that answers with more than may be kept of the act."""
        act = Act(
            self.actor,
            operation,
            present,
            self.idempotency,
            touches,
            ahead=touches is not None,
            dry_run=dry_run,
        )
        outcome: Outcome = await self.request.app.state.committer.submit(act)
        return outcome


def bind(actor: Actor, key: str, *, method: str, path: str, body: bytes) -> Idempotency:
    """Bind a caller's key to the request it came with."""
    return Idempotency.of(
        scope=actor.client_id or actor.user_id, key=key, method=method, path=path, body=body
    )


async def _writer(request: Request, actor: Caller, key: _KeyHeader = None) -> Writer:
    return Writer(request, actor, await _bound(request, actor, key))


async def _credit_writer(request: Request, actor: Caller, key: _KeyHeader = None) -> Writer:
    if key is None:
        raise IdempotencyKeyMissingError
    return Writer(request, actor, await _bound(request, actor, key))


async def _bound(request: Request, actor: Actor, key: str | None) -> Idempotency | None:
    if key is None:
        return None
    path = request.url.path + ("?" + request.url.query if request.url.query else "")
    return bind(actor, key, method=request.method, path=path, body=await request.body())


Write = Annotated[Writer, Depends(_writer, scope="function")]
# For acts that move credits: the key is required.
WriteCredits = Annotated[Writer, Depends(_credit_writer, scope="function")]


class StrictRoute(APIRoute):
    """
    A route that refuses query parameters it does not know: a misspelt filter must not widen a
    result in silence.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler with the check."""
        handle = super().get_route_handler()
        fields = self.dependant.query_params
        if any(_is_model(field.field_info.annotation) for field in fields):
            return handle  # the query model refuses unknown names itself
        known = {field.alias for field in fields}

        async def strict(request: Request) -> Response:
            stray = set(request.query_params) - known
            if stray:
                raise RequestValidationError(
                    [
                        {
                            "loc": ("query", name),
                            "type": "extra_forbidden",
                            "msg": "This parameter is not known here",
                        }
                        for name in sorted(stray)
                    ]
                )
            return await handle(request)

        return strict


def _is_model(annotation: Any) -> bool:  # noqa: ANN401
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
