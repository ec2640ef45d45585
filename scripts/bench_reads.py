"""The section ``reads``: what people ask of a large register, against a read by primary key."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import quote

from bench_answers import Compared, rounds_of
from bench_client import request_of
from bench_database import settings_of, world_of
from bench_grown import grown, read_through
from bench_load import token_of
from bench_report import Facts, Findings
from bench_scale import Scale
from bench_service import Service, serving
from local_postgres import LocalPostgres

from app.registry.ledger.serials import account_number

TARGET: Final = 2.0
BATCHES_KNOWN: Final = 5_000
# What reads are compared with: by nobody in special, and by somebody who is signed in.
PUBLIC: Final = "an act by its index"
SIGNED_IN: Final = "one's own user by its identifier"
SWITCHED_OFF: Final = ("nothing: both are requests to the same service",)


@dataclass(frozen=True)
class Known:
    """What is asked for: everything is somewhere in the register, at random."""

    chance: random.Random
    size: int  # of the log as it is published
    began_at: datetime
    last_at: datetime
    batches: list[tuple[str, int]]  # serial prefix and credits
    accounts: list[tuple[int, str, str]]  # with who owns it, and a token of theirs

    def act(self) -> int:
        """Return the log index of some act."""
        return self.chance.randrange(self.size)

    def account(self) -> tuple[str, str]:
        """Return the number of some account, and the token of who may read it."""
        account, _, token = self.chance.choice(self.accounts)
        return account_number(account), token

    def moment(self) -> str:
        """Return some moment since the register began, for an address."""
        seconds = (self.last_at - self.began_at).total_seconds()
        moment = self.began_at + timedelta(seconds=self.chance.random() * seconds)
        return quote(moment.astimezone(UTC).isoformat())


def _act(known: Known) -> bytes:
    return request_of(f"/v1/log/entries/{known.act()}")


def _own_user(known: Known) -> bytes:
    _, user_id, token = known.chance.choice(known.accounts)
    return request_of(f"/v1/users/{user_id}", token)


def _serial(known: Known) -> bytes:
    prefix, credits_made = known.chance.choice(known.batches)
    return request_of(f"/v1/serials?serial={prefix}-{known.chance.randint(1, credits_made)}")


def _proof(known: Known) -> bytes:
    return request_of(f"/v1/log/entries/{known.act()}/inclusion")


def _balance(known: Known) -> bytes:
    number, token = known.account()
    return request_of(f"/v1/accounts/{number}", token)


def _balance_then(known: Known) -> bytes:
    number, token = known.account()
    return request_of(f"/v1/accounts/{number}/holdings?limit=1&as_of={known.moment()}", token)


def _history(known: Known) -> bytes:
    number, token = known.account()
    return request_of(f"/v1/accounts/{number}/statement", token)


def _history_since(known: Known) -> bytes:
    number, token = known.account()
    path = f"/v1/accounts/{number}/statement?recorded_from={known.moment()}"
    return request_of(path, token)


def _holdings(known: Known) -> bytes:
    number, token = known.account()
    return request_of(f"/v1/accounts/{number}/holdings", token)


def _retirements(_: Known) -> bytes:
    return request_of("/v1/retirements")


BASES: Final[Mapping[str, Callable[[Known], bytes]]] = {PUBLIC: _act, SIGNED_IN: _own_user}
READS: Final[Mapping[str, tuple[Callable[[Known], bytes], str]]] = {
    "where a serial is, with its history": (_serial, PUBLIC),
    "proof of an act": (_proof, PUBLIC),
    "balance of an account": (_balance, SIGNED_IN),
    "balance as of any moment": (_balance_then, SIGNED_IN),
    "page of a statement": (_history, SIGNED_IN),
    "page of a statement from any moment on": (_history_since, SIGNED_IN),
    "page of holdings": (_holdings, SIGNED_IN),
    "page of retirements": (_retirements, PUBLIC),
}
_ALL: Final = {**BASES, **{name: request for name, (request, _) in READS.items()}}


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Measure it."""
    database = grown(server, scale.grown_blocks, scale)
    read_through(server, database)
    with serving(server, database) as service:
        settings = settings_of(server, scale)
        known = _known(service)
        asked = {name: partial(request, known) for name, request in _ALL.items()}
        rounds = rounds_of(service, asked, scale)
    facts: Facts = {"blocks in the register": scale.grown_blocks}
    measures = [
        Compared(name, base, f"{name} / a read by primary key, p99", TARGET).measure(rounds, facts)
        for name, (_, base) in READS.items()
    ]
    return Findings("reads", measures, settings, SWITCHED_OFF)


def _known(service: Service) -> Known:
    size, began_at, last_at = service.query(
        "SELECT c.size, (SELECT to_json(min(recorded_at)) FROM log_entries),"
        " to_json(h.recorded_at) FROM log_head h, log_checkpoint c"
    ).split("|")
    batches = service.query(
        f"SELECT serial_prefix, credits FROM batches ORDER BY md5(id::text) LIMIT {BATCHES_KNOWN}"  # noqa: S608  a number
    )
    tokens = {
        holder: token_of(service.data, holder.users[0].user_id)
        for holder in world_of(service.server, service.database).holders
    }
    return Known(
        chance=random.Random(7),  # noqa: S311  the same reads at every run
        size=int(size),
        began_at=datetime.fromisoformat(began_at.strip('"')),
        last_at=datetime.fromisoformat(last_at.strip('"')),
        batches=[
            (prefix, int(credits_made))
            for prefix, credits_made in (line.split("|") for line in batches.splitlines())
        ],
        accounts=[
            (account, holder.users[0].user_id, token)
            for holder, token in tokens.items()
            for account in holder.accounts
        ],
    )
