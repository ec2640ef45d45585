"""
Clients that cost little: bytes prepared once, one connection each, and of an answer only what is
asked about.

For tests in which hundreds of clients, the server and the database share two cores: a full HTTP
client takes more of them than the server does.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.entry.tokens import TokenKeys, load_or_make_key
from app.kernel import clock
from app.main import TOKEN_KEY_FILE
from app.registry.parties.policy import Actor
from tests.races.world import World
from tests.server_process import ServerProcess

_HEAD_END: Final = b"\r\n\r\n"


class UnansweredError(Exception):
    """The connection ended before the whole of an answer was there, or before anything was sent."""

    def __init__(self, *, refused: bool) -> None:
        super().__init__()
        self.refused = refused  # there was nobody to connect to: nothing was sent


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]  # by names in small letters
    body: bytes

    def json(self) -> Any:
        """Return the body as what it says."""
        return json.loads(self.body)


class Line:
    """One client with one connection, which it opens again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        """
        Send a request and wait for the answer.

        Raises:
            UnansweredError: none came.
        """
        if self._streams is None:
            try:
                self._streams = await asyncio.open_connection("127.0.0.1", self.port)
            except ConnectionError:
                raise UnansweredError(refused=True) from None
        reader, writer = self._streams
        try:
            writer.write(request)
            head = await reader.readuntil(_HEAD_END)
            status, headers = _read_head(head)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        except (ConnectionError, asyncio.IncompleteReadError):
            self.close()
            raise UnansweredError(refused=False) from None
        if headers.get("connection") == "close":
            self.close()
        return Answer(status, headers, body)

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            with suppress(RuntimeError):
                self._streams[1].close()
            self._streams = None


def _read_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head[: -len(_HEAD_END)].decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split(" ", 2)[1]), {name.lower(): value.strip() for name, _, value in pairs}


def a_request(
    method: str, path: str, *, token: str | None, key: str | None = None, body: object = None
) -> bytes:
    """Return the bytes of a request; token None: a visitor's."""
    content = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{method} {path} HTTP/1.1",
        "host: registry.test",
        *([] if token is None else [f"authorization: Bearer {token}"]),
        *([] if key is None else [f"idempotency-key: {key}"]),
        *([] if body is None else ["content-type: application/json"]),
        f"content-length: {len(content)}",
    ]
    return "\r\n".join(head).encode() + _HEAD_END + content


def a_transfer(world: World, way: tuple[str, bool], *, key: str, credits_asked: int = 1) -> bytes:
    """Return the request of a transfer: by whose token, and whether from the second account."""
    token, is_back = way
    ends = [world.from_account.number, world.to_account.number]
    if is_back:
        ends.reverse()
    body = {"from_account": ends[0], "to_account": ends[1], "credits": credits_asked}
    return a_request("POST", "/v1/transfers", token=token, key=key, body=body)


def a_token(data: Path, actor: Actor) -> str:
    """Return a token of an actor, signed with the key in a data folder."""
    keys = TokenKeys((load_or_make_key(data / TOKEN_KEY_FILE),))
    return keys.issue(user_id=actor.user_id, client_id=None, now=clock.now())


@asynccontextmanager
async def lines(server: ServerProcess, number: int) -> AsyncIterator[list[Line]]:
    """Give so many clients of a server."""
    opened = [Line(server.port) for _ in range(number)]
    try:
        yield opened
    finally:
        for line in opened:
            line.close()
