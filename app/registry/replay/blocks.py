"""The blocks of a batch as cut points, in pieces small enough to be kept apart."""

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

import msgspec

BLOCKS_PER_CHUNK_MAX: Final = 256  # A cut moves at most so many numbers; a piece is 6 kB on disk.

if TYPE_CHECKING:
    Numbers = array[int]
else:
    Numbers = array  # in Python 3.11 it cannot say of what


class Batch(msgspec.Struct, array_like=True):
    """A batch: what it is, and where each piece of its blocks begins."""

    id: int  # vintage and order of issuance, as in the register
    prefix: str
    vintage: int
    credits: int
    log_index: int
    starts: list[int]  # first serial of each piece, rising, from 1
    chunks: list[int]  # its number on the shelf


class Chunk:
    """
    Consecutive blocks of a batch.

    A block runs from its first serial to the next block's first minus one, to the next piece's, or
    to the batch's end. ``origins`` are the log indexes of the movements that brought them.
    """

    __slots__ = ("firsts", "origins", "owners")

    def __init__(self, firsts: Numbers, owners: Numbers, origins: Numbers) -> None:
        self.firsts = firsts
        self.owners = owners
        self.origins = origins

    @classmethod
    def of(cls, blocks: list[tuple[int, int, int]]) -> "Chunk":
        """Make a piece of blocks: first serial, account id, log index of the movement."""
        return cls(*(array("q", column) for column in zip(*blocks, strict=True)))

    @classmethod
    def from_bytes(cls, body: bytes) -> "Chunk":
        """Read a piece as `to_bytes` wrote it."""
        columns = (array("q"), array("q"), array("q"))
        width = len(body) // 3
        for number, column in enumerate(columns):
            column.frombytes(body[number * width : (number + 1) * width])
        return cls(*columns)

    def to_bytes(self) -> bytes:
        """Write the piece for the shelf of this machine."""
        return self.firsts.tobytes() + self.owners.tobytes() + self.origins.tobytes()

    def hand_over(
        self, place: int, run: tuple[int, int, int], receiver: int, log_index: int
    ) -> int:
        """
        Cut a run out of a block and give it to another account.

        Args:
            place: which block it lies in.
            run: its first and last serial, and the last serial of the block.
            receiver: id of the account.
            log_index: of the movement.

        Returns:
            How many blocks came into being: 0, 1 or 2.
        """
        firsts, owners, origins = self.firsts, self.owners, self.origins
        first, last, end = run
        made = 0
        if last < end:
            firsts.insert(place + 1, last + 1)
            owners.insert(place + 1, owners[place])
            origins.insert(place + 1, origins[place])
            made = 1
        if first > firsts[place]:
            firsts.insert(place + 1, first)
            owners.insert(place + 1, receiver)
            origins.insert(place + 1, log_index)
            return made + 1
        owners[place] = receiver
        origins[place] = log_index
        return made

    def split(self) -> "Chunk":
        """Cut the piece in two halves and return the later one."""
        half = len(self.firsts) // 2
        later = Chunk(self.firsts[half:], self.owners[half:], self.origins[half:])
        del self.firsts[half:], self.owners[half:], self.origins[half:]
        return later


def place_of(firsts: list[int] | Numbers, serial: int) -> int:
    """Return which of the rising beginnings a serial lies behind."""
    return bisect_right(firsts, serial) - 1


def weigh(chunk: Chunk) -> int:
    """Return what a piece weighs in memory: its blocks, and what holds them."""
    return len(chunk.firsts) + 16
