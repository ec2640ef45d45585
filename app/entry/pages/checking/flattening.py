"""
Rows of the API as lines of a table: nested fields get names with dots, lists stay JSON in a cell.

Which columns there are, the API's own description says, so that a table has them all even where
no row does, and has its first line before it has read a row.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from starlette.applications import Starlette

Description = Mapping[str, Any]
Path = tuple[str, ...]  # the steps to a value in a row

_PAGE: Final = frozenset({"data", "next_cursor", "has_more"})
_DEPTH_MAX: Final = 4  # of nested fields; what lies deeper stays JSON


@dataclass(frozen=True, slots=True)
class Column:
    """What stands under one name in a table."""

    path: Path
    kind: str  # ``integer``, ``boolean`` or ``string``; lists and what lies deep are text too
    text: str  # what the API's description says of it

    @property
    def name(self) -> str:
        """Return its name: the steps with dots between."""
        return ".".join(self.path)

    def value(self, row: Mapping[str, Any]) -> object:
        """Return what a row of the API has there: a whole number, a truth, text or None."""
        value: Any = row
        for name in self.path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, list | dict):
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return value


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that the API answers page by page."""

    path: str  # as in the API's description, parts to fill in within braces
    address: re.Pattern[str]
    columns: tuple[Column, ...]

    @property
    def header(self) -> list[str]:
        """Return the names of the columns."""
        return [column.name for column in self.columns]

    def line(self, row: Mapping[str, Any]) -> list[object]:
        """Return a row's cells, as text is written."""
        return [as_text(column.value(row)) for column in self.columns]


def as_text(value: object) -> object:
    """Return a value as it stands in a table of text."""
    return str(value).lower() if isinstance(value, bool) else value


@lru_cache(maxsize=1)
def listings(app: Starlette) -> tuple[Listing, ...]:
    """Return all lists of a service; those with fewer parts to fill in first."""
    description: Description = app.openapi()  # type: ignore[attr-defined]
    found = sorted(_listed(description), key=lambda each: each[0].count("{"))
    return tuple(
        Listing(path, _pattern(path), tuple(_columns(row, description, ()))) for path, row in found
    )


async def described(app: Starlette) -> None:
    """Have the description made, which takes a second the first time, beside the others' work."""
    await asyncio.to_thread(listings, app)


def listing_at(app: Starlette, path: str) -> Listing | None:
    """Return the list at an address; None: there is no list."""
    return next((each for each in listings(app) if each.address.fullmatch(path)), None)


def columns_within(app: Starlette, path: str, field: str) -> tuple[Column, ...]:
    """Return the columns of the things that a field of a list's rows is a list of."""
    description: Description = app.openapi()  # type: ignore[attr-defined]
    row = next(row for at, row in _listed(description) if at == path)
    things = _resolved(row, description)["properties"][field]["items"]
    return tuple(_columns(things, description, (field,)))


def _listed(description: Description) -> Iterator[tuple[str, Description]]:
    for path, operations in description["paths"].items():
        answers = operations.get("get", {}).get("responses", {})
        schema = answers.get("200", {}).get("content", {}).get("application/json", {}).get("schema")
        if schema is None or not path.startswith("/v1/"):
            continue
        fields = _resolved(schema, description).get("properties", {})
        if fields.keys() >= _PAGE:
            yield path, fields["data"]["items"]


def _columns(
    schema: Description, description: Description, at: Path, text: str = ""
) -> Iterator[Column]:
    resolved = _resolved(schema, description)
    fields = resolved.get("properties")
    if not fields or len(at) >= _DEPTH_MAX:
        kind = resolved.get("type")
        yield Column(at, kind if kind in {"integer", "boolean"} else "string", text)
        return
    for name, field in fields.items():
        yield from _columns(field, description, (*at, name), field.get("description", text))


def _resolved(schema: Description, description: Description) -> Description:
    """Return what a schema says, where it names another one or may be null besides."""
    if "$ref" in schema:
        named = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return _resolved(named, description)
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return _resolved(choices[0], description) if len(choices) == 1 else schema


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[a-z_]+\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)))
