"""A body is read as every other reader reads it, or refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entry.strict_json import StrictJsonError, read

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
    ],
)
def test_what_only_looks_like_it_is_read(body: bytes, value: object) -> None:
    assert read(body) == value
