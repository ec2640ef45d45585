"""
A server that answers with anything but a log: a sentence comes of it, in bounded time and memory.

Exit code 1 where what it says cannot be, 3 where nothing was said; never a stack trace.
"""

import resource
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Final

import pytest

from app.entry.verifying import source
from tests.builders.public_log import Forger, PublishedLog, Verdict, publish_busy, verify_here
from tests.conftest import Server
from tests.lasting_server import LastingServer

Answer = Callable[[BaseHTTPRequestHandler], None]
HTML: Final = b"<!doctype html><html><body>Welcome to our hotel's network</body></html>"
FILES: Final = ("policy", "checkpoint", "state", "tile/0/000", "tile/entries/000", "tile/1")
GROWN_KB_MAX: Final = 100_000  # four files of the largest size, and what goes with them
BOMB_PIECES: Final = 1_024  # of a megabyte each, once unpacked


@pytest.fixture(scope="module")
def honest(server: Server, tmp_path_factory: pytest.TempPathFactory) -> PublishedLog:
    """With a full tile."""
    return publish_busy(server, "registry_hostile", tmp_path_factory.mktemp("x"), transfers=200)


@contextmanager
def serving(log: Path, answers: dict[str, Answer]) -> Iterator[str]:
    """Serve a folder, but for addresses that begin in some way."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.removeprefix("/log/")
            for beginning, answer in answers.items():
                if path.startswith(beginning):
                    self.close_connection = True
                    answer(self)
                    return
            file = log / path
            whole(file.read_bytes() if file.is_file() else b"", 200 if file.is_file() else 404)(
                self
            )

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    made = LastingServer(("127.0.0.1", 0), Handler)
    made.serve_until_shutdown()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        made.server_close()


def whole(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def endless(piece: bytes, pause_s: float = 0) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(piece)
                handler.wfile.flush()
                time.sleep(pause_s)
        except OSError:
            return

    return answer


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Never answer."""
    handler.rfile.read(1)


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than comes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"x")


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\x1b[2J\xff" * 20)


def around(handler: BaseHTTPRequestHandler) -> None:
    """Send it back to where it came from."""
    whole(b"", 302, Location=handler.path)(handler)


def peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def verified(address: str, tmp_path: Path, *more: object) -> Verdict:
    began_s, began_kb = time.monotonic(), peak_kb()
    verdict = verify_here(address, "--memory", tmp_path / "memory", *more)
    assert time.monotonic() - began_s < 30
    assert peak_kb() - began_kb < GROWN_KB_MAX
    assert "Traceback" not in verdict.err
    assert all(mark.isprintable() or mark == "\n" for mark in verdict.out + verdict.err)
    return verdict


def test_the_honest_log_is_clean_over_http(honest: PublishedLog, tmp_path: Path) -> None:
    """As any static host serves it."""
    with serving(honest.log, {}) as address:
        assert verified(address, tmp_path).code == 0
        assert verified(f"{address}/log/", tmp_path / "other").code == 0


NOTHING_SAID: Final[dict[str, Answer]] = {
    "it fails": whole(b"oops", 500),
    "it is busy": whole(b"later", 503),
    "it wants a password": whole(b"who are you", 401),
    "it sends around": around,
    "it sends elsewhere": whole(b"", 301, Location="file:///etc/passwd"),
    "it breaks off": cut_off,
    "it speaks another language": no_http,
    "it says too much": endless(b"x" * 65_536),
    "it never says anything": silent,
    "it says a byte now and then": endless(b"x", pause_s=0.05),
}


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("how", NOTHING_SAID)
def test_a_server_that_does_not_answer_says_nothing_of_the_log(
    honest: PublishedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, path: str
) -> None:
    monkeypatch.setattr(source, "_SILENT_SECONDS_MAX", 0.3)
    monkeypatch.setattr(source, "_SLOW_SECONDS_MAX", 0.5)
    monkeypatch.setattr("app.entry.verifying.published._BYTES_MIN", 1 << 20)
    with serving(honest.log, {path: NOTHING_SAID[how]}) as address:
        verdict = verified(address, tmp_path)
    assert verdict.code == 3, verdict.said
    assert verdict.err.startswith(f"Not verified: {address}/log/{path}"), verdict.err
    assert not (tmp_path / "memory" / "checkpoint").exists()


@pytest.mark.parametrize("path", FILES)
def test_a_page_in_the_place_of_a_file_is_not_clean(
    honest: PublishedLog, tmp_path: Path, path: str
) -> None:
    """What comes with 200 is what the server says of its log."""
    with serving(honest.log, {path: whole(HTML, Content_Type="text/html")}) as address:
        verdict = verified(address, tmp_path)
    assert verdict.code == 1
    code = {
        "policy": "policy_malformed",
        "checkpoint": "checkpoint_malformed",
        "state": "state_malformed",
        "tile/entries/000": "entries_malformed",
    }.get(path, "tile_differs")
    assert f"NOT CLEAN: {code} " in verdict.said


def test_a_server_that_has_nothing(honest: PublishedLog, tmp_path: Path) -> None:
    with serving(honest.log, {"": whole(b"{}", 404)}) as address:
        verdict = verified(address, tmp_path)
    assert verdict.code == 3
    assert "has no policy: give one with --policy" in verdict.said


def test_what_unpacks_to_more_than_memory_holds_is_not_unpacked(
    honest: PublishedLog, tmp_path: Path
) -> None:
    """Nobody asked for it packed, and it is taken as the bytes that it is."""
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(BOMB_PIECES)) + packer.flush()
    assert len(bomb) < 2 << 20
    for path in ("policy", "checkpoint", "state", "tile/entries/000"):
        packed = whole(bomb, Content_Encoding="gzip")
        with serving(honest.log, {path: packed}) as address:
            assert verified(address, tmp_path).code == 1


def test_a_state_that_is_one_line_without_end_is_held_piece_by_piece(
    honest: PublishedLog, tmp_path: Path
) -> None:
    said = f"size,{honest.size}\n".encode() + b"x" * (60 << 20)
    with serving(honest.log, {"state": whole(said)}) as address:
        verdict = verified(address, tmp_path)
    assert verdict.code == 1
    assert "NOT CLEAN: state_differs" in verdict.err
    assert len(verdict.err) < 50_000


def test_a_busy_server_is_asked_again(honest: PublishedLog, tmp_path: Path) -> None:
    busy = whole(b"", 503)
    asked: list[str] = []

    def first_busy(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        if len(asked) < 3:
            busy(handler)
        else:
            whole((honest.log / "checkpoint").read_bytes())(handler)

    with serving(honest.log, {"checkpoint": first_busy}) as address:
        assert verified(address, tmp_path).code == 0
    assert len(asked) == 3


def test_what_is_kept_of_a_hostile_server_stays_in_its_folder(
    honest: PublishedLog, tmp_path: Path
) -> None:
    """The names of files are ours; the server only says what is in them."""
    keep = tmp_path / "keep"
    with serving(honest.log, {"state": whole(b"../../x", Location="/../../etc/passwd")}) as address:
        assert verified(address, tmp_path, "--keep", keep).code == 1
    names = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert {name for name in names if not name.startswith("memory/")} <= {
        "keep/checkpoint",
        "keep/policy",
        "keep/state",
    }


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "http://[::1",
        "http://\x1b[2J",
        f"http://{'a' * 300}.example",
        "http://..",
        "https://127.0.0.1:1",
    ],
)
def test_an_address_that_is_none_is_said(tmp_path: Path, address: str) -> None:
    verdict = verified(address, tmp_path)
    assert verdict.code == 3
    assert verdict.err.startswith("Not verified: ")


def test_the_same_address_cannot_show_a_log_of_another_name(
    honest: PublishedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a new name and a new key would make every memory of the old one worthless."""
    monkeypatch.setenv("HOME", str(tmp_path))
    renamed = Forger(tmp_path / "log", origin="registry.test/log2")
    renamed.publish(honest.leaves)
    true = honest.copy_to(tmp_path / "served")
    with serving(true, {}) as address:
        assert verify_here(address).code == 0
        for name in ("checkpoint", "policy"):
            (true / name).write_bytes((renamed.folder / name).read_bytes())
        verdict = verify_here(address)
        assert verdict.code == 1
        assert "NOT CLEAN: other_log registry.test/log was verified at this address" in verdict.said
    # Nor does a policy with the name of another log in front.
    other = Forger(tmp_path, origin="a.example")
    policy = (honest.log / "policy").read_bytes()
    with serving(
        honest.log, {"policy": whole(f"log {other.verifier}\n".encode() + policy)}
    ) as mirror:
        verdict = verify_here(mirror)
    assert verdict.code == 0
    assert f"verified at {honest.size} acts; the log extends that" in verdict.said


def test_a_log_of_the_same_name_with_another_key_is_noticed(
    honest: PublishedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the key comes from the log itself, who remembers sees that it is another one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with serving(honest.log, {}) as address:
        assert "another key" not in verify_here(address).said
    resigned = Forger(tmp_path / "log")
    resigned.publish(honest.leaves)
    with serving(resigned.folder, {}) as address:
        verdict = verify_here(address)
    assert verdict.code == 0
    assert "another key than when this log was last verified" in verdict.said
