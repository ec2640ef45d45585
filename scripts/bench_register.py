"""The register that load is put on: filled once a run, copied for every section."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench_database import migrated
from bench_growth import fill_by_copy
from bench_scale import Scale
from local_postgres import LocalPostgres

FILLED: Final = "bench_filled"


def filled(server: LocalPostgres, scale: Scale) -> str:
    """Fill a register where there is none yet; returns its name."""
    if FILLED not in server.query("SELECT datname FROM pg_database").splitlines():
        print(
            f"Filling a register: {scale.accounts:,} accounts, {scale.blocks:,} blocks ...",
            flush=True,
        )
        server.create_database(FILLED, template=migrated(server))
        filling = fill_by_copy(
            server.url(FILLED), blocks=scale.blocks, accounts=scale.accounts, users=scale.users
        )
        asyncio.run(filling)
    return FILLED


@contextmanager
def copied(server: LocalPostgres, scale: Scale, name: str) -> Iterator[str]:
    """Hold a copy of the register, as it was before anything was put on it."""
    server.create_database(name, template=filled(server, scale))
    try:
        yield name
    finally:
        server.drop_database(name)
