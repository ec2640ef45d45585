"""Evidence files over HTTP: upload, look up, download."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Header, Path, Request, UploadFile
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from app.entry.acts import Idempotency, Reply
from app.entry.api.context import KEY_PATTERN, Reader, Writer
from app.entry.api.uploads import BYTES, TAKES_FILE, AdmittingRoute, attachment_headers, inspect
from app.entry.api.wire import Body, Identifier, LogIndex, Moment, Shown, created, show
from app.entry.identity import Caller, Visitor, caller_of
from app.entry.problems import refused
from app.entry.storage import Storage
from app.kernel.db import reading
from app.kernel.encoding import canonical_bytes
from app.registry.activities import operations
from app.registry.activities.refusals import ActivityNotFoundError
from app.registry.activities.store import get_visible_document
from app.registry.documents.operations import UploadDocument
from app.registry.documents.rules import (
    Document,
    DocumentEmptyError,
    DocumentKindError,
    DocumentKindMismatchError,
    DocumentNotFoundError,
    DocumentTooLargeError,
    Purpose,
    clean_file_name,
)
from app.registry.parties.policy import NotAllowedError, Permission, require
from app.registry.programmes.refusals import RuleMissingError


class _AdmittingRoute(AdmittingRoute):
    """Takes a file only from somebody who is signed in."""

    async def admit(self, request: Request) -> None:
        """Refuse whoever is not."""
        await caller_of(request)


router: Final = APIRouter(prefix="/documents", tags=["documents"], route_class=_AdmittingRoute)

DocumentId = Annotated[
    Identifier,
    Path(description="Identifier of the document.", examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"]),
]


def _unsent() -> Any:  # noqa: ANN401  stands for a field that was not sent, whatever its type
    return None


class UploadForm(Body):
    """A document to keep, as multipart/form-data."""

    file: UploadFile = Field(
        description="The file: PDF, PNG, JPEG, XLSX, CSV or plain text, the last two in UTF-8. Its "
        "part names its media type."
    )
    purpose: Purpose = Field(description="What it is evidence of.", examples=["design"])
    # Not nullable: a form has no null, and the word "null" is no identifier.
    activity_id: Identifier = Field(
        default_factory=_unsent,
        description="Activity that it belongs to; without one it is never public.",
        examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    is_confidential: bool = Field(
        default=False,
        description="Whether it stays with the parties concerned and TGO when the activity is "
        "public.",
        examples=[False],
    )


class DocumentShown(Shown):
    """A document that the registry keeps."""

    id: str = Field(description="Identifier.", examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    owner_party_id: str = Field(
        description="Party whose user uploaded it.", examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    activity_id: str | None = Field(
        description="Activity that it belongs to; null: none.",
        examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    purpose: Purpose = Field(description="What it is evidence of.", examples=["design"])
    is_confidential: bool = Field(
        description="Whether it stays with the parties concerned and TGO.", examples=[False]
    )
    sha256: str = Field(
        description="SHA-256 of its bytes, hexadecimal; also in the log.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    bytes: int = Field(description="Size in bytes.", examples=[48_211])
    media_type: str = Field(description="Its kind.", examples=["application/pdf"])
    file_name: str | None = Field(
        description="Its name, cleaned; null: erased.", examples=["design-document.pdf"]
    )
    uploaded_at: Moment = Field(
        description="When it was taken into the register.", examples=["2026-11-24T03:00:00Z"]
    )
    log_index: LogIndex = Field(description="The upload's place in the log.", examples=[1_024])


def document_shown(document: Document) -> DocumentShown:
    """Show a document; who in the party uploaded it is not public."""
    return DocumentShown(
        **{name: getattr(document, name) for name in DocumentShown.model_fields},
    )


async def _uploader(
    request: Request,
    actor: Caller,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Your own name for this request. The same key with the same file and "
            "fields gets the first reply again; with others it is refused.",
            pattern=KEY_PATTERN,
            examples=["0190f3c1-5d7a-7c3e-9b0e-2f6a1c9d4e55"],
        ),
    ] = None,
) -> tuple[Request, Caller, str | None]:
    require(actor, Permission.UPLOAD_DOCUMENT, owner_ids=(actor.party_id,))
    return request, actor, key


@router.post(
    "",
    response_model=DocumentShown,
    status_code=201,
    responses=refused(
        NotAllowedError,
        ActivityNotFoundError,
        RuleMissingError,
        DocumentEmptyError,
        DocumentTooLargeError,
        DocumentKindError,
        DocumentKindMismatchError,
    ),
    summary="Upload a document",
    operation_id="upload_document",
    openapi_extra=TAKES_FILE,
)
async def upload_document(
    uploader: Annotated[tuple[Request, Caller, str | None], Depends(_uploader)],
    form: Annotated[UploadForm, Form(media_type="multipart/form-data")],
) -> Response:
    """
    Keep a file for good, as evidence.

    It is kept under its SHA-256 and cannot be changed or removed. Owners, assigned VVBs and TGO
    can add evidence to an activity.
    """
    request, actor, key = uploader
    if form.activity_id is not None:
        # Before anything is kept: bytes that stay are for those who may add them.
        async with reading(request.app.state.views) as connection:
            await operations.find_provable(connection, actor, form.activity_id)
    found = await inspect(form.file)
    command = UploadDocument(
        purpose=form.purpose,
        is_confidential=form.is_confidential,
        sha256=found.sha256,
        bytes=found.bytes,
        media_type=found.media_type,
        file_name=clean_file_name(form.file.filename, media_type=found.media_type),
        activity_id=form.activity_id,
    )
    storage: Storage = request.app.state.storage
    # Before the pen is taken: nobody waits for a slow disk, and no act mentions bytes not kept.
    await form.file.seek(0)
    await storage.put(found.sha256, form.file.read)
    idempotency = None if key is None else _bind(request, actor, key, command)
    write = Writer(request, actor, idempotency)
    return await write(lambda pen: operations.upload_evidence(pen, actor, command), _present)


@router.get(
    "/{document_id}",
    response_model=DocumentShown,
    responses=refused(DocumentNotFoundError),
    summary="Look up a document",
    operation_id="get_document",
)
async def get_document(document_id: DocumentId, reader: Reader, visitor: Visitor) -> Response:
    """
    Look up what is kept of a document.

    Documents of registered and closed activities are public unless confidential; others are for
    the owner, the assigned VVB and TGO.
    """
    return show(document_shown(await get_visible_document(reader, visitor, document_id)))


@router.get(
    "/{document_id}/content",
    response_class=StreamingResponse,
    responses={
        **refused(DocumentNotFoundError),
        200: BYTES,
        304: {"description": "You have it: If-None-Match names its SHA-256."},
    },
    summary="Download a document",
    operation_id="get_document_content",
)
async def get_document_content(
    request: Request,
    document_id: DocumentId,
    reader: Reader,
    visitor: Visitor,
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
    """Download a document; the ETag is the SHA-256 of its bytes, so that anyone can check them."""
    document = await get_visible_document(reader, visitor, document_id)
    tag = f'"{document.sha256}"'
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers={"ETag": tag})
    storage: Storage = request.app.state.storage
    return StreamingResponse(
        await storage.open(document.sha256),
        headers=attachment_headers(
            document.file_name or document.id,
            sha256=document.sha256,
            size=document.bytes,
            media_type=document.media_type,
        ),
    )


def _bind(request: Request, actor: Caller, key: str, command: UploadDocument) -> Idempotency:
    # Over what was sent, not the bytes of the form: each try draws a new boundary of its parts.
    asked = {
        "purpose": command.purpose.value,
        "is_confidential": command.is_confidential,
        "sha256": command.sha256,
        "media_type": command.media_type,
        "file_name": command.file_name,
        "activity_id": command.activity_id,
    }
    return Idempotency.of(
        scope=actor.client_id or actor.user_id,
        key=key,
        method=request.method,
        path=request.url.path,
        body=canonical_bytes(asked),
    )


def _present(document: Document) -> Reply:
    return created(document_shown(document), location=f"/v1/documents/{document.id}")
