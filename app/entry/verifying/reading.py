"""The entries of a log in order, read ahead of where they are needed."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from app.entry.verifying.findings import NotCleanError
from app.entry.verifying.source import Source
from app.registry.log.merkle import HASH_BYTES
from app.registry.log.notes import MalformedError
from app.registry.log.tiles import BUNDLE, WIDTH, Tile, decode_bundle

_AHEAD_MAX: Final = 16  # files on their way at once, some hundred kilobytes each


class Reader:
    """Reads files of one log in the order in which they are asked for, several at a time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="read")

    def close(self) -> None:
        """Stop reading."""
        self._pool.shutdown(cancel_futures=True)

    def bundles(self, first: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
        """
        Yield the entries from an index on, a bundle at a time, with the index of each first one.

        Raises:
            NotCleanError: a bundle is missing or malformed.
            UnreachableError: it could not be asked for.
        """
        tiles = iter(_bundles(first // WIDTH, size) if first < size else ())
        waiting: deque[tuple[Tile, Future[bytes | None]]] = deque()
        while True:
            while len(waiting) < _AHEAD_MAX and (tile := next(tiles, None)) is not None:
                waiting.append((tile, self._pool.submit(self._find, tile)))
            if not waiting:
                return
            tile, future = waiting.popleft()
            leaves = _decode(tile, future.result())
            begin = tile.number * WIDTH
            skip = max(first - begin, 0)
            yield begin + skip, leaves[skip:]

    def check_tiles(self, tiles: dict[Tile, bytes]) -> None:
        """
        Compare the published hash tiles with what the entries hash to.

        Raises:
            NotCleanError: one is missing or differs.
        """
        found = self._pool.map(self._find, tiles)
        for (tile, content), published in zip(tiles.items(), found, strict=True):
            if published != content:
                what = "is missing" if published is None else "is not what the entries hash to"
                raise NotCleanError("tile_differs", f"{tile.path} {what}")

    def _find(self, tile: Tile) -> bytes | None:
        content = self._source.find(tile.path)
        if content is None and tile.width < WIDTH:
            # A static host removes partial tiles once the full one is there.
            full = self._source.find(tile.full.path)
            return None if full is None else _cut(full, tile)
        return content


def _bundles(number: int, size: int) -> Iterator[Tile]:
    while number * WIDTH < size:
        yield Tile(BUNDLE, number, min(size - number * WIDTH, WIDTH))
        number += 1


def _decode(tile: Tile, content: bytes | None) -> list[bytes]:
    if content is None:
        raise NotCleanError("entries_missing", f"{tile.path} is missing")
    try:
        return decode_bundle(content, tile.width)
    except MalformedError as fault:
        raise NotCleanError("entries_malformed", f"{tile.path}: {fault}") from None


def _cut(full: bytes, tile: Tile) -> bytes:
    if tile.level != BUNDLE:
        return full[: tile.width * HASH_BYTES]
    place = 0
    for _ in range(tile.width):
        place += 2 + int.from_bytes(full[place : place + 2], "big")
    return full[:place]
