"""The one form in which an act is hashed, against an independent implementation of RFC 8785."""

import hashlib
import json
from enum import IntEnum, StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.encoding import canonical_bytes, commitment, sha256
from app.kernel.ids import new_salt
from app.kernel.quantities import CREDITS_MAX

keys = st.text(st.characters(max_codepoint=0x7F), max_size=8)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(-CREDITS_MAX, CREDITS_MAX)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(keys, values, max_size=6))
def test_the_bytes_are_those_of_the_standard(value: dict[str, Any]) -> None:
    """An outsider with any RFC 8785 encoder arrives at the bytes that we hashed."""
    assert canonical_bytes(value) == rfc8785.dumps(value)


@given(st.dictionaries(keys, values, max_size=6))
def test_the_bytes_say_what_was_meant(value: dict[str, Any]) -> None:
    assert json.loads(canonical_bytes(value)) == value


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical_bytes({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":3,"d":2},"b":1}'


def test_text_stays_as_it_is_written() -> None:
    """Thai is not escaped: what stands in the log can be read there."""
    assert canonical_bytes({"a": "ขอนแก่น\n\u0001"}) == '{"a":"ขอนแก่น\\n\\u0001"}'.encode()


def test_words_and_numbers_of_enumerations_are_text_and_numbers() -> None:
    """Decisions hand over their enumerations as they are."""

    class Word(StrEnum):
        A = "a"

    class Number(IntEnum):
        ONE = 1

    assert canonical_bytes({"w": Word.A, "n": Number.ONE, "t": (1, 2)}) == (
        b'{"n":1,"t":[1,2],"w":"a"}'
    )


@pytest.mark.parametrize("number", [CREDITS_MAX, -CREDITS_MAX])
def test_the_largest_exact_number_is_carried(number: int) -> None:
    assert canonical_bytes({"a": number}) == f'{{"a":{number}}}'.encode()


@pytest.mark.parametrize(
    "value",
    [
        {"a": CREDITS_MAX + 1},
        {"a": [-CREDITS_MAX - 1]},
        {"a": 1.0},
        {"a": float("nan")},
        {"a": {"b": [{"c": 0.5}]}},
        {"ก": 1},
        {"a": {"é": 1}},
        {1: "a"},
        {"a": b"bytes"},
        {"a": {1, 2}},
        {"a": object},
    ],
    ids=repr,
)
def test_what_has_no_exact_form_is_refused(value: dict[Any, Any]) -> None:
    """It would be hashed in a form that another reader cannot arrive at."""
    with pytest.raises(ValueError, match=r"ASCII|beyond|no canonical form"):
        canonical_bytes(value)


@pytest.mark.parametrize("text", ["\ud800", "a\udc00b"])
def test_half_of_a_surrogate_pair_is_refused(text: str) -> None:
    """No UTF-8 can carry it."""
    with pytest.raises(UnicodeEncodeError):
        canonical_bytes({"a": text})


def test_a_commitment_is_the_hash_of_salt_and_text() -> None:
    """Whoever is told both can check it with nothing but SHA-256."""
    salt = bytes(range(32))
    expected = hashlib.sha256(salt + "มะลิ ใจดี".encode()).hexdigest()
    assert commitment(salt, "มะลิ ใจดี") == expected
    assert sha256(b"abc") == hashlib.sha256(b"abc").digest()


def test_equal_names_have_unequal_commitments() -> None:
    """Or a name could be found out by trying names."""
    assert commitment(new_salt(), "a name") != commitment(new_salt(), "a name")


def test_a_short_salt_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        commitment(b"salt", "a name")
