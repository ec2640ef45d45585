"""
The pen: what an operation writes with, while the committer holds the log's head.

Whoever holds the pen is the only writer in the whole system, so an operation may read, decide
and write
without locks. The pen knows the size of the log, so an act learns its log index at the moment
it is recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.clock import rfc3339
from app.kernel.encoding import LEAF_BYTES_MAX, canonical_bytes, commitment
from app.kernel.errors import TooLargeError
from app.kernel.ids import new_salt

LEAF_VERSION: Final = 1

Tool = TypeVar("Tool")


class ActTooLargeError(TooLargeError):
    """This act is too large for one entry of the log."""

    code = "act_too_large"
    number = 1101
    title_th = "การดำเนินการนี้ใหญ่เกินกว่าหนึ่งรายการในบันทึก"
    advice = (
        "An entry holds at most {bytes_max} bytes and this one has {bytes}. Split it into several "
        "acts."
    )
    advice_th = "หนึ่งรายการมีได้ไม่เกิน {bytes_max} ไบต์ แต่รายการนี้มี {bytes} ไบต์ โปรดแบ่งเป็นหลายรายการ"


@dataclass(frozen=True, slots=True)
class Sealed:
    """
    Words of people, for a leaf that commits to them and does not show them.

    The leaf gets a salted commitment: a bare digest of a short text can be found by trying. The
    salt stands beside the log (`log_salts`) until it is erased with the words.
    """

    words: str


class Record(Struct, frozen=True):
    """One act as the log keeps it."""

    log_index: int
    kind: str  # past tense: "activity.submitted", "credits.transferred"
    subject: str  # identifier of what the act is about
    leaf: bytes
    salt: bytes | None  # of everything sealed in the leaf; None: nothing is


@dataclass(slots=True)
class Pen:
    """
    The hand that writes one commit.

    ``connection`` is inside the commit's transaction; ``now`` never runs behind the last entry
    of the log, so
    that the order of times is the order of acts even when the machine's clock steps back.
    """

    connection: AsyncConnection
    now: datetime
    log_size: int  # leaves in the log before this commit
    records: list[Record] = field(default_factory=list)
    _tools: dict[type, object] = field(default_factory=dict)
    _at: str = field(init=False)

    def __post_init__(self) -> None:
        """Write the moment out once, for all leaves of the commit."""
        self._at = rfc3339(self.now)

    @property
    def next_index(self) -> int:
        """Return the log index of the act that is recorded next."""
        return self.log_size + len(self.records)

    def record(self, *, by: str, kind: str, subject: str, data: Mapping[str, object]) -> int:
        """
        Put an act into the log: what was done, by whom, to what.

        Args:
            by: identifier of the user who acts (never a name).
            kind: subject area and past-tense verb, ``"activity.submitted"``.
            subject: identifier of what the act is about.
            data: text, whole numbers, truth values, null, lists and mappings. Tonnes as text
                (`app.kernel.quantities.format_tonnes`), times as `app.kernel.clock.rfc3339`
                text. What people wrote, or what may name them, is `Sealed` and its key ends in
                ``_commitment``; one salt serves all that an act seals.

        Returns:
            The act's log index, counted from 0.

        Raises:
            ActTooLargeError: the leaf would exceed 65,535 bytes.
        """
        sealed = any(type(value) is Sealed for value in data.values())
        salt = new_salt() if sealed else None
        leaf = canonical_bytes(
            {
                "v": LEAF_VERSION,
                "kind": kind,
                "at": self._at,
                "by": by,
                "subject": subject,
                "data": {name: _shown(value, salt) for name, value in data.items()}
                if sealed
                else data,
            }
        )
        if len(leaf) > LEAF_BYTES_MAX:
            raise ActTooLargeError(bytes=len(leaf), bytes_max=LEAF_BYTES_MAX)
        log_index = self.next_index
        self.records.append(Record(log_index, kind, subject, leaf, salt))
        return log_index

    def lend(self, tool: object) -> None:
        """Give operations a tool of a higher subject, found again by its class (`take`)."""
        self._tools[type(tool)] = tool

    def take(self, kind: type[Tool]) -> Tool:
        """Return the tool of a class; the committer lends all that operations need."""
        tool = self._tools[kind]
        assert isinstance(tool, kind)
        return tool


def _shown(value: object, salt: bytes | None) -> object:
    if not isinstance(value, Sealed):
        return value
    assert salt is not None
    return commitment(salt, value.words)
