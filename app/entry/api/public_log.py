"""
The public log in the formats that independent tools read (C2SP): checkpoint, tiles, receipts.

Everything here is what the publisher has let out. Tiles are files that a static host could serve
just as well; only what is part of a published checkpoint is served.
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated, Any, BinaryIO, Final

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from app.entry.api.context import PresentReader, StrictRoute
from app.entry.api.log_numbers import LogNumber, LogNumberError
from app.entry.api.wire import Shown, show
from app.entry.log_files import KEY, POLICY, LogFiles
from app.entry.problems import NoSuchAddressError, refused
from app.kernel.errors import NotFoundError
from app.registry.log import proofs
from app.registry.log.merkle import HASH_BYTES
from app.registry.log.notes import MalformedError
from app.registry.log.receipts import FILE_SUFFIX, MEDIA_TYPE, encode_receipt
from app.registry.log.store import LogEntryNotFoundError, publication
from app.registry.log.store.publication import NotPublishedError
from app.registry.log.tiles import BUNDLE, WIDTH, Tile, decode_bundle, encode_bundle
from app.registry.replay.schema import leaf_schema_bytes

router = APIRouter(prefix="/log", tags=["log"], route_class=StrictRoute)
receipts = APIRouter(prefix="/log/receipts", tags=["log"], route_class=StrictRoute)

_TEXT: Final = "text/plain; charset=utf-8"
_OCTETS: Final = "application/octet-stream"
_PIECE_BYTES: Final = 1 << 16
_LEAF_SCHEMA: Final = leaf_schema_bytes()
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_FOR_A_MOMENT: Final = "public, max-age=1"
_FOR_A_WHILE: Final = "public, max-age=300"


class NoSuchTileError(NotFoundError):
    """The public log has no tile at this address."""

    code = "log_tile_not_found"
    number = 1420
    title_th = "บันทึกสาธารณะไม่มีไทล์ที่ที่อยู่นี้"
    advice = (
        "Tiles are tile/<level>/<number> and tile/entries/<number>, a partial one with .p/<width>; "
        "the checkpoint's size says which there are."
    )
    advice_th = "ไทล์อยู่ที่ tile/<level>/<number> และ tile/entries/<number> โปรดดูขนาดจาก checkpoint"


class Opened(StreamingResponse):
    """A file that is sent as it was opened, even when another takes its place meanwhile."""

    def __init__(self, path: FilePath, cached: str) -> None:
        file = path.open("rb")
        size = os.fstat(file.fileno()).st_size
        headers = {"Cache-Control": cached, "Content-Length": str(size)}
        super().__init__(_pieces(file), headers=headers, media_type=_TEXT)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


class ReceiptShown(Shown):
    """That an act is in the published log: what the receipt file says, and the act itself."""

    log_index: int = Field(description="The act's place, counted from 0.", examples=[42])
    leaf: str = Field(
        description="The exact bytes of the act's leaf, base64: what the receipt is about.",
        examples=["eyJhdCI6IjIwMjYtMTEtMjRUMDM6MDA6MDAuMDAwMDAwWiJ9"],
    )
    proof: list[str] = Field(
        description="Hashes from the leaf upwards (RFC 9162 section 2.1.3), base64.",
        examples=[["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]],
    )
    size: int = Field(description="Size of the log in the checkpoint.", examples=[43])
    checkpoint: str = Field(
        description="The signed checkpoint, as it was published.",
        examples=["localhost/log\n43\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— …\n"],
    )
    receipt: str = Field(
        description="The receipt file (C2SP tlog-proof), for tools that verify it.",
        examples=["c2sp.org/tlog-proof@v1\nindex 42\n…"],
    )


def _file(description: str, media_type: str = "text/plain") -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string"}
    return {200: {"description": description, "content": {media_type: {"schema": schema}}}}


@router.get(
    "/checkpoint",
    response_class=Response,
    operation_id="get_checkpoint",
    summary="Get the signed checkpoint",
    responses={**refused(NotPublishedError), **_file("A signed note.")},
)
async def get_checkpoint(reader: PresentReader) -> Response:
    """Get the last published checkpoint: origin, size, root, signatures, cosignatures. Public."""
    _, note = await publication.get_published_note(reader, at_least=1)
    return Response(note, headers={"Cache-Control": _FOR_A_MOMENT}, media_type=_TEXT)


@router.get(
    "/tile/{path:path}",
    response_class=Response,
    operation_id="get_log_tile",
    summary="Get a tile of the log",
    responses={
        **refused(NoSuchTileError),
        **_file("Hashes, or entries behind their lengths.", _OCTETS),
    },
)
async def get_log_tile(
    path: Annotated[
        str,
        Path(
            description="<level>/<number> or entries/<number>, and .p/<width> where not full.",
            examples=["0/000.p/42", "entries/000.p/42"],
            max_length=100,
        ),
    ],
    request: Request,
    reader: PresentReader,
) -> Response:
    """Get a tile of hashes, or a bundle of entries (C2SP tlog-tiles). Never changes. Public."""
    try:
        tile = Tile.parse(f"tile/{path}")
    except MalformedError:
        raise NoSuchTileError from None
    published = await publication.get_published(reader)
    if tile.size_needed > published.size:
        raise NoSuchTileError
    content = await _find_tile(request.app.state.log_files, tile)
    if content is None:
        raise NoSuchTileError
    return Response(content, headers={"Cache-Control": _FOR_EVER}, media_type=_OCTETS)


@router.get(
    "/key",
    response_class=Response,
    operation_id="get_log_key",
    summary="Get the log's verifier key",
    responses={**refused(NoSuchAddressError), **_file("A line a key.")},
)
async def get_log_key(request: Request) -> Response:
    """
    Get the keys that checkpoints are signed with, as verifiers read them. Public.

    Who wants to be sure compares it with one got by another way.
    """
    return await _trust(request, KEY)


@router.get(
    "/policy",
    response_class=Response,
    operation_id="get_log_policy",
    summary="Get the trust policy",
    responses={**refused(NoSuchAddressError), **_file("A policy.")},
)
async def get_log_policy(request: Request) -> Response:
    """Get whose signatures a checkpoint carries, as a C2SP tlog-policy. Public."""
    return await _trust(request, POLICY)


@receipts.get(
    "/{log_index}",
    response_model=ReceiptShown,
    operation_id="get_receipt",
    summary="Get the receipt of an act",
    responses={
        **refused(LogEntryNotFoundError, LogNumberError, NotPublishedError),
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
    },
)
async def get_receipt(
    log_index: Annotated[
        LogNumber, Path(description="Log index of the act, counted from 0.", examples=[42])
    ],
    reader: PresentReader,
    accept: Annotated[str, Header(description="What you read.", examples=["text/plain"])] = "",
) -> Response:
    """
    Prove an act to anybody, offline: a C2SP tlog-proof file, or JSON where you accept no text.

    Any transfer, issuance, retirement or other act has one, a second or two after it was done.
    Public.
    """
    inclusion, note = await proofs.get_receipt(reader, log_index)
    receipt = encode_receipt(log_index, inclusion.proof, note)
    if "application/json" in accept:
        shown = show(
            ReceiptShown(
                log_index=log_index,
                leaf=base64.b64encode(inclusion.entry.leaf).decode(),
                proof=[base64.b64encode(step).decode() for step in inclusion.proof],
                size=inclusion.size,
                checkpoint=note.decode(),
                receipt=receipt.decode(),
            )
        )
        shown.headers["Vary"] = "Accept"
        return shown
    headers = {
        "Content-Disposition": f'attachment; filename="act-{log_index}{FILE_SUFFIX}"',
        "Vary": "Accept",
    }
    return Response(receipt, headers=headers, media_type=MEDIA_TYPE)


@router.get(
    "/state",
    response_class=Response,
    operation_id="get_log_state",
    summary="Get the state of the register",
    responses=_file("Lines: size, account, batch, balance, block, ending."),
)
async def get_log_state(request: Request) -> Response:
    """
    Get what every account holds and where every serial is, with the log's size it holds for.

    For comparing with what a replay of the log comes to (`registry verify` does it). It is at most
    a few seconds old. Public.
    """
    return Opened(await request.app.state.state_file.get(), _FOR_A_MOMENT)


@router.get(
    "/leaf-schema.json",
    response_class=Response,
    operation_id="get_leaf_schema",
    summary="Get the schema of leaves",
    responses={
        200: {
            "description": "A JSON Schema.",
            "content": {"application/schema+json": {"schema": {"type": "object"}}},
        }
    },
)
async def get_leaf_schema() -> Response:
    """Get the JSON Schema of every kind of act, for those who write a replayer. Public."""
    headers = {"Cache-Control": _FOR_A_WHILE}
    return Response(_LEAF_SCHEMA, headers=headers, media_type="application/schema+json")


async def _find_tile(files: LogFiles, tile: Tile) -> bytes | None:
    """
    Find a tile; a partial one whose full tile is there is cut out of it.

    Partial tiles are removed once the full one is out, and tools that planned their reads on an
    earlier checkpoint still ask for them.
    """
    content = await files.find(tile.path)
    if content is not None or tile.width == WIDTH:
        return content
    full = await files.find(tile.full.path)
    if full is None:
        return None
    if tile.level == BUNDLE:
        return encode_bundle(decode_bundle(full, WIDTH)[: tile.width])
    return full[: tile.width * HASH_BYTES]


async def _trust(request: Request, path: str) -> Response:
    content = await request.app.state.log_files.find(path)
    if content is None:
        raise NoSuchAddressError
    return Response(content, headers={"Cache-Control": _FOR_A_WHILE}, media_type=_TEXT)
