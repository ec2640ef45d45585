"""Acts on documents."""

from dataclasses import dataclass

from app.kernel.ids import new_id
from app.registry.documents import store
from app.registry.documents.rules import Document, Purpose
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, Permission, require


@dataclass(frozen=True, slots=True)
class UploadDocument:
    """A file that was read, recognised and stored; the act gives it its place in the register."""

    purpose: Purpose
    is_confidential: bool
    sha256: str
    bytes: int
    media_type: str
    file_name: str
    activity_id: str | None = (
        None  # whoever sets it has checked that the actor may add evidence there
    )


async def upload_document(pen: Pen, actor: Actor, command: UploadDocument) -> Document:
    """
    Take a stored file into the register.

    Raises:
        NotAllowedError: the actor may not upload documents.
    """
    require(actor, Permission.UPLOAD_DOCUMENT, owner_ids=(actor.party_id,))
    document_id = new_id("doc")
    # The file name stays out of the log: people write names of people into it.
    log_index = pen.record(
        by=actor.user_id,
        kind="document.uploaded",
        subject=document_id,
        data={
            "owner_party_id": actor.party_id,
            "activity_id": command.activity_id,
            "purpose": command.purpose.value,
            "is_confidential": command.is_confidential,
            "sha256": command.sha256,
            "bytes": command.bytes,
            "media_type": command.media_type,
        },
    )
    document = Document(
        id=document_id,
        owner_party_id=actor.party_id,
        activity_id=command.activity_id,
        purpose=command.purpose,
        is_confidential=command.is_confidential,
        sha256=command.sha256,
        bytes=command.bytes,
        media_type=command.media_type,
        file_name=command.file_name,
        uploaded_by=actor.user_id,
        uploaded_at=pen.now,
        log_index=log_index,
    )
    await store.insert_document(pen.connection, document)
    return document
