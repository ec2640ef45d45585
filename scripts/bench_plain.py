"""
The service with one plain database transaction for each request: what ours is compared with.

Everything else is the service itself, with its endpoints, tokens, keys and sealed log. Only the
committer is another: it opens a transaction for an act, takes the pen, reads what the act touches,
decides, writes and commits, each step a round trip of its own, with nothing remembered between acts
and nobody waiting for company.

usage: python -m bench_plain --port PORT --workers 1
"""

from __future__ import annotations

import argparse
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from app import main
from app.entry import logging, server
from app.entry.acts import Act, Outcome
from app.kernel import clock
from app.kernel.db import connect
from app.registry import commit
from app.registry.commit import NewAnswer
from app.registry.ledger.book import Book
from app.registry.ledger.store import load_book
from app.registry.log import store as log_store
from app.registry.log.pen import Pen
from app.registry.log.store import Answer
from app.settings import Settings


class PlainCommitter:
    """Commits an act alone, as a service without a committer would."""

    def __init__(self, engine: AsyncEngine, *_: object) -> None:
        self._engine = engine

    async def start(self) -> None:
        """Nothing runs between requests."""

    async def stop(self) -> None:
        """Nothing runs between requests."""

    async def submit(self, act: Act[Any]) -> Outcome:
        """Have an act done in a transaction of its own."""
        asked = act.idempotency
        assert asked is not None
        assert act.touches is not None
        connection = await connect(self._engine)
        try:
            async with connection.begin():
                head = await log_store.lock_head(connection)
                pen = Pen(connection, max(clock.now(), head.recorded_at), head.size)
                book = Book()
                pen.lend(book)
                given = await log_store.list_answers(connection, [(asked.scope, asked.key)])
                assert not given, "the load uses no key twice"
                await load_book(connection, book, act.touches)
                reply = act.present(await act.operation(pen))
                kept = Answer(
                    asked.fingerprint, reply.status, reply.location, reply.etag, reply.body
                )
                answer = NewAnswer(asked.scope, asked.key, kept)
                composed = commit.compose(head, pen, book.page, answers=[answer], replayed=[])
                await commit.write(connection, composed)
        finally:
            await connection.close()
        return Outcome(reply)


def run() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="bench_plain", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, choices=[1])
    port: int = parser.parse_args().port
    logging.configure(Settings().log_format)
    vars(main)["Committer"] = PlainCommitter  # in this process only
    server.serve(main.from_environment, host="127.0.0.1", port=port)


if __name__ == "__main__":
    run()
