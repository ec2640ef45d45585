"""
The write of a commit: everything its acts decided, in one statement through the database's one
door.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import driver
from app.registry.ledger.book import Book
from app.registry.ledger.page import Page
from app.registry.log.pen import Pen
from app.registry.log.store import Answer, Head

# What `commit_acts` takes, in its order.
_TYPES: Final = (
    *("bigint", "timestamptz", "bytea", "bytea"),  # size before, moment, root, peaks
    *("text[]", "text[]", "bytea[]", "bytea[]"),  # leaves
    *("bigint[]", "bytea[]"),  # salts
    *("bigint[]", "int[]", "bigint[]"),  # batches
    *("text[]", "text[]", "text[]", "text[]", "text[]", "text[]", "bigint[]"),
    *("bigint[]", "int[]", "int[]"),  # entries
    *("bigint[]",) * 10,
    *("bigint[]",) * 4,  # balances
    *("bigint[]",) * 7,  # blocks that were there
    *("bigint[]",) * 4,  # blocks cut off
    "jsonb",  # endings
    *("text[]", "text[]", "bytea[]", "int[]", "text[]", "text[]", "bytea[]"),  # answers
    *("text[]", "text[]"),  # answers given again
)
# Arrays of whole numbers go as text: the driver asks of every number whether it may be an array
# itself, which takes it longer than the database takes to read the digits.
_AS_TEXT: Final = tuple(kind in {"bigint[]", "int[]"} for kind in _TYPES)
_COMMIT_ACTS: Final = "SELECT commit_acts({})".format(
    ", ".join(
        f"${number}::text::{kind}" if as_text else f"${number}"
        for number, (kind, as_text) in enumerate(zip(_TYPES, _AS_TEXT, strict=True), start=1)
    )
)


class NewAnswer(Struct, frozen=True):
    """The reply to a request that carried a key, to be kept with the act it answers."""

    scope: str
    key: str
    answer: Answer


def seal(head: Head, pen: Pen) -> tuple[Head, list[bytes]]:
    """
    Grow the log by the leaves of a commit.

    Returns:
        The new head, and for each leaf the hashes of the nodes it completes.
    """
    frontier = head.frontier
    nodes = [frontier.append(record.leaf) for record in pen.records]
    if not nodes:
        return head, nodes
    return Head(frontier.size, frontier.root(), b"".join(frontier.peaks), pen.now), nodes


@dataclass(frozen=True, slots=True)
class Composed:
    """All that a commit writes, ready to be sent."""

    head: Head  # the log's head once it is written
    arguments: list[Any]


def compose(
    head: Head,
    pen: Pen,
    page: Page,
    *,
    answers: Sequence[NewAnswer],
    replayed: Sequence[tuple[str, str]],
) -> Composed:
    """Put together what the acts of a commit decided, before the book goes on to the next page."""
    sealed, nodes = seal(head, pen)
    book = pen.take(Book)
    salted = [record for record in pen.records if record.salt is not None]
    arguments = [
        head.size,
        sealed.recorded_at,
        sealed.root,
        sealed.peaks,
        [r.kind for r in pen.records],
        [r.subject for r in pen.records],
        [r.leaf for r in pen.records],
        nodes,
        [r.log_index for r in salted],
        [r.salt for r in salted],
        *_batches(page),
        *_entries(page),
        *_balances(page, book),
        *_blocks(page, book),
        _endings(page),
        *_answers(answers),
        [scope for scope, _ in replayed],
        [key for _, key in replayed],
    ]
    return Composed(sealed, arguments)


async def write(connection: AsyncConnection, composed: Composed) -> None:
    """
    Write what was composed, in one statement through the door.

    Inside a transaction the commit is still the caller's; outside of one this is it.
    """
    sent = (
        _as_text(argument) if as_text else argument
        for argument, as_text in zip(composed.arguments, _AS_TEXT, strict=True)
    )
    await driver(connection).fetchval(_COMMIT_ACTS, *sent)


def _as_text(numbers: list[int | None]) -> str:
    return "{" + str(numbers)[1:-1].replace("None", "NULL") + "}"


def _batches(page: Page) -> list[list[Any]]:
    made = page.new_batches
    return [
        [b.id for b in made],
        [b.vintage for b in made],
        [b.credits for b in made],
        [b.serial_prefix for b in made],
        [b.programme_code for b in made],
        [b.project_code for b in made],
        [b.project_name for b in made],
        [b.activity_id for b in made],
        [b.province_code for b in made],
        [b.log_index for b in made],
    ]


def _entries(page: Page) -> list[list[Any]]:
    made = page.entries
    return [
        [e.log_index for e in made],
        [e.line for e in made],
        [int(e.kind) for e in made],
        [e.batch_id for e in made],
        [e.first for e in made],
        [e.last for e in made],
        [e.from_account for e in made],
        [e.to_account for e in made],
        [e.from_balance for e in made],
        [e.to_balance for e in made],
        [e.from_total for e in made],
        [e.to_total for e in made],
        [e.previous for e in made],
    ]


def _balances(page: Page, book: Book) -> list[list[Any]]:
    pairs = list(page.balances_before)
    return [
        [account for account, _ in pairs],
        [batch for _, batch in pairs],
        list(page.balances_before.values()),
        [book.balances[pair] for pair in pairs],
    ]


def _blocks(page: Page, book: Book) -> list[list[Any]]:
    stood = [
        (before, book.blocks[cut])
        for cut, before in page.blocks_before.items()
        if before is not None
    ]
    cut_off = [book.blocks[cut] for cut, before in page.blocks_before.items() if before is None]
    return [
        [before.batch_id for before, _ in stood],
        [before.first for before, _ in stood],
        [before.last for before, _ in stood],
        [before.account_id for before, _ in stood],
        [before.log_index for before, _ in stood],
        [after.account_id for _, after in stood],
        [after.log_index for _, after in stood],
        [block.batch_id for block in cut_off],
        [block.first for block in cut_off],
        [block.account_id for block in cut_off],
        [block.log_index for block in cut_off],
    ]


def _endings(page: Page) -> str | None:
    if not page.ended:
        return None
    return json.dumps(
        [
            {
                "log_index": e.log_index,
                "kind": int(e.ending.kind),
                "account_id": e.account_id,
                "credits": e.credits,
                "purpose_code": e.ending.purpose_code,
                "visibility": e.ending.visibility.value,
                "happened_on": e.ending.happened_on.isoformat() if e.ending.happened_on else None,
                "commitment": e.commitment,
                "salt": e.salt.hex(),
                "beneficiary_name": e.ending.statement.beneficiary_name,
                "beneficiary_kind": e.ending.statement.beneficiary_kind.value,
                "beneficiary_identifier": e.ending.statement.beneficiary_identifier,
                "reason": e.ending.statement.reason,
            }
            for e in page.ended
        ]
    )


def _answers(answers: Sequence[NewAnswer]) -> list[list[Any]]:
    return [
        [a.scope for a in answers],
        [a.key for a in answers],
        [a.answer.fingerprint for a in answers],
        [a.answer.status for a in answers],
        [a.answer.location for a in answers],
        [a.answer.etag for a in answers],
        [a.answer.body for a in answers],
    ]
