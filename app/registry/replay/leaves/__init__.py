"""The shapes of all leaves, one per kind of act, and how a leaf is read."""

import operator
import types
from functools import reduce
from typing import Final

import msgspec

from app.kernel.encoding import LEAF_BYTES_MAX
from app.registry.replay.faults import LeafFault
from app.registry.replay.leaves import (
    activities,
    applications,
    calendar,
    cases,
    ledger,
    orders,
    parties,
    reports,
    rules,
    transfers,
)
from app.registry.replay.leaves.quick import QuickTransfer
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
KINDS: Final = _kinds(
    activities, applications, calendar, cases, ledger, orders, parties, reports, rules, transfers
)


def _decoder_of(kinds: dict[str, type[Act]]) -> msgspec.json.Decoder[Act]:
    return msgspec.json.Decoder(reduce(operator.or_, kinds.values()))


_decoder: Final = _decoder_of(KINDS)
_quick_decoder: Final = _decoder_of({**KINDS, "credits.transferred": QuickTransfer})
_encoder: Final = msgspec.json.Encoder(order="sorted")


def leaf_of(act: Act) -> bytes:
    """Return the bytes of an act that was read: its one canonical form."""
    return _encoder.encode(act)


def decode(leaf: bytes) -> Leaf:
    """
    Read a leaf, refusing all that is not exactly one act of the schema in its canonical form.

    Args:
        leaf: the bytes that were hashed.

    Raises:
        LeafFault: they are too many, no act of the schema, or not in canonical form (RFC 8785).
    """
    return _read(_decoder, leaf)


def decode_quickly(leaf: bytes) -> Leaf:
    """
    Read a leaf as `decode` does, but a transfer as `QuickTransfer`, in half the time.

    Raises:
        LeafFault: as `decode`, except for a transfer whose words do not have their form.
    """
    return _read(_quick_decoder, leaf)


def _read(decoder: msgspec.json.Decoder[Act], leaf: bytes) -> Leaf:
    try:
        act = decoder.decode(leaf)
        # Every field of a shape keeps its text, so writing what was read gives the same bytes
        # exactly if they were canonical: no spaces, other order, other escapes, no key twice.
        if _encoder.encode(act) == leaf and len(leaf) <= LEAF_BYTES_MAX:
            return act
    except (
        msgspec.DecodeError,
        UnicodeDecodeError,
        OverflowError,
        RecursionError,
    ) as unreadable:
        raise LeafFault("leaf_unreadable", str(unreadable)) from None
    if len(leaf) > LEAF_BYTES_MAX:
        raise LeafFault("leaf_too_large", f"{len(leaf)} bytes; an entry holds {LEAF_BYTES_MAX}")
    raise LeafFault("leaf_not_canonical", "the same act has other bytes in canonical JSON")
