"""Merkle trees grown leaf by leaf, with all nodes that appending gave out; keys to sign with."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.registry.log.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    Node,
    completing_leaf,
    consistency_nodes,
    fold,
    inclusion_nodes,
    leaf_hash,
    peaks_of,
    verify_consistency,
    verify_inclusion,
)
from app.registry.log.notes import KeyKind, VerifierKey, verifier_of

ORIGIN: Final = "registry.example/log"


class Nodes:
    """The nodes of a tree in one array of bytes per level: a tree of any size in little memory."""

    def __init__(self) -> None:
        self.levels: list[bytearray] = []

    def add(self, index: int, completed: bytes) -> None:
        """Keep what appending a leaf gave out."""
        for level in range(len(completed) // HASH_BYTES):
            if level == len(self.levels):
                self.levels.append(bytearray())
            place = self.levels[level]
            assert len(place) == (index >> level) * HASH_BYTES, (
                "every node is produced exactly once"
            )
            assert completing_leaf((level, index >> level)) == index
            place += completed[level * HASH_BYTES : (level + 1) * HASH_BYTES]

    def __call__(self, node: Node) -> bytes:
        level, number = node
        found = self.levels[level][number * HASH_BYTES : (number + 1) * HASH_BYTES]
        assert len(found) == HASH_BYTES
        return bytes(found)

    def __iter__(self) -> Iterator[Node]:
        for level, place in enumerate(self.levels):
            yield from ((level, number) for number in range(len(place) // HASH_BYTES))


class Tree:
    """A grown tree, and what is true of each of its sizes."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self.leaves: Sequence[bytes] = list(leaves)
        self.nodes = Nodes()
        self.roots = [EMPTY_ROOT]
        self.frontier = Frontier()
        for index, leaf in enumerate(self.leaves):
            self.nodes.add(index, self.frontier.append(leaf))
            self.roots.append(self.frontier.root())

    @property
    def size(self) -> int:
        return len(self.leaves)

    def root(self, size: int) -> bytes:
        """The root by its nodes, not by the frontier that grew it."""
        return fold(peaks_of(size), self.nodes) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return [fold(step, self.nodes) for step in inclusion_nodes(index, size)]

    def consistency(self, old_size: int, size: int) -> list[bytes]:
        return [fold(step, self.nodes) for step in consistency_nodes(old_size, size)]

    def includes(
        self, index: int, size: int, proof: list[bytes], /, **changes: bytes | int
    ) -> bool:
        asked: dict[str, Any] = {
            "index": index,
            "size": size,
            "leaf": leaf_hash(self.leaves[index]),
            "proof": proof,
            "root": self.roots[size],
        }
        return verify_inclusion(**asked | changes)

    def extends(
        self, old_size: int, size: int, proof: list[bytes], /, **changes: bytes | int
    ) -> bool:
        asked: dict[str, Any] = {
            "old_size": old_size,
            "size": size,
            "old_root": self.roots[old_size],
            "root": self.roots[size],
            "proof": proof,
        }
        return verify_consistency(**asked | changes)


def a_tree(size: int) -> Tree:
    """Grow a tree of leaves that all differ."""
    return Tree(f"leaf {number}".encode() for number in range(size))


def a_key(number: int) -> Ed25519PrivateKey:
    """Return one private key per number, the same at every run."""
    return Ed25519PrivateKey.from_private_bytes(number.to_bytes(HASH_BYTES, "big"))


def a_log_key(number: int = 1, name: str = ORIGIN) -> VerifierKey:
    """Return the public half of a key, for a log."""
    return verifier_of(name, KeyKind.LOG, a_key(number))


def a_witness_key(number: int, name: str | None = None) -> VerifierKey:
    """Return the public half of a key, for a witness."""
    return verifier_of(name or f"witness-{number}.example", KeyKind.WITNESS, a_key(number))


def flipped(data: bytes, bit: int) -> bytes:
    """Return the bytes with one bit turned round."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
