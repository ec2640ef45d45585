"""The mapping file: what the columns of another registry mean, and how its serials are read."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.registry.history.refusals import MappingInvalidError, MappingNotFoundError

SHIPPED: Final = Path(__file__).parent / "mappings"  # mappings known by name: `--mapping car`
MAPPING_BYTES_MAX: Final = 65_536  # A mapping is a page of text; anything larger is another file.
PATTERN_CHARACTERS_MAX: Final = 300

_SOURCE_CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}")
_SHIPPED_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_PURPOSE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_NATIVE_CODE: Final = "TH"  # Our own serials begin with it.
_GROUPS: Final = {"prefix", "first", "last"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of one table's columns by what they mean, and how its dates are written."""

    names: Mapping[str, str]  # meaning → column; a meaning that is absent was left out on purpose
    date_format: str


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """How the tables of one source registry are read."""

    code: str
    name: str
    issuances: Columns
    retirements: Columns
    serial_pattern: re.Pattern[str]
    purposes: Mapping[str, str]  # reason in the file → purpose code

    @property
    def account_name(self) -> str:
        """Name of the account that what is taken over sits in."""
        return f"{self.code} holdings (imported)"


_BOTH: Final = ("project", "vintage", "credits", "date", "date_format")
_ISSUANCE_KEYS: Final = (*_BOTH, "project_name")
_RETIREMENT_KEYS: Final = (*_BOTH, "serial", "serial_pattern", "account_holder", "reason")
_RETIREMENT_KEYS_LEFT_OUT: Final = ("details",)  # what a mapping may leave out


def load_mapping(named: str) -> SourceMapping:
    """
    Read a mapping file, given by path or by the name of a shipped one.

    Raises:
        MappingNotFoundError: neither a file nor a shipped name.
        MappingInvalidError: it lacks something, or holds something unknown.
    """
    path = Path(named)
    if _SHIPPED_NAME.fullmatch(named) and (SHIPPED / f"{named}.toml").is_file():
        path = SHIPPED / f"{named}.toml"
    if not path.is_file():
        raise MappingNotFoundError(
            shipped=", ".join(sorted(found.stem for found in SHIPPED.glob("*.toml")))
        )
    if path.stat().st_size > MAPPING_BYTES_MAX:
        raise MappingInvalidError(
            where=path.name, problem=f"it is larger than {MAPPING_BYTES_MAX} bytes"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise MappingInvalidError(
            where=path.name, problem=f"it cannot be read as UTF-8 text ({failure})"
        ) from None
    return parse_mapping(text)


def parse_mapping(text: str) -> SourceMapping:
    """
    Read the text of a mapping file (TOML).

    Raises:
        MappingInvalidError: it lacks something, or holds something unknown.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as failure:
        raise MappingInvalidError(where="the file", problem=f"it is not TOML ({failure})") from None
    _refuse_unknown("the file", document, {"source", "issuances", "retirements", "purposes"})
    source = _section(document, "source", required=("code", "name"))
    if not _SOURCE_CODE.fullmatch(source["code"]) or source["code"] == _NATIVE_CODE:
        raise MappingInvalidError(
            where="source.code",
            problem="it is 2 to 12 capital letters or digits, other than TH, which is ours",
        )
    retirements = _section(
        document, "retirements", required=_RETIREMENT_KEYS, optional=_RETIREMENT_KEYS_LEFT_OUT
    )
    pattern = _serial_pattern(retirements.pop("serial_pattern"))
    issuances = _section(document, "issuances", required=_ISSUANCE_KEYS)
    return SourceMapping(
        code=source["code"],
        name=source["name"],
        issuances=_columns("issuances", issuances),
        retirements=_columns("retirements", retirements),
        serial_pattern=pattern,
        purposes=_purposes(document.get("purposes", {})),
    )


def _purposes(table: object) -> dict[str, str]:
    purposes = _texts("purposes", table)
    for reason, code in purposes.items():
        if not _PURPOSE.fullmatch(code):
            raise MappingInvalidError(
                where=f"purposes.{reason}", problem="a purpose code is like voluntary or own_use"
            )
    return purposes


def _columns(where: str, found: dict[str, str]) -> Columns:
    date_format = found.pop("date_format")
    day = datetime(2019, 10, 11, tzinfo=UTC)
    try:
        is_whole = datetime.strptime(day.strftime(date_format), date_format).date() == day.date()  # noqa: DTZ007
    except ValueError:
        is_whole = False
    if not is_whole:  # a format without the year would put every row into 1900
        raise MappingInvalidError(
            where=f"{where}.date_format",
            problem="it does not read day, month and year; an example is %d/%m/%Y",
        )
    return Columns(names=found, date_format=date_format)


def _section(
    document: Mapping[str, object],
    name: str,
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
) -> dict[str, str]:
    if name not in document:
        raise MappingInvalidError(where="the file", problem=f"the table [{name}] is missing")
    found = _texts(name, document[name])
    _refuse_unknown(name, found, {*required, *optional})
    for key in required:
        if key not in found:
            raise MappingInvalidError(where=name, problem=f"the key {key} is missing")
    return found


def _texts(where: str, table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        raise MappingInvalidError(where=where, problem="it is a table of keys with texts")
    found: dict[str, str] = {}
    for key, value in table.items():
        if not isinstance(value, str) or not value.strip():
            raise MappingInvalidError(
                where=f"{where}.{key}", problem="it is a text that is not empty"
            )
        found[key] = value.strip()
    return found


def _refuse_unknown(where: str, table: Mapping[str, object], known: set[str]) -> None:
    for key in table:
        if key not in known:
            raise MappingInvalidError(
                where=where,
                problem=f"the key {key!r} is not known here; known are {', '.join(sorted(known))}",
            )


def _serial_pattern(text: str) -> re.Pattern[str]:
    where = "retirements.serial_pattern"
    if len(text) > PATTERN_CHARACTERS_MAX:
        raise MappingInvalidError(
            where=where, problem=f"it is longer than {PATTERN_CHARACTERS_MAX} characters"
        )
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as failure:
        raise MappingInvalidError(
            where=where, problem=f"it is not a regular expression ({failure})"
        ) from None
    if set(pattern.groupindex) != _GROUPS:
        raise MappingInvalidError(
            where=where, problem="it needs the named groups prefix, first and last, no others"
        )
    return pattern
