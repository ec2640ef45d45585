"""Checkpoints: three lines, one spelling, and no byte that can be changed under its signatures."""

import base64
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.log.checkpoints import SIZE_MAX, Checkpoint, parse_checkpoint, parse_size
from app.registry.log.merkle import EMPTY_ROOT
from app.registry.log.notes import (
    NAME_CHARACTERS_MAX,
    ForgedError,
    MalformedError,
    Note,
    Signature,
    cosign,
    sign,
)
from tests.builders.trees import ORIGIN, a_key, a_log_key, a_witness_key, flipped

ROOT: Final = bytes(range(32))
ENCODED: Final = base64.b64encode(ROOT).decode()
STRANGER: Final = Signature("stranger.example", b"\x01\x02\x03\x04", b"whatever it signs with")

checkpoints = st.builds(
    Checkpoint,
    st.text(
        st.characters(exclude_categories=("C", "Z"), exclude_characters="+"),
        min_size=1,
        max_size=40,
    ).filter(str.isprintable),
    st.integers(1, SIZE_MAX),
    st.binary(min_size=32, max_size=32),
)


def test_a_checkpoint_is_three_lines() -> None:
    made = Checkpoint(ORIGIN, 20852163, ROOT)
    assert made.text == f"{ORIGIN}\n20852163\n{ENCODED}\n"
    assert Checkpoint.parse(made.text) == made


@given(checkpoints)
def test_a_checkpoint_is_read_back_from_its_text(checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(checkpoint.text) == checkpoint


@given(st.text(max_size=60) | checkpoints.map(lambda made: made.text))
def test_whatever_is_read_is_what_was_signed(text: str) -> None:
    """The text of what was read is the text that was read: there is nothing to differ on."""
    try:
        read = Checkpoint.parse(text)
    except MalformedError:
        return
    assert read.text == text


def test_an_empty_log_has_one_root() -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert Checkpoint.parse(empty.text) == empty
    with pytest.raises(MalformedError, match="empty log"):
        Checkpoint.parse(Checkpoint(ORIGIN, 0, ROOT).text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "three lines"),
        (ORIGIN, "three lines"),
        (f"{ORIGIN}\n7\n", "three lines"),
        (f"{ORIGIN}\n7\n{ENCODED}", "three lines"),
        (f"{ORIGIN}\n7\n{ENCODED}\n\n", "three lines"),
        (f"{ORIGIN}\n7\n{ENCODED}\nan extension\n", "three lines"),
        (f"\n{ORIGIN}\n7\n{ENCODED}\n", "three lines"),
        (f"\n7\n{ENCODED}\n", "name"),
        (f"two words\n7\n{ENCODED}\n", "name"),
        (f"a+b\n7\n{ENCODED}\n", "name"),
        (f"{'a' * (NAME_CHARACTERS_MAX + 1)}\n7\n{ENCODED}\n", "name"),
        (f"{ORIGIN}\n\n{ENCODED}\n", "no size"),
        (f"{ORIGIN}\r\n7\n{ENCODED}\n", "name"),
        (f"{ORIGIN}\n7\r\n{ENCODED}\n", "no size"),
        (f"{ORIGIN}\n7\n{ENCODED}\r\n", "base64"),
        (f"{ORIGIN}\n7\n{ENCODED} \n", "base64"),
        (f"{ORIGIN}\n7\n{ENCODED[:-1]}\n", "base64"),
        (f"{ORIGIN}\n7\n{ENCODED[:-2]}9=\n", "canonical"),
        (f"{ORIGIN}\n7\n\n", "0 bytes"),
        (f"{ORIGIN}\n7\n{base64.b64encode(ROOT[:31]).decode()}\n", "31 bytes"),
        (f"{ORIGIN}\n7\n{base64.b64encode(ROOT * 2).decode()}\n", "64 bytes"),
        (f"{ORIGIN}\n7\n{ROOT.hex()}\n", "48 bytes"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        Checkpoint.parse(text)


# ------------------------------------------------------------------ sizes


@given(st.integers(0, SIZE_MAX))
def test_a_size_is_read_from_its_decimal_digits(size: int) -> None:
    assert parse_size(str(size)) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+1000",
        "-1",
        "-0",
        "00",
        "01",
        " 1",
        "1 ",
        "1\n",
        "1_000",
        "1.0",
        "1e3",
        "0x10",
        "١٢",  # Arabic-Indic digits
        "๑๒",  # Thai digits
        "\uff11\uff12",  # full-width digits
        "²",
        "nan",
        str(SIZE_MAX + 1),
        "9" * 19,
        "1" * 20,
        "1" * 5_000,  # more digits than Python turns into a number
    ],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    """Two spellings of one size would be two signed texts that mean one thing."""
    with pytest.raises(MalformedError, match="no size"):
        parse_size(text)
    with pytest.raises(MalformedError):
        Checkpoint.parse(f"{ORIGIN}\n{text}\n{ENCODED}\n")


# ------------------------------------------------------------------ nothing can be changed

KEYS: Final = [a_log_key(), a_witness_key(2), a_witness_key(3)]


def a_cosigned_checkpoint() -> bytes:
    text = Checkpoint(ORIGIN, 66_000, ROOT).text
    cosigned = [cosign(f"witness-{n}.example", a_key(n), text, at=1_795_500_000) for n in (2, 3)]
    return Note(text, (sign(ORIGIN, a_key(1), text), STRANGER, *cosigned)).encode()


def verified(data: bytes) -> Checkpoint | None:
    """The checkpoint that log and witnesses vouch for; None where it is refused."""
    try:
        note, checkpoint = parse_checkpoint(data)
        return checkpoint if note.signers(KEYS) == KEYS else None
    except (MalformedError, ForgedError):
        return None


def test_no_bit_of_a_cosigned_checkpoint_can_be_turned_round() -> None:
    """Except in the line of a signer nobody here knows, which says nothing, changed or not."""
    data = a_cosigned_checkpoint()
    right = Checkpoint(ORIGIN, 66_000, ROOT)
    assert verified(data) == right
    line = f"{STRANGER}".encode()
    of_the_stranger = range(data.index(line), data.index(line) + len(line))
    for place, bit in product(range(len(data)), range(8)):
        found = verified(flipped(data, place * 8 + bit))
        assert found is None or (found == right and place in of_the_stranger), (place, bit)


@pytest.mark.no_cover  # each byte in turn; other tests cover the lines
def test_no_other_byte_stands_for_any_byte_of_what_is_signed() -> None:
    """All 255 others, in the three lines."""
    data = a_cosigned_checkpoint()
    for place in range(len(Checkpoint(ORIGIN, 66_000, ROOT).text)):
        for value in range(256):
            if value != data[place]:
                assert verified(data[:place] + bytes([value]) + data[place + 1 :]) is None


def test_a_note_that_holds_no_checkpoint_is_refused_before_any_signature_is_tried() -> None:
    text = "hello\n"
    data = Note(text, (sign(ORIGIN, a_key(1), text),)).encode()
    with pytest.raises(MalformedError, match="three lines"):
        parse_checkpoint(data)
