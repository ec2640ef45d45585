"""Tiles: addresses with one spelling, contents of one length, and a log that is whole in them."""

import struct
from collections import Counter
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.registry.log.merkle import HASH_BYTES, Frontier, leaf_hash
from app.registry.log.notes import MalformedError
from app.registry.log.tiles import (
    BUNDLE,
    HEIGHT,
    LEAVES_MAX,
    LEVEL_MAX,
    WIDTH,
    Tile,
    decode_bundle,
    decode_hashes,
    encode_bundle,
    tile_of,
    tiles_between,
)
from tests.builders.trees import a_tree

levels = st.integers(BUNDLE, LEVEL_MAX)
sizes = st.integers(0, LEAVES_MAX)
small_sizes = st.integers(0, 140_000)


@st.composite
def tiles(draw: st.DrawFn) -> Tile:
    """A tile of some log that can be."""
    level = draw(levels)
    hashes = LEAVES_MAX >> (HEIGHT * max(level, 0))  # on this level of the largest log
    last = draw(st.integers(0, hashes - 1))
    whole = hashes // WIDTH > last // WIDTH
    widths = st.integers(1, WIDTH if whole else hashes % WIDTH)
    return Tile(level, last // WIDTH, draw(widths))


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),  # the example of the format
        (Tile(BUNDLE, 1_234_067), "tile/entries/x001/x234/067"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(1, 256, 17), "tile/1/256.p/17"),
        (Tile(BUNDLE, 273, 112), "tile/entries/273.p/112"),
        (Tile(0, 1_000_000, 255), "tile/0/x001/x000/000.p/255"),
        (Tile(0, 5, 256), "tile/0/005"),
        (Tile(7, 0, 1), "tile/7/000.p/1"),
    ],
)
def test_a_tile_has_the_address_of_the_format(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@given(tiles())
@example(Tile(0, 1_234_067))
def test_a_tile_is_read_back_from_its_address(tile: Tile) -> None:
    assert Tile.parse(tile.path) == tile


@given(st.text("tile/entris0123456789x.p-", max_size=30) | tiles().map(lambda tile: tile.path))
def test_an_address_has_one_spelling(path: str) -> None:
    try:
        tile = Tile.parse(path)
    except MalformedError:
        return
    assert tile.path == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",  # another spelling of 001
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/x0001/002",
        "tile/0/x001//002",
        "tile/00/000",
        "tile/8/000.p/1",  # 2^64 leaves below one hash
        "tile/-1/000",
        "tile/10/000",
        "tile/x/000",
        "tile/Entries/000",
        "tile/data/000",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        " tile/0/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",  # an empty tile
        "tile/0/000.p/01",
        "tile/0/000.p/256",  # the full one
        "tile/0/000.p/257",
        "tile/0/000.p/300",
        "tile/0/000.p/999",
        "tile/0/000.p/1000",
        "tile/0/000.p/-1",
        "tile/0/000.p/+1",
        "tile/0/000.p/1/",
        "tile/0/x001.p/1",
        "tile/0/๐๐๑",
        "tile/0/\uff10\uff10\uff11",
        "tile/0/000.p/\u0661",
        "tile/../0/000",
        "tile/0/../000",
        "tile/0/%30%30%30",
        "tile/7/000",  # 2^64 leaves
        "tile/7/000.p/128",  # 2^63 leaves
        "tile/7/001.p/1",
        "tile/0/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x000/x000/x000/x000/x000/000",
        "tile/0/" + "x999/" * 2_000 + "999",  # more digits than Python turns into a number
    ],
)
def test_what_is_no_address_is_refused(path: str) -> None:
    with pytest.raises(MalformedError, match="no tile has this address"):
        Tile.parse(path)


def test_the_last_addresses_are_those_of_the_largest_log() -> None:
    """Its very last leaf has a tile; one leaf more has none."""
    last = (LEAVES_MAX - 1) // WIDTH
    assert Tile.parse(Tile(0, last, WIDTH - 1).path).size_needed == LEAVES_MAX
    assert Tile.parse(Tile(7, 0, 127).path) == Tile(7, 0, 127)
    for beyond in (Tile(0, last), Tile(0, last + 1, 1), Tile(BUNDLE, last), Tile(7, 0, 128)):
        with pytest.raises(MalformedError):
            Tile.parse(beyond.path)


# ------------------------------------------------------------------ which tiles a log has


def test_a_log_of_70_000_has_the_tiles_that_the_format_says() -> None:
    found = list(tiles_between(0, 70_000))
    for level, full, width in ((BUNDLE, 273, 112), (0, 273, 112), (1, 1, 17), (2, 0, 1)):
        of_level = [tile for tile in found if tile.level == level]
        assert of_level[:-1] == [Tile(level, number) for number in range(full)]
        assert of_level[-1] == Tile(level, full, width)
    assert max(tile.level for tile in found) == 2


def test_a_log_of_256_has_one_full_tile_and_one_hash_above_it() -> None:
    assert list(tiles_between(0, 256)) == [Tile(BUNDLE, 0), Tile(0, 0), Tile(1, 0, 1)]


@given(small_sizes)
def test_no_tile_is_empty_and_no_full_one_is_called_partial(size: int) -> None:
    for tile in tiles_between(0, size):
        assert 1 <= tile.width <= WIDTH
        assert (".p/" in tile.path) is (tile.width < WIDTH)
        assert not tile.path.endswith((".p/0", ".p/256"))
        assert tile.size_needed <= size


@given(small_sizes, small_sizes)
def test_what_came_is_what_is_there_less_what_was(one: int, other: int) -> None:
    old_size, size = sorted((one, other))
    came = list(tiles_between(old_size, size))
    assert len(set(came)) == len(came)
    assert set(came) == set(tiles_between(0, size)) - set(tiles_between(0, old_size))


@given(small_sizes)
def test_the_tiles_of_a_log_hold_every_entry_and_every_node_once(size: int) -> None:
    """Of each level at a multiple of eight, all nodes; of the entries, all."""
    held: Counter[int] = Counter()
    for tile in tiles_between(0, size):
        held[tile.level] += tile.width
    expected = {BUNDLE: size} | {level: size >> (HEIGHT * level) for level in range(LEVEL_MAX + 1)}
    assert held == +Counter(expected)


@given(sizes, st.integers(0, 3_000))
def test_growth_by_a_little_is_few_tiles_at_any_size(size: int, more: int) -> None:
    """Nothing is walked that did not change, however long the log."""
    if size + more > LEAVES_MAX:
        return
    came = list(tiles_between(size, size + more))
    assert len(came) <= 2 * (more // WIDTH + 2) + 2 * LEVEL_MAX
    assert all(size < tile.size_needed <= size + more for tile in came if tile.width == WIDTH)


def test_a_log_that_did_not_grow_has_no_new_tiles() -> None:
    for size in (0, 1, 255, 256, 65_536, LEAVES_MAX):
        assert list(tiles_between(size, size)) == []
    assert list(tiles_between(0, 0)) == []


@given(st.integers(0, LEVEL_MAX), sizes.filter(bool), st.data())
def test_every_node_is_where_it_is_said_to_be(level: int, size: int, data: st.DataObject) -> None:
    there = size >> (HEIGHT * level)
    if there == 0:
        return
    node = (HEIGHT * level, data.draw(st.integers(0, there - 1)))
    tile, place = tile_of(node, size)
    assert tile.nodes[place] == node
    assert tile.size_needed <= size
    assert Tile.parse(tile.path) == tile
    assert tile.full == Tile(tile.level, tile.number)
    if tile.width < WIDTH:
        assert tile.full.size_needed > size, "the full one is not there yet"


@pytest.mark.parametrize("node", [(1, 0), (7, 0), (0, 3), (0, 300), (8, 0)])
def test_a_node_that_stands_in_no_tile_is_our_own_mistake(node: tuple[int, int]) -> None:
    """Between the levels, or beyond the right edge: the tile would be empty or not hold it."""
    with pytest.raises(AssertionError):
        tile_of(node, 3)


def test_tiles_of_a_tree_hold_what_the_definition_says() -> None:
    """A hash above level 0 is the root over the whole full tile below it."""
    tree = a_tree(WIDTH * 3 + 5)
    for number, node in enumerate(Tile(1, 0, 3).nodes):
        below = Frontier()
        for leaf in tree.leaves[number * WIDTH : (number + 1) * WIDTH]:
            below.append(leaf)
        assert tree.nodes(node) == below.root()
    last = [tree.nodes(node) for node in Tile(BUNDLE, 3, 5).nodes]
    assert last == [leaf_hash(leaf) for leaf in tree.leaves[-5:]]


# ------------------------------------------------------------------ contents


@given(st.lists(st.binary(max_size=50), max_size=WIDTH))
def test_a_bundle_is_read_back(leaves: list[bytes]) -> None:
    data = encode_bundle(leaves)
    assert data == b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in leaves)
    assert decode_bundle(data, len(leaves)) == leaves


LONGEST: Final = bytes(65_535)


def test_the_longest_leaf_fits_and_a_longer_one_does_not() -> None:
    assert decode_bundle(encode_bundle([LONGEST, b"", LONGEST]), 3) == [LONGEST, b"", LONGEST]
    with pytest.raises(OverflowError):
        encode_bundle([LONGEST + b"x"])


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=8), st.data())
def test_a_bundle_that_is_cut_or_has_more_is_refused(
    leaves: list[bytes], data: st.DataObject
) -> None:
    whole = encode_bundle(leaves)
    kept = data.draw(st.integers(0, len(whole) - 1))
    for bundle, width in (
        (whole[:kept], len(leaves)),
        (whole + b"\x00", len(leaves)),
        (whole + b"\x00\x00", len(leaves)),
        (whole + b"\xff\xff", len(leaves)),
        (whole, len(leaves) + 1),
        (whole, len(leaves) - 1),
    ):
        with pytest.raises(MalformedError, match="whole entries"):
            decode_bundle(bundle, width)


@given(st.lists(st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES), min_size=1, max_size=WIDTH))
def test_hashes_are_read_back_and_no_other_number_of_bytes_is(hashes: list[bytes]) -> None:
    data = b"".join(hashes)
    assert decode_hashes(data, len(hashes)) == hashes
    for wrong in (data[:-1], data + b"\x00", data[HASH_BYTES:], data + hashes[0]):
        with pytest.raises(MalformedError, match="hashes"):
            decode_hashes(wrong, len(hashes))
