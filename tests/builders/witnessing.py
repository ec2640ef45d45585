"""A log that lives in memory: it grows, signs, proves, and can be made to fork."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.registry.log.checkpoints import Checkpoint
from app.registry.log.merkle import HASH_BYTES, Frontier, Node, consistency_nodes, fold
from app.registry.log.notes import KeyKind, Note, VerifierKey, sign, verifier_of
from app.registry.log.witnessing import encode_request

ORIGIN = "register.example/log"


@dataclass
class GrownLog:
    """Leaves, the tree over them, and the key that signs it."""

    origin: str = ORIGIN
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    leaves: list[bytes] = field(default_factory=list)
    nodes: dict[Node, bytes] = field(default_factory=dict)
    frontiers: list[Frontier] = field(default_factory=lambda: [Frontier()])

    @property
    def verifier(self) -> VerifierKey:
        """The key that others verify with."""
        return verifier_of(self.origin, KeyKind.LOG, self.key)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self.leaves)

    def grow(self, leaves: int, mark: str = "leaf") -> "GrownLog":
        """Append some leaves."""
        for _ in range(leaves):
            self.leaves.append(f"{mark} {self.size}".encode())
            frontier = self.frontiers[-1].copy()
            completed = frontier.append(self.leaves[-1])
            for level in range(len(completed) // HASH_BYTES):
                node = completed[level * HASH_BYTES : (level + 1) * HASH_BYTES]
                self.nodes[level, (self.size - 1) >> level] = node
            self.frontiers.append(frontier)
        return self

    def forked_at(self, size: int, leaves: int) -> "GrownLog":
        """Return another history with the same beginning and the same key."""
        fork = GrownLog(self.origin, self.key)
        for leaf in self.leaves[:size]:
            mark = leaf.decode().rpartition(" ")[0]
            fork.grow(1, mark)
        return fork.grow(leaves, "another")

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """Return what the log was at a size; None: as it is."""
        at = self.size if size is None else size
        return Checkpoint(self.origin, at, self.frontiers[at].root())

    def note(self, size: int | None = None) -> Note:
        """Return the signed checkpoint of a size."""
        text = self.checkpoint(size).text
        return Note(text, (sign(self.origin, self.key, text),))

    def proof(self, old_size: int, size: int | None = None) -> Sequence[bytes]:
        """Return the proof that one size extends another."""
        at = self.size if size is None else size
        if old_size in {0, at}:
            return []
        return [fold(nodes, self.nodes) for nodes in consistency_nodes(old_size, at)]

    def request(self, old_size: int, size: int | None = None) -> bytes:
        """Return the bytes that ask a witness to cosign."""
        return encode_request(old_size, self.proof(old_size, size), self.note(size).encode())
