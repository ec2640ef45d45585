"""A16: the service is made to call somebody: addresses in everything that a client can send."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from attack_acts import ADMINISTRATOR, BROKEN, CITY
from attack_report import require
from attack_scene import FULL, Scene
from attack_tokens import example_of, operations

FROM: Final = "127.0.4.1"
LATE_SECONDS: Final = 1.0  # for whoever would call after the answer
LOOKED_EVERY_S: Final = 0.02
Json = dict[str, Any]
_HEADERS: Final = (
    *("Host", "Referer", "Origin", "Forwarded", "X-Forwarded-Host", "X-Forwarded-For", "Via"),
    *("X-Original-URL", "X-Rewrite-URL", "Location", "Callback", "Link", "From", "Prefer"),
)


def have_it_call(scene: Scene) -> str:
    """Put the address of a listener into every field, and see that nobody comes."""
    # It guesses too, without meaning to; whoever signs in from elsewhere waits for none of that.
    scene = scene.coming_from(FROM)
    with _listening() as ear, _watching(scene) as strangers:
        sent = sum(1 for _ in _send_everything(scene, ear.addresses))
        time.sleep(LATE_SECONDS)
    require(not ear.heard, f"somebody called: {ear.heard[:3]}")
    require(not strangers, f"the server opened connections: {sorted(strangers)[:3]}")
    return f"{sent} requests with an address of ours in them: nobody called, no socket was opened"


class _Ear:
    """What hears whoever calls."""

    def __init__(self, port: int) -> None:
        self.heard: list[bytes] = []
        self.addresses = (
            f"http://127.0.0.1:{port}/called",
            f"//localhost:{port}/called",
            f"ldap://127.0.0.1:{port}/called",
            f"file://127.0.0.1:{port}/called",
            f"http://[::ffff:127.0.0.1]:{port}/",
        )


@contextmanager
def _listening() -> Iterator[_Ear]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(LOOKED_EVERY_S)
        ear, over = _Ear(door.getsockname()[1]), threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    line, _ = door.accept()
                except TimeoutError:
                    continue
                with line:
                    line.settimeout(1)
                    try:
                        ear.heard.append(line.recv(1_000) or b"a call without words")
                    except OSError:
                        ear.heard.append(b"a call without words")

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        with socket.create_connection(door.getsockname()) as probe:
            probe.sendall(b"probe")
        _wait_for_probe(ear)
        try:
            yield ear
        finally:
            over.set()
            listener.join()


def _wait_for_probe(ear: _Ear) -> None:
    give_up = time.monotonic() + 5
    while not ear.heard and time.monotonic() < give_up:
        time.sleep(LOOKED_EVERY_S)
    require(ear.heard == [b"probe"], "the listener does not hear")
    ear.heard.clear()


@contextmanager
def _watching(scene: Scene) -> Iterator[set[str]]:
    """Look again and again at the server's own sockets (Linux); gives those it should not have."""
    found: set[str] = set()
    over = threading.Event()
    port = scene.door.place[1]

    def watch() -> None:
        while not over.is_set():
            found.update(_strange_sockets(scene.service.pid, port))
            time.sleep(LOOKED_EVERY_S)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def _strange_sockets(pid: int, port: int) -> Iterator[str]:
    """Yield sockets of a process that are none of its own port; UDP is how names are asked for."""
    own = set()
    try:
        for name in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                own |= set(re.findall(r"socket:\[(\d+)\]", str(name.readlink())))
    except OSError:
        return  # a system that does not tell, or an attacker who may not look
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        table = Path(f"/proc/{pid}/net/{kind}")
        lines = table.read_text("ascii").splitlines()[1:] if table.exists() else []
        for _, here, there, *_, inode in (line.split()[:10] for line in lines):
            if inode in own and int(here.rpartition(":")[2], 16) != port:
                yield f"{kind} to {there}"


def _send_everything(scene: Scene, addresses: tuple[str, ...]) -> Iterator[None]:
    tokens = (scene.token(ADMINISTRATOR), scene.token(CITY))
    addresses = addresses if scene.scale is FULL else addresses[:1]
    for address in addresses:
        for name in _HEADERS:
            for path in ("/", "/v1/openapi.json", "/v1/users/me", "/docs"):
                _ask(scene, "GET", path, token=tokens[0], headers={name: address})
                yield
        for method, path, operation in operations(scene.document):
            for token in tokens[: 2 if scene.scale is FULL else 1]:
                for sent in _requests(scene.document, path, operation, address):
                    _ask(scene, method, sent[0], token=token, body=sent[1], key=True)
                    yield
        for kind, content in _files(address):
            _upload(scene, tokens[1], kind, content)
            yield


def _requests(
    document: Json, path: str, operation: Json, address: str
) -> Iterator[tuple[str, Json | None]]:
    """Yield addresses and bodies: each text of an operation is the listener's address once."""
    usual, there = path, path
    for parameter in operation["parameters"]:
        if parameter.get("in") == "path":
            hole = f"{{{parameter['name']}}}"
            usual = usual.replace(hole, quote(str(example_of(parameter)), safe=""))
            there = there.replace(hole, quote(address, safe=""))
    body = _body_of(document, operation)
    yield there, body
    for parameter in operation["parameters"]:
        if parameter.get("in") == "query":
            yield f"{usual}?{parameter['name']}={quote(address, safe='')}", body
    for changed in _with_address(body, address):
        yield usual, changed


def _body_of(document: Json, operation: Json) -> Json | None:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    found = None if schema is None else _example(document, schema)
    return found if isinstance(found, dict) else None


def _example(document: Json, schema: Json) -> object:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema and "examples" not in schema:
            return _example(document, schema[several][0])
    if schema.get("examples"):
        return schema["examples"][0]
    if "properties" in schema:
        return {name: _example(document, inside) for name, inside in schema["properties"].items()}
    if schema.get("type") == "array":
        return [_example(document, schema["items"])]
    return schema.get("const", "x")


def _with_address(body: object, address: str) -> Iterator[Json]:
    """Yield a body again and again, each time with one text of it replaced."""
    for steps in _texts(body):
        changed = json.loads(json.dumps(body))
        inside = changed
        for step in steps[:-1]:
            inside = inside[step]
        inside[steps[-1]] = address
        yield changed


def _texts(value: object, *steps: str | int) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str):
        yield steps
    elif isinstance(value, dict):
        for name, inside in value.items():
            yield from _texts(inside, *steps, name)
    elif isinstance(value, list):
        for place, inside in enumerate(value):
            yield from _texts(inside, *steps, place)


def _files(address: str) -> Iterator[tuple[str, bytes]]:
    """Yield files that readers of such files have been known to fetch something for."""
    entity = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "{address}">]><x>&y;</x>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as book:
        for name in (
            "[Content_Types].xml",
            "xl/workbook.xml",
            "xl/externalLinks/externalLink1.xml",
        ):
            book.writestr(name, entity)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    yield kind, packed.getvalue()
    yield "application/pdf", f"%PDF-1.7\n1 0 obj<</Type/Action/S/URI/URI({address})>>".encode()
    yield "text/csv", f'a,b\n"=WEBSERVICE(""{address}"")",{address}\n'.encode()


def _upload(scene: Scene, token: str, kind: str, content: bytes) -> None:
    edge = "x" * 40
    endings = {"application/pdf": "pdf", "text/csv": "csv"}
    named = f'filename="a.{endings.get(kind, "xlsx")}"'
    head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\ndesign\r\n--{edge}\r\n'
        f'Content-Disposition: form-data; name="file"; {named}\r\nContent-Type: {kind}\r\n\r\n'
    )
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
    sent = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    _ask(scene, "POST", "/v1/documents", token=token, body=body, headers=sent)


def _ask(scene: Scene, method: str, path: str, **sent: Any) -> None:  # noqa: ANN401
    answer = scene.door.ask(method, path, **sent)
    require(answer.status < BROKEN, f"{method} {path}: {answer.status}")
