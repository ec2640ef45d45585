"""
What we publish, checked by verifiers that we did not write, and as an outsider would rebuild it.

A log of 66,000 entries, with checkpoints at every size where a tile or a tree begins or ends. Two
verifiers by other people, one in Python (proofbundle) and one in Rust (metamorphic-log), installed
for tests only (contract 9 keeps the service from knowing them): both must accept everything of
ours, and refuse it with one byte changed.
"""

import base64
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, combinations_with_replacement
from typing import Any, Final

import metamorphic_log
import pytest
from metamorphic_log import VerifyError
from proofbundle import checkpoint as pb_checkpoint
from proofbundle import merkle as pb_merkle
from proofbundle import tlogproof as pb_tlogproof
from proofbundle.errors import ProofBundleError

from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.merkle import (
    Frontier,
    Node,
    fold,
    inclusion_nodes,
    leaf_hash,
    peaks_of,
    verify_inclusion,
)
from app.registry.log.notes import MalformedError, Note, cosign, sign
from app.registry.log.policy import Witness, parse_policy, witness_policy
from app.registry.log.receipts import Receipt, encode_receipt
from app.registry.log.tiles import (
    BUNDLE,
    HEIGHT,
    decode_bundle,
    decode_hashes,
    encode_bundle,
    tile_of,
    tiles_between,
)
from tests.builders.trees import ORIGIN, Tree, a_key, a_log_key, a_tree, a_witness_key, flipped

ENTRIES: Final = 66_000
SIZES: Final = (1, 3, 255, 256, 257, 65_536, 65_537, ENTRIES)
PLACES_EACH: Final = 60  # leaves proven at each size: those at the edges, and others by chance
EDGES: Final = (0, 1, 2, 254, 255, 256, 65_534, 65_535, 65_536, ENTRIES - 2, ENTRIES - 1)
LOG: Final = a_log_key()
WITNESSES: Final = (a_witness_key(2), a_witness_key(3))
WITNESS_LINES: Final = [str(key) for key in WITNESSES]
AT: Final = 1_795_500_000


@cache
def chance() -> random.Random:
    seed = secrets.randbits(64)
    print(f"seed {seed}")  # noqa: T201  so that a failure can be repeated
    return random.Random(seed)  # noqa: S311  no secret


@dataclass(frozen=True)
class Log:
    """A log as its publisher knows it."""

    tree: Tree
    notes: dict[int, bytes]  # signed and cosigned checkpoints

    def places(self, size: int) -> list[int]:
        edges = {place for place in (*EDGES, size // 2, size - 1) if 0 <= place < size}
        others = chance().sample(range(size), min(size, PLACES_EACH))
        return sorted(edges | set(others))

    def receipt(self, index: int, size: int) -> bytes:
        return encode_receipt(index, self.tree.inclusion(index, size), self.notes[size])


def a_cosigned(size: int, root: bytes) -> bytes:
    text = Checkpoint(ORIGIN, size, root).text
    lines = [cosign(key.name, a_key(n), text, at=AT) for n, key in enumerate(WITNESSES, start=2)]
    return Note(text, (sign(ORIGIN, a_key(1), text), *lines)).encode()


@pytest.fixture(scope="module")
def log() -> Log:
    tree = a_tree(ENTRIES)
    return Log(tree, {size: a_cosigned(size, tree.roots[size]) for size in SIZES})


# ------------------------------------------------------------------ what each verifier says


def accepts(verdict: Callable[[], Any]) -> bool:
    """By its answer, or by not refusing; what is no text was never a note."""
    try:
        return verdict() in (None, True)
    except (VerifyError, ProofBundleError, UnicodeDecodeError):
        return False


@dataclass(frozen=True)
class Verifier:
    """Another author's verifier, asked in our words."""

    checkpoint: Callable[[bytes, int, bytes], bool]  # note, and the size and root it must state
    receipt: Callable[[bytes, bytes], bool]  # file, leaf
    included: Callable[
        [int, int, bytes, list[bytes], bytes], bool
    ]  # index, size, leaf, proof, root
    extended: Callable[[int, int, list[bytes], bytes, bytes], bool]  # sizes, proof, roots
    knows_witnesses: bool


def pb_checks(note: bytes, size: int, root: bytes) -> bool:
    """That the log and both witnesses have signed, alone and together."""

    def ask() -> bool:
        text = note.decode()
        alone = pb_checkpoint.verify_checkpoint(text, str(LOG))
        found = pb_checkpoint.verify_witnessed_checkpoint(
            text, str(LOG), WITNESS_LINES, threshold=2, expected_origin=ORIGIN
        )
        read = [(said["ok"], said["tree_size"], said["root"]) for said in (alone, found)]
        return read == [(True, size, root)] * 2

    return accepts(ask)


def pb_receipt(data: bytes, leaf: bytes) -> bool:
    def ask() -> bool:
        found = pb_tlogproof.verify_tlog_proof(
            data.decode(), leaf, str(LOG), WITNESS_LINES, threshold=2, expected_origin=ORIGIN
        )
        return found["ok"] is True

    return accepts(ask)


def pb_included(index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> bool:
    return accepts(lambda: pb_merkle.verify_inclusion(leaf, index, size, proof, root))


def pb_extended(old_size: int, size: int, proof: list[bytes], old_root: bytes, root: bytes) -> bool:
    return accepts(lambda: pb_merkle.verify_consistency(old_size, size, proof, old_root, root))


def mm_checks(note: bytes, size: int, root: bytes) -> bool:
    """The log's signature alone: the verifier passes over the lines of witnesses."""

    def ask() -> bool:
        head = metamorphic_log.checkpoint_verify(note.decode(), [str(LOG)])
        read = (head.origin, head.size, head.root, head.extensions)
        return read == (ORIGIN, size, root, [])

    return accepts(ask)


def mm_receipt(data: bytes, leaf: bytes) -> bool:
    """It reads no receipts, so ours is taken apart first: does it agree with what stands in it?"""
    receipt = Receipt.parse(data)
    note, proof = receipt.note.encode().decode(), list(receipt.proof)
    return accepts(
        lambda: metamorphic_log.checkpoint_verify_inclusion(
            note, [str(LOG)], receipt.index, leaf_hash(leaf), proof
        )
    )


def mm_included(index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> bool:
    hashed = leaf_hash(leaf)
    return accepts(lambda: metamorphic_log.verify_inclusion(index, size, hashed, proof, root))


def mm_extended(old_size: int, size: int, proof: list[bytes], old_root: bytes, root: bytes) -> bool:
    return accepts(
        lambda: metamorphic_log.verify_consistency(old_size, size, proof, old_root, root)
    )


PROOFBUNDLE: Final = Verifier(pb_checks, pb_receipt, pb_included, pb_extended, knows_witnesses=True)
METAMORPHIC: Final = Verifier(
    mm_checks, mm_receipt, mm_included, mm_extended, knows_witnesses=False
)
by_both = pytest.mark.parametrize(
    "verifier", [PROOFBUNDLE, METAMORPHIC], ids=["proofbundle", "metamorphic-log"]
)


def turned(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each byte in turn with one of its bits turned round, with its place."""
    for place in range(len(data)):
        yield place, flipped(data, place * 8 + chance().randrange(8))


def is_another_spelling(changed: bytes, data: bytes) -> bool:
    """
    Whether only a bit that base64 does not use was turned round: the signature's bytes are the
    same. Others let that pass; we do not, so that what is signed once has one form.
    """
    pairs = zip(changed.split(b"\n"), data.split(b"\n"), strict=True)
    (other, line), *more = [pair for pair in pairs if pair[0] != pair[1]]
    assert not more
    spellings = [base64.b64decode(text.rpartition(b" ")[2]) for text in (other, line)]
    assert spellings[0] == spellings[1]
    parse = Receipt.parse if data.startswith(b"c2sp.org/") else parse_checkpoint
    with pytest.raises(MalformedError, match="canonical"):
        parse(changed)
    return True


def turned_proofs(proof: list[bytes]) -> Iterator[list[bytes]]:
    """The proof with a byte of each of its hashes changed."""
    for at, step in enumerate(proof):
        bit = chance().randrange(len(step) * 8)
        yield [*proof[:at], flipped(step, bit), *proof[at + 1 :]]


# ------------------------------------------------------------------ checkpoints


@by_both
@pytest.mark.parametrize("size", SIZES)
def test_a_checkpoint_is_accepted_and_with_any_byte_changed_refused(
    log: Log, verifier: Verifier, size: int
) -> None:
    """
    In the text, the log's signature and the cosignatures. Where a verifier knows no witnesses, a
    changed cosignature is a stranger's line, and what it reads must be the same.
    """
    note, root = log.notes[size], log.tree.roots[size]
    assert verifier.checkpoint(note, size, root)
    of_witnesses = note.index("— witness".encode())
    for place, changed in turned(note):
        if not verifier.checkpoint(changed, size, root):
            continue
        of_strangers = place >= of_witnesses and not verifier.knows_witnesses
        assert of_strangers or is_another_spelling(changed, note)


@by_both
def test_a_checkpoint_by_another_key_or_log_is_refused(log: Log, verifier: Verifier) -> None:
    root = log.tree.roots[ENTRIES]
    text = Checkpoint(ORIGIN, ENTRIES, root).text
    for line in (sign(ORIGIN, a_key(4), text), sign("other.example", a_key(1), text)):
        assert not verifier.checkpoint(Note(text, (line,)).encode(), ENTRIES, root)
    other = Checkpoint("other.example", ENTRIES, root).text
    line = sign(ORIGIN, a_key(1), other)
    assert not verifier.checkpoint(Note(other, (line,)).encode(), ENTRIES, root)


def test_one_witness_is_not_two(log: Log) -> None:
    note, checkpoint = parse_checkpoint(log.notes[ENTRIES])
    log_line, *cosigned = note.signatures
    for lines in ((), cosigned[:1], cosigned[:1] * 2):
        lacking = Note(note.text, (log_line, *lines)).encode()
        assert not pb_checks(lacking, checkpoint.size, checkpoint.root)


def test_our_own_policy_agrees(log: Log) -> None:
    """Ours, read back from its file, accepts what the others accept."""
    witnesses = [Witness(key.name, key, None) for key in WITNESSES]
    policy = parse_policy(witness_policy({LOG: None}, witnesses, 2).encode())
    for size in SIZES:
        note, checkpoint = parse_checkpoint(log.notes[size])
        assert checkpoint == Checkpoint(ORIGIN, size, log.tree.roots[size])
        assert note.signers(policy.of_origin(ORIGIN)) == [LOG]
        assert policy.check_quorum(note) == witnesses


# ------------------------------------------------------------------ inclusion


@by_both
@pytest.mark.parametrize("size", SIZES)
def test_leaves_are_proven_and_nothing_else_is(log: Log, verifier: Verifier, size: int) -> None:
    root = log.tree.roots[size]
    for index in log.places(size):
        leaf, proof = log.tree.leaves[index], log.tree.inclusion(index, size)
        assert verifier.included(index, size, leaf, proof, root)
        assert verifier.receipt(log.receipt(index, size), leaf)
        for changed in turned_proofs(proof):
            assert not verifier.included(index, size, leaf, changed, root)
        bit = chance().randrange(len(leaf) * 8)
        assert not verifier.included(index, size, flipped(leaf, bit), proof, root)
        assert not verifier.included(index, size, leaf, proof, flipped(root, bit))
        assert not verifier.included(index ^ 1 << bit % 16, size, leaf, proof, root)
        # A size is signed with its root: another one, under its own, is refused.
        other = chance().choice([other for other in SIZES if other != size])
        assert not verifier.included(index, other, leaf, proof, log.tree.roots[other])


@by_both
def test_under_an_unsigned_size_all_agree_with_us(log: Log, verifier: Verifier) -> None:
    """A proof fits as many sizes as have the same way up; ours is neither laxer nor stricter."""
    for size in SIZES:
        for index in log.places(size)[:20]:
            leaf, proof = log.tree.leaves[index], log.tree.inclusion(index, size)
            root = log.tree.roots[size]
            for claimed in {max(size ^ 1 << bit, 1) for bit in range(17)}:
                hashed = leaf_hash(leaf)
                ours = verify_inclusion(
                    index=index, size=claimed, leaf=hashed, proof=proof, root=root
                )
                assert ours is verifier.included(index, claimed, leaf, proof, root)


# ------------------------------------------------------------------ consistency


@by_both
def test_growth_between_all_checkpoints_is_proven(log: Log, verifier: Verifier) -> None:
    for old_size, size in combinations_with_replacement(SIZES, 2):
        proof = log.tree.consistency(old_size, size)
        roots = log.tree.roots[old_size], log.tree.roots[size]
        assert verifier.extended(old_size, size, proof, *roots)


@by_both
def test_no_other_growth_is_proven(log: Log, verifier: Verifier) -> None:
    for old_size, size in combinations(SIZES, 2):
        proof = log.tree.consistency(old_size, size)
        old_root, root = log.tree.roots[old_size], log.tree.roots[size]
        bit = chance().randrange(256)
        assert not verifier.extended(old_size, size, proof, flipped(old_root, bit), root)
        assert not verifier.extended(old_size, size, proof, old_root, flipped(root, bit))
        assert not verifier.extended(old_size, size, proof, root, old_root)
        assert not verifier.extended(old_size, size, [*proof, old_root], old_root, root)
        assert not verifier.extended(old_size, size, proof[:-1], old_root, root)
        for changed in turned_proofs(proof):
            assert not verifier.extended(old_size, size, changed, old_root, root)
        for other in SIZES:
            if other > old_size and other != size:
                other_root = log.tree.roots[other]
                assert not verifier.extended(old_size, other, proof, old_root, other_root)


def test_growth_between_signed_checkpoints_is_proven(log: Log) -> None:
    """The second verifier takes the signed notes themselves."""
    for old_size, size in combinations(SIZES, 2):
        proof = log.tree.consistency(old_size, size)
        notes = log.notes[old_size].decode(), log.notes[size].decode()
        keys = [str(LOG)]
        metamorphic_log.checkpoint_verify_consistency(*notes, keys, proof)
        for wrong in ([*proof, log.tree.roots[1]], *turned_proofs(proof)):
            with pytest.raises(VerifyError):
                metamorphic_log.checkpoint_verify_consistency(*notes, keys, wrong)
        with pytest.raises(VerifyError):
            metamorphic_log.checkpoint_verify_consistency(*reversed(notes), keys, proof)


# ------------------------------------------------------------------ receipts


@pytest.mark.parametrize("size", SIZES)
def test_a_receipt_with_any_byte_changed_is_refused(log: Log, size: int) -> None:
    """By another author's reader of this very format: index, proof, checkpoint, every signature."""
    for index in {0, size // 2, size - 1}:
        data, leaf = log.receipt(index, size), log.tree.leaves[index]
        assert pb_receipt(data, leaf)
        assert not pb_receipt(data, flipped(leaf, 3))
        for place, changed in turned(data):
            refused = not pb_receipt(changed, leaf)
            assert refused or is_another_spelling(changed, data), (index, place)


def test_a_receipt_with_another_checkpoint_is_refused(log: Log) -> None:
    for size, other in combinations(SIZES, 2):
        data = encode_receipt(0, log.tree.inclusion(0, size), log.notes[other])
        assert not pb_receipt(data, log.tree.leaves[0])


# ------------------------------------------------------------------ tiles, as an outsider has them


@pytest.fixture(scope="module")
def files(log: Log) -> dict[str, bytes]:
    """All files that a publisher writes on its way through the sizes; none is ever written anew."""
    written: dict[str, bytes] = {}
    for old_size, size in zip((0, *SIZES), SIZES, strict=False):
        for tile in tiles_between(old_size, size):
            assert tile.path not in written
            if tile.level == BUNDLE:
                first = tile.nodes[0][1]
                data = encode_bundle(log.tree.leaves[first : first + tile.width])
            else:
                data = b"".join(map(log.tree.nodes, tile.nodes))
            written[tile.path] = data
    return written


@dataclass(frozen=True)
class Outsider:
    """Knows the files and one checkpoint, nothing else."""

    files: dict[str, bytes]
    size: int

    def node(self, node: Node) -> bytes:
        """Any node of the tree, from the hashes of the tile below it."""
        level, number = node
        over = level % HEIGHT
        lowest = (level - over, number << over)
        tile, place = tile_of(lowest, self.size)
        hashes = decode_hashes(self.files[tile.path], tile.width)[place : place + (1 << over)]
        grown = {(0, at): value for at, value in enumerate(hashes)}
        return fold_evenly(grown, over)

    def leaves(self) -> Iterator[bytes]:
        for tile in tiles_between(0, self.size):
            if tile.level == BUNDLE:
                yield from decode_bundle(self.files[tile.path], tile.width)


def fold_evenly(hashes: dict[Node, bytes], height: int) -> bytes:
    """The root over 2^height hashes, taken for leaves' hashes."""
    for level in range(height):
        for at in range(1 << (height - level - 1)):
            pair = [(level, 2 * at), (level, 2 * at + 1)]
            hashes[level + 1, at] = fold(pair, hashes)
    return hashes[height, 0]


@pytest.mark.parametrize("size", SIZES)
def test_an_outsider_rebuilds_every_checkpoint_from_the_files_alone(
    log: Log, files: dict[str, bytes], size: int
) -> None:
    """From the entries, leaf by leaf; and from the hash tiles, which must hold the same tree."""
    _, checkpoint = parse_checkpoint(log.notes[size])
    outsider = Outsider(files, checkpoint.size)
    frontier, nodes = Frontier(), Tree(())
    for index, leaf in enumerate(outsider.leaves()):
        nodes.nodes.add(index, frontier.append(leaf))
    assert (frontier.size, frontier.root()) == (checkpoint.size, checkpoint.root)
    for tile in tiles_between(0, size):
        if tile.level != BUNDLE:
            assert files[tile.path] == b"".join(map(nodes.nodes, tile.nodes))
    assert fold(peaks_of(size), outsider.node) == checkpoint.root


@by_both
def test_an_outsider_makes_the_proofs_from_the_files_alone(
    log: Log, files: dict[str, bytes], verifier: Verifier
) -> None:
    for size in SIZES:
        outsider = Outsider(files, size)
        for index in log.places(size)[:10]:
            proof = [fold(step, outsider.node) for step in inclusion_nodes(index, size)]
            assert proof == log.tree.inclusion(index, size)
            leaf = log.tree.leaves[index]
            assert verifier.included(index, size, leaf, proof, log.tree.roots[size])
