"""Files of an application: the applicant uploads them, and officers of TGO read them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Path, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.types import Receive, Scope, Send

from app.entry.api.application_access import (
    ApplicationId,
    MaybeSecret,
    digest_of,
    get_readable,
)
from app.entry.api.uploads import BYTES, TAKES_FILE, AdmittingRoute, attachment_headers, inspect
from app.entry.api.wire import Body, Moment, Shown
from app.entry.identity import Visitor, visitor_of
from app.entry.problems import refused
from app.entry.sealed_files import SealedFiles
from app.kernel import clock
from app.kernel.db import noting, reading
from app.kernel.errors import RegistryError
from app.registry.applications import operations, store
from app.registry.applications.refusals import (
    ApplicationErasedError,
    ApplicationFileNotFoundError,
    ApplicationFileNotNamedError,
    ApplicationFilesBusyError,
    ApplicationFilesFullError,
    ApplicationFilesTooLargeError,
    ApplicationNotFoundError,
    ApplicationStateError,
)
from app.registry.applications.rules import Application, ApplicationFile
from app.registry.documents.rules import (
    ENDINGS,
    DocumentEmptyError,
    DocumentKindError,
    DocumentKindMismatchError,
    DocumentTooLargeError,
    Inspected,
)


async def _uploading(request: Request) -> Application:
    secret = request.headers.get("application-secret")
    visitor = await visitor_of(request)
    async with reading(request.app.state.reads) as connection:
        return await operations.find_uploading(
            connection,
            str(request.path_params["application_id"]),
            secret_sha256=digest_of(secret),
            actor=visitor,
        )


class _OfApplicant(AdmittingRoute):
    """Takes a file only from who has the application's secret, or renews for their party."""

    async def admit(self, request: Request) -> None:
        """Refuse whoever has not."""
        await _uploading(request)

    def room(self, request: Request) -> AbstractContextManager[None]:
        """Bound how many are sent at once: each lies on the disk, and then in memory."""
        files: SealedFiles = request.app.state.sealed_files
        return files.uploads.taken()


class _Sent(StreamingResponse):
    """A file that is opened, in its place, when its answer begins."""

    def __init__(
        self,
        opening: Callable[[], Awaitable[AsyncIterator[bytes]]],
        place: AbstractContextManager[None],
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(iter(()), headers=headers)
        self._opening, self._place = opening, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; what it is refused for is answered as in a route."""
        with self._place:
            self.body_iterator = await self._opening()
            await super().__call__(scope, receive, send)


router: Final = APIRouter(
    prefix="/applications/{application_id}/files", tags=["applications"], route_class=_OfApplicant
)

_Digest = Annotated[
    str,
    Path(
        description="SHA-256 of the file, hexadecimal, as the application names it.",
        pattern=r"^[0-9a-f]{64}$",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]


class FileForm(Body):
    """A file of the application, as multipart/form-data."""

    file: UploadFile = Field(
        description="The file that one of the application's documents names: PDF, PNG, JPEG, XLSX, "
        "CSV or plain text, the last two in UTF-8. Its part names its media type."
    )


class ApplicationFileShown(Shown):
    """A file of the application that is here."""

    sha256: str = Field(
        description="SHA-256 of its bytes, hexadecimal.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    bytes: int = Field(description="Size in bytes.", examples=[48_211])
    media_type: str = Field(description="Its kind.", examples=["application/pdf"])
    uploaded_at: Moment = Field(
        description="When it was uploaded.", examples=["2026-11-24T03:00:00Z"]
    )


@router.post(
    "",
    response_model=ApplicationFileShown,
    status_code=201,
    responses=refused(
        ApplicationNotFoundError,
        ApplicationStateError,
        ApplicationErasedError,
        ApplicationFileNotNamedError,
        ApplicationFileNotFoundError,
        ApplicationFilesTooLargeError,
        ApplicationFilesFullError,
        ApplicationFilesBusyError,
        DocumentEmptyError,
        DocumentTooLargeError,
        DocumentKindError,
        DocumentKindMismatchError,
    ),
    summary="Upload a file of an application",
    operation_id="upload_application_file",
    openapi_extra=TAKES_FILE,
)
async def upload_application_file(
    request: Request,
    application_id: ApplicationId,
    application: Annotated[Application, Depends(_uploading)],
    visitor: Visitor,
    form: Annotated[FileForm, Form(media_type="multipart/form-data")],
    secret: MaybeSecret = None,
) -> Response:
    """
    Hand in the file of a document that the application names, until TGO has decided.

    Digest, size and kind must be those that the document says. It is kept encrypted, for the
    applicant and officers of TGO only, and removed when the application may not keep it. The same
    file again changes nothing.
    """
    del application_id, secret, visitor  # looked at before the file was read
    found = await inspect(form.file)
    async with reading(request.app.state.reads) as connection:
        kept = await operations.check_file(
            connection,
            application,
            sha256=found.sha256,
            size=found.bytes,
            media_type=found.media_type,
        )
    if kept is None:
        kept = await _keep(request, application, found, form.file)
    shown = ApplicationFileShown(
        **{name: getattr(kept, name) for name in ApplicationFileShown.model_fields}
    )
    location = f"/v1/applications/{application.id}/files/{kept.sha256}"
    return Response(
        shown.model_dump_json(), 201, {"Location": location}, media_type="application/json"
    )


@router.get(
    "/{digest}",
    response_class=Response,
    responses={
        **refused(
            ApplicationNotFoundError, ApplicationFileNotFoundError, ApplicationFilesBusyError
        ),
        200: BYTES,
    },
    summary="Download a file of an application",
    operation_id="get_application_file",
)
async def get_application_file(
    request: Request,
    application_id: ApplicationId,
    digest: _Digest,
    visitor: Visitor,
    secret: MaybeSecret = None,
) -> Response:
    """Download a file as it was uploaded: its applicant and TGO, which is recorded."""
    # Closed before the file is sent, however slowly it is taken: connections are few.
    async with reading(request.app.state.views) as reader:
        application = await get_readable(
            request, reader, visitor, application_id, secret=secret, what="get_application_file"
        )
        file = await store.get_file(reader, application.id, digest)
    files: SealedFiles = request.app.state.sealed_files
    headers = attachment_headers(
        _name(application, file), sha256=file.sha256, size=file.bytes, media_type=file.media_type
    )

    async def opening() -> AsyncIterator[bytes]:
        try:
            return await files.open(file.id, file.sealed_key, digest=file.sha256)
        except FileNotFoundError:
            async with reading(request.app.state.views) as reader:
                await store.get_file(reader, application.id, digest)  # or it has just been removed
            raise

    # Anybody may apply, and then ask for much and take little; officers are never held up by them.
    place = nullcontext() if secret is None else files.downloads.taken()
    return _Sent(opening, place, headers)


async def _keep(
    request: Request, application: Application, found: Inspected, upload: UploadFile
) -> ApplicationFile:
    files: SealedFiles = request.app.state.sealed_files
    file_id, sealed_key = await files.put(upload.file, digest=found.sha256)
    file = ApplicationFile(
        application_id=application.id,
        sha256=found.sha256,
        id=file_id,
        sealed_key=sealed_key,
        bytes=found.bytes,
        media_type=found.media_type,
        uploaded_at=clock.now(),
    )
    try:
        async with noting(request.app.state.reads) as connection:
            kept = await operations.keep_file(connection, file)
    except RegistryError:
        await files.drop([file_id])
        raise  # of another failure it is not known whether the row is there: the sweep will see
    if kept.id != file_id:
        await files.drop([file_id])
    return kept


def _name(application: Application, file: ApplicationFile) -> str:
    # What an applicant calls a file is not kept: people write names of people into it.
    named = () if application.content is None else application.content.documents
    name = next((one.requirement for one in named if one.sha256 == file.sha256), file.id)
    return name + ENDINGS[file.media_type][0]
