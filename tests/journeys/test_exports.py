"""Tables to take away: an account's statement, the batches, what was retired; however long."""

import asyncio
import csv
import io
import itertools
import resource
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from bench_growth import PASSWORD, fill_by_copy

from app.entry import exports
from app.entry.api.endings import _EXPORTED
from app.entry.rates import EXPORTS_MAX, WINDOW_S
from app.registry.ledger.rules import EntryKind, Visibility
from tests.builders.answers import every_row, refused
from tests.builders.ledger import (
    BENEFICIARY,
    Holders,
    a_batch,
    an_ending,
    move,
    named,
    oldest,
    retire,
    two_holders,
)
from tests.builders.parties import Register, Service, a_vvb, bearer
from tests.conftest import Api
from tests.server_process import ServerProcess

X = "XX-1-2024-1"
MIB = 2**20


async def busy(registry: Register) -> Holders:
    """Credits moved to and fro, some of them retired in public and in private, some cancelled."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, credits_made=100)
    await a_batch(registry, holders.administrator, holders.account, vintage=2023, prefix="XX-2")
    await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(30))
    await move(registry, holders.other, holders.elsewhere, holders.account, named(("XX-2", 5, 9)))
    await retire(registry, holders.owner, holders.account, named((X, 1, 2), ("XX-2", 500, 501)))
    anonymous = an_ending(visibility=Visibility.ANONYMOUS)
    await retire(registry, holders.owner, holders.account, oldest(3), anonymous)
    await retire(
        registry, holders.owner, holders.account, oldest(4), an_ending(EntryKind.CANCELLED)
    )
    return holders


async def table(
    api: Service, path: str, headers: dict[str, str] | None = None
) -> list[dict[str, str]]:
    """Read a table."""
    answer = await api.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def as_text(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows
    ]


@pytest.mark.parametrize("rows_per_page", [1, 2, 1_000])
async def test_a_statement_is_exported_as_it_is_shown(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch, rows_per_page: int
) -> None:
    """Wherever its pages end, and of any period."""
    monkeypatch.setattr(exports, "ROWS_PER_PAGE", rows_per_page)
    holders = await busy(registry)
    headers = bearer(api, holders.owner)
    path = f"/v1/accounts/{holders.account.number}/statement"
    rows = await every_row(api, path, headers, limit=200)
    assert len(rows) > 5
    assert await table(api, f"{path}.csv", headers) == as_text(rows)
    middle = rows[len(rows) // 2]["recorded_at"]
    for asked, expected in (
        (f"recorded_from={middle}", [row for row in rows if row["recorded_at"] >= middle]),
        (f"recorded_before={middle}", [row for row in rows if row["recorded_at"] < middle]),
        ("recorded_before=2000-01-01T00:00:00Z", []),
    ):
        assert await table(api, f"{path}.csv?{asked}", headers) == as_text(expected)


async def test_a_statement_is_exported_for_its_owner_and_tgo_only(
    registry: Register, api: Service
) -> None:
    holders = await busy(registry)
    lead, _ = await a_vvb(registry)
    path = f"/v1/accounts/{holders.account.number}/statement.csv"
    refused(await api.get(path), 401, "not_signed_in")
    for actor in (holders.other, lead):
        refused(await api.get(path, headers=bearer(api, actor)), 404, "account_not_found")
    for actor in (holders.owner, holders.auditor):
        answer = await api.get(path, headers=bearer(api, actor))
        assert answer.status_code == 200
        said = f'attachment; filename="{holders.account.number}.csv"'
        assert answer.headers["Content-Disposition"] == said


async def test_an_export_ends_where_the_log_ended_when_it_began(
    registry: Register, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pages are read at different moments; what comes meanwhile is in none of them."""
    monkeypatch.setattr(exports, "ROWS_PER_PAGE", 1)
    holders = await busy(registry)
    headers = bearer(api, holders.owner)
    numbers = itertools.count(1)

    async def more(piece: int) -> bool:
        if piece == 0:
            prefix = f"XX-9-{next(numbers)}"
            await a_batch(
                registry, holders.administrator, holders.account, vintage=2030, prefix=prefix
            )
        return True

    for path in (f"/v1/accounts/{holders.account.number}/statement.csv", "/v1/batches.csv"):
        expected = await table(api, path, headers)
        sent = await stream(api, path, headers, more)
        assert list(csv.DictReader(io.StringIO(sent, newline=""))) == expected


async def stream(
    api: Api, path: str, headers: dict[str, str], goes_on: Callable[[int], Awaitable[bool]]
) -> str:
    """Read an answer piece by piece, as long as one is asked for."""
    asked, left = asyncio.Event(), asyncio.Event()
    sent: list[bytes] = []

    async def receive() -> dict[str, object]:
        if not asked.is_set():
            asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
            return
        sent.append(message.get("body", b""))
        if not await goes_on(len(sent) - 1):
            left.set()
        await asyncio.sleep(0)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},  # as uvicorn says
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"registry.test"), *raw],
        "client": ("127.0.0.1", 1),
        "server": ("registry.test", 80),
        "state": {},
    }
    await api.app(scope, receive, send)
    return b"".join(sent).decode()


async def test_whoever_leaves_ends_their_export(
    registry: Register, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of a long table is not read for nobody, and no connection stays taken."""
    monkeypatch.setattr(exports, "ROWS_PER_PAGE", 1)
    holders = await busy(registry)
    path = f"/v1/accounts/{holders.account.number}/statement.csv"
    headers = bearer(api, holders.owner)
    whole = await stream(api, path, headers, lambda piece: asyncio.sleep(0, piece >= 0))
    part = await stream(api, path, headers, lambda piece: asyncio.sleep(0, piece < 2))
    assert whole.startswith(part)
    assert part.count("\n") < whole.count("\n") - 2
    assert api.app.state.reads.pool.checkedout() == 0


async def test_batches_are_exported_as_they_are_shown(registry: Register, api: Service) -> None:
    await busy(registry)
    rows = await every_row(api, "/v1/batches", limit=1)
    assert len(rows) == 2
    assert await table(api, "/v1/batches.csv") == as_text(rows)


async def test_what_ended_is_exported_run_by_run(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the public sees it: a name that is not public is in no table, whoever asks for it."""
    holders = await busy(registry)
    for kind, ended in (("retirements", 2), ("cancellations", 1)):
        rows = await every_row(api, f"/v1/{kind}", limit=200)
        assert len(rows) == ended
        expected = [
            {name: ({**row, **run})[name] for name in _EXPORTED}
            for row in rows
            for run in row["moved"]
        ]
        for rows_per_page in (1, 1_000):
            monkeypatch.setattr(exports, "ROWS_PER_PAGE", rows_per_page)
            for headers in ({}, bearer(api, holders.owner), bearer(api, holders.auditor)):
                assert await table(api, f"/v1/{kind}.csv", headers) == as_text(expected)
    lines = await table(api, "/v1/retirements.csv")
    # The newest first: that one is anonymous.
    name = BENEFICIARY.beneficiary_name
    assert [line["beneficiary"] for line in lines] == ["", name, name]
    assert {line["batch"] for line in lines} == {X, "XX-2"}


# ------------------------------------------------------- a long table, over real HTTP


@dataclass(frozen=True)
class Long:
    """A server with one connection for readers, and a ledger that is long."""

    server: ServerProcess
    token: str

    def request(self, path: str) -> bytes:
        """Return a request by an administrator."""
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n"
        return f"{head}Connection: close\r\n\r\n".encode()

    def rss_bytes(self) -> int:
        """Return how much memory the server has."""
        assert self.server.process is not None
        statm = Path(f"/proc/{self.server.process.pid}/statm").read_text()
        return int(statm.split()[1]) * resource.getpagesize()


@pytest.fixture
async def long(database_url: str, tmp_path: Path) -> AsyncIterator[Long]:
    """Sixty thousand entries: some twenty megabytes as a table."""
    await fill_by_copy(database_url, blocks=55_000, accounts=20, users=4)
    with ServerProcess(database_url, data=tmp_path, REGISTRY_CONNECTIONS_MAX="1") as server:
        asked = {
            "grant_type": "password",
            "email": "administrator@example.org",
            "password": PASSWORD,
        }
        async with httpx2.AsyncClient(base_url=server.address) as client:
            answer = await client.post("/v1/tokens", json=asked)
        yield Long(server, answer.json()["access_token"])


async def test_a_long_table_takes_no_memory(long: Long) -> None:
    """All of it at once would be some hundred megabytes of rows, and twenty of text."""
    some, _ = await read_all(long, f"{TABLE}?vintage=2020")  # what it takes to begin at all
    before = long.rss_bytes()
    lines, highest = await read_all(long, TABLE)
    assert lines > 55_000 > 5 * some
    assert highest - before < 8 * MIB


TABLE = "/v1/ledger/entries.csv"


async def read_all(long: Long, path: str) -> tuple[int, int]:
    """Read a table; returns its line breaks, and the most memory that the server had meanwhile."""
    reader, writer = await asyncio.open_connection("127.0.0.1", long.server.port)
    writer.write(long.request(path))
    lines = highest = 0
    while piece := await reader.read(2**16):
        lines += piece.count(b"\r\n")
        highest = max(highest, long.rss_bytes())
    writer.close()
    return lines, highest


async def test_a_slow_reader_holds_no_connection_to_the_database(
    long: Long, database_url: str
) -> None:
    """Others would wait for it, for as long as the reader likes; here there is only one."""
    with socket.create_connection(("127.0.0.1", long.server.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.sendall(long.request(TABLE))
        assert slow.recv(12) == b"HTTP/1.1 200"
        owner = await asyncpg.connect(database_url)
        try:
            await stands_still(owner)
        finally:
            await owner.close()
        async with httpx2.AsyncClient(base_url=long.server.address) as client:
            for _ in range(3):
                answer = await client.get("/v1/batches?limit=1")
                assert answer.status_code == 200


async def stands_still(owner: asyncpg.Connection) -> None:
    """Wait until no reader's connection is at work: what was to be sent waits to be taken."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'registry' AND state <> 'idle'"
    )
    quiet, give_up = 0, time.monotonic() + 20
    while quiet < 20:
        assert time.monotonic() < give_up
        quiet = 0 if await owner.fetchval(query) else quiet + 1
        await asyncio.sleep(0.02)


async def test_who_takes_tables_away_too_often_is_told_when_to_come_back(
    registry: Register, api: Service
) -> None:
    """And is in the way of nobody else."""
    holders = await busy(registry)
    for left in reversed(range(EXPORTS_MAX)):
        answer = await api.get("/v1/batches.csv")
        assert answer.status_code == 200
        assert answer.headers["RateLimit"].startswith(f'"exports";r={left};t=')
    answer = await api.get("/v1/retirements.csv")
    refused(answer, 429, "too_often")
    assert 0 < int(answer.headers["Retry-After"]) <= WINDOW_S
    statement = f"/v1/accounts/{holders.account.number}/statement.csv"
    assert (await api.get(statement, headers=bearer(api, holders.owner))).status_code == 200
    assert (await api.get("/v1/batches")).status_code == 200
