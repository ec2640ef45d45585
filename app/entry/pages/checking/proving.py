"""
The way from an act's bytes to the root of the log, step by step, to be shown and checked by hand.

It follows RFC 9162 section 2.1.3.2. What is shown here convinces nobody who does not trust this
server: readers check it with their own browser (``static/proof.js``) or with ``registry verify``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.registry.log.merkle import leaf_hash, node_hash


@dataclass(frozen=True, slots=True)
class Step:
    """One step up the tree: two hashes, side by side, give the one above them."""

    is_left: bool  # whether the hash of the proof stands on the left
    beside: bytes  # the hash of the proof
    above: bytes  # SHA-256 of a one byte and both


def climb(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> list[Step]:
    """
    Return the steps from a leaf to the root.

    Args:
        leaf: the act's bytes.
        index: its place in the log, from 0.
        size: of the log.
        proof: hashes from the leaf upwards, as the API gives them.

    Returns:
        The steps; the last one's ``above`` is the root, where the leaf is the one of this place.
    """
    steps: list[Step] = []
    place, last, climbed = index, size - 1, leaf_hash(leaf)
    for beside in proof:
        is_left = place % 2 == 1 or place == last
        climbed = node_hash(beside, climbed) if is_left else node_hash(climbed, beside)
        steps.append(Step(is_left, beside, climbed))
        if is_left:
            # Where the tree is narrower than full, this hash stands for several levels at once.
            while place % 2 == 0 and place != 0:
                place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    return steps


def with_a_byte_changed(leaf: bytes) -> tuple[bytes, int]:
    """Return the bytes with one of them changed, and which: a digit, so that they still read."""
    digits = [at for at, byte in enumerate(leaf) if chr(byte).isdigit()]
    at = digits[len(digits) // 2] if digits else len(leaf) // 2
    changed = bytearray(leaf)
    # 0 to 1, 1 to 0, 2 to 3: another digit for each but 8 and 9, which change with each other.
    changed[at] ^= 1
    return bytes(changed), at
