"""
Shared shapes of the JSON API: fields, pages, cursors, preconditions and the way routes declare
refusals.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from fastapi import Header
from fastapi.responses import Response
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from app.entry.acts import Outcome, Reply
from app.entry.problems import TooOftenError, refused
from app.kernel.errors import MissingPreconditionError, NotFoundError
from app.kernel.ids import ID_PATTERN
from app.kernel.quantities import CREDITS_MAX, TONNES_PATTERN, parse_tonnes
from app.registry.ledger.serials import VINTAGE_MAX, VINTAGE_MIN

PAGE_ROWS_MAX: Final = 200  # Two hundred rows still render and print as one readable table.
PAGE_ROWS_DEFAULT: Final = 50
TEXT_MAX: Final = 2_000
NAME_MAX: Final = 200


class CursorError(NotFoundError):
    """This cursor is not one that the registry gave out."""

    code = "cursor_invalid"
    number = 1201
    title_th = "ตัวชี้หน้านี้ไม่ใช่ตัวที่ระบบออกให้"
    advice = (
        "Use next_cursor of the previous page as it is, or leave the cursor out to start again."
    )
    advice_th = "โปรดใช้ค่า next_cursor จากหน้าก่อนโดยไม่แก้ไข หรือไม่ต้องใส่เพื่อเริ่มใหม่"


class PreconditionMissingError(MissingPreconditionError):
    """This change must name the version it was made on."""

    code = "precondition_required"
    number = 1202
    title_th = "การแก้ไขนี้ต้องระบุรุ่นของข้อมูลที่ใช้ตัดสินใจ"
    advice = "Send If-Match with the ETag that you got when you read it."
    advice_th = "โปรดส่ง If-Match พร้อมค่า ETag ที่ได้รับตอนอ่านข้อมูล"


def _refuse_nul(text: str) -> str:
    # PostgreSQL's text cannot hold NUL, and no UTF-8 can hold a lone surrogate: refuse both as
    # malformed here, or they would surface as a failed statement.
    if "\x00" in text:
        raise PydanticCustomError("text_nul", "text may not contain the NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise PydanticCustomError(
            "text_surrogate", "text may not contain half of a surrogate pair"
        ) from None
    return text


def _strip(value: Any) -> Any:  # noqa: ANN401  runs before validation, on whatever came
    return value.strip() if isinstance(value, str) else value


def _refuse_disguise(value: Any) -> Any:  # noqa: ANN401  runs before validation, on whatever came
    # To JSON Schema 5.0 is the whole number 5, but neither "5" nor true is.
    if isinstance(value, bool | str):
        raise PydanticCustomError("whole_number", "a whole number is written without quotes")
    return value


def _refuse_other_tonnes(text: str) -> str:
    try:
        parse_tonnes(text)
    except ValueError as error:
        raise PydanticCustomError("tonnes", "{message}", {"message": str(error)}) from None
    return text


_WRITTEN: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"

# Text that a person typed: trimmed first, never empty. (The validator that runs first stands last,
# and so leaves the constraints in the schema.)
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=_WRITTEN),
    AfterValidator(_refuse_nul),
    BeforeValidator(_strip),
]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_MAX, pattern=_WRITTEN),
    AfterValidator(_refuse_nul),
    BeforeValidator(_strip),
]
Identifier = Annotated[str, StringConstraints(pattern=ID_PATTERN, min_length=30, max_length=30)]
# Of secrets that are sent and never shown: forms hide them, and no answer has them.
HIDDEN: Final[dict[str, JsonValue]] = {"format": "password", "writeOnly": True}
# What an authenticator shows, and what stands in for it when it is lost.
Totp = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
RecoveryCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z2-7]{4}(-?[A-Za-z2-7]{4}){3}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
ProvinceCode = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]$")]
# For whole numbers in bodies; their bounds stand beside it.
WHOLE: Final = BeforeValidator(_refuse_disguise)
# Credits are whole, so they travel as JSON numbers.
Credits = Annotated[int, Field(ge=1, le=CREDITS_MAX), WHOLE]
CreditsOrNone = Annotated[int, Field(ge=0, le=CREDITS_MAX)]
Serial = Annotated[int, Field(ge=1, le=CREDITS_MAX), WHOLE]
Vintage = Annotated[int, Field(ge=VINTAGE_MIN, le=VINTAGE_MAX), WHOLE]
SearchWords = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")]
LogIndex = Annotated[int, Field(ge=0, le=CREDITS_MAX)]
# Tonnes need not be whole, so they travel as text: a JSON number would pass through floating point.
Tonnes = Annotated[
    str,
    StringConstraints(pattern=TONNES_PATTERN),
    AfterValidator(_refuse_other_tonnes),
]
# RFC 3339, as the description promises; left alone, a number would be read as seconds since 1970.
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def _refuse_other_forms(value: Any) -> Any:  # noqa: ANN401  runs before validation
    if isinstance(value, datetime) or (isinstance(value, str) and _MOMENT.fullmatch(value)):
        return value
    raise PydanticCustomError("moment_form", "a moment is text such as 2026-01-31T08:00:00+07:00")


def _clamp(moment: datetime) -> datetime:
    # Nothing is recorded outside these bounds, so a filter means the same; left alone, the first
    # and the last day of the calendar overflow when they are turned into UTC.
    return min(max(moment, _EARLIEST), _LATEST)


# A moment that bounds what is read.
Moment = Annotated[AwareDatetime, AfterValidator(_clamp), BeforeValidator(_refuse_other_forms)]


class Body(BaseModel):
    """
    A request body: unknown fields are refused, because a misspelt field would otherwise be ignored
    in silence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(BaseModel):
    """Something the API shows."""

    model_config = ConfigDict(frozen=True)


class PageQuery(BaseModel):
    """Which part of a list is asked for; lists subclass it with their filters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(
        PAGE_ROWS_DEFAULT, ge=1, le=PAGE_ROWS_MAX, description="Rows on this page.", examples=[50]
    )
    cursor: str | None = Field(
        None,
        max_length=400,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="`next_cursor` of the page before; leave out for the first page.",
        examples=["WyJhY3RfMDFrYjUiXQ"],
    )


# Beside words that a leaf commits to, for whoever may see them.
Salt = Annotated[
    str | None,
    Field(
        description="The salt (hexadecimal) with which whoever sees these words can check them "
        "against what the act's entry in the log commits to. Null: there are no words, they were "
        "erased, or this is the reply to the act itself.",
        examples=["00" * 32, None],
    ),
]


def salt_shown(salt: bytes | None, words: str | None) -> str | None:
    """
    Return a salt for somebody who sees the words.

    Without the words it is not shown: it would let anybody test what they may have been.
    """
    return None if salt is None or words is None else salt.hex()


Row = TypeVar("Row")


class Page(BaseModel, Generic[Row]):
    """One page of a list."""

    data: list[Row] = Field(description="The rows of this page, in the list's order.")
    next_cursor: str | None = Field(
        description="Give it as `cursor` to read on; null on the last page.",
        examples=["WyJhY3RfMDFrYjUiXQ", None],
    )
    has_more: bool = Field(description="Whether there is a next page.", examples=[False])


def encode_cursor(position: Sequence[str | int]) -> str:
    """Make the opaque text of a keyset position: the sort values of the last row shown."""
    return base64.urlsafe_b64encode(json.dumps(list(position)).encode()).rstrip(b"=").decode()


def going_on(after: Sequence[str | int] | None) -> dict[str, Any]:
    """Return what a page says of the next one; None: there is none."""
    cursor = None if after is None else encode_cursor(after)
    return {"next_cursor": cursor, "has_more": after is not None}


def decode_cursor(cursor: str | None, *kinds: type[str] | type[int]) -> list[Any] | None:
    """
    Read a cursor back into sort values of the given types.

    Returns:
        The values, or None where no cursor was given.

    Raises:
        CursorError: it is not one of ours.
    """
    if cursor is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise CursorError from None
    fits = isinstance(position, list) and len(position) == len(kinds)
    if not fits or not all(_fits(value, kind) for value, kind in zip(position, kinds, strict=True)):
        raise CursorError
    return list(position)


def _fits(value: object, kind: type) -> bool:
    if type(value) is not kind:
        return False
    if isinstance(value, int):
        return -CREDITS_MAX <= value <= CREDITS_MAX
    return isinstance(value, str) and "\x00" not in value and value.isprintable()


IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description='The ETag of the version this change was made on, such as `"3"`.',
        pattern=r'^"[0-9]{1,9}"$',
        examples=['"3"'],
    ),
]


def version_of(if_match: str | None) -> int:
    """
    Return the version named by an If-Match header.

    Raises:
        PreconditionMissingError: the header is missing.
    """
    if if_match is None:
        raise PreconditionMissingError
    return int(if_match.strip('"'))


def etag(version: int) -> str:
    """Return the strong ETag of a version."""
    return f'"{version}"'


def created(shown: BaseModel, *, location: str, version: int | None = None) -> Reply:
    """Make the reply of an act that brought something into being."""
    return Reply(
        201, shown.model_dump_json().encode(), location, None if version is None else etag(version)
    )


def changed(shown: BaseModel, *, version: int | None = None) -> Reply:
    """Make the reply of an act that changed something."""
    return Reply(
        200, shown.model_dump_json().encode(), None, None if version is None else etag(version)
    )


def csv_of(description: str) -> dict[int | str, dict[str, Any]]:
    """Declare what a route answers that streams a table."""
    limits = ("RateLimit", "RateLimit-Policy")
    return {
        200: {
            "description": description,
            "content": {"text/csv": {"schema": {"type": "string"}}},
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in limits},
        },
        **refused(TooOftenError),
    }


def receipt_address(log_index: int) -> str:
    """Return where the receipt of an act is, once the act is published."""
    return f"/v1/log/receipts/{log_index}"


class Answer(Response):
    """An answer in JSON whose bytes are there: nothing of it has to be looked at again."""

    def __init__(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        """
        Prepare to answer.

        Args:
            status: HTTP status.
            body: JSON.
            headers: beside those of length and kind; names in small letters.
        """
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [
            *headers,
            (b"content-length", b"%d" % len(body)),
            (b"content-type", b"application/json"),
        ]


def answer(outcome: Outcome) -> Response:
    """Turn a committed outcome into the HTTP response."""
    headers = []
    reply = outcome.reply
    if reply.location and reply.status == 201:  # noqa: PLR2004  what was made has an address
        headers.append((b"location", reply.location.encode("latin-1")))
    if reply.etag:
        headers.append((b"etag", reply.etag.encode("latin-1")))
    if outcome.replayed:
        headers.append((b"idempotency-replayed", b"true"))
    return Answer(reply.status, reply.body, headers)


_encode: Final = msgspec.json.Encoder().encode


def show_plain(shown: Mapping[str, Any]) -> Response:
    """Answer a read with plain values, in the form of the model that the route declares."""
    return Response(_encode(shown), 200, {}, "application/json")


def show_page(rows: Sequence[Mapping[str, Any]], after: Sequence[str | int] | None) -> Response:
    """Answer with a page of plain values, and where the next one begins; None: there is none."""
    return show_plain({"data": rows, **going_on(after)})


def show(shown: BaseModel, *, version: int | None = None) -> Response:
    """Answer a read."""
    headers = {} if version is None else {"ETag": etag(version)}
    return Response(shown.model_dump_json(), 200, headers, "application/json")
