"""
JSON in the form that every reader reads alike (RFC 8259 with the advice of RFC 7493).

Python's reader takes more: the last of two equal names, NaN, numbers that overflow to infinity,
halves of surrogate pairs, UTF-16. Whoever signs or checks a request with another reader would see
another request.

It is modest too: how deep it may nest, and how much there may be in it, is looked at before it is
parsed, so that a body made to be expensive is not. (How deep Python's reader goes by itself depends
on its version and on who calls it.)
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

DEPTH_MAX: Final = 32  # our deepest body has five levels
MEMBERS_MAX: Final = 100_000  # a thousand acts in one body have some thirty thousand

# Escapes that make text which UTF-8 or the database cannot hold; whether they do is looked at then.
_SUSPECT: Final = re.compile(r"\\u(0000|[dD][89a-fA-F])")
# A text, or the beginning of one that does not end: so it fits at every quote, and takes one pass.
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NO_MARKS: Final = bytes(set(range(256)) - set(b'[]{}"'))


class StrictJsonError(ValueError):
    """The bytes are not JSON in the strict form; the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read(body: bytes) -> object:
    """
    Read a body.

    Raises:
        StrictJsonError: it is not JSON, or JSON that readers differ over.
    """
    _require_modest(body)
    try:
        text = body.decode("utf-8")
        value: object = _decoder.decode(text)
    except StrictJsonError:
        raise
    except UnicodeDecodeError:
        raise StrictJsonError("json_encoding", "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise StrictJsonError("json_invalid", f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise StrictJsonError("json_depth", "lists and objects are nested too deeply") from None
    except ValueError:  # Python's own limit on digits
        raise StrictJsonError("json_number", "a number has too many digits") from None
    if _SUSPECT.search(text):
        for part in _texts(value):
            _require_storable(part)
    return value


def _require_modest(body: bytes) -> None:
    # Nearly always counting suffices, though brackets and commas in texts count too.
    openings = body.count(b"[") + body.count(b"{")
    if openings > DEPTH_MAX:
        if openings > MEMBERS_MAX:
            body = _TEXT.sub(b"", body)
            _require_few(body.count(b"[") + body.count(b"{"))
        _require_shallow(body)
    if len(body) > MEMBERS_MAX and body.count(b",") > MEMBERS_MAX:
        _require_few(_TEXT.sub(b"", body).count(b","))


def _require_shallow(body: bytes) -> None:
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # A text without brackets is two quotes by now. Where one has some, a quote stays.
    marks = body.translate(None, _NO_MARKS).replace(b'""', b"")
    if b'"' in marks:
        marks = _TEXT.sub(b"", body).translate(None, _NO_MARKS)
    depth = 0
    for mark in marks:
        depth += 1 if mark in b"[{" else -1
        if depth > DEPTH_MAX:
            message = f"lists and objects are nested deeper than {DEPTH_MAX} levels"
            raise StrictJsonError("json_depth", message)


def _require_few(members: int) -> None:
    if members > MEMBERS_MAX:
        message = f"lists and objects have more than {MEMBERS_MAX} members in all"
        raise StrictJsonError("json_members", message)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        message = f"the name {ascii(doubled)[:80]} stands twice in one object"
        raise StrictJsonError("json_doubled_name", message)
    return members


def _constant(name: str) -> object:
    raise StrictJsonError("json_number", f"{name} is not a number of JSON")


def _fraction(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise StrictJsonError("json_number", "a number is too large")
    return value


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_fraction
)


def _texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            waiting.extend(part.keys())
            waiting.extend(part.values())


def _require_storable(text: str) -> None:
    if "\0" in text:
        raise StrictJsonError("json_text", "text may not contain the NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        message = "text may not contain half of a surrogate pair"
        raise StrictJsonError("json_text", message) from None
