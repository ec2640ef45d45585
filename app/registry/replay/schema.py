"""The published schema of the log's leaves, made from the shapes that the replay reads with."""

import json
from typing import Any, Final

import msgspec

from app.registry.replay.leaves import KINDS
from app.registry.replay.leaves.words import END

SCHEMA_PATH: Final = "/log/leaf-schema.json"
SCHEMA_VERSION: Final = 1  # the ``v`` of the leaves that it describes

_DESCRIPTION: Final = """\
Every act of the register is one leaf of its log: the exact bytes that RFC 6962 hashes, at most
65,535 of them, served in C2SP entry bundles. A leaf is canonical JSON (RFC 8785), of which it uses
a part: objects with ASCII keys, sorted; arrays; strings in UTF-8; true, false and null; whole
numbers from -(2^53 - 1) to 2^53 - 1, never with a point or an exponent. There is no blank outside
strings, a key stands once, and in strings only quotation mark, reverse solidus and the control
characters below U+0020 are escaped, in the shortest way. A reader should refuse a leaf whose
canonical form has other bytes. A field that may be null is always there; a field that is not
required is left out where there is nothing to say. Quantities of CO2 equivalent are decimal text
without superfluous zeros; credits and serials are whole numbers. Dates are days of the Common Era
in Thailand (UTC+7). Names of natural persons, addresses and free text about them never stand in a
leaf: `..._commitment` and `statement` are the SHA-256 of 32 random bytes and the text, kept apart
so that they can be erased."""


def leaf_schema() -> dict[str, Any]:
    """
    Return the schema of all leaves as one JSON Schema document, of the draft 2020-12.

    Returns:
        A document whose ``oneOf`` has one shape per kind of act, told apart by ``kind``; what an
        act means, and what a replayer does with it, is the description of its shape.
    """
    shapes = list(KINDS.values())
    roots, definitions = msgspec.json.schema_components(shapes, ref_template="#/$defs/{name}")
    for kind, shape in KINDS.items():
        described = definitions[shape.__name__]
        described["properties"]["kind"] = {"const": kind, "description": "What was done."}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_PATH,
        "title": "Leaves of the carbon credit registry's log",
        "description": " ".join(_DESCRIPTION.split()),
        "version": SCHEMA_VERSION,
        "oneOf": list(roots),
        "$defs": dict(sorted(definitions.items())),
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def leaf_schema_bytes() -> bytes:
    """Return the schema as it is published: JSON, indented for people."""
    return (json.dumps(leaf_schema(), ensure_ascii=False, indent=1) + "\n").encode()


def _plain(value: Any) -> Any:  # noqa: ANN401  any part of a JSON document
    """Write patterns for JSON Schema, where $ is the end, and texts on one line."""
    if isinstance(value, dict):
        return {name: _text(name, part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _text(name: str, part: Any) -> Any:  # noqa: ANN401  any part of a JSON document
    if name == "pattern" and isinstance(part, str):
        return part.removesuffix(END)
    if name == "description" and isinstance(part, str):
        return " ".join(part.split())
    return _plain(part)
