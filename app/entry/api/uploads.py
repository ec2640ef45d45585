"""How files come in and go out over HTTP, whatever they belong to."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from fastapi import Request, UploadFile
from fastapi.responses import Response

from app.entry.api.context import StrictRoute
from app.entry.problems import RefusedInBodyError
from app.entry.storage import PIECE_BYTES
from app.kernel.errors import RegistryError
from app.registry.documents.rules import ENDINGS, Inspected, Inspection

# What a description says of a route that takes a file in a form.
TAKES_FILE: Final = {
    "requestBody": {
        "content": {
            "multipart/form-data": {"encoding": {"file": {"contentType": ", ".join(ENDINGS)}}}
        }
    }
}
# And of one that answers with the bytes of one.
BYTES: Final[dict[str, Any]] = {
    "description": "The bytes as they were uploaded.",
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ENDINGS},
}


class AdmittingRoute(StrictRoute):
    """
    A route that takes a file only from somebody who may send it: the framework reads a form before
    it asks whose it is, and so anybody could fill the disk for a while.
    """

    async def admit(self, request: Request) -> None:
        """Refuse who may not send a file, by what the request says before its body."""
        raise NotImplementedError

    def room(self, request: Request) -> AbstractContextManager[None]:  # noqa: ARG002  others do
        """Hold what a file that is being sent takes; refuses where there is none left."""
        return nullcontext()

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler with the check."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def admitting(request: Request) -> Response:
            try:
                await self.admit(request)
                room = ExitStack()
                room.enter_context(self.room(request))
            except RegistryError as refusal:
                raise RefusedInBodyError(refusal) from None
            with room:
                return await handle(request)

        return admitting


async def inspect(file: UploadFile) -> Inspected:
    """
    Find out what an uploaded file is, reading it piece by piece in a thread.

    Raises:
        DocumentEmptyError, DocumentTooLargeError, DocumentKindError, DocumentKindMismatchError: as
            named.
    """
    return await asyncio.to_thread(_inspected, file.file, file.content_type)


def _inspected(content: BinaryIO, declared: str | None) -> Inspected:
    content.seek(0)
    inspection = Inspection()
    while piece := content.read(PIECE_BYTES):
        inspection.feed(piece)
    return inspection.finish(declared)


def attachment_headers(name: str, *, sha256: str, size: int, media_type: str) -> dict[str, str]:
    """
    Return the headers of a file that is sent.

    Args:
        name: under which it is saved.
        sha256: of its bytes; its ETag.
        size: in bytes.
        media_type: its kind.
    """
    is_text = media_type.startswith("text/")
    return {
        "Content-Type": media_type + ("; charset=utf-8" if is_text else ""),
        "ETag": f'"{sha256}"',
        "Content-Length": str(size),
        # Never shown inside a page of ours, whatever is in it.
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
    }
