"""The section ``growth``: transfers in registers of a thousand blocks up to ten million."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median
from typing import Final

from bench_database import settings_of, world_of
from bench_grown import grown
from bench_load import Job, require_wrk
from bench_report import Findings, Measure
from bench_scale import Scale
from bench_service import Service, serving
from bench_turns import Turn, facts_of, take_turn
from local_postgres import LocalPostgres

TARGET: Final = 0.7


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Measure it: the same load on every register, in turns."""
    require_wrk()
    databases = {blocks: grown(server, blocks, scale) for blocks in scale.growth_blocks}
    # What filling has left would strike one of them. After a checkpoint the first change of every
    # page is written in full, which happens once in a quarter of an hour: that is not measured.
    server.query("CHECKPOINT")
    with ExitStack() as stack:
        services = {
            blocks: stack.enter_context(serving(server, database))
            for blocks, database in databases.items()
        }
        settings = settings_of(server, scale)
        turns = _in_turns(services, scale)
    return Findings("growth", [_compare(turns, scale)], settings, ())


def _in_turns(services: dict[int, Service], scale: Scale) -> dict[int, list[Turn]]:
    load = scale.load
    jobs = {
        blocks: Job("transfer", world_of(service.server, service.database), load.clients)
        for blocks, service in services.items()
    }
    turns: dict[int, list[Turn]] = {blocks: [] for blocks in services}
    # The larger it is, the longer until most pages have been changed since the checkpoint.
    for blocks, service in services.items():
        is_largest = blocks == max(services)
        seconds = scale.growth_warm_up_seconds if is_largest else load.warm_up_seconds
        take_turn(service, jobs[blocks], seconds=seconds)
    for number in range(load.rounds):
        order = list(services) if number % 2 else list(services)[::-1]
        for blocks in order:
            turns[blocks].append(
                take_turn(services[blocks], jobs[blocks], seconds=load.turn_seconds)
            )
            rate = turns[blocks][-1].rate
            print(f"  round {number + 1}: {blocks:,} blocks {rate:,.0f}/s", flush=True)
    return turns


def _compare(turns: dict[int, list[Turn]], scale: Scale) -> Measure:
    small, large = scale.growth_compared
    pairs = list(zip(turns[large], turns[small], strict=True))
    return Measure(
        name=f"transfers at {large:,} blocks / at {small:,}",
        what="single transfers committed a second over HTTP, many accounts, the oldest credits"
        " first, in registers filled by COPY with all that led to their blocks",
        ratios=[one.rate / other.rate for one, other in pairs],
        bound="at least",
        target=TARGET,
        facts={
            "the same by processor time": median(other.cpu / one.cpu for one, other in pairs),
            **{
                f"{blocks:,} blocks: {name}": fact
                for blocks, taken in turns.items()
                for name, fact in facts_of(taken).items()
                if name != "acts committed"
            },
        },
    )
