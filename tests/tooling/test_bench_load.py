"""What the load asks for: every request anew, as many different people would."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from bench_database import Holder, World
from bench_load import Job, LoadError, Replies, loading, require_done
from bench_service import Service
from local_postgres import LocalPostgres

from app.entry.tokens import TokenKeys, load_or_make_key
from app.kernel import clock
from app.main import TOKEN_KEY_FILE
from app.registry.ledger.serials import account_number
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind
from tests.lasting_server import LastingServer

pytestmark = pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk, which makes the load, is not installed"
)

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    path: str
    token: str
    key: str
    body: Any


def somebody(party: int, number: int) -> Actor:
    """Return a user of a party."""
    ids = f"pty_{party:026}", f"usr_{party * 10 + number:026}"
    return Actor(ids[1], ids[0], PartyKind.HOLDER, frozenset())


WORLD = World(
    tuple(
        Holder((somebody(n, 1), somebody(n, 2)), (1_001 + 2 * n, 1_002 + 2 * n)) for n in range(5)
    )
)
ANSWER = '{"title": "ถูกปฏิเสธ",\n "path": "\\\\"}'.encode()
BATCHES = ["XX-1-2024-1", "XX-2-2025-1"]
NUMBERS = {account_number(account) for account in WORLD.accounts}


class StandIn(Service):
    """A service without a database: every account but the last holds two batches."""

    def query(self, sql: str) -> str:
        assert "serial_prefix" in sql
        return "\n".join(f"{account}|{','.join(BATCHES)}" for account in WORLD.accounts[:-1])


@contextmanager
def listening(
    folder: Path, *, status: int = 201, headers: dict[str, str] | None = None
) -> Iterator[tuple[Service, list[Asked]]]:
    """Stand where the service would, and keep what is asked."""
    asked: list[Asked] = []

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        counted: ClassVar = iter(range(10**9))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            token = self.headers["Authorization"].removeprefix("Bearer ")
            key = self.headers["Idempotency-Key"]
            asked.append(Asked(self.path, token, key, json.loads(body)))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Location", f"/v1/transfers/{next(self.counted)}")
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listener = LastingServer(("127.0.0.1", 0), Answer)
    listener.serve_until_shutdown()
    address = f"http://127.0.0.1:{listener.server_port}"
    try:
        yield StandIn(LocalPostgres(folder), "none", 0, address, folder, {}), asked
    finally:
        listener.shutdown()
        listener.server_close()


def load(service: Service, job: Job, record: Path | None = None) -> Replies:
    with loading(service, job, seconds=1, record=record) as run:
        run.start()
        return run.finish()


def test_no_two_requests_are_alike(tmp_path: Path) -> None:
    """Expect every user with a good token, and keys as a client would make them in its time."""
    with listening(tmp_path) as (service, asked):
        replies = load(service, Job("transfer", WORLD, 4))
        second = load(service, Job("transfer", WORLD, 4))
    assert replies.failures == second.failures == 0
    assert replies.answers > 50
    assert len({request.key for request in asked}) == len(asked)  # over both runs
    assert all(UUID7.fullmatch(request.key) for request in asked)
    keys = TokenKeys((load_or_make_key(tmp_path / TOKEN_KEY_FILE),))
    owned = {user.user_id: holder for holder in WORLD.holders for user in holder.users}
    users = set()
    for request in asked:
        user_id = keys.read(request.token, now=clock.now()).user_id
        users.add(user_id)
        assert request.path == "/v1/transfers"
        batch = request.body.pop("batch", None)
        holds_none = request.body["from_account"] == account_number(WORLD.accounts[-1])
        assert batch in ([None] if holds_none else BATCHES)
        assert request.body.keys() == {"from_account", "to_account", "credits"}
        own = {account_number(account) for account in owned[user_id].accounts}
        assert request.body["from_account"] in own
        assert request.body["to_account"] in NUMBERS - {request.body["from_account"]}
        assert 1 <= request.body["credits"] <= 10
    assert users == owned.keys()
    assert {request.body["to_account"] for request in asked} == NUMBERS


@pytest.mark.parametrize("mode", ["atomic", "independent"])
def test_a_bulk_request_has_so_many_transfers(
    tmp_path: Path, mode: Literal["atomic", "independent"]
) -> None:
    with listening(tmp_path) as (service, asked):
        load(service, Job("bulk", WORLD, 2, acts=7, mode=mode))
    assert {request.path for request in asked} == {"/v1/transfers/bulk"}
    for request in asked:
        assert request.body["mode"] == mode
        assert len(request.body["transfers"]) == 7
        for one in request.body["transfers"]:
            assert one["from_account"] != one["to_account"]


def test_retirements_are_in_many_names(tmp_path: Path) -> None:
    with listening(tmp_path) as (service, asked):
        load(service, Job("retire", WORLD, 2))
    assert {request.path for request in asked} == {"/v1/retirements"}
    assert len({request.body["beneficiary"] for request in asked}) > 5


@pytest.mark.parametrize(
    ("status", "headers", "counted"),
    [
        (201, {}, "201"),
        (503, {"Retry-After": "1"}, "503"),
        (503, {}, "503 without Retry-After"),
        (409, {}, "409"),
    ],
)
def test_every_answer_is_counted_by_what_it_is(
    tmp_path: Path, status: int, headers: dict[str, str], counted: str
) -> None:
    """Expect the address of each act that was answered as done, and why others were not."""
    with listening(tmp_path, status=status, headers=headers) as (service, _):
        replies = load(service, Job("transfer", WORLD, 2), tmp_path / "record")
    assert replies.by_status == {counted: replies.answers}
    lines = (tmp_path / "record.0").read_text().splitlines()
    if status == 201:
        assert replies.refused == 0
        assert replies.refusals == {}
        assert len(set(lines)) == replies.answers
        assert lines[0].startswith("/v1/transfers/")
    else:
        assert replies.refused == replies.answers
        assert replies.refusals == {counted: ANSWER.decode()}
        assert lines == []


def test_a_run_with_many_refusals_is_no_measurement() -> None:
    """Expect one in a hundred to be shown, and more to be refused."""
    job = Job("transfer", WORLD, 1)
    for answers, refused, accepted in ((100, 1, True), (100, 2, False)):
        replies = Replies(answers, refused, 1.0, 1.0, 1.0, 0, 0, 0, {}, {})
        with nullcontext() if accepted else pytest.raises(LoadError):
            require_done(replies, job)
