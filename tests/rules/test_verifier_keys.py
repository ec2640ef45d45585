"""Verifier keys, their names and their base64: one spelling each, and weak keys refused."""

import base64
from collections.abc import Callable
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from app.registry.log.notes import (
    NAME_CHARACTERS_MAX,
    KeyKind,
    MalformedError,
    VerifierKey,
    check_name,
    check_strong,
    decode_base64,
    verifier_of,
)
from tests.builders.trees import a_log_key, a_witness_key, flipped

KEYS: Final = [a_log_key(), a_witness_key(2)]
names = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="+"), min_size=1, max_size=40
).filter(str.isprintable)
keys = st.binary(min_size=32, max_size=32).map(Ed25519PrivateKey.from_private_bytes)


@given(names, st.sampled_from(KeyKind), keys)
def test_a_key_is_read_back_from_its_line(
    name: str, kind: KeyKind, private: Ed25519PrivateKey
) -> None:
    key = verifier_of(name, kind, private)
    assert VerifierKey.parse(str(key)) == key


def test_no_bit_of_a_key_can_be_turned_round() -> None:
    for line in map(str, KEYS):
        for bit in range(len(line) * 8):
            changed = flipped(line.encode(), bit).decode("latin-1")
            with pytest.raises(MalformedError):
                VerifierKey.parse(changed)


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a+b", "a\tb", "a\nb", "a\u00a0b", "a\u2003b", "a\x7fb", "a\u200bb"]
)
def test_a_name_that_no_note_can_carry_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        check_name(name)


def test_a_name_has_an_end() -> None:
    check_name("ก" * NAME_CHARACTERS_MAX)
    with pytest.raises(MalformedError, match="characters"):
        check_name("ก" * (NAME_CHARACTERS_MAX + 1))


def a_line(name: str, kinded: bytes) -> str:
    """A key's line with the id that its bytes have, whatever they are."""
    made = VerifierKey(name, KeyKind.LOG, kinded[1:])
    right_id = made.id.hex() if kinded[:1] == b"\x01" else "00000000"
    return f"{name}+{right_id}+{base64.b64encode(kinded).decode()}"


GOOD: Final = a_log_key()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "form"),
        ("name", "form"),
        ("name+c74f20a3", "form"),
        (f"{GOOD}+", "base64"),
        (f"{GOOD} ", "base64"),
        (f"{GOOD}\n", "base64"),
        (f" {GOOD}", "spaces"),
        (str(GOOD).partition("+")[2], "form"),
        (f"+{str(GOOD).partition('+')[2]}", "name"),
        (str(GOOD).replace(GOOD.id.hex(), GOOD.id.hex().upper()), "id"),
        (str(GOOD).replace(GOOD.id.hex(), ""), "id"),
        (str(GOOD).replace(GOOD.id.hex(), f"{GOOD.id.hex()}00"), "id"),
        (str(a_log_key(2)).replace(a_log_key(2).id.hex(), GOOD.id.hex()), "id"),
        (a_line("n", b"\x01" + GOOD.key[:-1]), "Ed25519"),
        (a_line("n", b"\x01" + GOOD.key + b"\x00"), "Ed25519"),
        (a_line("n", b"\x02" + GOOD.key), "Ed25519"),
        (a_line("n", b"\x06" + GOOD.key), "Ed25519"),
        (a_line("n", b"\x00" + GOOD.key), "Ed25519"),
        (a_line("n", b""), "Ed25519"),
    ],
)
def test_what_is_no_key_is_refused(line: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        VerifierKey.parse(line)


P: Final = 2**255 - 19
D: Final = -121665 * pow(121666, -1, P) % P
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int]


def added(one: Point, other: Point) -> Point:
    """The sum of two points of Edwards25519 (RFC 8032 section 5.1.4, in whole numbers)."""
    (x1, y1), (x2, y2) = one, other
    both = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + both, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - both, -1, P) % P,
    )


def times(number: int, point: Point) -> Point:
    total: Point = (0, 1)
    while number:
        if number & 1:
            total = added(total, point)
        point, number = added(point, point), number >> 1
    return total


def small_order_points() -> set[Point]:
    """All eight: what is left of any point multiplied by the large prime factor of the order."""
    for y in range(2, 100):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        root = pow(square, (P + 3) // 8, P)
        for x in (root, root * pow(2, (P - 1) // 4, P) % P):
            if x * x % P == square:
                left = times(ORDER, (x, y))
                found = {times(number, left) for number in range(8)}
                if len(found) == 8:
                    return found
    raise AssertionError


def encoded(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def test_every_key_of_small_order_is_refused() -> None:
    """All eight points, computed here, with either sign."""
    points = {encoded(point) for point in small_order_points()}
    assert len(points) == 8
    for point in points | {flipped(point, 255) for point in points}:
        with pytest.raises(MalformedError, match="small order"):
            check_strong(point)
        with pytest.raises(MalformedError, match="small order"):
            VerifierKey.parse(a_line("n", b"\x01" + point))


def test_with_a_key_of_small_order_anybody_could_sign_anything() -> None:
    """Why they are refused: the library that verifies does not."""
    neutral = encoded((0, 1))
    forged = neutral + bytes(32)
    for text in (b"one", b"another"):
        Ed25519PublicKey.from_public_bytes(neutral).verify(forged, text)


@pytest.mark.parametrize("above", range(19))
def test_a_key_has_one_spelling(above: int) -> None:
    """A number that is not below the field's prime stands for another, with its own spelling."""
    for sign_bit in (0, 1 << 255):
        with pytest.raises(MalformedError, match="canonical"):
            check_strong((P + above | sign_bit).to_bytes(32, "little"))


@given(keys)
def test_real_keys_are_strong(key: Ed25519PrivateKey) -> None:
    check_strong(key.public_key().public_bytes_raw())


# ------------------------------------------------------------------ base64


@given(st.binary(max_size=40))
def test_base64_has_one_spelling(data: bytes) -> None:
    right = base64.b64encode(data).decode()
    assert decode_base64(right, "it") == data
    spellings: list[Callable[[str], str]] = [
        lambda text: text.rstrip("=") if text.endswith("=") else f"{text}=",
        lambda text: f"{text}\n",
        lambda text: f" {text}",
        lambda text: f"{text[:2]}\n{text[2:]}",
    ]
    for spelling in spellings:
        with pytest.raises(MalformedError, match="it is not"):
            decode_base64(spelling(right), "it")


@pytest.mark.parametrize(
    "text", ["QQ=", "QR==", "QQ", "Q", "====", "QQ==QQ==", "QQ==\x00", "Ǿ", "-_8=", "QQ==="]
)
def test_another_spelling_of_base64_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="base64"):
        decode_base64(text, "it")
