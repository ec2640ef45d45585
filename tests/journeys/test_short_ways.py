"""
Goal: whoever moves credits is answered alike, whichever way the request has gone.

Method: the same invented request is sent through the service with its short ways and without them;
what comes back and what reached the committer must be the same. Nothing is stored: callers and
committer are stand-ins, everything between them and the wire is the service's own.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from app.entry.acts import Act, Outcome
from app.entry.api.credits import EndedShown, MovementShown, moved_reply
from app.entry.api.short_ways import ShortWays
from app.entry.identity import AGE_S_MAX, UserSuspendedError
from app.entry.tokens import TokenKeys, TokenRefusedError, load_or_make_key
from app.kernel import clock
from app.kernel.ids import new_id
from app.main import TOKEN_KEY_FILE, create_app
from app.registry.ledger.operations import Moved, Movement
from app.registry.ledger.page import Ended
from app.registry.ledger.refusals import InsufficientCreditsError
from app.registry.ledger.rules import (
    Account,
    AccountKind,
    AccountStatus,
    Batch,
    Beneficiary,
    Ending,
    EntryKind,
    Statement,
    Visibility,
)
from app.registry.parties.operations import DecideOnUser, suspend_user
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role
from app.settings import Settings
from tests.builders.parties import do
from tests.conftest import Registry
from tests.races.world import a_world, servers

ACTOR: Final = Actor(
    "usr_01kb5w6yk2e0hr9h5y0s8v2a3b",
    "pty_01kb5w6yk2e0hr9h5y0s8v2a3b",
    PartyKind.HOLDER,
    frozenset({Role.HOLDER_INITIATOR}),
)
MOMENT: Final = datetime(2026, 11, 24, 3, tzinfo=UTC)
X: Final = "TH-CITY-0001-2024-1"
SHORT: Final = {
    *("make_transfer", "make_transfers", "retire_credits", "retire_credits_many_times"),
    *("cancel_credits", "decide_issuance"),
}

Header = tuple[bytes, bytes]


def _account(number: int) -> Account:
    return Account(number, "pty_x", AccountKind.HOLDING, AccountStatus.OPEN, "Holdings", 1, MOMENT)


def _movement(*runs: tuple[int, int], at: datetime = MOMENT) -> Movement:
    batch = Batch(
        id=20240000000001,
        vintage=2024,
        credits=1_000,
        serial_prefix=X,
        programme_code="TH",
        project_code="TH-1",
        project_name="A project",
        activity_id=None,
        province_code=None,
        log_index=3,
        issued_at=at,
    )
    moved = tuple(Moved(batch, first, last) for first, last in runs)
    total = sum(part.credits for part in moved)
    return Movement(42, EntryKind.TRANSFERRED, _account(1001), _account(1002), total, moved, at)


def _ended(movement: Movement) -> Movement:
    statement = Statement("มะลิ ใจดี", Beneficiary.PERSON, None, None)
    ending = Ending(
        EntryKind.RETIRED, "organisation", Visibility.ANONYMOUS, date(2026, 11, 24), statement
    )
    ended = Ended(42, 1001, movement.credits, ending, b"\0" * 32, "9f" * 32)
    return replace(movement, kind=EntryKind.RETIRED, ended=ended)


class _Callers:
    """Knows three tokens, of which one has to be read."""

    def known(self, token: str) -> Actor | None:
        return ACTOR if token == "good" else None

    async def sender_of(self, token: str, _scope: object) -> Actor:
        await asyncio.sleep(0)
        if token in {"good", "late"}:
            return ACTOR
        raise UserSuspendedError if token == "suspended" else TokenRefusedError


@dataclass
class _Committer:
    """Answers at once, and remembers what it was asked."""

    answers: Callable[[Act[Any]], Outcome]
    acts: list[Act[Any]] = field(default_factory=list)

    async def submit(self, act: Act[Any]) -> Outcome:
        await asyncio.sleep(0)
        self.acts.append(act)
        return self.answers(act)


class _Purposes:
    async def on(self, _day: date) -> tuple[str, ...]:
        return ("organisation", "event")


class _Terms:
    """Transfers are not governed."""

    async def now(self) -> None:
        return None


def _done(act: Act[Any]) -> Outcome:
    return Outcome(act.present(_ended(_movement((1, 30)))))


def _replayed(act: Act[Any]) -> Outcome:
    return replace(_done(act), replayed=True)


def _refused(_act: Act[Any]) -> Outcome:
    raise InsufficientCreditsError(asked=7, held=5)


def _away(_act: Act[Any]) -> Outcome:
    raise ConnectionError


def _broken(_act: Act[Any]) -> Outcome:
    raise RuntimeError("a mistake of ours")


@pytest.fixture(scope="module")
def service() -> FastAPI:
    app = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    app.state.identities = _Callers()
    app.state.purposes = _Purposes()
    app.state.terms = _Terms()
    return app


def _short_ways(service: FastAPI) -> ShortWays:
    layer: Any = service.middleware_stack
    while not isinstance(layer, ShortWays):
        layer = layer.app
    return layer


@dataclass(frozen=True)
class _Asked:
    path: str
    query: bytes
    headers: Sequence[Header]
    body: bytes


async def _send(service: FastAPI, asked: _Asked) -> list[Message]:
    """Send a request as a server would; returns what was sent back."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "root_path": "",
        "query_string": asked.query,
        "headers": [
            (b"host", b"registry.test"),
            (b"request-id", b"req-1"),
            (b"content-length", str(len(asked.body)).encode()),
            *asked.headers,
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await service(scope, receive, send)
    return sent


def _told(
    service: FastAPI, asked: _Asked, answers: Callable[[Act[Any]], Outcome]
) -> tuple[Any, list[Any]]:
    """Return what a request is answered and leaves in the log, and what the committer heard."""
    committer = service.state.committer = _Committer(answers)
    with structlog.testing.capture_logs() as lines:
        start, body = asyncio.run(_send(service, asked))
    acts = [
        (act.actor, act.idempotency, act.touches, act.ahead, act.dry_run) for act in committer.acts
    ]
    answered = start["status"], sorted(start["headers"]), body["body"]
    noted = [{**line, "ms": 0, "exc_info": None} for line in lines]
    return (answered, noted), acts


PATHS: Final = ("/v1/transfers", "/v1/retirements", "/v1/cancellations")
ENDING: Final[dict[str, Any]] = {
    "from_account": "TH-001001-05",
    "serials": [{"batch": X, "first": 1, "last": 30}],
    "purpose": "organisation",
    "beneficiary": " เทศบาลนครขอนแก่น ",
    "happened_on": "2026-11-24",
}
GOOD: Final[dict[str, dict[str, Any]]] = {
    PATHS[0]: {"from_account": "TH-001001-05", "to_account": "TH-001002-02", "credits": 7},
    PATHS[1]: ENDING,
    PATHS[2]: ENDING,
}
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**54)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", " ", "TH-001001-05", "TH-001001-06", "2026-02-30", "person", "x" * 3_000]
    )
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
names = st.sampled_from(
    [
        *("from_account", "to_account", "credits", "batch", "vintage", "serials", "purpose"),
        *("reason", "beneficiary", "beneficiary_kind", "visibility", "happened_on", "colour"),
    ]
)


RAW: Final = (
    *(b"", b"{", b"null", b"[]", b"\xff", b'"\\ud800"', b'{"credits": NaN}'),
    b'{"credits": 1, "credits": 2}',
)
# What stands in the head of a request: as it should be, then as it may be for all that.
HEADS: Final[dict[bytes, tuple[bytes, ...]]] = {
    b"authorization": (
        *(b"Bearer good", b"bearer good", b"BEARER good", b"Bearer late", b"Bearer  good"),
        *(b"Bearer bad", b"Bearer suspended", b"Bearer ", b"Bearer", b"Basic good", b""),
        b"Bearer \xff",
    ),
    b"idempotency-key": (b"one", b"two", b"x" * 100, b"x" * 101, b"", b" one", b"o n e", b"\xe0"),
    b"content-type": (
        *(b"application/json", b"application/json; charset=utf-8", b"APPLICATION/JSON"),
        *(b"application/json ;x", b"application/json\xa0", b"application/problem+json"),
        *(b"application/x-www-form-urlencoded", b"text/plain", b""),
    ),
}
QUERIES: Final = (b"dry_run=true", b"dry_run=0", b"dry_run=x", b"colour=red", b"=", b"%00")


@st.composite
def bodies(draw: st.DrawFn, path: str) -> bytes:
    """A body with something wrong in it, or none at all."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(RAW) | values.map(lambda value: json.dumps(value).encode()))
    body = dict(GOOD[path])
    for name in draw(st.lists(names, max_size=1)):
        body.pop(name, None)
    body |= draw(st.dictionaries(names, values, max_size=2))
    return json.dumps(body, ensure_ascii=draw(st.booleans())).encode()


@st.composite
def requests(draw: st.DrawFn) -> _Asked:
    """A request to move credits, as it should be but for two things at most."""
    path = draw(st.sampled_from(PATHS))
    heads = {name: [good[0]] for name, good in HEADS.items()}
    query, body = b"", json.dumps(GOOD[path]).encode()
    parts = [*HEADS, b"query", b"body", b"body"]
    for part in draw(st.lists(st.sampled_from(parts), max_size=2, unique=True)):
        if part == b"query":
            query = draw(st.sampled_from(QUERIES))
        elif part == b"body":
            body = draw(bodies(path))
        else:
            heads[part] = draw(st.lists(st.sampled_from(HEADS[part]), max_size=2))
    headers = [(name, value) for name, found in heads.items() for value in found]
    beside = [(b"accept-language", b"th"), (b"content-encoding", b"gzip")]
    headers += draw(st.lists(st.sampled_from(beside), max_size=1))
    return _Asked(path, query, draw(st.permutations(headers)), body)


def _is_answered_alike(
    service: FastAPI, asked: _Asked, answers: Callable[[Act[Any]], Outcome] = _done
) -> None:
    """Status, headers and body to the last byte, the log's lines, and the act that was asked."""
    short = _short_ways(service)
    by_the_short_way = _told(service, asked, answers)
    ways, short._ways = short._ways, {}
    try:
        by_the_frameworks = _told(service, asked, answers)
    finally:
        short._ways = ways
    assert by_the_short_way == by_the_frameworks


@settings(max_examples=200, deadline=None)
@given(
    asked=requests(),
    answers=st.sampled_from([_done, _done, _replayed, _refused, _away, _broken]),
)
def test_the_short_way_answers_as_the_frameworks_way_does(
    service: FastAPI, asked: _Asked, answers: Callable[[Act[Any]], Outcome]
) -> None:
    _is_answered_alike(service, asked, answers)


@pytest.mark.parametrize("name", HEADS)
def test_one_header_too_many_or_too_few_is_seen_on_both_ways(service: FastAPI, name: bytes) -> None:
    """Each value, none, and each two of them in either order."""
    others = [(other, values[0]) for other, values in HEADS.items() if other != name]
    body = json.dumps(GOOD[PATHS[0]]).encode()
    for count in range(3):
        for given_values in itertools.product(HEADS[name], repeat=count):
            headers = [*others, *((name, value) for value in given_values)]
            _is_answered_alike(service, _Asked(PATHS[0], b"", headers, body))


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_read_on_both_ways(service: FastAPI, query: bytes) -> None:
    headers = [(name, values[0]) for name, values in HEADS.items()]
    body = json.dumps(GOOD[PATHS[0]]).encode()
    _is_answered_alike(service, _Asked(PATHS[0], query, headers, body))


@pytest.mark.parametrize("path", PATHS)
async def test_a_request_without_fault_does_not_go_the_frameworks_way(
    service: FastAPI, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Or the property above would hold of nothing."""

    async def frameworks(*_: object) -> None:
        pytest.fail("it did")

    monkeypatch.setattr(_short_ways(service), "app", frameworks)
    for answers, status in ((_done, 201), (_refused, 409)):
        service.state.committer = _Committer(answers)
        headers = [
            (b"authorization", b"Bearer late"),
            (b"idempotency-key", b"one"),
            (b"content-type", b"application/json"),
        ]
        asked = _Asked(path, b"", headers, json.dumps(GOOD[path]).encode())
        start, _ = await _send(service, asked)
        assert start["status"] == status


def test_what_moves_credits_at_an_address_of_its_own_has_a_short_way(service: FastAPI) -> None:
    """A parameter too many in a signature would take it away in silence."""
    ways = _short_ways(service)._ways.values()
    assert {getattr(way.route, "operation_id", None) for way in ways} == SHORT


moments = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
runs = st.lists(st.tuples(st.integers(1, 10), st.integers(11, 2**53 - 1)), min_size=1, max_size=5)


@given(runs=runs, at=moments | st.just(MOMENT), dry_run=st.booleans())
def test_an_act_answers_in_the_form_of_its_model(
    runs: list[tuple[int, int]], at: datetime, *, dry_run: bool
) -> None:
    """It is written without the model, which is what the description shows and reads answer."""
    movement = _movement(*runs, at=at)
    for shown, made in ((MovementShown, movement), (EndedShown, _ended(movement))):
        reply = moved_reply(made, address="/v1/x", dry_run=dry_run)
        assert shown.model_validate_json(reply.body).model_dump_json().encode() == reply.body
        assert reply.status == (200 if dry_run else 201)
        assert reply.location == (None if dry_run else "/v1/x/42")


async def test_a_suspended_user_moves_no_credits_after_a_second(
    registry: Registry, tmp_path: Path
) -> None:
    """Over real HTTP, with the token and the connection of before, asking all the time."""
    world = await a_world(registry)
    body = {
        "from_account": world.from_account.number,
        "to_account": world.to_account.number,
        "credits": 1,
    }
    with servers(registry.url, tmp_path, 1) as (server,):
        keys = TokenKeys((load_or_make_key(tmp_path / TOKEN_KEY_FILE),))
        token = keys.issue(user_id=world.sender.user_id, client_id=None, now=clock.now())
        answers: list[tuple[float, int, str]] = []
        suspended_at = float("inf")
        async with httpx2.AsyncClient(base_url=server.address, timeout=30) as client:

            async def ask() -> None:
                asked_at = time.monotonic()
                headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id("req")}
                answer = await client.post("/v1/transfers", json=body, headers=headers)
                answers.append((asked_at, answer.status_code, answer.json().get("code", "")))

            for _ in range(20):
                await ask()
            decision = DecideOnUser(world.sender.user_id, "เหตุผล")
            await do(registry, world.administrator, suspend_user, decision)
            suspended_at = time.monotonic()
            while time.monotonic() < suspended_at + AGE_S_MAX + 0.5:
                await ask()
    assert {status for at, status, _ in answers if at < suspended_at} == {201}
    late = {answer[1:] for answer in answers if answer[0] >= suspended_at + AGE_S_MAX}
    assert late == {(403, "user_suspended")}
