"""One receipt, given to somebody who trusts nobody: as a file, as JSON, and forged in each part."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from app.registry.log.checkpoints import parse_checkpoint
from app.registry.log.tiles import BUNDLE, WIDTH, Tile, encode_bundle
from tests.builders.parties import Service
from tests.builders.public_log import Forger, Verdict, a_busy_register, leaves_of, verify_here
from tests.builders.publishing import publish
from tests.conftest import Registry

Shown = dict[str, Any]


@dataclass
class Received:
    """What somebody was given, and the public log that it is held against."""

    file: bytes
    shown: Shown
    leaf: bytes
    index: int
    log: Path
    at: Path

    def verified(self, content: bytes, *more: object) -> Verdict:
        """Verify some receipt as its owner would."""
        path = self.at / "receipt"
        path.write_bytes(content)
        return verify_here(self.log, "--receipt", path, *more)

    def packed(self, **changed: object) -> bytes:
        """Return the JSON, with something in it said otherwise."""
        return json.dumps({**self.shown, **changed}).encode()


@pytest.fixture
async def received(registry: Registry, api: Service, tmp_path: Path) -> Received:
    """The receipt of a retirement."""
    await a_busy_register(registry)
    await publish(registry.url, tmp_path)
    log = tmp_path / "log"
    size = parse_checkpoint((log / "checkpoint").read_bytes())[1].size
    index = size - 2
    address = f"/v1/log/receipts/{index}"
    file = (await api.get(address, headers={"Accept": "text/plain"})).content
    shown = (await api.get(address, headers={"Accept": "application/json"})).json()
    leaf = leaves_of(log, size)[index]
    assert b'"credits.retired"' in leaf
    return Received(file, shown, leaf, index, log, tmp_path)


async def test_a_receipt_is_proven_in_both_forms(received: Received) -> None:
    for content in (received.file, received.packed()):
        verdict = received.verified(content)
        assert (verdict.code, verdict.err) == (0, ""), verdict.said
        assert f"Act {received.index} is in registry.test/log, as signed at" in verdict.said
        assert received.leaf.decode() in verdict.out
        assert verdict.out.endswith("\nPROVEN\n")


async def test_the_json_is_proven_without_any_log(received: Received, tmp_path: Path) -> None:
    """It brings the act; only the key has to come from elsewhere."""
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    key = (received.log / "key").read_text().strip()
    path = tmp_path / "receipt.json"
    path.write_bytes(received.packed())
    assert verify_here(nothing, "--receipt", path, "--key", key).code == 0
    path.write_bytes(received.file)
    verdict = verify_here(nothing, "--receipt", path, "--key", key)
    assert "NOT CLEAN: entries_missing " in verdict.said


async def test_a_receipt_stays_proven_when_its_partial_tile_is_gone(received: Received) -> None:
    """A static host removes it once the full one is there."""
    size = received.shown["size"]
    tile = Tile(BUNDLE, 0, size)
    full = [*leaves_of(received.log, size), *[b"later"] * WIDTH][:WIDTH]
    (received.log / tile.path).unlink()
    Forger(received.log).put(tile.full.path, encode_bundle(full))
    assert received.verified(received.file).code == 0


Forge = Callable[[Received], bytes]


def line(number: int, change: Callable[[bytes], bytes]) -> Forge:
    """Change one line of the file."""

    def forge(received: Received) -> bytes:
        lines = received.file.split(b"\n")
        lines[number] = change(lines[number])
        return b"\n".join(lines)

    return forge


def other_hash(encoded: bytes) -> bytes:
    hash_of = bytearray(base64.b64decode(encoded))
    hash_of[0] ^= 1
    return base64.b64encode(hash_of)


def without_a_hash(received: Received) -> bytes:
    lines = received.file.split(b"\n")
    return b"\n".join([*lines[:2], *lines[3:]])


def other_root(received: Received) -> bytes:
    """The checkpoint says another root; its signature is of the true one."""
    head, _, note = received.file.partition(b"\n\n")
    origin, size, root, rest = note.split(b"\n", 3)
    return b"\n\n".join([head, b"\n".join([origin, size, other_hash(root), rest])])


def by_another_key(received: Received) -> bytes:
    forger = Forger(received.at / "forged")
    forger.publish(leaves_of(received.log, received.shown["size"]))
    head, _, _ = received.file.partition(b"\n\n")
    return head + b"\n\n" + (forger.folder / "checkpoint").read_bytes()


FORGERIES: Final[dict[str, tuple[str, Forge]]] = {
    "another index": ("receipt_false", line(1, lambda _: b"index 3")),
    "an index beyond the log": ("entries_missing", line(1, lambda _: b"index 4000000")),
    "an index without bounds": ("receipt_malformed", line(1, lambda _: b"index " + b"9" * 40)),
    "a negative index": ("receipt_malformed", line(1, lambda _: b"index -1")),
    "another hash": ("receipt_false", line(2, other_hash)),
    "a hash that is too short": ("receipt_malformed", line(2, lambda _: b"AAAA")),
    "a hash less": ("receipt_false", without_a_hash),
    "a hash more": ("receipt_false", line(2, lambda said: said + b"\n" + said)),
    "a line of extra data": ("receipt_malformed", line(0, lambda said: said + b"\nextra AAAA")),
    "another format": ("receipt_malformed", line(0, lambda _: b"c2sp.org/tlog-proof@v2")),
    "another root": ("signature_false", other_root),
    "a checkpoint by another key": ("not_signed", by_another_key),
    "no checkpoint": (
        "receipt_malformed",
        lambda received: received.file.partition(b"\n\n")[0] + b"\n",
    ),
    "nothing": ("receipt_malformed", lambda _: b""),
    "a picture": ("receipt_malformed", lambda _: b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    "JSON with another leaf": (
        "receipt_false",
        lambda received: received.packed(
            leaf=base64.b64encode(received.leaf.replace(b"20", b"90", 1)).decode()
        ),
    ),
    "JSON with a leaf that is no base64": (
        "receipt_malformed",
        lambda received: received.packed(leaf="*"),
    ),
    "JSON with another index": ("receipt_malformed", lambda received: received.packed(log_index=3)),
    "JSON with another size": ("receipt_malformed", lambda received: received.packed(size=3)),
    "JSON with another proof": ("receipt_malformed", lambda received: received.packed(proof=[])),
    "JSON with another checkpoint": (
        "receipt_malformed",
        lambda received: received.packed(checkpoint="other\n"),
    ),
    "JSON without a receipt": ("receipt_malformed", lambda received: received.packed(receipt=None)),
    "JSON that is nested without end": ("receipt_malformed", lambda _: b'{"a":' + b"[" * 200_000),
    "JSON with half a letter": (
        "receipt_malformed",
        lambda received: received.packed().replace(b'"leaf"', b'"leaf":"\\ud800","leaf"', 1)[:-5],
    ),
    "JSON of nothing": ("receipt_malformed", lambda _: b"{}"),
}


async def test_a_forged_receipt_is_refused_with_its_reason(received: Received) -> None:
    for name, (code, forge) in FORGERIES.items():
        forged = forge(received)
        assert forged != received.file
        verdict = received.verified(forged)
        assert (verdict.code, verdict.out) == (1, ""), f"{name}: {verdict.said}"
        assert f"NOT CLEAN: {code} " in verdict.said, f"{name}: {verdict.said}"
    assert received.verified(received.file).code == 0


@pytest.mark.no_cover  # each byte in turn; other tests cover the lines
async def test_any_byte_of_a_receipt_that_is_changed_is_found(received: Received) -> None:
    """Its file has no byte that says nothing."""
    for place in range(len(received.file)):
        forged = bytearray(received.file)
        forged[place] ^= 1 + place % 255
        verdict = received.verified(bytes(forged))
        assert (verdict.code, verdict.out) == (1, ""), f"byte {place}: {verdict.said}"
        assert "NOT CLEAN: " in verdict.said


async def test_a_leaf_that_steers_terminals_is_shown_as_text(received: Received) -> None:
    """A forger's receipt is right by the forger's key, and shown to whoever asks."""
    leaf = '{"name":"\x1b]0;owned\x07\x9b2J\u202eCLEAN\r\n"}'.encode()
    forger = Forger(received.at / "forged")
    forger.publish([leaf])
    note = (forger.folder / "checkpoint").read_bytes()
    content = b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note
    verdict = received.verified(content, "--key", forger.verifier)
    assert verdict.code == 1  # the log there holds another act
    path = received.at / "receipt"
    verdict = verify_here(forger.folder, "--receipt", path)
    assert verdict.code == 0
    assert all(mark.isprintable() or mark == "\n" for mark in verdict.out)
    assert "\\x1b]0;owned\\x07\\x9b2J\\u202eCLEAN\\r\\n" in verdict.out
