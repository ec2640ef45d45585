"""The public log: its head, its entries, and proofs that anybody can check."""

import base64
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.entry.api.context import PresentReader, StrictRoute
from app.entry.api.log_numbers import LogNumber, LogNumberError
from app.entry.api.wire import (
    Body,
    CursorError,
    Page,
    PageQuery,
    Shown,
    decode_cursor,
    encode_cursor,
    show,
)
from app.entry.problems import refused
from app.registry.log import proofs, store
from app.registry.log.proofs import LogSizeError
from app.registry.log.store import LogEntry, LogEntryNotFoundError, publication
from app.registry.log.store.publication import NotPublishedError

router = APIRouter(prefix="/log", tags=["log"], route_class=StrictRoute)

IndexPath = Annotated[
    LogNumber, Path(description="Log index of the act, counted from 0.", examples=[42])
]


class HeadShown(Shown):
    """The log as it stands."""

    size: int = Field(description="How many acts are published and signed.", examples=[43])
    root: str = Field(
        description="Root hash of their Merkle tree (RFC 6962, SHA-256), base64.",
        examples=["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    )
    published_at: datetime | None = Field(
        description="When that was published; null where nothing has been yet.",
        examples=["2026-11-24T03:00:01Z"],
    )
    recorded_size: int = Field(
        description="How many acts are recorded; what is not published yet is within seconds.",
        examples=[44],
    )
    recorded_at: datetime = Field(
        description="When the last act was recorded.", examples=["2026-11-24T03:00:00Z"]
    )


class LogEntryShown(Shown):
    """An act as the log keeps it."""

    log_index: int = Field(description="Its place, counted from 0.", examples=[42])
    kind: str = Field(description="What was done.", examples=["credits.transferred"])
    subject: str = Field(description="Identifier of what it is about.", examples=["TH-001001-05"])
    recorded_at: datetime = Field(description="When.", examples=["2026-11-24T03:00:00Z"])
    leaf: str = Field(
        description="The exact bytes that were hashed, base64: canonical JSON (RFC 8785).",
        examples=["eyJhdCI6IjIwMjYtMTEtMjRUMDM6MDA6MDAuMDAwMDAwWiJ9"],
    )
    leaf_hash: str = Field(
        description="SHA-256 of a zero byte and the leaf, base64.",
        examples=["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    )
    act: dict[str, Any] = Field(
        description="The leaf, read as JSON.", examples=[{"kind": "credits.transferred", "v": 1}]
    )

    @classmethod
    def of(cls, entry: LogEntry) -> "LogEntryShown":
        """Show an entry."""
        return cls(
            log_index=entry.log_index,
            kind=entry.kind,
            subject=entry.subject,
            recorded_at=entry.recorded_at,
            leaf=_text(entry.leaf),
            leaf_hash=_text(entry.leaf_hash),
            act=json.loads(entry.leaf),
        )


class InclusionShown(Shown):
    """A proof that an act stands at its place in the log."""

    entry: LogEntryShown = Field(description="The act.")
    size: int = Field(description="Size of the log it is proven in.", examples=[43])
    root: str = Field(
        description="Root hash of the log at that size, base64.",
        examples=["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    )
    proof: list[str] = Field(
        description="Hashes from the leaf upwards (RFC 9162 section 2.1.3), base64.",
        examples=[["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]],
    )


class ConsistencyShown(Shown):
    """A proof that the log only grew between two sizes."""

    old_size: int = Field(description="The earlier size.", examples=[40])
    size: int = Field(description="The later size.", examples=[43])
    old_root: str = Field(
        description="Root hash at the earlier size, base64.",
        examples=["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    )
    root: str = Field(
        description="Root hash at the later size, base64.",
        examples=["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    )
    proof: list[str] = Field(
        description="The hashes (RFC 9162 section 2.1.4), base64.",
        examples=[["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]],
    )


class EntriesQuery(PageQuery):
    """From where on."""

    first: LogNumber = Field(0, description="Log index to begin with.", examples=[0])


class InclusionQuery(Body):
    """In which size of the log."""

    size: LogNumber | None = Field(
        None,
        description="Size of the log to prove it in; the last one published if left out.",
        examples=[43],
    )


class ConsistencyQuery(Body):
    """Between which sizes of the log."""

    old_size: LogNumber = Field(description="The earlier size, at least 1.", examples=[40])
    size: LogNumber | None = Field(
        None, description="The later size; the last one published if left out.", examples=[43]
    )


@router.get(
    "/head", response_model=HeadShown, operation_id="get_log_head", summary="Read the log's head"
)
async def get_log_head(reader: PresentReader) -> Response:
    """
    Read how far the log is published. Public.

    The signed form, for tools that verify it, is at `/log/checkpoint`.
    """
    head = await store.get_head(reader)
    published = await publication.get_published(reader)
    return show(
        HeadShown(
            size=published.size,
            root=_text(published.root),
            published_at=published.published_at,
            recorded_size=head.size,
            recorded_at=head.recorded_at,
        )
    )


@router.get(
    "/entries",
    response_model=Page[LogEntryShown],
    operation_id="list_log_entries",
    summary="Read the log",
    responses=refused(CursorError, LogNumberError),
)
async def list_log_entries(
    query: Annotated[EntriesQuery, Query()], reader: PresentReader
) -> Response:
    """Read acts in the order of the log. Public."""
    position = decode_cursor(query.cursor, int)
    first = position[0] if position else query.first
    found = await store.list_entries(reader, first=first, rows_max=query.limit + 1)
    page = found[: query.limit]
    has_more = len(found) > query.limit
    return show(
        Page[LogEntryShown](
            data=[LogEntryShown.of(entry) for entry in page],
            next_cursor=encode_cursor([found[-1].log_index]) if has_more else None,
            has_more=has_more,
        )
    )


@router.get(
    "/entries/{log_index}",
    response_model=LogEntryShown,
    operation_id="get_log_entry",
    summary="Read one act",
    responses=refused(LogEntryNotFoundError, LogNumberError),
)
async def get_log_entry(log_index: IndexPath, reader: PresentReader) -> Response:
    """Read one act with the exact bytes that were hashed. Public."""
    return show(LogEntryShown.of(await store.get_entry(reader, log_index)))


@router.get(
    "/entries/{log_index}/inclusion",
    response_model=InclusionShown,
    operation_id="prove_inclusion",
    summary="Prove that an act is in the log",
    responses=refused(LogEntryNotFoundError, LogNumberError, LogSizeError, NotPublishedError),
)
async def prove_inclusion(
    log_index: IndexPath, query: Annotated[InclusionQuery, Query()], reader: PresentReader
) -> Response:
    """Give the hashes that lead from an act to the root of the log. Public."""
    found = await proofs.get_inclusion(reader, log_index, size=query.size)
    return show(
        InclusionShown(
            entry=LogEntryShown.of(found.entry),
            size=found.size,
            root=_text(found.root),
            proof=[_text(step) for step in found.proof],
        )
    )


@router.get(
    "/consistency",
    response_model=ConsistencyShown,
    operation_id="prove_consistency",
    summary="Prove that the log only grew",
    responses=refused(LogNumberError, LogSizeError),
)
async def prove_consistency(
    query: Annotated[ConsistencyQuery, Query()], reader: PresentReader
) -> Response:
    """
    Give the hashes that show the log of one size as the beginning of the log of another. Public.
    """
    found = await proofs.get_consistency(reader, old_size=query.old_size, size=query.size)
    return show(
        ConsistencyShown(
            old_size=found.old_size,
            size=found.size,
            old_root=_text(found.old_root),
            root=_text(found.root),
            proof=[_text(step) for step in found.proof],
        )
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
