"""A7 to A11: other people's keys, races, quantities, fields that nobody asked for, and strings."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import quote

from attack_report import require
from attack_scene import FULL, Scene
from attack_tokens import example_of, operations

CITY: Final = "khonkaen@municipality.example"
NEIGHBOUR: Final = "krabi@municipality.example"
BUYER: Final = "buyer@company.example"
ADMINISTRATOR: Final = "administrator@tgo.example"
CREATED: Final = 201
BROKEN: Final = 500
SLEEP_SECONDS: Final = 4  # what a statement that got through would sleep
Json = dict[str, Any]


def reuse_a_key(scene: Scene) -> str:
    """A7: somebody else's Idempotency-Key is nobody's business."""
    key = secrets.token_hex(16)
    to = scene.account_of(scene.token(BUYER))
    made = []
    for email in (CITY, NEIGHBOUR):
        token = scene.token(email)
        body = {"from_account": scene.account_of(token), "to_account": to, "credits": 1}
        answer = scene.door.ask("POST", "/v1/transfers", token=token, body=body, key=key)
        require(answer.status == CREATED, f"{email} is told {answer.status} {answer.code}")
        replayed = "idempotency-replayed" in answer.headers
        require(not replayed, f"{email} is given somebody else's answer")
        made.append(answer.json()["id"])
    require(len(set(made)) == len(made), "one act for two people")
    return "two parties used one key: two acts, neither heard of the other"


def race_for_one_lot(scene: Scene) -> str:
    """A8: many at once want the same serials."""
    token = scene.token(CITY)
    account, to = scene.account_of(token), scene.account_of(scene.token(BUYER))
    run = scene.run_of(token, account, credits_min=1)
    serials = {"batch": run["batch"], "first": run["first"], "last": run["first"]}
    retire = {"from_account": account, "purpose": "organisation", "beneficiary": "A racer"}
    wanted = ({"from_account": account, "to_account": to}, retire)

    def want(number: int) -> int:
        path = "/v1/retirements" if number % 2 else "/v1/transfers"
        body = {**wanted[number % 2], "serials": [serials]}
        return scene.door.ask("POST", path, token=token, body=body, key=True).status

    size = scene.log_size()
    with ThreadPoolExecutor(scene.scale.racers) as racers:
        statuses = list(racers.map(want, range(scene.scale.racers)))
    won = statuses.count(CREATED)
    require(won == 1, f"{won} of {len(statuses)} got the same serials")
    require(scene.log_size() == size + 1, "more acts than one are in the log")
    return f"{len(statuses)} transfers and retirements of one serial at once: one success"


def send_quantities(scene: Scene) -> str:
    """A9: numbers of credits and runs of serials that make no sense."""
    token = scene.token(CITY)
    account, to = scene.account_of(token), scene.account_of(scene.token(BUYER))
    run = scene.run_of(token, account, credits_min=10)
    ends = {"from_account": account, "to_account": to}
    size = scene.log_size()
    tried = 0
    for choice in _choices(run):
        answer = scene.door.ask("POST", "/v1/transfers", token=token, body=ends | choice, key=True)
        tried += 1
        # Form is 422; what only the register can know, such as who holds a serial, is 404 or 409.
        require(answer.status in {404, 409, 422}, f"{choice}: {answer.status}")
    require(scene.log_size() == size, "credits moved")
    return f"{tried} wrong quantities and ranges refused, nothing moved"


def _choices(run: Json) -> Iterator[Json]:
    wrongs: list[object] = [
        -1,
        0,
        0.5,
        1.5,
        -0.0,
        10**15,
        10**30,
        2**63,
        "1",
        "",
        True,
        None,
        [],
        {},
    ]
    for wrong in wrongs:
        yield {"credits": wrong}
    batch, first, last = run["batch"], run["first"], run["last"]
    for begin, end in (
        *((last, first), (0, 1), (-5, 5), (first, 2**53), (first, 10**30)),
        *((first, last + 10**9), (10**9, 10**9), (first + 0.5, last), (str(first), last)),
    ):
        yield {"serials": [{"batch": batch, "first": begin, "last": end}]}
    whole = {"batch": batch, "first": first, "last": first + 5}
    yield {"serials": [whole, whole]}
    yield {"serials": [whole, {**whole, "first": first + 5, "last": first + 8}]}
    yield {"serials": [whole], "credits": 6}
    yield {"serials": []}
    yield {"serials": [whole] * 5_000}
    yield {"serials": [{**whole, "batch": "TH-NONE-0001-2024-1"}]}


def assign_masses(scene: Scene) -> str:
    """A10: fields that a body does not have, but a table may."""
    token = scene.token(CITY)
    account, to = scene.account_of(token), scene.account_of(scene.token(BUYER))
    me = scene.user_of(token)
    fields: Json = {
        "owner_party_id": me["party_id"],
        "status": "registered",
        "roles": ["administrator"],
        "serial": 1,
        "version": 7,
        "log_index": 1,
        "id": "x",
        "is_default": True,
        "party_kind": "authority",
        "__proto__": {"x": 1},
        "constructor": {},
        "dry_run": False,
    }
    bodies: Mapping[tuple[str, str], Json] = {
        ("POST", "/v1/transfers"): {"from_account": account, "to_account": to, "credits": 1},
        ("POST", "/v1/retirements"): {
            "from_account": account,
            "credits": 1,
            "purpose": "organisation",
            "beneficiary": "x",
        },
        ("POST", f"/v1/users/{me['id']}/keys"): {"label": "x"},
        ("PUT", f"/v1/users/{me['id']}/password"): {
            "new_password": "a long sentence indeed",
            "current_password": scene.people[CITY],
        },
    }
    size = scene.log_size()
    tried = 0
    for (method, path), body in bodies.items():
        for name, value in fields.items():
            sent = {**body, name: value}
            answer = scene.door.ask(method, path, token=token, body=sent, key=True)
            tried += 1
            require(answer.status == 422, f"{path} takes {name}: {answer.status}")  # noqa: PLR2004
    require(scene.log_size() == size, "an act was done with a field too many")
    return f"{tried} bodies with a field too many, all 422"


_STRINGS: Final = (
    "'",
    "' OR '1'='1",
    "1; SELECT pg_sleep(4)--",
    "'||(SELECT pg_sleep(4))||'",
    "1)) UNION SELECT password_hash FROM users--",
    '"; DROP TABLE users; --',
    "$$;SELECT 1;$$",
    "\\'; SELECT 1; --",
    "%27%20OR%201=1",
    "%00",
    "%_%",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/x}",
    "../../../../etc/passwd",
    "-1",
    "9" * 40,
    "\u0e01'\u0e01",
    "\U0001f4a5",
)


def inject_strings(scene: Scene) -> str:
    """A11: into every parameter of every read, as somebody who may read all."""
    token = scene.token(ADMINISTRATOR)
    usual = {
        name: quote(str(value), safe="")
        for _, path, operation in operations(scene.document)
        for name, value in _examples(operation, path)
    }
    asked = 0
    for method, path, operation in operations(scene.document):
        if method != "GET":
            continue
        for parameter in operation["parameters"]:
            if parameter.get("in") not in {"path", "query"}:
                continue
            for string in _STRINGS if scene.scale is FULL else _STRINGS[:6]:
                _inject(scene, token, path, (parameter, string, usual))
                asked += 1
    return f"{asked} strings into {_count(scene)} parameters: no answer of ours broke, none slept"


def _examples(operation: Json, path: str) -> Iterator[tuple[str, object]]:
    for parameter in operation["parameters"]:
        if f"{{{parameter.get('name')}}}" in path:
            yield parameter["name"], example_of(parameter)


def _inject(scene: Scene, token: str, path: str, what: tuple[Json, str, Mapping[str, str]]) -> None:
    parameter, string, usual = what
    name, sent = parameter["name"], quote(string, safe="%")
    address = path
    for other, value in usual.items():
        wanted = sent if other == name and parameter["in"] == "path" else value
        address = address.replace(f"{{{other}}}", wanted)
    if parameter["in"] == "query":
        address += f"?{name}={sent}"
    began = time.monotonic()
    answer = scene.door.ask("GET", address, token=token)
    took = time.monotonic() - began
    require(answer.status < BROKEN, f"{address}: {answer.status}")
    require(took < SLEEP_SECONDS, f"{address}: slept {took:.1f} s")
    require(b"$argon2id$" not in answer.body, f"{address}: tells hashes of passwords")


def _count(scene: Scene) -> int:
    return sum(
        parameter.get("in") in {"path", "query"}
        for method, _, operation in operations(scene.document)
        if method == "GET"
        for parameter in operation["parameters"]
    )
