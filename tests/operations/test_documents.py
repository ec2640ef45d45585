"""Documents against the real database: who adds them, who sees them."""

from dataclasses import replace

import pytest

from app.registry.activities import operations, store
from app.registry.activities.operations import Advance
from app.registry.activities.refusals import ActivityNotFoundError
from app.registry.documents import store as documents
from app.registry.documents.operations import UploadDocument
from app.registry.documents.rules import (
    PDF,
    Document,
    DocumentKindError,
    DocumentNotFoundError,
    DocumentTooLargeError,
    Purpose,
)
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey
from tests.builders.activities import (
    a_document,
    a_draft_activity,
    a_registered_activity,
    an_official,
)
from tests.builders.parties import Register, a_developer, a_holder, a_vvb
from tests.builders.reference import a_rule

UPLOAD = UploadDocument(
    purpose=Purpose.DESIGN,
    is_confidential=False,
    sha256="ab" * 32,
    bytes=1_000,
    media_type=PDF,
    file_name="design.pdf",
)


async def upload(registry: Register, actor: Actor, command: UploadDocument) -> Document:
    return await registry.do(actor, lambda pen: operations.upload_evidence(pen, actor, command))


async def sees(registry: Register, visitor: Actor | None, document: Document) -> bool:
    async with registry.read() as connection:
        try:
            found = await store.get_visible_document(connection, visitor, document.id)
        except DocumentNotFoundError:
            return False
    assert found == document
    return True


async def test_a_document_is_read_back_as_it_was_taken(registry: Register) -> None:
    """With who uploaded it and where the log says so."""
    owner = await a_developer(registry)
    document = await upload(registry, owner, UPLOAD)
    async with registry.read() as connection:
        assert await documents.get_document(connection, document.id) == document
        with pytest.raises(DocumentNotFoundError):
            await documents.get_document(connection, "doc_01kb5w6yk2e0hr9h5y0s8v2a3b")
    assert document.owner_party_id == owner.party_id
    assert document.uploaded_by == owner.user_id


async def test_the_same_file_may_be_evidence_twice(registry: Register) -> None:
    """One calculation sheet can serve two purposes."""
    owner = await a_developer(registry)
    first = await upload(registry, owner, UPLOAD)
    second = await upload(registry, owner, replace(UPLOAD, purpose=Purpose.CALCULATION))
    assert first.id != second.id
    assert first.sha256 == second.sha256


async def test_a_holder_uploads_nothing(registry: Register) -> None:
    """Evidence comes from those who reduce, verify and decide."""
    with pytest.raises(NotAllowedError):
        await upload(registry, await a_holder(registry), UPLOAD)


async def test_evidence_is_added_by_those_concerned(registry: Register) -> None:
    """Owner and officers; a stranger does not learn of the draft, nor adds to what is public."""
    draft, owner = await a_draft_activity(registry)
    stranger = await a_developer(registry)
    command = replace(UPLOAD, activity_id=draft.id)
    await upload(registry, owner, command)
    await upload(registry, await an_official(registry, Role.OFFICER), command)
    with pytest.raises(ActivityNotFoundError):
        await upload(registry, stranger, command)
    public = await a_registered_activity(registry)
    with pytest.raises(NotAllowedError):
        await upload(registry, stranger, replace(UPLOAD, activity_id=public.id))


async def test_documents_of_a_draft_are_for_those_concerned(registry: Register) -> None:
    """Also those that would be public later."""
    draft, owner = await a_draft_activity(registry)
    document = await a_document(registry, owner, activity_id=draft.id)
    lead, _ = await a_vvb(registry)
    assert await sees(registry, owner, document)
    assert await sees(registry, await an_official(registry, Role.AUDITOR), document)
    for other in (None, lead, await a_developer(registry), await a_holder(registry)):
        assert not await sees(registry, other, document)


async def test_documents_of_a_registered_activity_are_public_unless_confidential(
    registry: Register,
) -> None:
    """Registration is what opens them; closing does not hide them again."""
    owner = await a_developer(registry)
    activity = await a_registered_activity(registry, owner=owner)
    opened = await a_document(registry, owner, activity_id=activity.id)
    kept_back = await a_document(registry, owner, activity_id=activity.id, is_confidential=True)
    command = Advance(activity.id, activity.version, "Done.")
    await registry.do(owner, lambda pen: operations.close_activity(pen, owner, command))
    stranger = await a_developer(registry)
    for visitor in (None, stranger):
        assert await sees(registry, visitor, opened)
        assert not await sees(registry, visitor, kept_back)
        async with registry.read() as connection:
            listed = await store.list_visible_documents(connection, visitor, activity.id, limit=10)
        assert listed == (opened,)
    async with registry.read() as connection:
        listed = await store.list_visible_documents(
            connection, owner, activity.id, limit=10, after=opened.id
        )
    assert listed == (kept_back,)


async def test_a_document_without_activity_is_never_public(registry: Register) -> None:
    """It is the uploader's party's, and TGO's to read."""
    owner = await a_developer(registry)
    document = await a_document(registry, owner)
    assert await sees(registry, owner, document)
    assert await sees(registry, await an_official(registry, Role.OFFICER), document)
    assert not await sees(registry, None, document)
    assert not await sees(registry, await a_developer(registry), document)


async def test_a_body_that_verifies_reads_confidential_documents(registry: Register) -> None:
    """Admitted by the act that assigns it, whatever the activity's state; twice does no harm."""
    owner = await a_developer(registry)
    activity = await a_registered_activity(registry, owner=owner)
    document = await a_document(registry, owner, activity_id=activity.id, is_confidential=True)
    lead, _ = await a_vvb(registry)
    assert not await sees(registry, lead, document)

    async def admit(pen: Pen) -> None:
        log_index = pen.record(by=lead.user_id, kind="test.assigned", subject=activity.id, data={})
        await operations.admit_reader(
            pen, activity_id=activity.id, party_id=lead.party_id, log_index=log_index
        )

    for _ in range(2):
        await registry.do(lead, admit)
    assert await sees(registry, lead, document)
    async with registry.read() as connection:
        assert await store.list_readers(connection, activity.id) == (lead.party_id,)
    evidence = replace(UPLOAD, activity_id=activity.id, purpose=Purpose.VERIFICATION)
    assert (await upload(registry, lead, evidence)).owner_party_id == lead.party_id


async def test_a_programme_may_take_less(registry: Register) -> None:
    """Its dated rules on size and kind bind evidence of its activities."""
    draft, owner = await a_draft_activity(registry)
    await a_rule(registry, RuleKey.DOCUMENT_BYTES_MAX, "1000")
    await a_rule(registry, RuleKey.DOCUMENT_MEDIA_TYPES, PDF)
    command = replace(UPLOAD, activity_id=draft.id)
    await upload(registry, owner, command)
    with pytest.raises(DocumentTooLargeError):
        await upload(registry, owner, replace(command, bytes=1_001))
    with pytest.raises(DocumentKindError):
        await upload(registry, owner, replace(command, media_type="text/csv"))
