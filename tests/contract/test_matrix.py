"""
Goal: nobody gets what the policy does not give them, at any address, and nobody learns what there
is from how they are refused.

Method: every operation of the OpenAPI document is asked for by everybody: nobody, people in every
role of the party concerned and of another one, with an expired token, a revoked key, suspended. The
table in `matrix_table` says who may. Nothing that is refused may leave an act in the log; and no
answer, refused or not, may hold words that its reader must not see.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx2
import pytest
import pytest_asyncio
from fastapi.routing import iter_route_contexts

from app.entry.rates import Rates
from app.kernel.ids import new_id
from app.main import create_app
from app.registry.log.tiles import tiles_between
from app.registry.parties.policy import POLICY, Permission, Reach
from tests.builders.identity_provider import an_identity_provider, knowing
from tests.builders.publishing import publish
from tests.builders.signing_in import Authenticator
from tests.conftest import Api, Server, opened, settings_for
from tests.contract.matrix_table import OWN, ROWS, Anybody, Row, T
from tests.contract.matrix_world import Seat, Secret, World, a_ghost, a_world_of_everybody

Json = dict[str, Any]

APP: Final = create_app(settings_for("postgresql://nobody@/nothing", Path("/nowhere")))
OPERATIONS: Final = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, operations in APP.openapi()["paths"].items()
    for method, operation in operations.items()
}
# Served, but no part of the API: its reference, and the files of that.
UNLISTED: Final = {"/docs", "/static-offline-docs", "/v1/openapi.json"}
DATABASE: Final = "registry_test_matrix"
_CHANGING: Final = {"request_id", "instance", "facts"}


@dataclass(frozen=True)
class Matrix:
    """The world, and the door to it."""

    world: World
    client: httpx2.AsyncClient

    async def ask(
        self,
        name: str,
        seat: Seat,
        *,
        ghost: bool = False,
        instead: Mapping[str, object] = MappingProxyType({}),
    ) -> httpx2.Response:
        """
        Have somebody ask for an operation.

        Args:
            name: of the row.
            seat: who asks.
            ghost: whether for the same of a thing that there is not.
            instead: things to be asked with in place of those of the world.
        """
        row, (method, path, _) = ROWS[name], _operation_of(name)
        things = {**self.world.things, **instead}
        if ghost:
            assert row.hides is not None
            things[row.hides] = a_ghost(things[row.hides])
        for parameter, thing in row.path.items():
            path = path.replace(f"{{{parameter}}}", str(things[thing.name]))
        body = _filled(row.body, things)
        sent: Json = {"json": body} if body is not None else {}
        if row.is_form:
            file = ("plan.pdf", b"%PDF-1.7\n", "application/pdf")
            sent = {"data": body, "files": {"file": file}}
        headers = {**seat.headers, **_filled(row.headers, things)}
        if row.version is not None:
            headers["If-Match"] = f'"{self.world.versions[row.version]}"'
        if row.has_key:
            headers["Idempotency-Key"] = new_id("req")
        query = _filled(row.query, things)
        return await self.client.request(method, path, params=query, headers=headers, **sent)

    async def log_size(self) -> int:
        """Return how many acts there are."""
        return int((await self.client.get("/v1/log/head")).json()["size"])

    def may(self, seat: Seat, who: Iterable[Permission], parties: tuple[str, ...]) -> bool:
        """Say whether the policy gives somebody one of these permissions for things of these."""
        if seat.actor is None:
            return False
        mine = {OWN, seat.party}
        return any(
            reach is Reach.ANY or (reach is Reach.OWN and not mine.isdisjoint(parties))
            for role in seat.actor.roles
            for reach in map(POLICY[role].get, who)
        )

    def leaked(self, seat: Seat, text: str) -> list[Secret]:
        """Return what somebody was shown that they must not see."""
        return [
            secret
            for secret in self.world.secrets
            if secret.words in text
            and (
                secret.permission is None
                or not self.may(seat, (secret.permission,), secret.parties)
            )
        ]


def _operation_of(name: str) -> tuple[str, str, Json]:
    """Return the operation of a row: a second row of it has words after its name."""
    return OPERATIONS[name.partition(" ")[0]]


def _filled(asked: Any, things: Mapping[str, Any]) -> Any:  # noqa: ANN401  a body, or a part of it
    if isinstance(asked, T):
        thing = things[asked.name]
        # A code is good for seconds only. Nobody who is refused takes it, so all can ask with it.
        return thing.code_now() if isinstance(thing, Authenticator) else thing
    if isinstance(asked, Mapping):
        return {name: _filled(value, things) for name, value in asked.items()}
    if isinstance(asked, list):
        return [_filled(value, things) for value in asked]
    return asked


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def matrix(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Matrix]:
    """One world for all cases: nothing that one of them does is in the way of another."""
    await server.run(f"CREATE DATABASE {DATABASE} TEMPLATE {server.template}")
    url, data = server.url(DATABASE), tmp_path_factory.mktemp("matrix")
    try:
        async with opened(url) as registry, an_identity_provider() as provider:
            APP.state.settings = knowing(settings_for(url, data), provider, data)
            async with APP.router.lifespan_context(APP):
                transport = httpx2.ASGITransport(app=APP, raise_app_exceptions=False)
                async with httpx2.AsyncClient(transport=transport, base_url="http://r") as client:
                    world = await a_world_of_everybody(registry, Api(APP, client), client)
                    await publish(url, data)
                    await _name_what_is_public(world, client)
                    yield Matrix(world, client)
    finally:
        await server.run(f"DROP DATABASE {DATABASE} WITH (FORCE)")


async def _name_what_is_public(world: World, client: httpx2.AsyncClient) -> None:
    size = (await client.get("/v1/log/head")).json()["size"]
    world.things |= {
        "province": "40",
        "programme": "CITY",
        "methodology": "DEMO-WIND-01",
        "version": "01",
        "serial": f"{world.things['batch']}-1-10",
        # Of hashes: in a bundle stand the digests of all proposals, for everybody.
        "tile": next(t for t in tiles_between(0, size) if t.level >= 0).path.removeprefix("tile/"),
        "refusal": "not_allowed",
    }


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    """A new address that nobody has decided about is found here."""
    assert OPERATIONS.keys() == {name.partition(" ")[0] for name in ROWS}


def test_nothing_is_served_that_the_document_does_not_list() -> None:
    listed = {path for _, path, _ in OPERATIONS.values()}
    served = {
        str(context.path or getattr(context.original_route, "path", "")).replace(":path}", "}")
        for context in iter_route_contexts(APP.routes)
    }
    assert served - listed == UNLISTED


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ROWS)
async def test_only_who_may_is_let_in(matrix: Matrix, name: str) -> None:
    APP.state.rates = Rates()  # so many ask for one table here as otherwise never do
    row, operation = ROWS[name], _operation_of(name)[2]
    asks_who = "security" in operation
    before = await matrix.log_size()
    admitted, kept_out = [], []
    for seat in matrix.world.seats:
        barred = _barred(seat, row, asks_who=asks_who)
        if barred is None and _admitted(matrix, seat, row):
            admitted.append(seat)
        else:
            kept_out.append(_assert_kept_out(matrix, name, seat, barred))
    await asyncio.gather(*kept_out)
    assert await matrix.log_size() == before, "who was refused has left an act"
    if row.whose is not None:
        admitted.append(matrix.world.persons[row.whose])
    await _assert_let_in(matrix, name, admitted)


def _barred(seat: Seat, row: Row, *, asks_who: bool) -> int | None:
    """Return the status with which somebody is sent away before anything else is looked at."""
    if seat.barred is not None:
        return seat.barred if asks_who else None
    if seat.actor is None and row.who is not Anybody.PUBLIC:
        return 401
    return None


def _admitted(matrix: Matrix, seat: Seat, row: Row) -> bool:
    if row.whose is not None:
        return False  # it is a person's own, who has no seat
    if isinstance(row.who, Anybody):
        return True
    return matrix.may(seat, row.who, row.of)


async def _assert_kept_out(matrix: Matrix, name: str, seat: Seat, barred: int | None) -> None:
    row = ROWS[name]
    answer = await matrix.ask(name, seat)
    told = f"{name} by {seat.name}: {answer.status_code} {answer.text[:500]}"
    if barred is not None:
        # Where visitors may come, nobody is not told to sign in: for them it is not there.
        visitors = {} in _operation_of(name)[2]["security"] and seat.actor is None
        expected = {404} if visitors and seat.barred is None else {barred}
        assert answer.status_code in expected, told
    else:
        assert answer.status_code in row.refused, told
    assert not matrix.leaked(seat, answer.text), told
    if row.hides is not None and not _sees(matrix, seat, row):
        there = _comparable(answer, matrix.world.things[row.hides])
        ghost = await matrix.ask(name, seat, ghost=True)
        absent = _comparable(ghost, a_ghost(matrix.world.things[row.hides]))
        assert there == absent, f"{name} by {seat.name}: tells what there is"


def _sees(matrix: Matrix, seat: Seat, row: Row) -> bool:
    if isinstance(row.who, Anybody):
        return False  # a person's own; or somebody is barred wherever they come
    who = row.who if row.seen is None else (row.seen,)
    return matrix.may(seat, who, row.of if row.seen_of is None else row.seen_of)


def _comparable(answer: httpx2.Response, thing: object) -> tuple[object, ...]:
    problem = answer.json()
    shown = {key: value for key, value in problem.items() if key not in _CHANGING}
    text = json.dumps(shown, ensure_ascii=False).replace(str(thing), "#")
    return answer.status_code, text, sorted(set(answer.headers) - {"content-length"})


async def _assert_let_in(matrix: Matrix, name: str, admitted: list[Seat]) -> None:
    row, changes = ROWS[name], _operation_of(name)[0] != "GET"
    done = 0
    for seat in admitted:
        answer = await matrix.ask(name, seat)
        told = f"{name} by {seat.name}: {answer.status_code} {answer.text[:500]}"
        assert not matrix.leaked(seat, answer.text), f"{told}: {matrix.leaked(seat, answer.text)}"
        if answer.is_success:
            done += 1
        else:
            # Who comes second may find it done; but the policy is in nobody's way.
            assert changes, told
            assert done, told
            assert answer.status_code in {409, 412}, told
    assert done, f"{name}: nobody may, so that this row proves nothing"
    assert changes or done == len(admitted), row


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.headers])
@pytest.mark.parametrize("secret", ["secret of another", "secret of nobody"])
async def test_another_secret_opens_no_application(matrix: Matrix, name: str, secret: str) -> None:
    """Whoever applies is known by a secret alone, which must not tell what there is either."""
    row, (method, _, operation) = ROWS[name], _operation_of(name)
    assert row.hides is not None
    instead = {"secret": matrix.world.things[secret]}
    before = await matrix.log_size()
    for seat in matrix.world.seats:
        barred = _barred(seat, row, asks_who="security" in operation)
        if barred is not None or (method == "GET" and _reads_applications(matrix, seat)):
            continue
        answer = await matrix.ask(name, seat, instead=instead)
        assert answer.status_code == 404, seat.name
        assert answer.json()["code"] == "application_not_found", seat.name
        ghost = await matrix.ask(name, seat, ghost=True, instead=instead)
        thing = matrix.world.things[row.hides]
        assert _comparable(answer, thing) == _comparable(ghost, a_ghost(thing)), seat.name
    assert await matrix.log_size() == before


def _reads_applications(matrix: Matrix, seat: Seat) -> bool:
    return matrix.may(seat, (Permission.READ_APPLICATION,), ())


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("kind", ["transfers", "retirements"])
async def test_no_act_of_a_bulk_is_done_for_who_may_not(matrix: Matrix, kind: str) -> None:
    """Each act of an independent bulk is answered on its own, under one 200."""
    name = "make_transfers" if kind == "transfers" else "retire_credits_many_times"
    row = ROWS[name]
    assert row.body is not None
    body = {**_filled(row.body, matrix.world.things), "mode": "independent"}
    before = await matrix.log_size()
    for seat in matrix.world.seats:
        if seat.actor is None or _admitted(matrix, seat, row):
            continue
        headers = {**seat.headers, "Idempotency-Key": new_id("req")}
        answer = await matrix.client.post(f"/v1/{kind}/bulk", json=body, headers=headers)
        assert (answer.status_code, answer.json()["done"]) == (200, 0), seat.name
        sees = matrix.may(seat, (Permission.READ_ACCOUNT,), row.of)
        code = "not_allowed" if sees else "account_not_found"
        assert answer.json()["outcomes"][0]["refused"]["code"] == code, seat.name
    assert await matrix.log_size() == before


@pytest.mark.asyncio(loop_scope="module")
async def test_the_policy_is_shown_as_it_is(matrix: Matrix) -> None:
    """What a person reads is what decides."""
    shown = (await matrix.client.get("/v1/policy")).json()["data"]
    table = {
        entry["role"]: {grant["permission"]: grant["reach"] for grant in entry["may"]}
        for entry in shown
    }
    assert table == {
        role.value: {permission.value: reach.value for permission, reach in may.items()}
        for role, may in POLICY.items()
    }
    assert all(entry["kinds"] for entry in shown)
