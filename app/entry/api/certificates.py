"""Certificates of retirements: what was retired, line by line, each with a code to check it by."""

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.context import Reader, StrictRoute, snapshot
from app.entry.api.credits import MovementPath
from app.entry.api.endings import sees_names
from app.entry.api.wire import Shown, receipt_address, show
from app.entry.certificate.setting import Setter, TooManyCertificatesError
from app.entry.certificate.sheet import MEDIA_TYPE, Sheet
from app.entry.identity import Visitor
from app.entry.problems import refused
from app.kernel.clock import rfc3339
from app.kernel.encoding import canonical_bytes, sha256
from app.registry.ledger import store
from app.registry.ledger.refusals import MovementNotFoundError
from app.registry.ledger.rules import Beneficiary, EntryKind, Visibility
from app.registry.ledger.store import EndingRow, EntryRow
from app.registry.log.store import get_entry

router = APIRouter(prefix="/retirements", tags=["retirements"], route_class=StrictRoute)

_CODE_BYTES = 15  # 120 bits, 24 letters and digits: nobody finds another line with the same code
# Its bytes stay as they are but for one case: where a name is erased, no cache shows it for longer.
_FOR_A_DAY: Final = "public, max-age=86400"
_HEADERS: Final = {
    "ETag": ("SHA-256 of the file, hexadecimal.", '"9f86d081884c7d659a2feaa0c55ad015…"'),
    "Content-Digest": (
        "SHA-256 of the file, base64 (RFC 9530).",
        "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
    ),
    "Cache-Control": ("How long it may be kept.", _FOR_A_DAY),
}
_FILE: Final[dict[str, Any]] = {
    "description": "The certificate, PDF/A-3a and PDF/UA-1.",
    "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    "headers": {
        name: {"description": text, "schema": {"type": "string"}, "example": example}
        for name, (text, example) in _HEADERS.items()
    },
}


class CertificateLineShown(Shown):
    """One run of serials of one project and vintage."""

    number: str = Field(
        description="Number of this line: the retirement's log index and the line.",
        examples=["57-1"],
    )
    project_code: str = Field(description="The project.", examples=["CITY-0001"])
    project_name: str = Field(description="Its name.", examples=["Khon Kaen city forest"])
    programme_code: str = Field(description="Its programme.", examples=["CITY"])
    vintage: int = Field(description="Calendar year (CE) of the reduction.", examples=[2024])
    batch: str = Field(description="The batch.", examples=["TH-CITY-0001-2024-1"])
    serials: str = Field(description="The serials.", examples=["TH-CITY-0001-2024-1-1-50"])
    first: int = Field(description="First serial.", examples=[1])
    last: int = Field(description="Last serial, included.", examples=[50])
    credits: int = Field(description="Credits of this line (tCO2e).", examples=[50])
    verification_code: str = Field(
        description="Base32 of the first 15 bytes of a SHA-256, in groups of four: of this line "
        "without its code, with `commitment`, `happened_on`, `purpose` and `recorded_at` (UTC, "
        "microseconds) of the retirement, as canonical JSON (RFC 8785). Where it is the one that "
        "the registry shows under this number, the line is what the registry has recorded.",
        examples=["MFRG-GZDF-MZTW-Q2LK-NNWG-23TP"],
    )


class CertificateShown(Shown):
    """What a retirement certifies."""

    retirement: int = Field(description="Log index of the retirement.", examples=[57])
    recorded_at: datetime = Field(
        description="When it was recorded.", examples=["2026-11-24T03:00:00Z"]
    )
    happened_on: date = Field(description="The day it counts for.", examples=["2026-11-24"])
    purpose: str = Field(description="Purpose code.", examples=["organisation"])
    credits: int = Field(description="All credits (tCO2e).", examples=[50])
    visibility: Visibility = Field(
        description="Whether the beneficiary is shown to everybody, as chosen when it was retired.",
        examples=["public"],
    )
    beneficiary: str | None = Field(
        description="In whose name; null where you may not see it, or it was erased.",
        examples=["Khon Kaen City Municipality", None],
    )
    beneficiary_kind: Beneficiary | None = Field(
        description="What the beneficiary is; null as above.", examples=["organisation"]
    )
    beneficiary_identifier: str | None = Field(
        description="Its own identifier, where one was given; null as above.",
        examples=["0994000123456", None],
    )
    commitment: str = Field(
        description="What the log commits to of beneficiary and reason (SHA-256, hexadecimal).",
        examples=["9f2feb0f1ef425b292f2f94bc8482494df430413d6a8a0a5d7f5e2d5e7f3c1aa"],
    )
    receipt: str = Field(
        description="Address of the receipt that proves it against the log.",
        examples=["/v1/log/receipts/57"],
    )
    lines: list[CertificateLineShown] = Field(
        description="One per project, vintage and run of serials, in the order they were retired."
    )


@router.get(
    "/{log_index}/certificate",
    response_model=CertificateShown,
    operation_id="get_retirement_certificate",
    summary="Read the certificate of a retirement",
    responses=refused(MovementNotFoundError),
)
async def get_retirement_certificate(
    log_index: MovementPath, reader: Reader, visitor: Visitor
) -> Response:
    """
    Read what a retirement certifies, a line per project, vintage and run of serials. Public.

    A certificate is the same whenever it is read; names that are not public are left out for who
    may not see them, and its codes are the same for everybody.
    """
    row = await _get_retirement(reader, log_index)
    owners = await store.list_owners(reader, [row.account_id])
    entries = await store.list_movement(reader, log_index)
    return show(certificate_of(row, entries, sees_all=sees_names(visitor, owners, row)))


@router.get(
    "/{log_index}/certificate.pdf",
    response_class=Response,
    operation_id="get_retirement_certificate_file",
    summary="Get the certificate of a retirement as a file",
    responses={
        **refused(MovementNotFoundError, TooManyCertificatesError),
        200: _FILE,
        304: {"description": "You have it: If-None-Match names its SHA-256."},
    },
)
async def get_retirement_certificate_file(
    request: Request,
    log_index: MovementPath,
    if_none_match: Annotated[
        str | None,
        Header(
            alias="If-None-Match",
            description="ETags that you have.",
            max_length=1_000,
            examples=['"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"'],
        ),
    ] = None,
) -> Response:
    """
    Get what a retirement certifies as a PDF in Thai and English, to keep and to show. Public.

    It is as the public sees it, whoever asks, and the same bytes each time, until a name in it is
    erased or a release of the service sets it otherwise. Attached are `certificate.json`, the
    certificate as data in canonical form (RFC 8785), and `leaf.json`, the exact bytes that the
    public log keeps of the act: what the receipt proves, which is at the address in it and is
    another file with each checkpoint.
    """
    async with snapshot(request) as reader:
        sheet = await _get_sheet(reader, log_index, request.app.state.settings.public_origin)
    setter: Setter = request.app.state.certificates
    certificate = await setter.set(sheet)
    tag = f'"{certificate.digest.hex()}"'
    headers = {
        "ETag": tag,
        "Content-Digest": f"sha-256=:{base64.b64encode(certificate.digest).decode()}:",
        "Cache-Control": _FOR_A_DAY,
    }
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="retirement-{log_index}.pdf"'
    return Response(certificate.content, headers=headers, media_type=MEDIA_TYPE)


async def _get_sheet(reader: AsyncConnection, log_index: int, origin: str) -> Sheet:
    row = await _get_retirement(reader, log_index)
    entries = await store.list_movement(reader, log_index)
    certificate = certificate_of(row, entries, sees_all=False).model_dump(mode="json")
    leaf = (await get_entry(reader, log_index)).leaf
    return Sheet(canonical_bytes(certificate), leaf, origin)


async def _get_retirement(reader: AsyncConnection, log_index: int) -> EndingRow:
    row = await store.find_ending(reader, log_index)
    if row is None or row.kind is not EntryKind.RETIRED:
        raise MovementNotFoundError(log_index=log_index)
    return row


def certificate_of(
    row: EndingRow, entries: Sequence[EntryRow], *, sees_all: bool
) -> CertificateShown:
    """Return the certificate of a retirement, its names only for who may see them."""
    said = row.statement if sees_all or row.visibility is Visibility.PUBLIC else None
    return CertificateShown(
        retirement=row.log_index,
        recorded_at=row.recorded_at,
        happened_on=row.happened_on,
        purpose=row.purpose_code,
        credits=row.credits,
        visibility=row.visibility,
        beneficiary=said.beneficiary_name if said else None,
        beneficiary_kind=said.beneficiary_kind if said else None,
        beneficiary_identifier=said.beneficiary_identifier if said else None,
        commitment=row.commitment,
        receipt=receipt_address(row.log_index),
        lines=[_line(row, entry, number) for number, entry in enumerate(entries, start=1)],
    )


def _line(row: EndingRow, entry: EntryRow, number: int) -> CertificateLineShown:
    batch = entry.batch
    shown: dict[str, Any] = {
        "number": f"{row.log_index}-{number}",
        "project_code": batch.project_code,
        "project_name": batch.project_name,
        "programme_code": batch.programme_code,
        "vintage": batch.vintage,
        "batch": batch.serial_prefix,
        "serials": f"{batch.serial_prefix}-{entry.first}-{entry.last}",
        "first": entry.first,
        "last": entry.last,
        "credits": entry.last - entry.first + 1,
    }
    return CertificateLineShown(**shown, verification_code=_code(row, shown))


def _code(row: EndingRow, line: Mapping[str, Any]) -> str:
    certified = {
        **line,
        "commitment": row.commitment,
        "happened_on": row.happened_on.isoformat(),
        "purpose": row.purpose_code,
        "recorded_at": rfc3339(row.recorded_at),
    }
    code = base64.b32encode(sha256(canonical_bytes(certified))[:_CODE_BYTES]).decode()
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))
