"""How attackers reach the service: over real HTTP, and with sockets of their own."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

ANSWER_SECONDS_MAX: Final = 30
_HEAD_END: Final = b"\r\n\r\n"


class SignInError(Exception):
    """Somebody with a good password is refused; the message says how."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]  # by names in small letters
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  whatever it says
        """Return the body as what it says."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The refusal; None: it is none."""
        if "problem" not in self.headers.get("content-type", ""):
            return None
        return str(self.json()["code"])


@dataclass(frozen=True)
class Door:
    """A running service, on this machine."""

    address: str
    source: str | None = None  # a loopback address to come from; None: the usual one

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.address)
        assert parts.hostname == "127.0.0.1"
        assert parts.port is not None
        return parts.hostname, parts.port

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        key: bool | str = False,
    ) -> Answer:
        """
        Send a request.

        Args:
            method: of HTTP.
            path: with its query.
            token: to sign in with.
            body: bytes as they are, anything else as JSON.
            headers: more of them.
            key: an Idempotency-Key, or whether to draw one.
        """
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if key:
            sent["Idempotency-Key"] = key if isinstance(key, str) else secrets.token_hex(16)
        data = body if isinstance(body, bytes) else None
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            data = data if data is not None else json.dumps(body).encode()
        source = None if self.source is None else (self.source, 0)
        connection = http.client.HTTPConnection(
            *self.place, timeout=ANSWER_SECONDS_MAX, source_address=source
        )
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()

    def raw(self, pieces: Iterable[bytes], *, seconds: float = ANSWER_SECONDS_MAX) -> int | None:
        """Send bytes as they are until there is an answer; returns its status, None without one."""
        with socket.create_connection(self.place, timeout=seconds) as line:
            try:
                for piece in pieces:
                    line.sendall(piece)
            except OSError:
                pass  # it was answered, and closed, before all was said
            try:
                head = line.recv(65_536)
            except OSError:
                return None
        return int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.1 ") else None

    def sign_in(self, email: str, password: str) -> str:
        """
        Return the token of a person.

        Raises:
            SignInError: they are refused.
        """
        grant = {"grant_type": "password", "email": email, "password": password}
        answer = self.ask("POST", "/v1/tokens", body=grant)
        if answer.status != HTTPStatus.OK:
            wait = answer.headers.get("retry-after")
            later = "" if wait is None else f", for {wait} s"
            raise SignInError(f"{email} is not let in: {answer.status} {answer.code}{later}")
        return str(answer.json()["access_token"])
