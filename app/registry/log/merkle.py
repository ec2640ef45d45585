"""
The Merkle tree of RFC 6962 (restated in RFC 9162 section 2.1): hashes, growth, proofs and their
verification.

Pure; also what an outsider's verifier runs. A *node* is the hash of a complete subtree and is
named by
``(level, number)``: level 0 are the leaves, and node ``(l, n)`` covers leaves ``n·2^l`` up to
``(n+1)·2^l - 1``.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Node = tuple[int, int]


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of a zero byte and the leaf's bytes."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of a one byte and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """
    The right edge of a growing tree: all that is needed to append and to know the root.

    It holds the hashes of the complete subtrees that make up the tree, largest first; their
    sizes are the
    powers of two in ``size``.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        assert len(self.peaks) == size.bit_count()

    def copy(self) -> "Frontier":
        """Return an independent copy, to grow on trial."""
        return Frontier(self.size, self.peaks)

    def append(self, leaf: bytes) -> bytes:
        """
        Grow by one leaf.

        Returns:
            The hashes of every node that this leaf completes, joined: the leaf's own first,
            then its
            ancestors while they are complete. Leaf ``i`` completes ``t + 1`` nodes, ``t`` being
            the number of
            trailing one bits of ``i``; so every node of the tree is produced exactly once.
        """
        completed = [leaf_hash(leaf)]
        ones = self.size
        while ones & 1:
            completed.append(node_hash(self.peaks.pop(), completed[-1]))
            ones >>= 1
        self.peaks.append(completed[-1])
        self.size += 1
        return b"".join(completed)

    def root(self) -> bytes:
        """Return the root hash; of the empty tree, SHA-256 of nothing."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def completing_leaf(node: Node) -> int:
    """Return the index of the leaf whose appending completed a node."""
    level, number = node
    return ((number + 1) << level) - 1


def peaks_of(size: int) -> list[Node]:
    """Return the complete subtrees that make up a tree of a size, largest first."""
    return _cover(0, size)


def inclusion_nodes(index: int, size: int) -> list[list[Node]]:
    """
    Say which nodes prove that leaf ``index`` is in the tree of ``size`` leaves.

    Returns:
        One list per hash of the proof, in proof order; a hash is the root over its nodes (see
        `fold`).
    """
    assert 0 <= index < size
    path: list[list[Node]] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append(_cover(middle, end))
            end = middle
        else:
            path.append(_cover(first, middle))
            first = middle
    return path[::-1]


def consistency_nodes(old_size: int, size: int) -> list[list[Node]]:
    """
    Say which nodes prove that the tree of ``size`` leaves extends the tree of ``old_size``.

    Returns:
        As `inclusion_nodes`; empty where the sizes are equal.
    """
    assert 0 < old_size <= size
    path: list[list[Node]] = []
    first, end = 0, size
    whole = True  # whether the old tree is the left edge of this subtree, so that its root is known
    while old_size != end:
        middle = first + _split(end - first)
        if old_size <= middle:
            path.append(_cover(middle, end))
            end = middle
        else:
            path.append(_cover(first, middle))
            first = middle
            whole = False
    if not whole:
        path.append(_cover(first, end))
    return path[::-1]


def fold(nodes: Sequence[Node], hash_of: Callable[[Node], bytes] | Mapping[Node, bytes]) -> bytes:
    """Return the root over consecutive complete subtrees, largest first."""
    look = hash_of.__getitem__ if isinstance(hash_of, Mapping) else hash_of
    root = look(nodes[-1])
    for node in reversed(nodes[:-1]):
        root = node_hash(look(node), root)
    return root


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """
    Check an inclusion proof (RFC 9162 section 2.1.3.2).

    Args:
        index: place of the leaf, counted from 0.
        size: number of leaves in the tree.
        leaf: the leaf's hash (not its bytes), 32 bytes.
        proof: hashes from the leaf upwards, 32 bytes each.
        root: the root hash to arrive at.

    Returns:
        Whether the leaf stands at that place in the tree with that root. Malformed input is False.
    """
    if not 0 <= index < size or not _all_hashes([leaf, root, *proof]):
        return False
    sides = _sides(index, size - 1, len(proof))
    if sides is None:
        return False
    climbed = leaf
    for step, is_left in zip(proof, sides, strict=True):
        climbed = node_hash(step, climbed) if is_left else node_hash(climbed, step)
    return climbed == root


def verify_consistency(
    *, old_size: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """
    Check a consistency proof (RFC 9162 section 2.1.4.2).

    Args:
        old_size: size of the earlier tree; a tree of size 0 proves nothing and is refused.
        size: size of the later tree.
        old_root: root of the earlier tree, 32 bytes.
        root: root of the later tree, 32 bytes.
        proof: the hashes, 32 bytes each.

    Returns:
        Whether the later tree extends the earlier one. Malformed input is False.
    """
    if not 0 < old_size <= size or not _all_hashes([old_root, root, *proof]):
        return False
    if old_size == size:
        return not proof and old_root == root
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    # The climb begins at the last complete subtree of the earlier tree, `level` above the leaves.
    level = (old_size & -old_size).bit_length() - 1
    sides = _sides((old_size - 1) >> level, (size - 1) >> level, len(steps) - 1)
    if sides is None:
        return False
    old_climbed = climbed = steps[0]
    for step, is_left in zip(steps[1:], sides, strict=True):
        if is_left:
            old_climbed = node_hash(step, old_climbed)
        climbed = node_hash(step, climbed) if is_left else node_hash(climbed, step)
    return old_climbed == old_root and climbed == root


def _sides(place: int, last: int, steps: int) -> list[bool] | None:
    """
    Say of each step from a node up to the root whether its hash joins from the left.

    Args:
        place: number of the node on its level.
        last: number of the last node on that level.
        steps: how many hashes there are to join.

    Returns:
        One truth value per step; None where the way to the root has another length.
    """
    sides = []
    while last:
        is_left = bool(place & 1) or place == last
        while is_left and not place & 1:  # a lone last node is carried up as it is
            place >>= 1
            last >>= 1
        sides.append(is_left)
        place >>= 1
        last >>= 1
    return sides if len(sides) == steps else None


def _split(width: int) -> int:
    """Return the largest power of two below a width of at least two."""
    return 1 << ((width - 1).bit_length() - 1)


def _cover(first: int, end: int) -> list[Node]:
    """Return the complete subtrees that cover leaves ``first`` up to ``end - 1``, largest first."""
    nodes: list[Node] = []
    while first < end:
        level = (end - first).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        nodes.append((level, first >> level))
        first += 1 << level
    return nodes


def _all_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
