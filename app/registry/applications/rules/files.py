"""Which files of an application the register keeps."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.registry.applications.refusals import (
    ApplicationErasedError,
    ApplicationFileNotNamedError,
    ApplicationFilesFullError,
    ApplicationFilesMissingError,
    ApplicationFilesTooLargeError,
    ApplicationStateError,
)
from app.registry.applications.rules.standing import ENDED, Application

FILES_BYTES_MAX: Final = 100_000_000  # of one application; scans of its documents have some ten MB
# Of all applicants who were not let in: whoever comes may upload, and must not fill the disk.
WAITING_BYTES_MAX: Final = 20_000_000_000
WAITING_FILES_MAX: Final = 100_000  # so that counting them stays a matter of milliseconds
FULL_RETRY_S: Final = 3_600  # by then, files that have waited too long are removed


@dataclass(frozen=True, slots=True)
class ApplicationFile:
    """A file of an application's document, as it is kept beside its encrypted bytes."""

    application_id: str
    sha256: str  # of what was uploaded, 64 hexadecimal digits
    id: str  # what its bytes lie under
    sealed_key: bytes  # its own key, encrypted with the installation's
    bytes: int
    media_type: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much lies here of all applicants who were not let in (yet)."""

    files: int
    bytes: int


def require_open(application: Application) -> None:
    """
    Refuse files of an application that has ended, or of which nobody knows what it named.

    Raises:
        ApplicationStateError, ApplicationErasedError: as named.
    """
    if application.status in ENDED:
        raise ApplicationStateError(status=application.status.value, application_id=application.id)
    if application.content is None:
        raise ApplicationErasedError


def require_named(application: Application, *, sha256: str, size: int, media_type: str) -> None:
    """
    Refuse a file that no document of the application is.

    Raises:
        ApplicationErasedError: nobody knows any more what was named.
        ApplicationFileNotNamedError: digest, size and kind are those of none.
    """
    if application.content is None:
        raise ApplicationErasedError
    found = (sha256, size, media_type)
    if all(
        (one.sha256, one.bytes, one.media_type) != found for one in application.content.documents
    ):
        raise ApplicationFileNotNamedError(sha256=sha256, bytes=size, media_type=media_type)


def check_room(kept: Iterable[ApplicationFile], *, size: int, waiting: Waiting) -> None:
    """
    Refuse one more file where there is no room for it, before its bytes are kept.

    Several at once can pass here; the database looks again when each is kept.

    Args:
        kept: the application's files that are here.
        size: of the new one, in bytes.
        waiting: what lies here of all applications that were not admitted.

    Raises:
        ApplicationFilesTooLargeError: the application has too much.
        ApplicationFilesFullError: all applicants together have.
    """
    if sum(file.bytes for file in kept) + size > FILES_BYTES_MAX:
        raise ApplicationFilesTooLargeError(bytes_max=FILES_BYTES_MAX)
    if waiting.files >= WAITING_FILES_MAX or waiting.bytes + size > WAITING_BYTES_MAX:
        raise ApplicationFilesFullError(retry_after_s=FULL_RETRY_S)


def check_files(application: Application, kept: Collection[str]) -> None:
    """
    Refuse an application whose documents are not all here as files.

    Args:
        application: as it stands.
        kept: digests of the files that are here.

    Raises:
        ApplicationErasedError: nobody knows any more what was named.
        ApplicationFilesMissingError: some are not here.
    """
    if application.content is None:
        raise ApplicationErasedError
    missing = [one.requirement for one in application.content.documents if one.sha256 not in kept]
    if missing:
        raise ApplicationFilesMissingError(missing=", ".join(missing))
