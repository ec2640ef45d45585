"""A body is read as every other reader reads it, or refused."""

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entry.strict_json import DEPTH_MAX, StrictJsonError, read

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner
        )
    ),
    max_leaves=20,
)


@given(value=values, ascii_only=st.booleans())
def test_what_others_write_is_read_unchanged(value: object, *, ascii_only: bool) -> None:
    assert read(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_invalid"),
        (b"{", "json_invalid"),
        (b'{"a": 1} 2', "json_invalid"),
        (b"\xff\xfe{}", "json_encoding"),
        (b'{"a": "\xc3\x28"}', "json_encoding"),
        ('{"a": 1}'.encode("utf-16"), "json_encoding"),
        ('{"a": 1}'.encode("utf-16-le"), "json_invalid"),
        (b'\xef\xbb\xbf{"a": 1}', "json_invalid"),
        (b'{"a": 1, "a": 2}', "json_doubled_name"),
        (b'[{"b": {"a": 1, "a": 1}}]', "json_doubled_name"),
        (b'{"a": 1, "\\u0061": 2}', "json_doubled_name"),
        (b'{"a": NaN}', "json_number"),
        (b"[-Infinity]", "json_number"),
        (b'{"a": 1e400}', "json_number"),
        (b'{"a": -1e400}', "json_number"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "json_number"),
        (b"[" * 10_000 + b"]" * 10_000, "json_depth"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "json_depth"),
        (b"[" * 33 + b"]" * 33, "json_depth"),
        (b'[{"a":' * 17 + b"1" + b"}]" * 17, "json_depth"),
        (b"[" * 40, "json_depth"),
        (b'["]\\"]",' * 40 + b"1" + b"]" * 40, "json_depth"),
        (b"[" + b"0," * 100_001 + b"0]", "json_members"),
        (b"[" + b"[]," * 100_001 + b"[]]", "json_members"),
        (b"{" * 500_000, "json_members"),
        (b'{"a": "\\ud800"}', "json_text"),
        (b'{"\\udfff": 1}', "json_text"),
        (b'["\\ude00\\ud83d"]', "json_text"),
        (b'{"a": ["x", {"b": "\\u0000"}]}', "json_text"),
        (b'{"a": "\x00"}', "json_invalid"),
    ],
)
def test_what_readers_differ_over_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(StrictJsonError) as refused:
        read(body)
    assert refused.value.code == code
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'"\\ud83c\\udf33"', "\N{DECIDUOUS TREE}"),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\\\ud800"', "\\ud800"),
        (b'{"a": 1, "b": {"a": 1}}', {"a": 1, "b": {"a": 1}}),
        (b'["' + b"[{" * 50 + b'"]', ["[{" * 50]),
        (b'["\\"' + b"[{" * 50 + b'\\\\"]', ['"' + "[{" * 50 + "\\"]),
        (b'["' + b"," * 200_000 + b'"]', ["," * 200_000]),
        (b'["' + b"[" * 200_000 + b'"]', ["[" * 200_000]),
    ],
)
def test_what_only_looks_like_it_is_read(body: bytes, value: object) -> None:
    assert read(body) == value


marked_texts = st.text('[]{}",\\a', max_size=5).map(json.dumps)
nested = st.recursive(
    marked_texts | st.just("1"),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]")
        | st.tuples(marked_texts, inner).map(lambda member: f"{{{member[0]}:{member[1]}}}")
    ),
    max_leaves=8,
)


@given(text=nested, depth=st.integers(0, 60))
def test_how_deep_a_body_is_does_not_depend_on_what_its_texts_say(text: str, depth: int) -> None:
    """Neither can a bracket in a text hide a level, nor does it make one."""
    body = "[" * depth + text + "]" * depth
    code = None
    try:
        read(body.encode())
    except StrictJsonError as refused:
        code = refused.code
    assert code == ("json_depth" if depth + _depth(json.loads(text)) > DEPTH_MAX else None)


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000 + b"]" * 500_000,
        b'{"a":' * 200_000,
        b"[}" * 500_000,
        b'"' + b'\\"' * 500_000,
        b'"' * 1_000_000,
        b'["' + b"[{," * 300_000 + b'"]',
        b"[" * 50 + b"]" * 900_000,
    ],
)
def test_a_body_made_to_be_expensive_is_not(body: bytes) -> None:
    """A megabyte is all that a body may have; none takes longer than one of honest numbers."""
    honest = b"[" + b",".join([b"1234567890"] * 90_000) + b"]"
    assert _seconds(body) < 20 * _seconds(honest)


def _seconds(body: bytes) -> float:
    taken = []
    for _ in range(3):
        began = time.process_time()
        with contextlib.suppress(StrictJsonError):
            read(body)
        taken.append(time.process_time() - began)
    return min(taken)
