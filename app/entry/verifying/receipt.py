"""One receipt, verified by itself: the act, its place, and who signed the log it stands in."""

import base64
import json
from dataclasses import dataclass

from app.entry.verifying import trust
from app.entry.verifying.findings import NotCleanError
from app.entry.verifying.source import Source
from app.entry.verifying.trust import Trusted
from app.registry.log.notes import MalformedError
from app.registry.log.policy import Policy
from app.registry.log.receipts import Receipt
from app.registry.log.tiles import BUNDLE, WIDTH, Tile, decode_bundle


@dataclass(frozen=True, slots=True)
class ProvenAct:
    """An act that a receipt proves."""

    index: int
    leaf: bytes
    trusted: Trusted


def verify_receipt(content: bytes, source: Source, policy: Policy) -> ProvenAct:
    """
    Verify a receipt: the file, or the JSON that the API gives.

    Args:
        content: the receipt.
        source: where the act is read, if the receipt does not bring it.
        policy: whose signatures are asked for.

    Raises:
        NotCleanError: it proves nothing; the text says why.
        UnreachableError: the act could not be read.
    """
    brought = None
    if content.lstrip()[:1] == b"{":
        content, brought = _unpack(content)
    try:
        receipt = Receipt.parse(content)
    except MalformedError as fault:
        raise NotCleanError("receipt_malformed", str(fault)) from None
    trusted = trust.check_note(receipt.note.encode(), policy)
    leaf = _find_leaf(receipt, source) if brought is None else brought
    if not receipt.proves(leaf):
        raise NotCleanError(
            "receipt_false",
            f"it does not prove that this act is number {receipt.index} of "
            f"{receipt.checkpoint.size} in {receipt.checkpoint.origin}",
        )
    return ProvenAct(receipt.index, leaf, trusted)


def _unpack(content: bytes) -> tuple[bytes, bytes]:
    """Return the receipt and the leaf that the JSON holds; what it says beside must be the same."""
    try:
        shown = json.loads(content)
        packed = shown["receipt"].encode()
        leaf = base64.b64decode(shown["leaf"], validate=True)
        receipt = Receipt.parse(packed)
        said = tuple(shown[name] for name in ("log_index", "size", "proof", "checkpoint"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotCleanError("receipt_malformed", "it is no receipt in JSON") from None
    proof = [base64.b64encode(step).decode() for step in receipt.proof]
    if said != (receipt.index, receipt.checkpoint.size, proof, receipt.note.encode().decode()):
        raise NotCleanError("receipt_malformed", "beside its receipt the JSON says something else")
    return packed, leaf


def _find_leaf(receipt: Receipt, source: Source) -> bytes:
    index, size = receipt.index, receipt.checkpoint.size
    number = index // WIDTH
    tile = Tile(BUNDLE, number, min(size - number * WIDTH, WIDTH)) if index < size else None
    content = None if tile is None else source.find(tile.path) or source.find(tile.full.path)
    if tile is None or content is None:
        raise NotCleanError("entries_missing", f"{source.name} has no entry {index}")
    try:
        return decode_bundle(content, tile.width)[index % WIDTH]
    except MalformedError:
        try:
            return decode_bundle(content, WIDTH)[index % WIDTH]
        except MalformedError as fault:
            raise NotCleanError("entries_malformed", f"{tile.path}: {fault}") from None
