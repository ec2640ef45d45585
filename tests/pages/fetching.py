"""What an address answers, also when it refuses, and leads nowhere else by itself."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any, Final

TIMEOUT_S: Final = 60


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401
        return None


_OPENER: Final = urllib.request.build_opener(_Stay)


class RefusedError(AssertionError):
    """The API refused what a test asked of it."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem)
        self.code: str = problem["code"]


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end, so that nothing stays open."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:  # noqa: ANN401
        """
        Return what it says.

        Raises:
            RefusedError: it is a refusal, which fails a test that does not expect it.
        """
        said = json.loads(self.body)
        if self.status >= 400:
            raise RefusedError(said)
        return said


def fetch(
    address: str,
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
    *,
    method: str | None = None,
) -> Answer:
    """Ask an address of our own server; with content, by POST unless another way is named."""
    asked = urllib.request.Request(address, content, headers or {}, method=method)  # noqa: S310
    try:
        answered = _OPENER.open(asked, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as refused:
        answered = refused
    with answered:
        return Answer(answered.status, answered.headers, answered.read())


def send_json(
    address: str,
    body: Any = None,  # noqa: ANN401
    headers: dict[str, str] | None = None,
    *,
    method: str | None = None,
) -> Any:  # noqa: ANN401
    """Ask as a program does, and return what the answer says; see `Answer.json`."""
    content = None if body is None else json.dumps(body).encode()
    typed = {} if content is None else {"Content-Type": "application/json"}
    return fetch(address, content, {**(headers or {}), **typed}, method=method).json()
