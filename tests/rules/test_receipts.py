"""Receipts: one file that proves an act, and no byte of it that can be changed."""

import base64
from itertools import product
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.registry.log.checkpoints import Checkpoint
from app.registry.log.merkle import HASH_BYTES
from app.registry.log.notes import ForgedError, MalformedError, Note, Signature, cosign, sign
from app.registry.log.receipts import Receipt, encode_receipt
from tests.builders.trees import ORIGIN, a_key, a_log_key, a_tree, a_witness_key, flipped

TREE: Final = a_tree(300)
KEYS: Final = [a_log_key(), a_witness_key(2)]
STRANGER: Final = Signature("stranger.example", b"\x01\x02\x03\x04", b"whatever it signs with")
HEAD: Final = "c2sp.org/tlog-proof@v1"
HASH: Final = base64.b64encode(bytes(HASH_BYTES)).decode()


def a_note(size: int) -> Note:
    """A cosigned checkpoint of the tree at a size, with a line of somebody nobody knows."""
    text = Checkpoint(ORIGIN, size, TREE.roots[size]).text
    cosigned = cosign("witness-2.example", a_key(2), text, at=1_795_500_000)
    return Note(text, (sign(ORIGIN, a_key(1), text), STRANGER, cosigned))


def a_receipt(index: int, size: int) -> bytes:
    return encode_receipt(index, TREE.inclusion(index, size), a_note(size).encode())


def proven(data: bytes, leaf: bytes) -> tuple[int, Checkpoint] | None:
    """What a receipt proves of a leaf: its place in a log that both keys vouch for; or nothing."""
    try:
        receipt = Receipt.parse(data)
        vouched = receipt.note.signers(KEYS) == KEYS
    except (MalformedError, ForgedError):
        return None
    return (receipt.index, receipt.checkpoint) if vouched and receipt.proves(leaf) else None


places = st.integers(1, TREE.size).flatmap(
    lambda size: st.tuples(st.integers(0, size - 1), st.just(size))
)


@settings(deadline=None)
@given(places)
def test_a_receipt_proves_its_leaf_and_no_other(place: tuple[int, int]) -> None:
    index, size = place
    data = a_receipt(index, size)
    assert proven(data, TREE.leaves[index]) == (
        index,
        Checkpoint(ORIGIN, size, TREE.roots[size]),
    )
    assert proven(data, TREE.leaves[(index + 1) % TREE.size]) is None
    assert proven(data, TREE.leaves[index] + b"\x00") is None


@settings(deadline=None)
@given(places)
def test_a_receipt_is_read_back_and_written_again_byte_for_byte(place: tuple[int, int]) -> None:
    data = a_receipt(*place)
    assert Receipt.parse(data).encode() == data


def test_a_receipt_reads_as_the_format_shows() -> None:
    lines = a_receipt(5, 6).decode().split("\n")
    assert lines[:2] == [HEAD, "index 5"]
    assert [base64.b64decode(line) for line in lines[2:4]] == TREE.inclusion(5, 6)
    assert lines[4] == ""
    assert "\n".join(lines[5:]).encode() == a_note(6).encode(), "the checkpoint as it was published"


def test_a_log_of_one_act_needs_no_hash() -> None:
    data = a_receipt(0, 1)
    assert data.startswith(f"{HEAD}\nindex 0\n\n{ORIGIN}\n1\n".encode())
    assert proven(data, TREE.leaves[0]) is not None


@pytest.mark.no_cover  # each bit in turn; other tests cover the lines
@pytest.mark.parametrize(("index", "size"), [(0, 1), (5, 6), (255, 300), (299, 300)])
def test_no_bit_of_a_receipt_can_be_turned_round(index: int, size: int) -> None:
    """
    Except in the line of a signer nobody here knows, which says nothing, changed or not: what is
    proven is then the same.
    """
    data = a_receipt(index, size)
    right = proven(data, TREE.leaves[index])
    assert right is not None
    line = f"{STRANGER}".encode()
    of_the_stranger = range(data.index(line), data.index(line) + len(line))
    for place, bit in product(range(len(data)), range(8)):
        found = proven(flipped(data, place * 8 + bit), TREE.leaves[index])
        assert found is None or (found == right and place in of_the_stranger), (place, bit)


def test_nothing_can_be_left_out_or_put_in() -> None:
    data, leaf = a_receipt(5, 6), TREE.leaves[5]
    lines = data.decode().split("\n")
    for place in range(len(data)):
        assert proven(data[:place], leaf) is None
        assert proven(data[:place] + b"\n" + data[place:], leaf) is None
    for number in range(4):
        assert proven("\n".join(lines[:number] + lines[number + 1 :]).encode(), leaf) is None
        assert proven("\n".join([*lines[:number], HASH, *lines[number:]]).encode(), leaf) is None
    assert proven(data + b"\n", leaf) is None


def test_an_index_beyond_the_log_proves_nothing() -> None:
    note = a_note(6).encode()
    for index in (6, 2**63 - 1):
        assert proven(encode_receipt(index, TREE.inclusion(5, 6), note), TREE.leaves[5]) is None


NOTE: Final = a_note(6).encode().decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty line"),
        (HEAD, "empty line"),
        (f"{HEAD}\nindex 5\n{NOTE.replace(chr(10) * 2, chr(10))}", "empty line"),
        (f"{HEAD}\n\n{NOTE}", "format and an index"),
        (f"\n\n{NOTE}", "format and an index"),
        (f"index 5\n\n{NOTE}", "format and an index"),
        (f"{HEAD} \nindex 5\n\n{NOTE}", "begins with"),
        (f"{HEAD.upper()}\nindex 5\n\n{NOTE}", "begins with"),
        ("c2sp.org/tlog-proof@v2\nindex 5\n\n" + NOTE, "begins with"),
        (f"{HEAD}\r\nindex 5\n\n{NOTE}", "begins with"),
        (f"{HEAD}\nextra QUJD\nindex 5\n\n{NOTE}", "begins with"),  # nothing vouches for it
        (f"{HEAD}\nIndex 5\n\n{NOTE}", "begins with"),
        (f"{HEAD}\nindex\n\n{NOTE}", "begins with"),
        (f"{HEAD}\nindex\t5\n\n{NOTE}", "begins with"),
        (f"{HEAD}\nindex 5\nindex 5\n\n{NOTE}", "base64"),
        (f"{HEAD}\nindex \n\n{NOTE}", "no size"),
        (f"{HEAD}\nindex  5\n\n{NOTE}", "no size"),
        (f"{HEAD}\nindex 05\n\n{NOTE}", "no size"),
        (f"{HEAD}\nindex +5\n\n{NOTE}", "no size"),
        (f"{HEAD}\nindex -1\n\n{NOTE}", "no size"),
        (f"{HEAD}\nindex 5 \n\n{NOTE}", "no size"),
        (f"{HEAD}\nindex {2**63}\n\n{NOTE}", "no size"),
        (f"{HEAD}\nindex ๕\n\n{NOTE}", "format and an index"),
        (f"{HEAD}\nindex 5\nQQ\n\n{NOTE}", "base64"),
        (f"{HEAD}\nindex 5\nQQ==\n\n{NOTE}", "32 bytes"),
        (f"{HEAD}\nindex 5\n{HASH[:-2]}B=\n\n{NOTE}", "canonical"),
        (f"{HEAD}\nindex 5\n{HASH}\n" * 2 + f"\n{NOTE}", "base64"),
        (f"{HEAD}\nindex 5\n" + f"{HASH}\n" * 64 + f"\n{NOTE}", "63 hashes"),
        (f"{HEAD}\nindex 5\n{HASH}\n\n\n{NOTE}", "three lines"),
        (f"{HEAD}\nindex 5\n{HASH}\n\n", "each ended"),
        (f"{HEAD}\nindex 5\n{HASH}\n\n{NOTE[:-1]}", "each ended"),
        (f"{HEAD}\nindex 5\n{HASH}\n\nhello\n\n{STRANGER}\n", "three lines"),
    ],
)
def test_what_is_no_receipt_is_refused(text: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        Receipt.parse(text.encode())


def test_a_proof_may_be_as_long_as_the_deepest_tree() -> None:
    text = f"{HEAD}\nindex 5\n" + f"{HASH}\n" * 63 + f"\n{NOTE}"
    assert len(Receipt.parse(text.encode()).proof) == 63
