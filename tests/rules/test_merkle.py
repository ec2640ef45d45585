"""
The Merkle tree of RFC 6962, against published vectors and against its own definition.

Two independent judges: roots published with the RFC's test leaves, and a naive recursive tree
written from section 2.1 of the RFC. The cases that implementations share are in
`test_published_vectors`, a million mutated proofs in `test_proof_mutations`.
"""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.registry.log.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    consistency_nodes,
    fold,
    inclusion_nodes,
    leaf_hash,
    node_hash,
    peaks_of,
    verify_consistency,
    verify_inclusion,
)
from tests.builders.trees import a_tree, flipped

# The leaves that implementations of RFC 6962 test with, and the roots of their first 0 to 8.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZE_MAX = 130  # beyond two powers of two, so that every shape of a right edge occurs


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    both = naive_root(leaves[:split]) + naive_root(leaves[split:])
    return hashlib.sha256(b"\x01" + both).digest()


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_proof(old_size: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old_size == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old_size <= split:
        below = naive_proof(old_size, leaves[:split], whole=whole)
        return [*below, naive_root(leaves[split:])]
    below = naive_proof(old_size - split, leaves[split:], whole=False)
    return [*below, naive_root(leaves[:split])]


TREE = a_tree(SIZE_MAX)
sizes = st.integers(1, SIZE_MAX)


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int]:
    """A leaf, and a size of the tree that holds it."""
    size = draw(sizes)
    return draw(st.integers(0, size - 1)), size


@st.composite
def growths(draw: st.DrawFn) -> tuple[int, int]:
    """An earlier and a later size, not the same."""
    size = draw(st.integers(2, SIZE_MAX))
    return draw(st.integers(1, size - 1)), size


@st.composite
def mutations(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """The proof with a hash added, flipped in one bit, dropped, doubled, cut short or moved."""
    stray = draw(st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES))
    at = draw(st.integers(0, max(len(proof) - 1, 0)))
    before, after = proof[:at], proof[at + 1 :]
    ways = [[*proof, stray], [stray, *proof], [*before, stray, *proof[at:]]]
    for step in proof[at : at + 1]:
        bit = draw(st.integers(0, HASH_BYTES * 8 - 1))
        ways += [
            [*before, flipped(step, bit), *after],
            [*before, *after],
            [*before, step, step, *after],
            [*before, step[:-1], *after],
        ]
    if len(proof) > 1:
        ways.append(proof[::-1])
    return draw(st.sampled_from(ways))


def test_the_hashes_are_those_of_the_standard() -> None:
    """Leaf and node hashes differ in their first byte, so that none can pass for the other."""
    assert leaf_hash(b"L123456") == hashlib.sha256(b"\x00L123456").digest()
    assert node_hash(b"N123", b"N456") == hashlib.sha256(b"\x01N123N456").digest()
    assert hashlib.sha256(b"").digest() == EMPTY_ROOT


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_published_leaves_have_the_published_roots(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    assert frontier.root().hex() == ROOTS[size]
    assert naive_root(LEAVES[:size]).hex() == ROOTS[size], "the judge agrees"


@given(sizes)
def test_a_root_is_that_of_the_definition(size: int) -> None:
    assert TREE.roots[size] == naive_root(TREE.leaves[:size])
    assert fold(peaks_of(size), TREE.nodes) == TREE.roots[size]


def test_appending_gives_out_every_node_once() -> None:
    """All complete subtrees of the tree, and nothing else: a proof needs no other hash."""
    expected = {
        (level, number): naive_root(TREE.leaves[number << level : (number + 1) << level])
        for level in range(SIZE_MAX.bit_length())
        for number in range(SIZE_MAX >> level)
    }
    assert {node: TREE.nodes(node) for node in TREE.nodes} == expected


def test_a_frontier_grows_on_from_where_it_was_kept() -> None:
    """It is stored between commits, and copied to grow on trial."""
    frontier = Frontier()
    for size, leaf in enumerate(TREE.leaves):
        trial = frontier.copy()
        trial.append(b"something else")
        assert (frontier.size, frontier.root()) == (size, TREE.roots[size])
        frontier = Frontier(frontier.size, frontier.peaks)
        frontier.append(leaf)
    assert frontier.root() == TREE.roots[-1]


def test_a_frontier_that_does_not_fit_its_size_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        Frontier(3, [EMPTY_ROOT])


@given(places())
def test_every_inclusion_proof_is_that_of_the_definition_and_verifies(
    place: tuple[int, int],
) -> None:
    index, size = place
    proof = TREE.inclusion(index, size)
    assert proof == naive_path(index, TREE.leaves[:size])
    assert TREE.includes(index, size, proof)


@given(growths())
def test_every_consistency_proof_is_that_of_the_definition_and_verifies(
    growth: tuple[int, int],
) -> None:
    old_size, size = growth
    proof = TREE.consistency(old_size, size)
    assert proof == naive_proof(old_size, TREE.leaves[:size])
    assert TREE.extends(old_size, size, proof)


def test_all_proofs_of_small_trees_verify() -> None:
    for size in range(1, 34):
        for index in range(size):
            assert TREE.includes(index, size, TREE.inclusion(index, size))
            assert TREE.extends(index + 1, size, TREE.consistency(index + 1, size))


def test_a_tree_extends_itself_without_any_hash() -> None:
    """And then only itself."""
    assert TREE.consistency(7, 7) == []
    assert TREE.extends(7, 7, [])
    assert not TREE.extends(7, 7, [], root=TREE.roots[8])
    assert not TREE.extends(7, 7, [TREE.roots[7]])


@settings(max_examples=300)
@given(place=places(), data=st.data())
def test_a_mutated_inclusion_proof_is_refused(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    assert not TREE.includes(index, size, data.draw(mutations(TREE.inclusion(index, size))))


@settings(max_examples=300)
@given(growth=growths(), data=st.data())
def test_a_mutated_consistency_proof_is_refused(
    growth: tuple[int, int], data: st.DataObject
) -> None:
    old_size, size = growth
    proof = data.draw(mutations(TREE.consistency(old_size, size)))
    assert not TREE.extends(old_size, size, proof)


@settings(max_examples=300)
@given(place=places(), bit=st.integers(0, HASH_BYTES * 8 - 1), other=places())
def test_an_inclusion_proof_proves_nothing_else(
    place: tuple[int, int], bit: int, other: tuple[int, int]
) -> None:
    """Not another leaf, root, place or size."""
    index, size = place
    proof = TREE.inclusion(index, size)
    leaf, root = leaf_hash(TREE.leaves[index]), TREE.roots[size]
    assert not TREE.includes(index, size, proof, leaf=flipped(leaf, bit))
    assert not TREE.includes(index, size, proof, root=flipped(root, bit))
    if other[0] != index:
        assert not TREE.includes(index, size, proof, index=other[0])
    if len(inclusion_nodes(*other)) != len(proof):
        assert not TREE.includes(index, size, proof, index=other[0], size=other[1])
    # A size is bound by the root signed with it: another size, read with its own root, is refused.
    if other[1] != size:
        other_root = TREE.roots[other[1]]
        assert not TREE.includes(index, size, proof, size=other[1], root=other_root)


@settings(max_examples=300)
@given(growth=growths(), bit=st.integers(0, HASH_BYTES * 8 - 1), other=growths())
def test_a_consistency_proof_proves_nothing_else(
    growth: tuple[int, int], bit: int, other: tuple[int, int]
) -> None:
    """Not the growth from or to another root; nor, read with its own roots, between other sizes."""
    old_size, size = growth
    proof = TREE.consistency(old_size, size)
    old_root, root = TREE.roots[old_size], TREE.roots[size]
    assert not TREE.extends(old_size, size, proof, old_root=flipped(old_root, bit))
    assert not TREE.extends(old_size, size, proof, root=flipped(root, bit))
    assert not TREE.extends(old_size, size, proof, old_root=root, root=old_root)
    if other[0] != old_size:
        assert not TREE.extends(old_size, size, proof, old_root=TREE.roots[other[0]])
    assert not TREE.extends(old_size, size, proof, size=old_size)
    assert not TREE.extends(old_size, size, proof, old_size=size, size=old_size)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (6, 5), (0, 0), (0, -1)])
def test_a_place_outside_the_tree_is_never_proven(index: int, size: int) -> None:
    proof = TREE.inclusion(4, 5)
    leaf, root = leaf_hash(TREE.leaves[4]), TREE.roots[5]
    assert not verify_inclusion(index=index, size=size, leaf=leaf, proof=proof, root=root)
    assert not verify_inclusion(index=index, size=size, leaf=root, proof=[], root=root)


@pytest.mark.parametrize(("old_size", "size"), [(0, 0), (0, 5), (-1, 5), (6, 5), (5, 0)])
def test_sizes_that_cannot_be_are_never_consistent(old_size: int, size: int) -> None:
    """The empty tree is the beginning of every other: that proves nothing."""
    for proof in ([], TREE.consistency(3, 5)):
        assert not verify_consistency(
            old_size=old_size, size=size, old_root=EMPTY_ROOT, root=TREE.roots[5], proof=proof
        )


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_no_proof_is_made_of_a_place_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(AssertionError):
        inclusion_nodes(index, size)


@pytest.mark.parametrize(("old_size", "size"), [(0, 5), (6, 5), (0, 0)])
def test_no_proof_is_made_between_sizes_that_cannot_be(old_size: int, size: int) -> None:
    with pytest.raises(AssertionError):
        consistency_nodes(old_size, size)


def test_a_root_over_nodes_can_be_read_from_anywhere() -> None:
    """From a mapping, or by asking for each."""
    by_name = {node: TREE.nodes(node) for node in TREE.nodes}
    assert fold(peaks_of(7), TREE.nodes) == fold(peaks_of(7), by_name) == TREE.roots[7]
