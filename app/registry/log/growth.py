"""The log as it grows, cut into tiles: the tree's right edge, and the tiles that are not full."""

from typing import Self

import msgspec

from app.registry.log.merkle import HASH_BYTES, Frontier
from app.registry.log.tiles import BUNDLE, HEIGHT, WIDTH, Tile, encode_bundle

_Dumped = tuple[int, list[bytes], list[bytes], list[list[bytes]]]


class Growth:
    """
    A tree and its tiles at one size.

    Pure. It remembers at most one tile's width a level, however large the log is; tiles that have
    become full wait in ``filled`` until somebody takes them.
    """

    __slots__ = ("_hashes", "_leaves", "filled", "frontier")

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.filled: dict[Tile, bytes] = {}
        self._leaves: list[bytes] = []  # of the last bundle
        self._hashes: list[list[bytes]] = []  # of the last tile on each level

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self.frontier.size

    def copy(self) -> "Growth":
        """Return an independent copy, to grow on trial."""
        made = Growth()
        made.frontier = self.frontier.copy()
        made.filled = dict(self.filled)
        made._leaves = list(self._leaves)
        made._hashes = [list(hashes) for hashes in self._hashes]
        return made

    def dump(self) -> bytes:
        """Return the state as bytes, to be gone on from later; what is ``filled`` is left out."""
        frontier = self.frontier
        return msgspec.msgpack.encode((frontier.size, frontier.peaks, self._leaves, self._hashes))

    @classmethod
    def load(cls, dumped: bytes) -> Self:
        """
        Go on from a state that was dumped.

        Raises:
            ValueError: it is none.
        """
        size, peaks, leaves, hashes = msgspec.msgpack.decode(dumped, type=_Dumped)
        made = cls()
        made.frontier = Frontier(size, peaks)
        made._leaves = leaves
        made._hashes = hashes
        return made

    def add(self, leaf: bytes, completed: bytes) -> None:
        """
        Cut a leaf that the frontier has just taken into the tiles.

        Args:
            leaf: its bytes.
            completed: what `Frontier.append` returned for it.
        """
        index = self.frontier.size - 1
        self._leaves.append(leaf)
        if len(self._leaves) == WIDTH:
            self.filled[Tile(BUNDLE, index // WIDTH)] = encode_bundle(self._leaves)
            self._leaves.clear()
        for level in range((len(completed) // HASH_BYTES - 1) // HEIGHT + 1):
            if level == len(self._hashes):
                self._hashes.append([])
            place = level * HEIGHT * HASH_BYTES
            hashes = self._hashes[level]
            hashes.append(completed[place : place + HASH_BYTES])
            if len(hashes) == WIDTH:
                self.filled[Tile(level, index >> (HEIGHT * (level + 1)))] = b"".join(hashes)
                hashes.clear()

    def partial(self) -> dict[Tile, bytes]:
        """Return the tiles that are not full, as they are at this size."""
        found: dict[Tile, bytes] = {}
        if self._leaves:
            number = self.size // WIDTH
            found[Tile(BUNDLE, number, len(self._leaves))] = encode_bundle(self._leaves)
        for level, hashes in enumerate(self._hashes):
            if hashes:
                number = self.size >> (HEIGHT * (level + 1))
                found[Tile(level, number, len(hashes))] = b"".join(hashes)
        return found

    def take_hashes(self) -> dict[Tile, bytes]:
        """Return the hash tiles that have become full, and let all full tiles go."""
        taken = {tile: content for tile, content in self.filled.items() if tile.level != BUNDLE}
        self.filled.clear()
        return taken

    def partial_hashes(self) -> dict[Tile, bytes]:
        """Return the hash tiles that are not full."""
        return {tile: content for tile, content in self.partial().items() if tile.level != BUNDLE}
