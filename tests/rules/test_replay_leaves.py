"""Every leaf has one form: what is not exactly it, is refused by us and by the published schema."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.encoding import LEAF_BYTES_MAX
from app.registry.replay.faults import LeafFault
from app.registry.replay.leaves import KINDS, decode
from app.registry.replay.leaves.parties import PartyRenamed
from app.registry.replay.leaves.words import Act
from app.registry.replay.schema import SCHEMA_PATH, leaf_schema, leaf_schema_bytes
from tests.builders.replay import BUYERS_ACCOUNT, OWNERS_ACCOUNT, PREFIX, a_leaf, issued, moved

REGISTRY = Path(__file__).parent.parent.parent / "app" / "registry"
TRANSFER = issued().move(OWNERS_ACCOUNT, BUYERS_ACCOUNT, (PREFIX, 1, 10)).leaves[-1]
SCHEMA = jsonschema_rs.Draft202012Validator(leaf_schema(), validate_formats=True)


def refused(leaf: bytes) -> str:
    with pytest.raises(LeafFault) as fault:
        decode(leaf)
    return fault.value.code


def test_every_kind_that_the_code_writes_has_a_shape() -> None:
    """A kind without one could not be replayed by anybody."""
    written: set[str] = set()
    for file in REGISTRY.glob("*/operations*/**/*.py"):
        written |= set(re.findall(r'"([a-z]+\.[a-z_]+)"', file.read_text(encoding="utf-8")))
    for file in REGISTRY.glob("*/operations.py"):
        written |= set(re.findall(r'"([a-z]+\.[a-z_]+)"', file.read_text(encoding="utf-8")))
    assert written - set(KINDS) == set()
    assert set(KINDS) - written <= {"person.erased"}


def test_real_leaves_are_read_and_fit_the_published_schema() -> None:
    log = issued()
    assert log.leaves
    for leaf in log.leaves:
        assert decode(leaf).v == 1
        assert SCHEMA.is_valid(json.loads(leaf))


@pytest.mark.parametrize(
    "changed",
    [
        TRANSFER.replace(b'"v":1', b'"v": 1'),
        TRANSFER.replace(b'"v":1', b'"v":1,"v":1'),
        TRANSFER.replace(b'"v":1', b'"v":1.0'),
        TRANSFER.replace(b'"credits":10', b'"credits":1e1'),
        TRANSFER.replace(b'"credits":10', b'"credits":10.0'),
        TRANSFER.replace(b'"batch":"TH', b'"batch":"\\u0054H'),
        TRANSFER + b"\n",
        b" " + TRANSFER,
        json.dumps(dict(reversed(json.loads(TRANSFER).items()))).encode(),
    ],
)
def test_the_same_act_in_other_bytes_is_refused(changed: bytes) -> None:
    """Two forms of one act would be two leaves."""
    assert changed != TRANSFER
    assert json.loads(changed) == json.loads(TRANSFER)
    assert refused(changed) in {"leaf_not_canonical", "leaf_unreadable"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("v",), 2),
        (("kind",), "credits.imagined"),
        (("at",), "2026-11-24T03:00:00Z"),
        (("at",), "2026-13-24T03:00:00.000000Z"),
        (("at",), "2026-11-24T03:00:00.000000Z\n"),
        (("by",), "somebody"),
        (("subject",), "TH-1001-05"),
        (("extra",), 1),
        (("data", "credits"), 0),
        (("data", "credits"), 2**53),
        (("data", "credits"), "10"),
        (("data", "credits"), True),
        (("data", "moves"), []),
        (("data", "moves", 0, "batch"), ""),
        (("data", "moves", 0, "first"), None),
        (("data", "moves", 0, "note"), "x"),
    ],
)
def test_a_changed_leaf_is_refused_by_us_and_by_the_schema(
    path: tuple[str | int, ...], value: object
) -> None:
    """Others who build on the schema refuse what we refuse."""
    said: Any = json.loads(TRANSFER)
    inner = said
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    assert refused(json.dumps(said, sort_keys=True).encode()) == "leaf_unreadable"
    assert not SCHEMA.is_valid(said)


@pytest.mark.parametrize("name", ["v", "at", "by", "subject", "data", "kind"])
def test_a_missing_field_is_refused(name: str) -> None:
    said = json.loads(TRANSFER)
    del said[name]
    assert refused(rfc8785.dumps(said)) == "leaf_unreadable"
    assert not SCHEMA.is_valid(said)


@pytest.mark.parametrize("bad", [b"", b"{}", b"[]", b"null", b"\xff", b"{" * 10_000, b'"x"'])
def test_what_is_no_act_is_refused(bad: bytes) -> None:
    assert refused(bad) == "leaf_unreadable"


def test_a_leaf_longer_than_an_entry_is_refused() -> None:
    runs = [(f"{'X' * 118}{number:02d}", 1, 9_007_199_254_740_991) for number in range(2)] * 200
    leaf = a_leaf(
        "credits.transferred",
        OWNERS_ACCOUNT,
        {**moved(OWNERS_ACCOUNT, BUYERS_ACCOUNT, *runs), "credits": 1},
        by=json.loads(TRANSFER)["by"],
        at=json.loads(TRANSFER)["at"],
    )
    assert len(leaf) > LEAF_BYTES_MAX
    assert refused(leaf) == "leaf_too_large"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_any_text_is_read_in_its_canonical_form(text: str) -> None:
    """Names hold control characters, signs beyond the basic plane, quotes: one form for each."""
    leaf = a_leaf(
        "party.renamed",
        "pty_" + "0" * 26,
        {"name_th": text, "name_en": text},
        by="usr_" + "0" * 26,
        at="2026-11-24T03:00:00.000000Z",
    )
    act = decode(leaf)
    assert isinstance(act, PartyRenamed)
    assert act.data.name_th == text
    assert leaf == rfc8785.dumps(json.loads(leaf))


def test_the_schema_documents_every_kind_and_field() -> None:
    """Somebody who has only the schema can write a replayer."""
    schema = leaf_schema()
    assert schema["$id"] == SCHEMA_PATH
    assert json.loads(leaf_schema_bytes()) == schema
    jsonschema_rs.meta.validate(schema)
    told = [schema["$defs"][one["$ref"].rpartition("/")[2]] for one in schema["oneOf"]]
    assert [shape["properties"]["kind"]["const"] for shape in told] == list(KINDS)
    for name, shape in schema["$defs"].items():
        assert shape["description"], name
        for field, said in shape.get("properties", {}).items():
            assert said.get("description") or "$ref" in said, (name, field)
            assert "(?!" not in said.get("pattern", ""), (name, field)
    assert all(shape.__doc__ and shape.__doc__ != Act.__doc__ for shape in KINDS.values())
