"""
A million proofs, each with something changed: none is accepted.

What a proof is about is a checkpoint: a size *with* its root, as they are signed together. So where
a size is changed, its own root comes with it. (Under a root that stays, one proof fits every place
of the same way up; the last test says exactly which. No verifier of such proofs can tell them
apart, and none has to, because nobody signs such a pair.)

Whether what a changed proof says happens to be true is decided exactly, from the tree itself, whose
leaves all differ: of a place in a tree there is one proof, between two sizes one.
"""

import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, TypeVar

import pytest

from app.registry.log.merkle import (
    HASH_BYTES,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.builders.trees import Tree, a_tree, flipped

MUTATIONS: Final = 1_000_000
SIZE_MAX: Final = 1_100  # every shape of a right edge up to ten levels, and beyond a power of two
PROOFS_EACH: Final = 400  # of each kind; the rest of the work is shared
SMALL_SIZE_MAX: Final = 24

Proof = tuple[bytes, ...]


@dataclass(frozen=True)
class World:
    """A tree and everything that is true of it."""

    tree: Tree
    leaves: list[bytes]  # their hashes
    paths: dict[tuple[int, int], Proof] = field(default_factory=dict)
    growths: dict[tuple[int, int], Proof] = field(default_factory=dict)

    def path(self, index: int, size: int) -> Proof:
        if (index, size) not in self.paths:
            self.paths[index, size] = tuple(self.tree.inclusion(index, size))
        return self.paths[index, size]

    def growth(self, old_size: int, size: int) -> Proof:
        if (old_size, size) not in self.growths:
            self.growths[old_size, size] = tuple(self.tree.consistency(old_size, size))
        return self.growths[old_size, size]


@cache
def world() -> World:
    tree = a_tree(SIZE_MAX)
    return World(tree, [leaf_hash(leaf) for leaf in tree.leaves])


@dataclass(frozen=True, slots=True)
class Inclusion:
    """What an inclusion proof says."""

    index: int
    size: int
    leaf: bytes
    root: bytes
    proof: Proof

    def is_accepted(self) -> bool:
        return verify_inclusion(
            index=self.index, size=self.size, leaf=self.leaf, proof=self.proof, root=self.root
        )

    def is_true(self) -> bool:
        known = world()
        return (
            0 <= self.index < self.size <= SIZE_MAX
            and self.leaf == known.leaves[self.index]
            and self.root == known.tree.roots[self.size]
            and self.proof == known.path(self.index, self.size)
        )


@dataclass(frozen=True, slots=True)
class Consistency:
    """What a consistency proof says."""

    old_size: int
    size: int
    old_root: bytes
    root: bytes
    proof: Proof

    def is_accepted(self) -> bool:
        return verify_consistency(
            old_size=self.old_size,
            size=self.size,
            old_root=self.old_root,
            root=self.root,
            proof=self.proof,
        )

    def is_true(self) -> bool:
        roots = world().tree.roots
        return (
            0 < self.old_size <= self.size <= SIZE_MAX
            and self.old_root == roots[self.old_size]
            and self.root == roots[self.size]
            and self.proof == world().growth(self.old_size, self.size)
        )


def an_inclusion(chance: random.Random) -> Inclusion:
    size = chance.randint(1, SIZE_MAX)
    index = chance.randrange(size)
    known = world()
    return Inclusion(
        index, size, known.leaves[index], known.tree.roots[size], known.path(index, size)
    )


def a_consistency(chance: random.Random) -> Consistency:
    old_size, size = sorted(chance.randint(1, SIZE_MAX) for _ in range(2))
    roots = world().tree.roots
    return Consistency(old_size, size, roots[old_size], roots[size], world().growth(old_size, size))


# ------------------------------------------------------------------ what is changed about a proof


def a_flip(chance: random.Random, value: bytes) -> bytes:
    return flipped(value, chance.randrange(len(value) * 8))


def a_hash(chance: random.Random) -> bytes:
    """A stray hash: of nothing, or of something that stands elsewhere in the tree."""
    known = world()
    strays = (
        chance.randbytes(HASH_BYTES),
        chance.choice(known.leaves),
        chance.choice(known.tree.roots),
    )
    return chance.choice(strays)


def flip(chance: random.Random, proof: Proof) -> Proof:
    at = chance.randrange(len(proof))
    return (*proof[:at], a_flip(chance, proof[at]), *proof[at + 1 :])


def drop(chance: random.Random, proof: Proof) -> Proof:
    at = chance.randrange(len(proof))
    return (*proof[:at], *proof[at + 1 :])


def add(chance: random.Random, proof: Proof) -> Proof:
    at = chance.randint(0, len(proof))
    return (*proof[:at], a_hash(chance), *proof[at:])


def swap(chance: random.Random, proof: Proof) -> Proof:
    changed = list(proof)
    one, other = chance.randrange(len(proof)), chance.randrange(len(proof))
    changed[one], changed[other] = changed[other], changed[one]
    return tuple(changed)


def double(chance: random.Random, proof: Proof) -> Proof:
    at = chance.randrange(len(proof))
    return (*proof[:at], proof[at], *proof[at:])


def cut(chance: random.Random, proof: Proof) -> Proof:
    at = chance.randrange(len(proof))
    kept = proof[at][: chance.randrange(HASH_BYTES)]
    return (*proof[:at], kept, *proof[at + 1 :])


def lengthen(chance: random.Random, proof: Proof) -> Proof:
    at = chance.randrange(len(proof))
    return (*proof[:at], proof[at] + chance.randbytes(1), *proof[at + 1 :])


def join(chance: random.Random, proof: Proof) -> Proof:
    """Two hashes in place of one, as a node over both."""
    at = chance.randrange(len(proof))
    both = node_hash(proof[at], proof[min(at + 1, len(proof) - 1)])
    return (*proof[:at], both, *proof[at + 2 :])


ON_HASHES: Final[tuple[Callable[[random.Random, Proof], Proof], ...]] = (
    flip,
    drop,
    add,
    swap,
    double,
    cut,
    lengthen,
    join,
)


def another_size(chance: random.Random, size: int) -> int:
    """A size near by, half, double, with a bit turned round, or any; never one below 1."""
    sizes = (size - 1, size + 1, size // 2, size * 2, size ^ (1 << chance.randrange(11)))
    found = chance.choice((*sizes, chance.randint(1, SIZE_MAX)))
    return min(max(found, 1), SIZE_MAX)


def other_index(chance: random.Random, said: Inclusion, _: Inclusion) -> Inclusion:
    return replace(said, index=said.index ^ (1 << chance.randrange(11)))


def negative_index(_: random.Random, said: Inclusion, __: Inclusion) -> Inclusion:
    """Python counts from the end where it may."""
    return replace(said, index=said.index - said.size)


def other_checkpoint(chance: random.Random, said: Inclusion, _: Inclusion) -> Inclusion:
    size = another_size(chance, said.size)
    return replace(said, size=size, root=world().tree.roots[size])


def other_root(chance: random.Random, said: Inclusion, _: Inclusion) -> Inclusion:
    return replace(said, root=a_hash(chance))


def flipped_root(chance: random.Random, said: Inclusion, _: Inclusion) -> Inclusion:
    return replace(said, root=a_flip(chance, said.root))


def other_leaf(chance: random.Random, said: Inclusion, other: Inclusion) -> Inclusion:
    return replace(said, leaf=chance.choice((other.leaf, said.root, *said.proof)))


def flipped_leaf(chance: random.Random, said: Inclusion, _: Inclusion) -> Inclusion:
    return replace(said, leaf=a_flip(chance, said.leaf))


def cut_leaf(chance: random.Random, said: Inclusion, _: Inclusion) -> Inclusion:
    return replace(said, leaf=said.leaf[: chance.randrange(HASH_BYTES)])


def proof_of_another(_: random.Random, said: Inclusion, other: Inclusion) -> Inclusion:
    return replace(said, proof=other.proof)


def place_of_another(_: random.Random, said: Inclusion, other: Inclusion) -> Inclusion:
    return replace(said, index=other.index, size=other.size, root=other.root)


def node_as_leaf(_: random.Random, said: Inclusion, __: Inclusion) -> Inclusion:
    """The parent of the leaf passed for a leaf of a tree half as large."""
    if not said.proof:
        return replace(said, leaf=said.root, root=said.leaf)
    pair = (said.proof[0], said.leaf) if said.index & 1 else (said.leaf, said.proof[0])
    size = (said.size + 1) // 2
    root = world().tree.roots[size]
    return Inclusion(said.index >> 1, size, node_hash(*pair), root, said.proof[1:])


ON_INCLUSION: Final[tuple[Callable[[random.Random, Inclusion, Inclusion], Inclusion], ...]] = (
    other_index,
    negative_index,
    other_checkpoint,
    other_root,
    flipped_root,
    other_leaf,
    flipped_leaf,
    cut_leaf,
    proof_of_another,
    place_of_another,
    node_as_leaf,
)


def other_old(chance: random.Random, said: Consistency, _: Consistency) -> Consistency:
    old_size = another_size(chance, said.old_size)
    return replace(said, old_size=old_size, old_root=world().tree.roots[old_size])


def other_new(chance: random.Random, said: Consistency, _: Consistency) -> Consistency:
    size = another_size(chance, said.size)
    return replace(said, size=size, root=world().tree.roots[size])


def from_nothing(_: random.Random, said: Consistency, __: Consistency) -> Consistency:
    return replace(said, old_size=0, old_root=world().tree.roots[0])


def other_roots(chance: random.Random, said: Consistency, _: Consistency) -> Consistency:
    if chance.random() < 0.5:
        return replace(said, old_root=a_hash(chance))
    return replace(said, root=a_hash(chance))


def flipped_roots(chance: random.Random, said: Consistency, _: Consistency) -> Consistency:
    if chance.random() < 0.5:
        return replace(said, old_root=a_flip(chance, said.old_root))
    return replace(said, root=a_flip(chance, said.root))


def turned_round(_: random.Random, said: Consistency, __: Consistency) -> Consistency:
    return Consistency(said.size, said.old_size, said.root, said.old_root, said.proof)


def turned_roots(_: random.Random, said: Consistency, __: Consistency) -> Consistency:
    return replace(said, old_root=said.root, root=said.old_root)


def growth_of_another(_: random.Random, said: Consistency, other: Consistency) -> Consistency:
    return replace(said, proof=other.proof)


def roots_of_another(chance: random.Random, said: Consistency, other: Consistency) -> Consistency:
    if chance.random() < 0.5:
        return replace(said, old_size=other.old_size, old_root=other.old_root)
    return replace(said, size=other.size, root=other.root)


ON_CONSISTENCY: Final[
    tuple[Callable[[random.Random, Consistency, Consistency], Consistency], ...]
] = (
    other_old,
    other_new,
    from_nothing,
    other_roots,
    flipped_roots,
    turned_round,
    turned_roots,
    growth_of_another,
    roots_of_another,
)


# ------------------------------------------------------------------ the million


@pytest.mark.no_cover  # a million times; other tests cover the lines
def test_of_a_million_mutated_proofs_none_is_accepted_unless_it_is_true() -> None:
    """
    Counted are those refused; the few that say something true all the same (a hash swapped with
    itself) must be exactly that.
    """
    seed = secrets.randbits(64)
    print(f"seed {seed}")  # noqa: T201  so that a failure can be repeated
    chance = random.Random(seed)  # noqa: S311  no secret
    inclusions = [an_inclusion(chance) for _ in range(PROOFS_EACH)]
    consistencies = [a_consistency(chance) for _ in range(PROOFS_EACH)]
    assert count_refused(inclusions) == count_refused(consistencies) == 0, "all begin true"
    refused = 0
    while refused < MUTATIONS:
        for said in inclusions:
            other = chance.choice(inclusions)
            changed = [change(chance, said, other) for change in ON_INCLUSION]
            refused += count_refused([*changed, *with_other_hashes(chance, said)])
        for grown in consistencies:
            another = chance.choice(consistencies)
            grew = [change(chance, grown, another) for change in ON_CONSISTENCY]
            refused += count_refused([*grew, *with_other_hashes(chance, grown)])
    assert refused >= MUTATIONS


Said = TypeVar("Said", Inclusion, Consistency)


def with_other_hashes(chance: random.Random, said: Said) -> list[Said]:
    changes = ON_HASHES if said.proof else (add,)
    return [replace(said, proof=change(chance, said.proof)) for change in changes]


def count_refused(tries: Sequence[Inclusion | Consistency]) -> int:
    refused = 0
    for said in tries:
        if said.is_accepted():
            assert said.is_true(), f"accepted, and false: {said}"
        else:
            refused += 1
    return refused


# ------------------------------------------------------------------ places that one proof fits


def implied_root(index: int, size: int, leaf: bytes, proof: Proof) -> bytes | None:
    """What PATH of RFC 6962 section 2.1.1 makes of a proof, from the root down."""
    if size == 1 or not proof:
        return leaf if size == 1 and not proof else None
    split = 1
    while split * 2 < size:
        split *= 2
    *below, last = proof
    if index < split:
        left = implied_root(index, split, leaf, tuple(below))
        return None if left is None else node_hash(left, last)
    right = implied_root(index - split, size - split, leaf, tuple(below))
    return None if right is None else node_hash(last, right)


def test_under_a_root_that_stays_a_proof_fits_just_the_places_of_the_same_way_up() -> None:
    """
    Every place of every small tree, claimed for every other place and size under the same root:
    accepted exactly where the definition arrives at that root.
    """
    known = world()
    sizes = range(1, SMALL_SIZE_MAX)
    accepted_otherwise = 0
    for size in sizes:
        for index in range(size):
            said = Inclusion(
                index, size, known.leaves[index], known.tree.roots[size], known.path(index, size)
            )
            for claimed in sizes:
                for place in range(claimed):
                    told = replace(said, index=place, size=claimed)
                    fits = implied_root(place, claimed, said.leaf, said.proof) == said.root
                    assert told.is_accepted() is fits
                    accepted_otherwise += fits and not told.is_true()
    assert accepted_otherwise, "if this never happened, sizes would be bound by the proof alone"
