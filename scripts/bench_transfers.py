"""The section ``transfers``: one transfer a request, over many accounts and over ten."""

from __future__ import annotations

import sys
from typing import Final

from bench_database import settings_of, world_of
from bench_load import Job, LoadError, require_wrk
from bench_register import served
from bench_report import Findings, Measure
from bench_scale import Scale
from bench_service import Service, serving
from bench_turns import Turn, contest, facts_of, take_turn
from bench_yardstick import Yardstick, yardstick
from local_postgres import LocalPostgres

TARGET: Final = 1.0  # of T
HOT_TARGET: Final = 1.0  # of the figure over many accounts
ALONE_TARGET: Final = 1.0  # of one plain transaction a request
DATABASE: Final = "bench_transfers"
PLAIN: Final = (sys.executable, "-m", "bench_plain")
SWITCHED_OFF: Final = (
    (
        "one client alone: the committer. A request is one transaction (take the pen, look the key"
        " up, read what it touches, commit_acts, COMMIT), each step a round trip, nothing"
        " remembered"
    ),
)


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Measure it."""
    require_wrk()
    rival = yardstick(server, scale.load)
    with served(server, scale, DATABASE) as service:
        settings = settings_of(server, scale)
        measures = [*_with_others(service, scale, rival), _alone(service, scale)]
    return Findings("transfers", measures, settings, SWITCHED_OFF)


def _with_others(service: Service, scale: Scale, rival: Yardstick) -> list[Measure]:
    clients, hot_accounts = scale.load.clients, scale.load.hot_accounts
    everywhere = world_of(service.server, service.database)
    jobs = {
        "many accounts": Job("transfer", everywhere, clients),
        "few accounts": Job("transfer", everywhere.accounts_only(hot_accounts), clients),
    }
    found = contest(service, jobs, rival, scale.load)
    many, few = found["many accounts"], found["few accounts"]
    return [
        many.measure(
            "single transfers, many accounts",
            f"transfers committed a second, one a request, {clients} clients, over HTTP with"
            " tokens, keys and the sealed log; against TPC-B-like transactions",
            target=TARGET,
            facts={"accounts": scale.accounts, "blocks at the beginning": scale.blocks},
        ),
        Measure(
            name="single transfers, ten accounts / many accounts",
            what="the same where every transfer meets others on its accounts",
            ratios=[one.rate / two.rate for one, two in zip(few.ours, many.ours, strict=True)],
            bound="at least",
            target=HOT_TARGET,
            facts={**facts_of(few.ours), "accounts": hot_accounts},
        ),
    ]


def _alone(service: Service, scale: Scale) -> Measure:
    """Compare what one client waits for, here and where each request is a transaction."""
    load = scale.load
    job = Job("transfer", world_of(service.server, service.database).one_user(), 1)
    ours: list[Turn] = []
    plain: list[Turn] = []
    # On the same database: it ages for both alike.
    with serving(service.server, service.database, command=PLAIN) as other:
        sides = [(service, ours), (other, plain)]
        for number in range(load.rounds + 1):
            for side, turns in sides if number % 2 else reversed(sides):
                turn = take_turn(side, job, seconds=load.turn_seconds)
                if not turn.replies.answers:
                    raise LoadError(f"nobody was answered: {job.name}; {side.log}")
                if number:  # the first one warms up
                    turns.append(turn)
    return Measure(
        name="one client alone, p50 / one plain transaction a request",
        what="how long one client waits for a transfer when nobody else asks for anything",
        ratios=[
            one.replies.p50_ms / two.replies.p50_ms for one, two in zip(ours, plain, strict=True)
        ],
        bound="at most",
        target=ALONE_TARGET,
        facts={
            **{f"ours: {name}": fact for name, fact in facts_of(ours).items()},
            **{f"plain: {name}": fact for name, fact in facts_of(plain).items()},
        },
    )
