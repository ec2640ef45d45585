"""A file that was sealed in pieces opens whole, in order, to its end, or not at all."""

import secrets
from itertools import pairwise

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from app.entry import sealing
from app.entry.sealing import PIECE_BYTES, TAG_BYTES, Opener, Sealer

KEY = bytes(range(32))
BOUND = b"file\napf_1\n00"
SEALED = PIECE_BYTES + TAG_BYTES
SIZES = [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 3 * PIECE_BYTES + 7]


def sealed(content: bytes, cuts: list[int] | None = None) -> bytes:
    sealer = Sealer(KEY, BOUND)
    return b"".join(map(sealer.feed, portions(content, cuts or []))) + sealer.finish()


def opened(content: bytes, cuts: list[int] | None = None, *, bound: bytes = BOUND) -> bytes:
    opener = Opener(KEY, bound)
    return b"".join(map(opener.feed, portions(content, cuts or []))) + opener.finish()


def portions(content: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    return [content[start:end] for start, end in pairwise(places)]


def pieces(content: bytes) -> list[bytes]:
    return [content[start : start + SEALED] for start in range(0, len(content), SEALED)]


@given(
    size=st.sampled_from(SIZES) | st.integers(1, 4 * PIECE_BYTES),
    first=st.lists(st.integers(0, 2**20), max_size=5),
    second=st.lists(st.integers(0, 2**20), max_size=5),
)
def test_it_opens_however_it_comes(size: int, first: list[int], second: list[int]) -> None:
    content = secrets.token_bytes(size)
    kept = sealed(content, first)
    assert kept == sealed(content)
    assert len(kept) == size + TAG_BYTES * -(-size // PIECE_BYTES)
    assert opened(kept, second) == content


@pytest.mark.parametrize("size", SIZES)
def test_a_file_is_never_open_before_its_end_is_known(size: int) -> None:
    """What is missing is found before the last piece goes out, wherever it was cut off."""
    content = secrets.token_bytes(size)
    whole = sealed(content)
    for left in {0, 1, TAG_BYTES, len(whole) - 1, *range(0, len(whole), SEALED)}:
        opener = Opener(KEY, BOUND)
        begun = opener.feed(whole[:left])
        assert begun == content[: len(begun)]
        assert len(begun) < size
        with pytest.raises(InvalidTag):
            opener.finish()


@given(data=st.data())
def test_pieces_in_another_order_or_number_are_refused(data: st.DataObject) -> None:
    own = pieces(sealed(secrets.token_bytes(3 * PIECE_BYTES + 100)))
    other = pieces(sealed(secrets.token_bytes(3 * PIECE_BYTES + 100)))
    foreign = Sealer(bytes(32), BOUND)
    foreign_piece = foreign.feed(bytes(PIECE_BYTES + 1))
    mixed = data.draw(st.lists(st.sampled_from([*own, foreign_piece]), min_size=1, max_size=6))
    if mixed != own:
        with pytest.raises(InvalidTag):
            opened(b"".join(mixed))
    assert opened(b"".join(own)) != opened(b"".join(other))


@given(place=st.integers(0, 2**20), bit=st.integers(0, 7))
def test_a_bit_that_was_changed_is_found(place: int, bit: int) -> None:
    whole = bytearray(sealed(secrets.token_bytes(2 * PIECE_BYTES)))
    whole[place % len(whole)] ^= 1 << bit
    with pytest.raises(InvalidTag):
        opened(bytes(whole))


def test_it_opens_for_what_it_belongs_to_alone() -> None:
    with pytest.raises(InvalidTag):
        opened(sealed(b"words"), bound=b"file\napf_2\n00")


def test_its_form_is_the_one_that_is_described() -> None:
    """Read by hand, with nothing of ours: others must be able to."""
    content = secrets.token_bytes(PIECE_BYTES + 3)
    first, last = pieces(sealed(content))
    cipher = AESGCM(KEY)
    assert cipher.decrypt(bytes(12), first, BOUND) == content[:PIECE_BYTES]
    assert cipher.decrypt(bytes(10) + b"\x01\x01", last, BOUND) == content[PIECE_BYTES:]
    assert sealing.PIECE_BYTES == 65_536
