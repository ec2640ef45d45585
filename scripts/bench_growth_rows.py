"""The rows that a plan of acts leaves behind, as the commits would have written them.

Leaves, nodes, entries, answers, blocks and balances are those of the register's own write path; a
test holds them to it by its invariants, the tree rebuilt and the outsider's replay. They come in
the binary form of COPY, table by table.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from bench_growth_plan import CREDITS_PER_BATCH, Batch, Done, Event, Line, Moved, TakenOver

from app.kernel.encoding import canonical_bytes
from app.registry.ledger.rules import (
    RETIRED,
    SOURCE,
    Beneficiary,
    EntryKind,
    Statement,
    Visibility,
)
from app.registry.ledger.serials import account_number
from app.registry.log.merkle import Frontier

# What each table is copied with. Whatever refers to another table comes after it.
COLUMNS: Final = {
    "log_entries": "log_index kind subject leaf nodes recorded_at",
    "ledger_entries": "log_index line kind batch_id first_serial last_serial from_account"
    " to_account from_balance to_balance from_total to_total previous_log_index recorded_at",
    "answers": "scope key fingerprint status location etag body replays recorded_at",
    "batches": "id vintage credits serial_prefix programme_code project_code project_name"
    " activity_id province_code log_index issued_at",
    "blocks": "batch_id first_serial account_id log_index",
    "balances": "account_id batch_id credits",
    "endings": "log_index kind account_id credits purpose_code visibility happened_on commitment"
    " recorded_at",
    "ending_statements": "log_index salt beneficiary_name beneficiary_kind beneficiary_identifier"
    " reason",
}
# Of the others several came in one request, under one key: an answer is of the first.
_ACTS_PER_KEY: Final = 4

PURPOSE: Final = "organisation"
BENEFICIARIES: Final = (
    Statement("เทศบาลนครขอนแก่น", Beneficiary.ORGANISATION, "0994000123456", "คาร์บอนฟุตพริ้นท์"),
    Statement("Krabi Town Municipality", Beneficiary.ORGANISATION, None, "Town fair of 2025"),
    Statement("มะลิ ใจดี", Beneficiary.PERSON, None, None),
    Statement("บริษัท ตัวอย่าง จำกัด", Beneficiary.ORGANISATION, "0105500000001", None),
)

_POSTGRES_US: Final = 946_684_800_000_000  # its time begins in 2000

_DAY_US: Final = 86_400_000_000
_BANGKOK_US: Final = 7 * 3_600_000_000

# In COPY's binary form a row is its number of fields, then each behind its length.
_length = struct.Struct(">i").pack
_log_head = struct.Struct(">hiqi").pack
_moment = struct.Struct(">iq").pack
_entry = struct.Struct(">hiqihihiqiqiqiqiqiqiqiqiqiqiq").pack
_first_entry = struct.Struct(">hiqihihiqiqiqiqiqiqiqiqiqiiq").pack
_block = struct.Struct(">hiqiqiqiq").pack
_balance = struct.Struct(">hiqiqiq").pack
_batch_head = struct.Struct(">hiqiiiq").pack
_index_and_moment = struct.Struct(">iqiq").pack
_ending_head = struct.Struct(">hiqihiqiq").pack
_day = struct.Struct(">ii").pack
_statement_head = struct.Struct(">hiqi").pack
_status = struct.Struct(">ih").pack
_replays = struct.Struct(">iiiq").pack
_NULL: Final = _length(-1)

_TRANSFER: Final = (
    '{"at":"%s","by":"%s","data":{"credits":%d,"from":"%s","moves":[%s],"to":"%s"},'
    '"kind":"credits.transferred","subject":"%s","v":1}'
)
_RETIREMENT: Final = (
    '{"at":"%s","by":"%s","data":{"credits":%d,"from":"%s","happened_on":"%s","moves":[%s],'
    f'"purpose":"{PURPOSE}","statement":"%s","to":"%s","visibility":"%s"}},'
    '"kind":"credits.retired","subject":"%s","v":1}'
)
_RUN: Final = '{"batch":"%s","first":%d,"last":%d}'
_ANSWER: Final = (
    '{"id":%d,"kind":"transferred","from_account":"%s","to_account":"%s","credits":%d,"moved":[%s],'
    '"recorded_at":"%s","dry_run":false,"receipt":"/v1/log/receipts/%d"}'
)
_MOVED: Final = '{"serials":"%s-%d-%d","batch":"%s","vintage":%d,"first":%d,"last":%d,"credits":%d}'


@dataclass(frozen=True)
class Sources:
    """The registries that credits are taken over from, and who does that."""

    administrator: str  # user
    codes: Sequence[str]


class Rows:
    """Turns events into rows; they wait in ``tables`` until somebody takes them."""

    def __init__(
        self, *, frontier: Frontier, sources: Sources, user_of: dict[int, str], seed: int
    ) -> None:
        """
        Prepare.

        Args:
            frontier: the log's right edge; it grows with every act.
            sources: where batches come from.
            user_of: who acts for each account.
            seed: of salts and keys.
        """
        self.tables: dict[str, list[bytes]] = {table: [] for table in COLUMNS}
        self._recorded_at_us = 0
        self.frontier = frontier
        self._sources = sources
        self._user_of = user_of
        self._number_of = {account: account_number(account) for account in (*user_of, RETIRED)}
        self._chance = random.Random(seed)  # noqa: S311  the same register at every run
        self._days: dict[int, str] = {}
        self._statements = [
            (statement, _canonical(statement), _visibility(statement))
            for statement in BENEFICIARIES
        ]

    @property
    def recorded_at(self) -> datetime:
        """When the last act was."""
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=self._recorded_at_us)

    def take(self) -> dict[str, bytes]:
        """Return the rows that wait, by table."""
        taken = {table: b"".join(rows) for table, rows in self.tables.items()}
        for rows in self.tables.values():
            rows.clear()
        return taken

    def add(self, event: Event) -> None:
        """Write down what happened."""
        match event:
            case Moved():
                self._recorded_at_us = event.at_us
                self._move(event)
            case TakenOver(batch, line):
                self._recorded_at_us = batch.at_us
                self._take_over(batch, line)
            case Done(batch):
                self._finish(batch)

    def _take_over(self, batch: Batch, line: Line) -> None:
        account = batch.accounts[0]
        code = self._sources.codes[batch.source]
        leaf = canonical_bytes(
            {
                "v": 1,
                "kind": "credits.taken_over",
                "at": self._text_of(batch.at_us),
                "by": self._sources.administrator,
                "subject": batch.prefix,
                "data": {
                    "source": code,
                    "issued_on": f"{batch.vintage + 1}-06-30",
                    "issued_for_vintage": CREDITS_PER_BATCH,
                    "batches": [
                        {
                            "batch": batch.prefix,
                            "vintage": batch.vintage,
                            "credits": CREDITS_PER_BATCH,
                            "buffer_credits": 0,
                            "account": self._number_of[account],
                            "programme": code,
                            "project": batch.project,
                        }
                    ],
                },
            }
        )
        self._log(batch.log_index, b"credits.taken_over", batch.prefix.encode(), leaf, batch.at_us)
        moved = Moved(
            batch.log_index, batch.at_us, EntryKind.TAKEN_OVER, batch, SOURCE, account, (line,)
        )
        self._enter(moved)
        self.tables["batches"].append(
            b"".join(
                (
                    _batch_head(11, 8, batch.id, 4, batch.vintage, 8, CREDITS_PER_BATCH),
                    *map(_text, (batch.prefix, code, batch.project, f"Project {batch.project}")),
                    _NULL,
                    _text(batch.province),
                    _index_and_moment(8, batch.log_index, 8, batch.at_us - _POSTGRES_US),
                )
            )
        )

    def _move(self, moved: Moved) -> None:
        if moved.kind is EntryKind.RETIRED:
            self._retire(moved)
        else:
            self._transfer(moved)
        self._enter(moved)

    def _transfer(self, moved: Moved) -> None:
        log_index, at_us, _, batch, sender, receiver, lines = moved
        user, at = self._user_of[sender], self._text_of(at_us)
        from_, to = self._number_of[sender], self._number_of[receiver]
        prefix = batch.prefix
        credits_moved = sum([line[1] - line[0] + 1 for line in lines])
        runs = ",".join([_RUN % (prefix, line[0], line[1]) for line in lines])
        leaf = (_TRANSFER % (at, user, credits_moved, from_, runs, to, from_)).encode()
        self._log(log_index, b"credits.transferred", from_.encode(), leaf, at_us)
        if log_index % _ACTS_PER_KEY:
            return
        shown = ",".join(
            [
                _MOVED % (prefix, first, last, prefix, batch.vintage, first, last, last - first + 1)
                for first, last, *_ in lines
            ]
        )
        body = _ANSWER % (log_index, from_, to, credits_moved, shown, at, log_index)
        self._answer(user, f"/v1/transfers/{log_index}", body, at_us)

    def _answer(self, user: str, location: str, body: str, at_us: int) -> None:
        # Nobody will send these requests again: what they asked is a digest of nothing.
        self.tables["answers"].append(
            b"".join(
                (
                    b"\x00\x09",
                    _text(user),
                    _text(f"{self._chance.getrandbits(128):032x}"),
                    _bytes(self._chance.randbytes(32)),
                    _status(2, 201),
                    _text(location),
                    _NULL,
                    _text(body),
                    _replays(4, 0, 8, at_us - _POSTGRES_US),
                )
            )
        )

    def _retire(self, moved: Moved) -> None:
        log_index, at_us, kind, batch, sender, receiver, lines = moved
        statement, words, visibility = self._statements[log_index % len(self._statements)]
        salt = self._chance.randbytes(32)
        commitment = sha256(salt + words).hexdigest()
        happened_on = (at_us + _BANGKOK_US) // _DAY_US
        from_ = self._number_of[sender]
        credits_moved = sum(line.last - line.first + 1 for line in lines)
        leaf = _RETIREMENT % (
            self._text_of(at_us),
            self._user_of[sender],
            credits_moved,
            from_,
            self._day_of(happened_on),
            ",".join(_RUN % (batch.prefix, line.first, line.last) for line in lines),
            commitment,
            self._number_of[receiver],
            visibility,
            from_,
        )
        self._log(log_index, b"credits.retired", from_.encode(), leaf.encode(), at_us)
        self.tables["endings"].append(
            b"".join(
                (
                    _ending_head(9, 8, log_index, 2, kind, 8, sender, 8, credits_moved),
                    _text(PURPOSE),
                    _text(visibility),
                    _day(4, happened_on - _POSTGRES_US // _DAY_US),
                    _text(commitment),
                    _moment(8, at_us - _POSTGRES_US),
                )
            )
        )
        self.tables["ending_statements"].append(
            _statement_head(6, 8, log_index, 32)
            + salt
            + b"".join(
                _NULL if word is None else _text(word)
                for word in (
                    statement.beneficiary_name,
                    statement.beneficiary_kind.value,
                    statement.beneficiary_identifier,
                    statement.reason,
                )
            )
        )

    def _log(self, log_index: int, kind: bytes, subject: bytes, leaf: bytes, at_us: int) -> None:
        frontier = self.frontier
        assert frontier.size == log_index
        nodes = frontier.append(leaf)
        self.tables["log_entries"].append(
            b"".join(
                (
                    _log_head(6, 8, log_index, len(kind)),
                    kind,
                    _length(len(subject)),
                    subject,
                    _length(len(leaf)),
                    leaf,
                    _length(len(nodes)),
                    nodes,
                    _moment(8, at_us - _POSTGRES_US),
                )
            )
        )

    def _enter(self, moved: Moved) -> None:
        log_index, at_us, kind, batch, sender, receiver, lines = moved
        at = at_us - _POSTGRES_US
        for number, line in enumerate(lines):
            first, last, from_balance, to_balance, from_total, to_total, previous = line
            # fmt: off
            fixed = (
                14, 8, log_index, 2, number, 2, kind, 8, batch.id, 8, first, 8, last, 8, sender,
                8, receiver, 8, from_balance, 8, to_balance, 8, from_total, 8, to_total,
            )
            # fmt: on
            row = (
                _first_entry(*fixed, -1, 8, at)
                if previous is None
                else _entry(*fixed, 8, previous, 8, at)
            )
            self.tables["ledger_entries"].append(row)

    def _finish(self, batch: Batch) -> None:
        number = batch.id
        cuts = zip(batch.firsts, batch.accounts, batch.brought_by, strict=True)
        self.tables["blocks"] += [
            _block(4, 8, number, 8, first, 8, account, 8, log_index)
            for first, account, log_index in cuts
        ]
        self.tables["balances"] += [
            _balance(3, 8, account, 8, number, 8, held) for account, held in batch.held.items()
        ]

    def _text_of(self, at_us: int) -> str:
        """Return a moment as `app.kernel.clock.rfc3339` does."""
        day, within_us = divmod(at_us, _DAY_US)
        seconds, microseconds = divmod(within_us, 1_000_000)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{self._day_of(day)}T{hour:02}:{minute:02}:{second:02}.{microseconds:06}Z"

    def _day_of(self, day: int) -> str:
        text = self._days.get(day)
        if text is None:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
            text = self._days[day] = moment.date().isoformat()
        return text


def _text(words: str) -> bytes:
    return _bytes(words.encode())


def _bytes(content: bytes) -> bytes:
    return _length(len(content)) + content


def _canonical(statement: Statement) -> bytes:
    """Return what a retirement commits to (`app.registry.ledger.operations.moving`)."""
    return canonical_bytes(
        {
            "beneficiary": statement.beneficiary_name,
            "kind": statement.beneficiary_kind.value,
            "identifier": statement.beneficiary_identifier,
            "reason": statement.reason,
        }
    )


def _visibility(statement: Statement) -> str:
    is_person = statement.beneficiary_kind is Beneficiary.PERSON
    return (Visibility.ANONYMOUS if is_person else Visibility.PUBLIC).value
