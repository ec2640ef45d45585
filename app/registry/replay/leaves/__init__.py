"""The shapes of all leaves, one per kind of act, and the one way to read a leaf."""

import operator
import types
from functools import reduce
from typing import Final

import msgspec

from app.kernel.encoding import LEAF_BYTES_MAX
from app.registry.replay.faults import LeafFault
from app.registry.replay.leaves import activities, ledger, parties, reports, rules
from app.registry.replay.leaves.words import Act

Leaf = Act


def _kinds(*modules: types.ModuleType) -> dict[str, type[Act]]:
    found: dict[str, type[Act]] = {}
    for module in modules:
        for shape in vars(module).values():
            if isinstance(shape, type) and issubclass(shape, Act):
                kind = str(shape.__struct_config__.tag)
                if "." in kind:  # no kind of act but what some have in common
                    assert kind not in found or found[kind] is shape
                    found[kind] = shape
    return dict(sorted(found.items()))


# Every kind of act that the register can write.
KINDS: Final = _kinds(activities, ledger, parties, reports, rules)

_decoder: Final = msgspec.json.Decoder(reduce(operator.or_, KINDS.values()))
_encoder: Final = msgspec.json.Encoder(order="sorted")


def decode(leaf: bytes) -> Leaf:
    """
    Read a leaf, refusing all that is not exactly one act of the schema in its canonical form.

    Args:
        leaf: the bytes that were hashed.

    Raises:
        LeafFault: they are too many, no act of the schema, or not in canonical form (RFC 8785).
    """
    try:
        act: Leaf = _decoder.decode(leaf)
        # Every field of a shape keeps its text, so writing what was read gives the same bytes
        # exactly if they were canonical: no spaces, other order, other escapes, no key twice.
        if _encoder.encode(act) == leaf and len(leaf) <= LEAF_BYTES_MAX:
            return act
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as unreadable:
        raise LeafFault("leaf_unreadable", str(unreadable)) from None
    if len(leaf) > LEAF_BYTES_MAX:
        raise LeafFault("leaf_too_large", f"{len(leaf)} bytes; an entry holds {LEAF_BYTES_MAX}")
    raise LeafFault("leaf_not_canonical", "the same act has other bytes in canonical JSON")
