"""
Tiles (C2SP tlog-tiles): the log cut into files that never change, and their addresses.

Pure. A *hash tile* at level ``l`` holds up to 256 nodes of the tree at level ``8·l``; an *entry
bundle* holds up to 256 leaves. A full one is final; a partial one is named by its width, so that
it never changes either.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from app.registry.log.merkle import HASH_BYTES, Node
from app.registry.log.notes import MalformedError

WIDTH: Final = 256
HEIGHT: Final = 8  # levels of the tree that one tile spans: 2^8 = 256
LEVEL_MAX: Final = 7  # 256^8 leaves are more than a size can say
LEAVES_MAX: Final = 2**63 - 1  # what a size can say
LENGTH_BYTES: Final = 2  # before each entry, big-endian
BUNDLE: Final = -1  # the "level" of bundles: one below the hashes of their leaves

_PATH: Final = re.compile(
    r"tile/(?P<level>entries|[0-7])/(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One file of the log: which hashes, or (level `BUNDLE`) which entries."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its address below the log's."""
        level = "entries" if self.level == BUNDLE else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_digits(self.number)}{partial}"

    @property
    def full(self) -> "Tile":
        """The same tile once it is full."""
        return Tile(self.level, self.number)

    @property
    def size_needed(self) -> int:
        """The smallest size of a log that has all of it."""
        return (self.number * WIDTH + self.width) << (HEIGHT * max(self.level, 0))

    @property
    def nodes(self) -> list[Node]:
        """The nodes of the tree that a hash tile holds, or that the entries of a bundle hash to."""
        first = self.number * WIDTH
        return [(HEIGHT * max(self.level, 0), first + n) for n in range(self.width)]

    @classmethod
    def parse(cls, path: str) -> Self:
        """
        Read an address.

        Raises:
            MalformedError: no tile of any log has it, or it is another spelling of one.
        """
        found = _PATH.fullmatch(path)
        if found is None:
            raise MalformedError("no tile has this address")
        level = BUNDLE if found["level"] == "entries" else int(found["level"])
        number = int(found["number"].replace("x", "").replace("/", ""))
        made = cls(level, number, int(found["width"] or WIDTH))
        if made.path != path or made.width > WIDTH or made.size_needed > LEAVES_MAX:
            raise MalformedError("no tile has this address")
        return made


def tiles_between(old_size: int, size: int) -> Iterator[Tile]:
    """
    Yield what a log of ``size`` has and the same log of ``old_size`` had not: bundles first, then
    hashes, the lower levels first; of each level the full ones, then the partial one.
    """
    for level in range(BUNDLE, LEVEL_MAX + 1):
        shift = HEIGHT * max(level, 0)
        before, now = old_size >> shift, size >> shift
        if now == 0:
            return
        if before == now:
            continue
        for number in range(before // WIDTH, now // WIDTH):
            yield Tile(level, number)
        if now % WIDTH:
            yield Tile(level, now // WIDTH, now % WIDTH)


def tile_of(node: Node, size: int) -> tuple[Tile, int]:
    """
    Say in which hash tile of a log of ``size`` a node at a multiple of eight levels stands.

    Returns:
        The tile, and the node's place in it.
    """
    level, number = node
    assert level % HEIGHT == 0
    assert number < size >> level
    width = min((size >> level) - number // WIDTH * WIDTH, WIDTH)
    return Tile(level // HEIGHT, number // WIDTH, width), number % WIDTH


def encode_bundle(leaves: Iterable[bytes]) -> bytes:
    """Return the bytes of an entry bundle: each leaf behind its length."""
    return b"".join(
        part for leaf in leaves for part in (len(leaf).to_bytes(LENGTH_BYTES, "big"), leaf)
    )


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """
    Return the leaves of an entry bundle.

    Raises:
        MalformedError: it does not hold exactly ``width`` entries.
    """
    leaves: list[bytes] = []
    place = 0
    while place < len(data):
        begin = place + LENGTH_BYTES
        place = begin + int.from_bytes(data[place:begin], "big")
        leaves.append(data[begin:place])
    if place != len(data) or len(leaves) != width:
        raise MalformedError(f"the bundle does not hold {width} whole entries")
    return leaves


def decode_hashes(data: bytes, width: int) -> list[bytes]:
    """
    Return the hashes of a tile.

    Raises:
        MalformedError: it does not hold exactly ``width`` hashes.
    """
    if len(data) != width * HASH_BYTES:
        raise MalformedError(f"the tile has {len(data)} bytes, not {width} hashes")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def _digits(number: int) -> str:
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03}")
    return "/".join(reversed(groups))
