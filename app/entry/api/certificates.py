"""Certificates of retirements: what was retired, line by line, each with a code to check it by."""

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from app.entry.api.context import Reader, StrictRoute
from app.entry.api.credits import MovementPath
from app.entry.api.endings import sees_names
from app.entry.api.wire import Shown, receipt_address, show
from app.entry.identity import Visitor
from app.entry.problems import refused
from app.kernel.clock import rfc3339
from app.kernel.encoding import canonical_bytes, sha256
from app.registry.ledger import store
from app.registry.ledger.refusals import MovementNotFoundError
from app.registry.ledger.rules import Beneficiary, EntryKind, Visibility
from app.registry.ledger.store import EndingRow, EntryRow

router = APIRouter(prefix="/retirements", tags=["retirements"], route_class=StrictRoute)

_CODE_BYTES = 15  # 120 bits, 24 letters and digits: nobody finds another line with the same code


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
    row = await store.find_ending(reader, log_index)
    if row is None or row.kind is not EntryKind.RETIRED:
        raise MovementNotFoundError(log_index=log_index)
    owners = await store.list_owners(reader, [row.account_id])
    entries = await store.list_movement(reader, log_index)
    return show(certificate_of(row, entries, sees_all=sees_names(visitor, owners, row)))


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
